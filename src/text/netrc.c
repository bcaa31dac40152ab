/* A .netrc as a row of entries. Nobody has written down what such a file is; what curl, ftp and
 * Python agree on is read, and where they differ (quotes, '#' within a value) what loses no
 * password.
 *
 * What makes no sense must not change whom a password is for: a machine without a name is no entry,
 * since one without a name would be the default, and a login or a password before the first entry
 * is nobody's. */
#include "text/netrc.h"

#include "base/buf.h"
#include "base/mem.h"

struct reader {
    struct str rest;
    struct buf word;
    struct netrc_entry *entries;
    size_t count;
};

static void skip_blanks(struct reader *reader)
{
    while (reader->rest.len && char_is_space(reader->rest.at[0]))
        reader->rest = str_from(reader->rest, 1);
}

static void take_quoted(struct reader *reader)
{
    struct str text = reader->rest;
    size_t i = 1;
    for (; i < text.len && text.at[i] != '"'; i++) {
        if (text.at[i] == '\\' && i + 1 < text.len)
            i++;
        buf_add_char(&reader->word, text.at[i]);
    }
    reader->rest = str_from(text, i + 1);
}

/* False: there is none. Valid until the next one is taken. */
static bool take_word(struct reader *reader, struct str *word_out)
{
    skip_blanks(reader);
    if (reader->rest.len == 0)
        return false;
    buf_clear(&reader->word);
    if (reader->rest.at[0] == '"') {
        take_quoted(reader);
    } else {
        size_t len = 0;
        while (len < reader->rest.len && !char_is_space(reader->rest.at[len]))
            len++;
        buf_add(&reader->word, str_first(reader->rest, len));
        reader->rest = str_from(reader->rest, len);
    }
    *word_out = buf_str(&reader->word);
    return true;
}

/* Up to an empty line. */
static void skip_macro(struct reader *reader)
{
    struct str line;
    do
        line = str_trim(str_cut(&reader->rest, '\n'));
    while (reader->rest.len && line.len && !str_eq(line, STR("\r")));
}

static void add_entry(struct reader *reader, struct str machine)
{
    reader->entries = mem_resize(reader->entries, (reader->count + 1) * sizeof(*reader->entries));
    reader->entries[reader->count++] = (struct netrc_entry){.machine = machine};
}

/* A word of its own, also when it is empty. */
static struct str take_value(struct reader *reader, struct arena *arena)
{
    struct str word;
    if (!take_word(reader, &word))
        return STR_NONE;
    return str_of(arena_text(arena, word), word.len);
}

static void read_word(struct reader *reader, struct str word, struct arena *arena)
{
    struct netrc_entry *last = reader->count ? &reader->entries[reader->count - 1] : NULL;
    if (word.len && word.at[0] == '#') {
        (void)str_cut(&reader->rest, '\n'); /* a comment */
    } else if (str_eq_nocase(word, STR("macdef"))) {
        skip_macro(reader);
    } else if (str_eq_nocase(word, STR("machine"))) {
        struct str machine = take_value(reader, arena);
        if (machine.at) /* without a name it would be for all */
            add_entry(reader, machine);
    } else if (str_eq_nocase(word, STR("default"))) {
        add_entry(reader, STR_NONE);
    } else if (str_eq_nocase(word, STR("account"))) {
        (void)take_value(reader, arena); /* HTTP has none */
    } else if (last && str_eq_nocase(word, STR("login"))) {
        last->login = take_value(reader, arena);
    } else if (last && str_eq_nocase(word, STR("password"))) {
        last->password = take_value(reader, arena);
    }
}

struct netrc netrc_parse(struct str text, struct arena *arena)
{
    struct reader reader = {.rest = text};
    struct str word;
    while (take_word(&reader, &word))
        read_word(&reader, word, arena);
    struct netrc netrc = {.count = reader.count};
    if (reader.count) {
        netrc.entries = arena_alloc(arena, reader.count * sizeof(*netrc.entries));
        memcpy(netrc.entries, reader.entries, reader.count * sizeof(*netrc.entries));
    }
    mem_free(reader.entries);
    buf_done(&reader.word);
    return netrc;
}

const struct netrc_entry *netrc_find(const struct netrc *netrc, struct str machine,
                                     struct str login, bool takes_default)
{
    const struct netrc_entry *of_all = NULL;
    for (size_t i = 0; i < netrc->count; i++) {
        const struct netrc_entry *entry = &netrc->entries[i];
        bool is_login = !login.at || str_eq(login, entry->login);
        if (entry->machine.at && is_login && str_eq_nocase(entry->machine, machine))
            return entry;
        if (!entry->machine.at && is_login && !of_all)
            of_all = entry;
    }
    return takes_default ? of_all : NULL;
}
