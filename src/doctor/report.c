/* A line for each probe, and below what is wrong: what was seen, why, whose it is, and the fix in
 * the words of each proxy. A mistake that several probes have met is explained at the first.
 *
 * The form for programs says all of it at each probe, under names that stay the same: those of
 * probes.def, mistakes.def and fronts.def. What others wrote (a Server field, an href) is escaped
 * by json_add() there, and by tell() on its way to a terminal. */
#include "doctor/report.h"

#include "text/json.h"

static const char *const outcome_names[] = {
    [OUTCOME_OK] = "ok", [OUTCOME_TROUBLE] = "trouble", [OUTCOME_UNKNOWN] = "unknown"};

/* --- for people --- */

static const char *whose_of(const struct mistake_text *text)
{
    switch (text->whose[0]) {
    case 'p':
        return "the proxy's";
    case 's':
        return "the server's";
    default:
        return "the proxy's or the server's: this cannot be told from outside";
    }
}

static void add_explanation(struct buf *to, const struct mistake_text *text, enum front front)
{
    buf_addf(to, "    cause  %s\n    whose  %s\n    fix    %s\n", text->cause, whose_of(text),
             text->fix);
    for (size_t i = 0; i < FRONT_COUNT; i++) {
        if (text->fixes[i] && (front == FRONT_COUNT || (size_t)front == i))
            buf_addf(to, "           %-8s %s\n", front_names[i], text->fixes[i]);
    }
}

static void add_result(struct buf *to, const struct probe_result *result, enum front front,
                       bool is_explained[MISTAKE_COUNT])
{
    static const char *const words[] = {
        [OUTCOME_OK] = "ok", [OUTCOME_TROUBLE] = "TROUBLE", [OUTCOME_UNKNOWN] = "cannot tell"};
    buf_addf(to, "%-11s  %-14s  %s\n", words[result->outcome], result->name, result->what);
    if (result->note)
        buf_addf(to, "    %s\n", result->note);
    for (size_t i = 0; i < result->finding_count; i++) {
        enum mistake mistake = result->findings[i].mistake;
        const struct mistake_text *text = &mistake_texts[mistake];
        buf_addf(to, "  %s%s\n    seen   %s\n", text->name,
                 is_explained[mistake] ? " (as above)" : "", result->findings[i].detail);
        if (!is_explained[mistake])
            add_explanation(to, text, front);
        is_explained[mistake] = true;
    }
}

void report_add_text(struct buf *to, const struct diagnosis *diagnosis, enum front front)
{
    bool is_explained[MISTAKE_COUNT] = {false};
    for (size_t i = 0; i < diagnosis->count; i++)
        add_result(to, &diagnosis->results[i], front, is_explained);
    if (diagnosis->is_interrupted)
        BUF_ADD(to, "interrupted\n");
    if (diagnosis->untried)
        buf_addf(to, "could not be tried: %s\n", diagnosis->untried);
    if (diagnosis->left)
        buf_addf(to, "left behind: %s (%s)\n", diagnosis->left, diagnosis->left_why);
    buf_addf(to, "%zu ok, %zu in trouble, %zu cannot be told\n",
             diagnosis->count - diagnosis->trouble_count - diagnosis->unknown_count,
             diagnosis->trouble_count, diagnosis->unknown_count);
}

/* --- for programs --- */

static void add_member(struct buf *to, const char *name, const char *value)
{
    if (value)
        json_add_member(to, str_of_c(name), str_of_c(value));
}

static void add_finding(struct buf *to, const struct finding *finding)
{
    const struct mistake_text *text = &mistake_texts[finding->mistake];
    json_add_comma(to);
    BUF_ADD(to, "{");
    add_member(to, "mistake", text->name);
    add_member(to, "seen", finding->detail);
    add_member(to, "whose", text->whose);
    add_member(to, "cause", text->cause);
    add_member(to, "fix", text->fix);
    json_add_name(to, STR("fixes"));
    BUF_ADD(to, "{");
    for (size_t i = 0; i < FRONT_COUNT; i++)
        add_member(to, front_names[i], text->fixes[i]);
    BUF_ADD(to, "}}");
}

static void add_json_result(struct buf *to, const struct probe_result *result)
{
    json_add_comma(to);
    BUF_ADD(to, "{");
    add_member(to, "probe", result->name);
    add_member(to, "what", result->what);
    add_member(to, "outcome", outcome_names[result->outcome]);
    add_member(to, "note", result->note);
    json_add_name(to, STR("findings"));
    BUF_ADD(to, "[");
    for (size_t i = 0; i < result->finding_count; i++)
        add_finding(to, &result->findings[i]);
    BUF_ADD(to, "]}");
}

void report_add_json(struct buf *to, const struct diagnosis *diagnosis, const char *url)
{
    BUF_ADD(to, "{");
    add_member(to, "url", url);
    json_add_number(to, STR("trouble"), diagnosis->trouble_count);
    json_add_number(to, STR("unknown"), diagnosis->unknown_count);
    json_add_bool(to, STR("interrupted"), diagnosis->is_interrupted);
    add_member(to, "untried", diagnosis->untried);
    add_member(to, "left", diagnosis->left);
    add_member(to, "left_why", diagnosis->left_why);
    json_add_name(to, STR("probes"));
    BUF_ADD(to, "[");
    for (size_t i = 0; i < diagnosis->count; i++)
        add_json_result(to, &diagnosis->results[i]);
    BUF_ADD(to, "]}\n");
}
