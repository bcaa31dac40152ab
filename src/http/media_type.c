/* What a file is, going by its name. The system's own table (/etc/mime.types) is read at start-up
 * into a map from extensions to types; a small table of our own comes first, so that a browser
 * shows a page and plays a film also where the system has none. Later lines win: the administrator
 * can correct both.
 *
 * Only the last extension counts, in any case: "a.tar.gz" is gzip, which is what its bytes are. A
 * name that is nothing but a dot and an extension (".html") has none: it is a hidden file.
 *
 * Rejected: looking into the file. It would cost an open and a read for each member of a listing,
 * and has let uploaded pictures be run as scripts. Rejected, too: a charset for text. A name does
 * not tell it, and a wrong one would overrule what the text says of itself. */
#include "http/media_type.h"

enum { EXTENSION_LEN_MAX = 32 };

struct extension {
    struct map_entry entry;
    struct str type;
};

/* What a system without a table of its own gets: the types that a browser must have right. */
static const char fallback[] = "text/html html htm\n"
                               "text/css css\n"
                               "text/javascript js mjs\n"
                               "text/plain txt text log conf\n"
                               "text/markdown md markdown\n"
                               "text/csv csv\n"
                               "text/calendar ics\n"
                               "text/vcard vcf\n"
                               "application/json json\n"
                               "application/xml xml\n"
                               "application/pdf pdf\n"
                               "application/zip zip\n"
                               "application/gzip gz\n"
                               "application/wasm wasm\n"
                               "image/png png\n"
                               "image/jpeg jpg jpeg\n"
                               "image/gif gif\n"
                               "image/webp webp\n"
                               "image/svg+xml svg\n"
                               "audio/mpeg mp3\n"
                               "audio/ogg ogg\n"
                               "video/mp4 mp4\n"
                               "video/webm webm\n";

static struct str lower(char to[EXTENSION_LEN_MAX], struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        to[i] = char_lower(text.at[i]);
    return str_of(to, text.len);
}

static struct str take_word(struct str *rest)
{
    *rest = str_trim(*rest);
    size_t end = 0;
    while (end < rest->len && rest->at[end] != ' ' && rest->at[end] != '\t')
        end++;
    struct str word = str_first(*rest, end);
    *rest = str_from(*rest, end);
    return word;
}

static void add_extension(struct media_types *types, struct str extension, struct str type)
{
    char lowered[EXTENSION_LEN_MAX];
    if (extension.len > EXTENSION_LEN_MAX)
        return;
    struct map_entry *old = map_find(&types->by_extension, lower(lowered, extension));
    if (old) {
        CONTAINER_OF(old, struct extension, entry)->type = type;
        return;
    }
    struct extension *added = ARENA_NEW(&types->arena, struct extension);
    added->type = type;
    map_add(&types->by_extension, &added->entry,
            arena_str(&types->arena, str_of(lowered, extension.len)));
}

void media_types_read(struct media_types *types, struct str text)
{
    while (text.len) {
        struct str line = str_cut(&text, '\n');
        line = str_cut(&line, '#');
        struct str name = take_word(&line);
        if (str_index(name, '/') == name.len)
            continue;
        struct str type = arena_str(&types->arena, name);
        for (struct str word = take_word(&line); word.len; word = take_word(&line))
            add_extension(types, word, type);
    }
}

void media_types_init(struct media_types *types)
{
    *types = (struct media_types){0};
    media_types_read(types, str_of_c(fallback));
}

void media_types_done(struct media_types *types)
{
    map_done(&types->by_extension);
    arena_done(&types->arena);
}

static bool is_harmless(struct str type)
{
    static const struct str whole[] = {STR_INIT("text/plain"),     STR_INIT("text/csv"),
                                       STR_INIT("text/markdown"),  STR_INIT("text/calendar"),
                                       STR_INIT("text/vcard"),     STR_INIT("application/json"),
                                       STR_INIT("application/pdf")};
    static const struct str kinds[] = {STR_INIT("image/"), STR_INIT("audio/"), STR_INIT("video/"),
                                       STR_INIT("font/")};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (str_starts(type, kinds[i]))
            return !str_ends(type, STR("xml")); /* image/svg+xml is a document with scripts */
    }
    for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
        if (str_eq(type, whole[i]))
            return true;
    }
    return false;
}

static bool find_harmless(struct str type)
{
    enum { LEN_MAX = 127 }; /* RFC 6838 §4.2 */
    char lowered[LEN_MAX];
    struct str essence = media_type_essence(type);
    for (size_t i = 0; i < essence.len && i < LEN_MAX; i++)
        lowered[i] = char_lower(essence.at[i]);
    return essence.len <= LEN_MAX && is_harmless(str_of(lowered, essence.len));
}

/* Most answers of a thread are of the type of the one before. */
bool media_type_is_harmless(struct str type)
{
    enum { LEN_MAX = 64 };
    static _Thread_local struct {
        char type[LEN_MAX];
        size_t len;
        bool is_harmless;
    } last;
    if (last.len && str_eq(str_of(last.type, last.len), type))
        return last.is_harmless;
    bool is_it = find_harmless(type);
    if (type.len && type.len <= LEN_MAX) {
        memcpy(last.type, type.at, type.len);
        last.len = type.len;
        last.is_harmless = is_it;
    }
    return is_it;
}

struct str media_type_essence(struct str type)
{
    return str_trim(str_first(type, str_index(type, ';')));
}

bool media_type_is_xml(struct str type)
{
    struct str essence = media_type_essence(type);
    return str_eq_nocase(essence, STR("application/xml")) ||
           str_eq_nocase(essence, STR("text/xml"));
}

/* Of a registered name (RFC 6838 §4.2) what needs no escape anywhere. */
static bool is_name(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && (!c || !strchr("!#$^_.+-", c)))
            return false;
    }
    return text.len > 0 && text.len <= 127;
}

static struct str charset_of(struct str parameters)
{
    while (parameters.len) {
        struct str value = str_trim(str_cut(&parameters, ';'));
        struct str name = str_trim(str_cut(&value, '='));
        value = str_trim(value);
        if (value.len > 1 && value.at[0] == '"' && value.at[value.len - 1] == '"')
            value = str_from(str_first(value, value.len - 1), 1);
        if (str_eq_nocase(name, STR("charset")) && is_name(value))
            return value;
    }
    return STR_NONE;
}

/* curl and others call a form what they have no type for, and all call it a stream of octets. */
static bool says_nothing(struct str essence)
{
    return str_eq_nocase(essence, STR("application/octet-stream")) ||
           str_eq_nocase(essence, STR("application/x-www-form-urlencoded")) ||
           str_eq_nocase(essence, STR("httpd/unix-directory"));
}

static void add_small(struct buf *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        buf_add_char(to, char_lower(text.at[i]));
}

bool media_type_take(struct buf *to, struct str field)
{
    struct str essence = media_type_essence(field);
    struct str subtype = essence;
    struct str type = str_cut(&subtype, '/');
    struct str charset = charset_of(str_from(field, str_index(field, ';')));
    if (!is_name(type) || !is_name(subtype) || says_nothing(essence))
        return false;
    add_small(to, essence);
    if (charset.len)
        BUF_ADD(to, "; charset=");
    add_small(to, charset);
    return true;
}

/* NULL: it is not known. */
static struct str find(const struct media_types *types, struct str name)
{
    char lowered[EXTENSION_LEN_MAX];
    size_t dot = str_index_last(name, '.');
    struct str extension = str_from(name, dot + 1);
    if (dot == 0 || dot >= name.len || extension.len > EXTENSION_LEN_MAX)
        return STR_NONE;
    struct map_entry *found = map_find(&types->by_extension, lower(lowered, extension));
    return found ? CONTAINER_OF(found, struct extension, entry)->type : STR_NONE;
}

bool media_type_is_told(const struct media_types *types, struct str name)
{
    return find(types, name).at != NULL;
}

struct str media_type_find(const struct media_types *types, struct str name)
{
    struct str type = find(types, name);
    return type.at ? type : STR("application/octet-stream");
}

bool media_type_is_text(struct str type)
{
    static const struct str others[] = {
        STR_INIT("application/json"), STR_INIT("application/javascript"),
        STR_INIT("application/xml"),  STR_INIT("application/x-ndjson"),
        STR_INIT("application/sql"),  STR_INIT("application/rtf"),
    };
    type = media_type_essence(type);
    struct str suffix = str_from(type, str_index_last(type, '+'));
    bool is_one = str_starts_nocase(type, STR("text/")) || str_eq_nocase(suffix, STR("+xml")) ||
                  str_eq_nocase(suffix, STR("+json"));
    for (size_t i = 0; i < ARRAY_LEN(others) && !is_one; i++)
        is_one = str_eq_nocase(type, others[i]);
    return is_one;
}
