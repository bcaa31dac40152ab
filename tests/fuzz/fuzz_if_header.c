/* If fields. A second reader, which knows the grammar as a table of what may follow what, must take
 * the same fields and find the same lists in them; and they are found again in what is written from
 * them, and in two lines of the field that have been joined. */
#include "exchange/if_header.h"
#include "fuzz.h"

static struct arena arena;

/* What has been read, as text: "@resource" and "(" for each list, then its conditions. */
static void log_condition(struct buf *log, bool is_not, char bracket, struct str value)
{
    buf_addf(log, "%s%c", is_not ? "!" : "", bracket);
    buf_add(log, value);
    buf_add_char(log, '\n');
}

static void log_list(struct buf *log, bool is_tagged, struct str resource)
{
    BUF_ADD(log, "(");
    if (is_tagged)
        BUF_ADD(log, "@");
    buf_add(log, resource);
    buf_add_char(log, '\n');
}

static void log_header(struct buf *log, const struct if_header *header)
{
    for (size_t i = 0; i < header->list_count; i++) {
        const struct if_list *list = &header->lists[i];
        log_list(log, list->resource.at, list->resource);
        for (size_t j = 0; j < list->condition_count; j++) {
            const struct if_condition *condition = &list->conditions[j];
            log_condition(log, condition->is_not, condition->kind == IF_ETAG ? '[' : '<',
                          condition->value);
        }
    }
}

/* --- the second reader --- */

enum state { OUTSIDE, TAGGED, OPENED, INSIDE, NEGATED, BROKEN };

static enum state next_state(enum state state, char token)
{
    static const struct {
        enum state from;
        char token; /* the first byte of it */
        enum state to;
    } rows[] = {
        {OUTSIDE, ',', OUTSIDE}, {OUTSIDE, '<', TAGGED}, {OUTSIDE, '(', OPENED},
        {TAGGED, ',', TAGGED},   {TAGGED, '(', OPENED},  {OPENED, 'N', NEGATED},
        {OPENED, '<', INSIDE},   {OPENED, '[', INSIDE},  {INSIDE, 'N', NEGATED},
        {INSIDE, '<', INSIDE},   {INSIDE, '[', INSIDE},  {INSIDE, ')', OUTSIDE},
        {NEGATED, '<', INSIDE},  {NEGATED, '[', INSIDE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].from == state && rows[i].token == token)
            return rows[i].to;
    }
    return BROKEN;
}

/* Bytes of the entity tag that `text` begins with; 0: there is none. RFC 9110 §8.8.3, and the blanks
 * of RFC 2616 §3.11. */
static size_t etag_len(struct str text)
{
    size_t at = text.len >= 2 && text.at[0] == 'W' && text.at[1] == '/' ? 2 : 0;
    if (at >= text.len || text.at[at++] != '"')
        return 0;
    while (at < text.len && text.at[at] != '"') {
        unsigned char c = (unsigned char)text.at[at++];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return 0;
    }
    return at < text.len ? at + 1 : 0;
}

/* Bytes of what stands in angle brackets, with them; 0: they are not closed, or hold another. */
static size_t bracketed_len(struct str text)
{
    size_t len = str_index(text, '>') + 1;
    return str_index(str_from(text, 1), '<') + 1 < len ? 0 : len;
}

static bool is_state_token(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (strchr(" \"\x7f", value.at[i]) || (unsigned char)value.at[i] < ' ')
            return false;
    }
    return true;
}

/* Bytes of the token that `text` begins with; 0: it is none. The value is what its brackets hold.
 */
static size_t token_len(struct str text, struct str *value_out)
{
    size_t len = 1;
    if (text.at[0] == 'N' || text.at[0] == 'n') {
        bool is_not = text.len >= 3 && (text.at[1] | 0x20) == 'o' && (text.at[2] | 0x20) == 't';
        return is_not ? 3 : 0;
    }
    if (text.at[0] == '<')
        len = bracketed_len(text);
    if (text.at[0] == '[')
        len = etag_len(str_from(text, 1)) + 2;
    *value_out = len > 2 ? str_of(text.at + 1, len - 2) : STR_NONE;
    bool is_closed =
        len == 1 || (len <= text.len && (text.at[0] != '[' || text.at[len - 1] == ']'));
    return is_closed && len != 2 ? len : 0;
}

static bool read_again(struct str text, struct buf *log)
{
    enum state state = OUTSIDE;
    struct str resource = STR_NONE;
    bool is_tagged = false, is_not = false;
    for (text = str_trim(text); text.len; text = str_trim(text)) {
        struct str value = STR_NONE;
        size_t len = token_len(text, &value);
        char token = text.at[0] == 'n' ? 'N' : text.at[0];
        if (state == OUTSIDE && token == '<') {
            if (log->len && !is_tagged)
                return false;
            is_tagged = true;
            resource = value;
        }
        if (state >= OPENED && token == '<' && !is_state_token(value))
            return false;
        if (token == '(')
            log_list(log, is_tagged, resource);
        else if (value.at && state >= OPENED)
            log_condition(log, is_not, token, value);
        is_not = token == 'N';
        state = next_state(state, token);
        if (len == 0 || state == BROKEN)
            return false;
        text = str_from(text, len);
    }
    return state == OUTSIDE && log->len;
}

/* --- what must hold --- */

static bool is_part(struct str part, struct str whole)
{
    return part.len && part.at >= whole.at && part.at + part.len <= whole.at + whole.len;
}

static void write_again(struct buf *to, const struct if_header *header)
{
    for (size_t i = 0; i < header->list_count; i++) {
        const struct if_list *list = &header->lists[i];
        if (list->resource.at) {
            BUF_ADD(to, "<");
            buf_add(to, list->resource);
            BUF_ADD(to, ">");
        }
        BUF_ADD(to, "(");
        for (size_t j = 0; j < list->condition_count; j++) {
            const struct if_condition *condition = &list->conditions[j];
            bool is_etag = condition->kind == IF_ETAG;
            BUF_ADD(to, " ");
            buf_add(to, condition->is_not ? STR("not") : STR_NONE);
            buf_add_char(to, is_etag ? '[' : '<');
            buf_add(to, condition->value);
            buf_add_char(to, is_etag ? ']' : '>');
        }
        BUF_ADD(to, ")");
    }
}

static void check_views(struct str text, const struct if_header *header)
{
    bool is_tagged = false;
    FUZZ_CHECK(header->list_count > 0);
    for (size_t i = 0; i < header->list_count; i++) {
        const struct if_list *list = &header->lists[i];
        FUZZ_CHECK(list->condition_count > 0);
        FUZZ_CHECK(!list->resource.at || is_part(list->resource, text));
        FUZZ_CHECK(list->resource.at || !is_tagged); /* a tag holds for all behind it */
        is_tagged = list->resource.at;
        for (size_t j = 0; j < list->condition_count; j++)
            FUZZ_CHECK(is_part(list->conditions[j].value, text));
    }
}

/* Whether `token` is one of the state tokens in the log. */
static bool has_token(struct str log, struct str token)
{
    while (log.len) {
        struct str line = str_cut(&log, '\n');
        line = str_from(line, str_starts(line, STR("!")));
        if (str_starts(line, STR("<")) && str_eq(str_from(line, 1), token))
            return true;
    }
    return false;
}

/* What stands in the field as a state token has been submitted, and nothing else. */
static void check_submits(const struct if_header *header, struct str log)
{
    struct fuzz_random random = fuzz_random_of(log);
    for (int i = 0; i < 8; i++) {
        const struct if_list *list = &header->lists[fuzz_below(&random, header->list_count)];
        size_t which = fuzz_below(&random, list->condition_count);
        struct str value = list->conditions[which].value;
        struct str part = str_first(value, fuzz_below(&random, value.len));
        FUZZ_CHECK(if_header_submits(header, value) == has_token(log, value));
        FUZZ_CHECK(if_header_submits(header, part) == has_token(log, part));
    }
    FUZZ_CHECK(!if_header_submits(NULL, STR("urn:x")));
}

static void check_reading(struct str text, struct str expected)
{
    struct if_header header;
    struct buf log = {0};
    FUZZ_CHECK(if_header_parse(text, &arena, &header));
    log_header(&log, &header);
    FUZZ_CHECK(str_eq(buf_str(&log), expected));
    buf_done(&log);
}

static void check_malformed(struct str text)
{
    static const struct if_header untouched = {.list_count = 42};
    struct if_header header = untouched;
    struct buf longer = {0};
    bool is_blank = true;
    for (size_t i = 0; i < text.len; i++)
        is_blank &= text.at[i] == ' ' || text.at[i] == '\t' || text.at[i] == ',';
    BUF_ADD(&longer, "(<urn:x>) ");
    buf_add(&longer, text);
    FUZZ_CHECK(!if_header_parse(text, &arena, &header));
    FUZZ_CHECK(memcmp(&header, &untouched, sizeof(header)) == 0);
    FUZZ_CHECK(if_header_parse(buf_str(&longer), &arena, &header) == is_blank);
    buf_done(&longer);
}

static void check_well_formed(struct str text, struct str log)
{
    struct if_header header;
    struct buf again = {0}, joined = {0};
    FUZZ_CHECK(if_header_parse(text, &arena, &header));
    check_views(text, &header);
    check_submits(&header, log);
    write_again(&again, &header);
    check_reading(buf_str(&again), log);
    buf_add(&joined, text);
    BUF_ADD(&joined, ",\t");
    buf_add(&joined, text);
    struct if_header twice;
    FUZZ_CHECK(if_header_parse(buf_str(&joined), &arena, &twice));
    FUZZ_CHECK(twice.list_count == 2 * header.list_count);
    buf_done(&again);
    buf_done(&joined);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = fuzz_input(data, size);
    struct buf log = {0};
    if (str_index(text, '\n') < text.len) /* ends a line of the log, and never is in a field */
        return 0;
    if (read_again(text, &log)) {
        check_reading(text, buf_str(&log));
        check_well_formed(text, buf_str(&log));
    } else {
        check_malformed(text);
    }
    buf_done(&log);
    arena_done(&arena);
    return 0;
}
