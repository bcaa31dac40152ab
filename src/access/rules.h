/* access/rules.h: who may do what where. A rule is a pattern for paths and a sentence:
 *
 *     [rule "/projects/internal"]
 *     allow = read for everyone
 *     allow = read, write, lock for @staff from 10.0.0.0/8
 *     deny = write for bob
 *
 * docs/man/davit.conf.5 says what it means; rules.c says how it is decided. */
#pragma once

#include "access/principal.h"
#include "text/unicode.h"

struct err;

enum access_class { ACCESS_READ, ACCESS_WRITE, ACCESS_LOCK, ACCESS_ADMIN, ACCESS_CLASS_COUNT };

/* "read", "write", "lock", "admin". */
struct str access_class_name(enum access_class class);

struct rule;

struct rules {
    struct arena arena;
    struct rule *first;
    struct rule **last; /* where the next one goes */
    struct rule_group *groups;
};

/* A zeroed one must be initialised. */
void rules_init(struct rules *rules);
void rules_done(struct rules *rules);

/* Adds a member to a group, which need not be there yet. Copies. */
void rules_add_member(struct rules *rules, struct str group, struct str user);

/* Where a rule stands, and what its section says. */
struct rule_place {
    struct str pattern; /* "/projects" */
    unsigned line;
    bool is_hidden;
};

/* Adds a sentence such as "read, write for @staff from 10.0.0.0/8". Copies. False: `err` says what
 * is wrong with it. */
NODISCARD bool rules_add(struct rules *rules, const struct rule_place *place, bool is_allow,
                         struct str sentence, struct err *err);

/* Marks what stands in line `line` or later: hidden is said of a whole section. */
void rules_hide_from(struct rules *rules, unsigned line);

struct rule_question {
    const struct principal *principal;
    enum access_class class;
    struct res_path path;   /* of the URL */
    enum unicode_form form; /* in which names are compared */
};

struct rule_verdict {
    bool is_allowed;
    bool is_hidden;          /* refused as if there were nothing */
    const struct rule *rule; /* that decided; NULL: none speaks of it, which refuses */
    const struct rule *tie;  /* as specific, and against it; NULL: there was none */
};

/* A pure function of its arguments. */
struct rule_verdict rules_judge(const struct rules *rules, const struct rule_question *question);

/* False: what is decided for `path` holds for all that is below it, whoever asks. */
NODISCARD bool rules_differ_below(const struct rules *rules, struct res_path path,
                                  enum unicode_form form);

/* Whether rules that begin below the path, and name what lies between, let him who asks do it
 * there: `may` is asked about each place that such a rule names, until one is. Where the last
 * segment is a pattern, it is asked about the pattern's own text, as a name. */
bool rules_lead_below(const struct rules *rules, const struct rule_question *question,
                      bool (*may)(void *arg, struct res_path path), void *arg);

/* Whether something is allowed to who has not signed in, from somewhere. */
bool rules_let_anybody(const struct rules *rules);

/* Whether something of that class is allowed to somebody. */
bool rules_allow_any(const struct rules *rules, enum access_class class);

/* Appends what the rules of that class say of who asks: as long as it is the same, so are the
 * verdicts. */
void rules_add_view(const struct rules *rules, const struct principal *principal,
                    enum access_class class, struct buf *to);

bool rules_are_empty(const struct rules *rules);

enum who_kind { WHO_EVERYONE, WHO_USERS, WHO_GROUP, WHO_USER };

/* What one rule says of one kind of principal. */
struct rule_grant {
    bool is_allow;
    unsigned classes; /* a bit for each access_class */
    enum who_kind kind;
    struct str who; /* of a group or a user */
};

/* That a user is in a group. */
struct rule_member {
    struct str group;
    struct str user;
};

/* Calls tell() for each of all groups. */
void rules_tell_members(const struct rules *rules,
                        void (*tell)(void *arg, const struct rule_member *member), void *arg);

/* Calls tell() for each that covers `path`, whoever asks: for `acl` (RFC 3744 §5.5). */
void rules_tell_groups(const struct rules *rules, struct str user,
                       void (*tell)(void *arg, struct str group), void *arg);
bool rules_is_member(const struct rules *rules, struct str group, struct str user);

void rules_tell(const struct rules *rules, const struct rule_question *question,
                void (*tell)(void *arg, const struct rule_grant *grant), void *arg);

/* Each rule in turn; NULL before the first and behind the last. */
const struct rule *rules_next(const struct rules *rules, const struct rule *after);

/* The line of a rule, and the rule in words. */
unsigned rule_line(const struct rule *rule);
void rules_describe_groups(const struct rules *rules, struct buf *to);
void rule_describe(const struct rule *rule, struct buf *to);
