/* base/options.h: what can be set. An option is a row of a table; by the row it is read from a
 * command line ("--name VALUE", "--name=VALUE", with a letter "-X VALUE" and "-XVALUE") or from a
 * file, printed, listed in a help text, and completed by a shell.
 *
 * A table is a .def file whose rows end in FLAG(member), COUNT(member, 1, 1024) and so on, the
 * macros below; they take the members of OPTION_TARGET, which the file that includes the table
 * defines, and do not compile where a member is not of the type that the kind sets. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/text_list.h"

enum option_kind {
    OPTION_FLAG,    /* bool: takes nothing on a command line; in a file yes or no */
    OPTION_SWITCH,  /* bool: one of two words */
    OPTION_CHOICE,  /* an enum: one of several words, in the order of its values */
    OPTION_WORD,    /* const char *: one of several words */
    OPTION_TEXT,    /* const char *; NULL: not set */
    OPTION_LIST,    /* struct text_list: a text each time */
    OPTION_COUNT,   /* unsigned or uint64_t, from `least` to `most` */
    OPTION_SECONDS, /* uint64_t, at most `most`; OPTION_UNSET: not set */
    OPTION_TIME,    /* unsigned or int64_t, in milliseconds: "20s", "1.5m" */
    OPTION_BYTES,   /* uint64_t: "500M"; 0: not set */
    OPTION_CUSTOM,  /* has functions of its own */
};

#define OPTION_UNSET    UINT64_MAX
#define OPTION_NO_BOUND (UINT64_MAX - 1)

/* Each false: `err` says why, without the option's name. Values live as long as the target. */
typedef bool option_set_fn(void *target, const char *value, struct err *err);
typedef bool option_check_fn(const char *value, struct err *err);
/* Appends "key = value" lines. */
typedef void option_add_fn(struct buf *to, const char *key, const void *target);

/* A row of a table. */
struct option {
    const char *name;
    const char
        *argument; /* what it takes, for people, or its words: "auto|on|off"; NULL: nothing */
    const char *help;
    char letter;   /* -X is short for it; 0: nothing is */
    bool is_typed; /* on a command line only, not in a file */
    enum option_kind kind;
    size_t offset; /* of the member that it sets */
    size_t size;
    uint64_t least;
    uint64_t most;
    const char *yes;        /* OPTION_SWITCH: the word for true */
    option_check_fn *check; /* of a text; NULL: any will do */
    option_set_fn *set;     /* OPTION_CUSTOM */
    option_add_fn *add;     /* OPTION_CUSTOM; NULL: there is nothing to print */
    unsigned commands;      /* that take it, as bits, where a table is for several */
};

#define OPTION_AT(member, ...)                                                                     \
    .offset = offsetof(OPTION_TARGET, member),                                                     \
    .size = sizeof(((OPTION_TARGET *)0)->member) +                                                 \
            0 * sizeof(_Generic(((OPTION_TARGET *)0)->member, __VA_ARGS__))

#define FLAG(member)            .kind = OPTION_FLAG, OPTION_AT(member, bool : 0)
#define SWITCH(member, word)    .kind = OPTION_SWITCH, .yes = (word), OPTION_AT(member, bool : 0)
#define CHOICE(member)          .kind = OPTION_CHOICE, OPTION_AT(member, unsigned : 0)
#define WORD(member)            .kind = OPTION_WORD, OPTION_AT(member, const char * : 0)
#define TEXT(member)            .kind = OPTION_TEXT, OPTION_AT(member, const char * : 0)
#define TEXT_IF(member, check_) TEXT(member), .check = (check_)
#define LIST(member)            .kind = OPTION_LIST, OPTION_AT(member, struct text_list : 0)
#define LIST_IF(member, check_) LIST(member), .check = (check_)
#define COUNT(member, from, to)                                                                    \
    .kind = OPTION_COUNT, .least = (from), .most = (to),                                           \
    OPTION_AT(member, unsigned : 0, uint64_t : 0)
#define SECONDS(member, to) .kind = OPTION_SECONDS, .most = (to), OPTION_AT(member, uint64_t : 0)
#define TIME(member)        .kind = OPTION_TIME, OPTION_AT(member, unsigned : 0, int64_t : 0)
#define BYTES(member)       .kind = OPTION_BYTES, OPTION_AT(member, uint64_t : 0)
#define CUSTOM(set_, add_)  .kind = OPTION_CUSTOM, .set = (set_), .add = (add_)
/* Around one of the above. */
#define TYPED(...)          .is_typed = true, __VA_ARGS__

/* The options of a command. */
struct option_table {
    const char *command; /* "davit serve" */
    const struct option *rows;
    size_t row_count;
    unsigned commands;      /* whose rows are taken, of a table that is for several; 0: all are */
    option_set_fn *operand; /* takes an operand; NULL: there are none */
};

/* Reads a command line into `target`. "--" may stand before operands that begin with '-'. */
NODISCARD bool options_read(const struct option_table *table, int argc, char **argv, void *target,
                            struct err *err);

/* What a command line has, looked at before it is read for good: a file that it names comes first.
 */
struct option_look {
    bool *is_given;            /* the caller's, one for each row */
    const char *config;        /* what --config names; NULL: nothing */
    struct text_list operands; /* the caller frees it */
};
NODISCARD bool options_look(const struct option_table *table, int argc, char **argv,
                            struct option_look *look, struct err *err);

/* The name of a row that a file may have and that was probably meant; NULL: none is near. */
const char *option_meant(const struct option_table *table, const char *name);

/* Sets what one row is about. `value`: NULL for a flag that was typed. */
NODISCARD bool option_set(const struct option *row, void *target, const char *value,
                          struct err *err);

/* Puts "--name: " before what option_set() has said, or whatever else it goes by. Returns false. */
bool option_blame(const char *dashes, const char *name, struct err *err);

/* Appends "key = value" as a file has it, or "# key =" where nothing is set. */
void option_add(const struct option *row, struct buf *to, const char *key, const void *target);
void option_add_text(struct buf *to, const char *key, const char *value);

/* Prints what the table has to standard output, in columns. */
void option_print(const struct option_table *table);

/* The row of that name that the table has; NULL: there is none. */
const struct option *option_find(const struct option_table *table, struct str name);
/* Whether the table has the row, or it is another command's. */
bool option_is_taken(const struct option_table *table, const struct option *row);

/* The row of an argument that begins with '-'; its value in *value_out where it stands in the same
 * argument, otherwise NULL. */
const struct option *option_of_argument(const struct option_table *table, const char *arg,
                                        const char **value_out);

/* --- for who reads a command line, or a value, by himself --- */

enum option_rc {
    OPTION_END,
    OPTION_ROW,     /* an option, and its value (NULL where it takes none) */
    OPTION_OPERAND, /* the value is an operand */
    OPTION_WRONG,   /* `err` says what, and what was probably meant */
};

struct option_reader {
    const struct option_table *table;
    char **argv;
    int argc;
    int at;
    bool are_options_over;
};

/* Takes the next from argv. Values are parts of argv. */
NODISCARD enum option_rc option_read(struct option_reader *reader, size_t *row_out,
                                     const char **value_out, struct err *err);

struct option_range {
    uint64_t least, most;
};
NODISCARD bool option_parse_count(struct str text, struct option_range range, uint64_t *count_out,
                                  struct err *err);
/* "20", "20s", "500ms", "1.5m", "2h", "1d". */
NODISCARD bool option_parse_time(struct str text, int64_t *ms_out, struct err *err);
