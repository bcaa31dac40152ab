/* `davit doctor`: a table of probes (probes.def), run in order; what they say is gathered in a
 * diagnosis, and nothing is printed here.
 *
 * A probe says what it found by name (mistakes.def), or why it cannot tell; whoever says nothing
 * has found all well. It says a mistake only when what was seen leaves no other reading, or the
 * cause says that it cannot be told whose it is; all else is not known. Probes do not build on each
 * other but for the room (room.c), so that one mistake does not hide the others.
 *
 * Interrupted, the rest is left out, and the room is still removed.
 *
 * Rejected: asking in parallel, which is quicker and makes it unknown which request a proxy has
 * stumbled over. */
#include "doctor/doctor.h"

#include "doctor/probes.h"

struct probe {
    const char *name;
    probe_fn *run;
    bool needs_room;
    const char *what;
};

static const struct probe probes[] = {
#define PROBE(name, run, needs_room, what) {name, run, needs_room, what},
#include "doctor/probes.def"
#undef PROBE
};
_Static_assert(ARRAY_LEN(probes) <= PROBES_MAX, "PROBES_MAX");

static void run_probe(struct visit *visit, const struct probe *probe, struct diagnosis *diagnosis)
{
    struct probe_result *result = &diagnosis->results[diagnosis->count++];
    *result = (struct probe_result){.name = probe->name, .what = probe->what};
    visit->result = result;
    if (visit->options->progress)
        visit->options->progress(probe->name);
    if (asker_is_interrupted(visit->asker))
        visit_unknown(visit, "it was interrupted");
    else if (probe->needs_room && !visit->room)
        visit_unknown(visit, "there is no collection to work in");
    else
        probe->run(visit);
    asker_forget(visit->asker);
    diagnosis->trouble_count += result->outcome == OUTCOME_TROUBLE;
    diagnosis->unknown_count += result->outcome == OUTCOME_UNKNOWN;
}

/* Whether the server can be reached at all; it is the same request that the first probe makes. */
static bool is_reached(struct visit *visit, struct diagnosis *diagnosis)
{
    const struct question question = {.method = "OPTIONS", .url = visit->options->url};
    const struct reply *reply = ask(visit->asker, &question);
    bool was_sent = reply->status || reply->end == CALL_TIMEOUT || reply->end == CALL_CUT_OFF ||
                    reply->end == CALL_NOT_HTTP;
    if (!was_sent)
        diagnosis->untried = arena_text(visit->arena, str_of_c(reply->why));
    asker_forget(visit->asker);
    return was_sent;
}

static void run_all(struct visit *visit, struct diagnosis *diagnosis)
{
    for (size_t i = 0; i < ARRAY_LEN(probes); i++)
        run_probe(visit, &probes[i], diagnosis);
    diagnosis->is_interrupted = asker_is_interrupted(visit->asker);
    if (!visit->room)
        diagnosis->untried = "no collection could be made to work in";
    room_remove(visit, diagnosis);
    asker_forget(visit->asker);
}

bool doctor_run(const struct doctor_options *options, struct diagnosis *diagnosis, struct err *err)
{
    struct visit visit = {.options = options, .arena = &diagnosis->arena};
    bool has_slash;
    *diagnosis = (struct diagnosis){0};
    if (!uri_parse(str_of_c(options->url), &visit.url) ||
        path_decode(visit.arena, visit.url.path, &visit.path, &has_slash) != PATH_OK)
        return err_set(err, 0, "'%s' is not a URL", options->url);
    visit.has_credentials = options->user_password || options->bearer || options->has_netrc;
    visit.asker = asker_new(options, err);
    if (!visit.asker)
        return false;
    if (is_reached(&visit, diagnosis))
        run_all(&visit, diagnosis);
    asker_free(visit.asker);
    return true;
}
