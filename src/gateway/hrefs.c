/* URLs in XML, mapped while it streams.
 *
 * expat reads a copy of the bytes and says where in the document each element begins and ends;
 * the bytes themselves go on as they came, but for the text of the elements that hold a URL. So
 * prefixes, entities, comments, blanks and the XML declaration stay, and nobody has to write XML.
 *
 * Which elements hold a URL is hrefs.def's to say: each open element is in a zone, and a zone and
 * the name of an element give the next. Below what leads NOWHERE only the depth is counted.
 *
 *     bytes -> in --emit()--> out -> who pulls
 *               '-> expat -> on_start, on_text, on_end: edits
 *
 * Of `in` what expat has passed may be emitted, but for the text of an open href, whose end
 * decides. A mapped URL is written with references for what is not ASCII, which any encoding has;
 * in UTF-16, as pairs of bytes.
 *
 * Where somebody says which members are kept, what is emitted of a response stays in `out` beyond
 * `held_at` until its hrefs are known: behind the last of them something else begins. What is left
 * out is cut off there, and the rest of the response is passed over. A response may stand in a
 * property of another (RFC 3253 §3.8), and so on; each is judged for itself.
 *
 * Invariants
 *  (1) in.at[0] is byte `in_from` of the document, and all before `emitted` has been dealt with;
 *  (2) emitted <= what expat has passed: an element whose start has not been reported is still in
 *      `in`, for expat may report it much later than it was fed;
 *  (3) what is held, of either, is bounded: beyond that it fails.
 *
 * Rejected: to look for "href" in the bytes. Prefixes are the origin's to choose, and a dead
 * property may hold whatever looks like one. */
#include "gateway/hrefs.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "http/status.h"
#include "xml/reader.h"

enum {
    PULL_BYTES = 16384,
    DEPTH_MAX = 512,
    ATTRS_MAX = 256,
    NS_BYTES_MAX = 8192,
    TEXT_BYTES_MAX = 65536,   /* of an href or a status */
    TOKEN_BYTES_MAX = 131072, /* of a tag or a comment */
    HELD_BYTES_MAX = 131072,  /* of a response before it is known whose it is */
    RESPONSES_MAX = 32,       /* within each other */
};

enum zone {
    NOWHERE,
    ANSWER,
    MULTISTATUS,
    RESPONSE,
    OWN,
    EXPANDED,
    KNOWN,
    PROPSTAT,
    LOCKS,
    LOCK,
    LOCK_KINDS,
    HREFS,
    ANYWHERE,
    PROP,
    PARENTS,
    PROPFIND,
    REQUEST,
    TARGETS,
    UPDATE,
    URL,
    MEMBER,
    TARGET,
    STATUS,
    ZONE_COUNT
};

#define NS_DAV  STR_INIT("DAV:")
#define NS_CAL  STR_INIT("urn:ietf:params:xml:ns:caldav")
#define NS_CARD STR_INIT("urn:ietf:params:xml:ns:carddav")
#define NS_CS   STR_INIT("http://calendarserver.org/ns/")

static const struct step {
    enum zone from;
    enum zone to;
    struct str ns;
    struct str name;
} steps[] = {
#define HREF_STEP(from, ns, name, to, ...) {from, to, NS_##ns, STR_INIT(name)},
#include "gateway/hrefs.def"
#undef HREF_STEP
};

/* How the bytes of a document that is not ASCII are paired. */
enum width { WIDTH_UNKNOWN, WIDTH_ONE, WIDTH_TWO_BIG, WIDTH_TWO_LITTLE };

/* One that is open. */
struct response {
    unsigned depth;
    bool is_holding; /* it is not known yet whether it is kept */
    bool has_member; /* an href of it has ended */
    size_t held_at;  /* in `out` */
};

struct hrefs {
    struct source base;
    struct source *inner; /* NULL: the caller feeds */
    struct href_reader *mapper;
    struct xml_events events;
    struct xml_reader *reader;
    struct buf in;
    uint64_t in_from;
    uint64_t emitted;
    struct buf out;
    size_t out_taken;
    enum width width;

    enum zone zones[DEPTH_MAX + 1]; /* of the open elements; [0]: the document's */
    unsigned depth;                 /* of these: the open ones that lead somewhere */
    unsigned nowhere_depth;         /* the open ones below them */

    size_t first[ZONE_COUNT]; /* of each zone's rows in `steps` */

    struct buf text;       /* of the leaf that is open */
    uint64_t text_from;    /* where it begins in the document */
    bool is_leaf_plain;    /* it has no elements in it */
    const char *complaint; /* why an event stopped the reading */

    struct response responses[RESPONSES_MAX]; /* the outermost first */
    unsigned response_count;
    unsigned left_out;  /* that many of them; 0: none. The last of those is named in its place */
    unsigned refusal;   /* with this status; 0: it is not */
    struct buf refused; /* its href, mapped */
    bool is_hiding;     /* what is in the element that is open */
};

/* --- emitting --- */

/* What is due of `in`, up to that byte of the document. */
static void emit(struct hrefs *h, uint64_t to)
{
    if (to <= h->emitted)
        return;
    size_t at = (size_t)(h->emitted - h->in_from);
    if (!h->left_out && !h->is_hiding)
        buf_add(&h->out, str_first(str_from(buf_str(&h->in), at), (size_t)(to - h->emitted)));
    h->emitted = to;
}

static void put(struct hrefs *h, char c)
{
    if (h->width == WIDTH_TWO_BIG)
        buf_add_char(&h->out, '\0');
    buf_add_char(&h->out, c);
    if (h->width == WIDTH_TWO_LITTLE)
        buf_add_char(&h->out, '\0');
}

static void put_all(struct hrefs *h, struct str ascii)
{
    if (h->width == WIDTH_ONE) {
        buf_add(&h->out, ascii);
        return;
    }
    for (size_t i = 0; i < ascii.len; i++)
        put(h, ascii.at[i]);
}

/* What stands in XML as it is, in any encoding. */
static bool is_plain(char c)
{
    return c >= ' ' && c < 0x7f && c != '&' && c != '<' && c != '>';
}

static struct str plain_part(struct str text)
{
    size_t len = 0;
    while (len < text.len && is_plain(text.at[len]))
        len++;
    return str_first(text, len);
}

/* As text of an element. */
static void put_text(struct hrefs *h, struct str text)
{
    uint32_t c;
    while (text.len) {
        struct str plain = plain_part(text);
        put_all(h, plain);
        text = str_from(text, plain.len);
        if (text.len == 0)
            break;
        size_t len = utf8_take(text, &c);
        char reference[16];
        if (len == 0)
            c = 0xfffd; /* expat passes nothing of the kind */
        if (c == '&' || c == '<' || c == '>' || c == '\r' || c >= 0x7f) {
            str_print(reference, sizeof(reference), "&#x%X;", (unsigned)c);
            put_all(h, str_of_c(reference));
        } else {
            put(h, (char)c);
        }
        text = str_from(text, len ? len : 1);
    }
}

/* The URL without the blanks around it; what was before it in *before_out. */
static struct str trim(struct str text, struct str *before_out)
{
    size_t from = 0;
    while (from < text.len && char_is_space(text.at[from]))
        from++;
    *before_out = str_first(text, from);
    text = str_from(text, from);
    while (text.len && char_is_space(text.at[text.len - 1]))
        text.len--;
    return text;
}

/* The text of an href has ended: at byte `to` of the document. */
static void map_leaf(struct hrefs *h, uint64_t to)
{
    struct str before;
    struct str whole = buf_str(&h->text);
    struct str uri = trim(whole, &before);
    struct buf mapped = {0};
    if (uri.len && !h->left_out && h->mapper->map(h->mapper, uri, &mapped)) {
        emit(h, h->text_from);
        put_text(h, before);
        put_text(h, buf_str(&mapped));
        put_text(h, str_from(whole, before.len + uri.len));
        h->emitted = to;
    }
    buf_done(&mapped);
}

static bool complain(struct hrefs *h, const char *what)
{
    h->complaint = what;
    return false;
}

/* --- members that are left out --- */

/* The innermost. */
static struct response *open_response(struct hrefs *h)
{
    return &h->responses[h->response_count - 1];
}

/* The outermost of which it is not known whether it is kept; NULL: there is none. */
static const struct response *held_response(const struct hrefs *h)
{
    for (unsigned i = 0; i < h->response_count; i++) {
        if (h->responses[i].is_holding)
            return &h->responses[i];
    }
    return NULL;
}

static bool begin_response(struct hrefs *h, uint64_t from)
{
    if (h->response_count == RESPONSES_MAX)
        return complain(h, "too many responses are within each other");
    emit(h, from);
    h->responses[h->response_count++] = (struct response){
        .depth = h->depth, .is_holding = h->mapper->judge && !h->left_out, .held_at = h->out.len};
    return true;
}

static void leave_out(struct hrefs *h, unsigned status)
{
    struct response *response = open_response(h);
    h->refusal = status == HTTP_NOT_FOUND ? 0 : status;
    h->out.len = response->held_at;
    h->left_out = h->response_count;
    response->is_holding = false;
}

static void see_member(struct hrefs *h)
{
    struct str before;
    struct str uri = trim(buf_str(&h->text), &before);
    struct response *response = open_response(h);
    response->has_member = true;
    if (!response->is_holding)
        return;
    unsigned status = h->mapper->judge(h->mapper, uri, h->response_count > 1);
    if (status == HTTP_OK)
        return;
    leave_out(h, status);
    buf_clear(&h->refused);
    if (!h->mapper->map(h->mapper, uri, &h->refused))
        buf_add(&h->refused, uri);
}

/* In the place of a response: that there is such a member, and no more. */
static void name_refused(struct hrefs *h)
{
    char status[16];
    str_print(status, sizeof(status), "%u ", h->refusal);
    put_all(h, STR("<D:response xmlns:D=\"DAV:\"><D:href>"));
    put_text(h, buf_str(&h->refused));
    put_all(h, STR("</D:href><D:propstat><D:prop/><D:status>HTTP/1.1 "));
    put_all(h, str_of_c(status));
    put_all(h, http_reason(h->refusal));
    put_all(h, STR("</D:status></D:propstat></D:response>"));
}

static void end_response(struct hrefs *h, uint64_t to)
{
    const struct response *response = open_response(h);
    if (response->is_holding && !response->has_member)
        leave_out(h, HTTP_NOT_FOUND); /* nobody can say whose it is */
    unsigned left_out = h->refusal ? h->refusal : HTTP_NOT_FOUND;
    if (h->mapper->response_end && h->response_count == 1)
        h->mapper->response_end(h->mapper, h->left_out ? left_out : HTTP_OK);
    if (h->left_out == h->response_count) {
        emit(h, to);
        h->left_out = 0;
        if (h->refusal)
            name_refused(h);
    }
    h->response_count--;
}

/* --- events --- */

static enum zone next_zone(const struct hrefs *h, const struct xml_name *name)
{
    enum zone from = h->zones[h->depth];
    for (size_t i = h->first[from]; i < ARRAY_LEN(steps) && steps[i].from == from; i++) {
        if (steps[i].name.len == name->local.len && xml_name_is(name, steps[i].ns, steps[i].name))
            return steps[i].to;
    }
    switch (from) {
    case ANYWHERE:
    case TARGETS:
        return from;
    case REQUEST:
        return TARGETS;
    case PROP:
        return h->mapper->expands ? EXPANDED : NOWHERE;
    default:
        return NOWHERE;
    }
}

static bool is_href(enum zone zone)
{
    return zone == URL || zone == MEMBER || zone == TARGET;
}

static bool is_leaf(enum zone zone)
{
    return is_href(zone) || zone == STATUS;
}

/* Something else than an href begins in the response: there will be no more of those. */
static void know_member(struct hrefs *h)
{
    struct response *response = open_response(h);
    response->is_holding &= !response->has_member;
}

static bool on_start(struct xml_events *events, const struct xml_element *element)
{
    struct hrefs *h = CONTAINER_OF(events, struct hrefs, events);
    enum zone zone = h->zones[h->depth];
    if (is_leaf(zone))
        h->is_leaf_plain = false;
    enum zone next = h->nowhere_depth ? NOWHERE : next_zone(h, &element->name);
    if (zone == RESPONSE && !h->nowhere_depth && next != MEMBER)
        know_member(h);
    if (next == NOWHERE) {
        h->nowhere_depth++;
        return zone != ANSWER || !h->mapper->judge ||
               complain(h, "its XML is of a kind that cannot be looked through");
    }
    struct xml_extent extent = xml_reader_extent(h->reader);
    h->zones[++h->depth] = next;
    if (next == RESPONSE && !begin_response(h, extent.from))
        return false;
    if (next == LOCK_KINDS && h->mapper->hides_locks) {
        emit(h, extent.to);
        h->is_hiding = true;
    }
    if (is_leaf(next)) {
        buf_clear(&h->text);
        h->text_from = extent.to;
        h->is_leaf_plain = true;
        xml_reader_want_text(h->reader, true);
    }
    return true;
}

static bool on_text(struct xml_events *events, struct str text)
{
    struct hrefs *h = CONTAINER_OF(events, struct hrefs, events);
    if (!is_leaf(h->zones[h->depth]) || h->nowhere_depth)
        return true;
    if (h->text.len + text.len > TEXT_BYTES_MAX)
        return complain(h, "an href or a status is too long");
    buf_add(&h->text, text);
    return true;
}

/* A status counts where it is the response's own, or of one of its propstats. */
static void see_status(struct hrefs *h)
{
    struct str before;
    bool is_own = h->response_count && h->depth <= h->responses[0].depth + 2;
    if (is_own && h->mapper->status && !h->left_out)
        h->mapper->status(h->mapper, trim(buf_str(&h->text), &before));
}

/* What has elements in it is no URL, nor anything to act on. */
static bool may_be_target(struct hrefs *h)
{
    struct str before;
    return h->is_leaf_plain &&
           (!h->mapper->may || h->mapper->may(h->mapper, trim(buf_str(&h->text), &before)));
}

static void show_again(struct hrefs *h, uint64_t from)
{
    emit(h, from);
    h->is_hiding = false;
}

static bool on_end(struct xml_events *events, unsigned depth)
{
    struct hrefs *h = CONTAINER_OF(events, struct hrefs, events);
    (void)depth; /* the zones know */
    if (h->nowhere_depth) {
        h->nowhere_depth--;
        return true;
    }
    struct xml_extent extent = xml_reader_extent(h->reader);
    enum zone zone = h->zones[h->depth];
    if (is_leaf(zone))
        xml_reader_want_text(h->reader, false);
    if (zone == MEMBER && h->is_leaf_plain)
        see_member(h);
    if (zone == TARGET && !may_be_target(h))
        return complain(h, "it names what must not be acted on");
    if (is_href(zone) && h->is_leaf_plain)
        map_leaf(h, extent.from);
    else if (zone == STATUS)
        see_status(h);
    else if (zone == RESPONSE)
        end_response(h, extent.to);
    else if (zone == LOCK_KINDS)
        show_again(h, extent.from);
    h->depth--;
    return true;
}

/* --- reading --- */

static bool fail(struct hrefs *h, enum xml_rc rc, struct err *err)
{
    switch (rc) {
    case XML_FORBIDDEN:
        return err_set(err, 0, "its XML has a document type");
    case XML_LIMIT:
        return err_set(err, 0, "its XML goes beyond all bounds");
    case XML_STOPPED:
        return err_set(err, 0, "%s", h->complaint);
    case XML_NO_MEMORY:
        return err_set(err, 0, "there is no memory");
    default:
        break;
    }
    struct xml_where where = xml_reader_where(h->reader);
    return err_set(err, 0, "its XML is %s in line %llu: %s",
                   xml_reader_is_cut_off(h->reader) ? "cut off" : "malformed",
                   (unsigned long long)where.line, xml_reader_message(h->reader));
}

/* RFC 3629 has no zero byte in '<' nor in a byte order mark (XML 1.0, appendix F). */
static void find_width(struct hrefs *h)
{
    if (h->width || h->in.len < 2)
        return;
    unsigned char first = (unsigned char)h->in.at[0];
    unsigned char second = (unsigned char)h->in.at[1];
    h->width = WIDTH_ONE;
    if (first == 0 || (first == 0xfe && second == 0xff))
        h->width = WIDTH_TWO_BIG;
    else if (second == 0 || (first == 0xff && second == 0xfe))
        h->width = WIDTH_TWO_LITTLE;
}

/* What of the document may go on: not the text of an open href. */
static uint64_t passed(const struct hrefs *h)
{
    enum zone zone = h->zones[h->depth];
    if (is_href(zone) && h->is_leaf_plain)
        return h->text_from;
    return xml_reader_extent(h->reader).from;
}

/* The bytes of `in` from `at` on are new. */
static bool read_on(struct hrefs *h, size_t at, bool is_last, struct err *err)
{
    find_width(h);
    enum xml_rc rc = xml_reader_feed(h->reader, str_from(buf_str(&h->in), at), is_last);
    if (rc != XML_OK)
        return fail(h, rc, err);
    emit(h, is_last ? h->in_from + h->in.len : passed(h));
    buf_consume(&h->in, (size_t)(h->emitted - h->in_from));
    h->in_from = h->emitted;
    if (h->in.len > TOKEN_BYTES_MAX)
        return err_set(err, 0, "its XML has a tag or a comment that is too long");
    const struct response *held = held_response(h);
    if (held && h->out.len - held->held_at > HELD_BYTES_MAX)
        return err_set(err, 0, "a response does not say whose it is");
    return true;
}

static bool begin(struct hrefs *h, enum hrefs_direction direction, struct href_reader *mapper)
{
    static const struct xml_limits limits = {
        .depth_max = DEPTH_MAX, .attr_count_max = ATTRS_MAX, .ns_bytes_max = NS_BYTES_MAX};
    for (size_t i = ARRAY_LEN(steps); i > 0; i--)
        h->first[steps[i - 1].from] = i - 1;
    h->mapper = mapper;
    h->events = (struct xml_events){on_start, on_text, on_end};
    h->zones[0] = direction == HREFS_OF_ANSWER ? ANSWER : REQUEST;
    h->reader = xml_reader_new(&h->events, &limits);
    if (h->reader)
        xml_reader_want_text(h->reader, false); /* but that of leaves */
    return h->reader;
}

static void end(struct hrefs *h)
{
    xml_reader_free(h->reader);
    h->reader = NULL;
    buf_done(&h->in);
    buf_done(&h->out);
    buf_done(&h->text);
    buf_done(&h->refused);
}

/* --- the source --- */

/* What may be taken of `out`. */
static struct str ready(const struct hrefs *h)
{
    struct str out = buf_str(&h->out);
    const struct response *held = held_response(h);
    return str_from(held ? str_first(out, held->held_at) : out, h->out_taken);
}

static void take(struct hrefs *h, struct buf *into, size_t want)
{
    struct str part = str_first(ready(h), want);
    buf_add(into, part);
    h->out_taken += part.len;
    if (h->out_taken < h->out.len && h->out_taken < PULL_BYTES)
        return;
    buf_consume(&h->out, h->out_taken);
    for (unsigned i = 0; i < h->response_count; i++)
        h->responses[i].held_at -= size_min(h->responses[i].held_at, h->out_taken);
    h->out_taken = 0;
}

static enum pull pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct hrefs *h = CONTAINER_OF(self, struct hrefs, base);
    while (ready(h).len == 0) {
        if (!h->inner)
            return PULL_END;
        size_t at = h->in.len;
        h->inner->waker = self->waker;
        enum pull pulled = source_pull(h->inner, &h->in, PULL_BYTES, err);
        if (pulled == PULL_WAIT || pulled == PULL_FAIL)
            return pulled;
        if (pulled == PULL_END)
            source_close(&h->inner);
        if (pulled == PULL_END && h->in_from + h->in.len == 0)
            return PULL_END; /* there is no document */
        if (!read_on(h, at, pulled == PULL_END, err))
            return PULL_FAIL;
    }
    take(h, into, want);
    return PULL_DATA;
}

static void close_source(struct source *self)
{
    struct hrefs *h = CONTAINER_OF(self, struct hrefs, base);
    source_close(&h->inner);
    end(h);
}

static const struct source_ops ops = {.name = "hrefs", .pull = pull, .close = close_source};

struct source *hrefs_source(struct arena *arena, struct source *inner,
                            enum hrefs_direction direction, struct href_reader *reader)
{
    struct hrefs *h = ARENA_NEW(arena, struct hrefs);
    h->base.ops = &ops;
    h->inner = inner;
    if (!begin(h, direction, reader))
        BUG("out of memory");
    return &h->base;
}

bool hrefs_map(struct str text, enum hrefs_direction direction, struct href_reader *reader,
               struct buf *to, struct err *err)
{
    struct hrefs *h = MEM_NEW(struct hrefs);
    bool is_fine = begin(h, direction, reader) || err_set(err, 0, "there is no memory");
    while (is_fine && text.len) {
        struct str piece = str_first(text, PULL_BYTES);
        size_t at = h->in.len;
        text = str_from(text, piece.len);
        buf_add(&h->in, piece);
        is_fine = read_on(h, at, false, err);
    }
    is_fine = is_fine && read_on(h, h->in.len, true, err);
    if (is_fine)
        buf_add(to, buf_str(&h->out));
    end(h);
    mem_free(h);
    return is_fine;
}
