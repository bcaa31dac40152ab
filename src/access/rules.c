/* How a question (who, what class of method, which path, from where) is decided:
 *
 *  (1) the rules that speak of it are those whose pattern covers the path, whose classes hold the
 *      class, who name the principal, and whose addresses, if any, hold his;
 *  (2) of these the most specific decides. What counts, in this order: how many segments of the
 *      path the pattern names, how many characters of it literally; then whether it names the user
 *      himself, a group of his, all users, or everyone; then how narrow its addresses are;
 *  (3) where an `allow` and a `deny` are equally specific, it is refused;
 *  (4) where no rule speaks of it, it is refused.
 * What rules_judge() asserts of these is what a mistake in it would open; (1) and (2) are how it
 * goes about it.
 *
 * A pattern covers a path when it matches the path or a collection above it: "/a" is about /a and
 * all that is in it. "*" and "?" match within a segment, "**" any number of segments, and the
 * segment "%u" is the name of who asks.
 *
 * A rule is about a thing, not about bytes: names are compared in NFC, or where the store does not
 * tell case apart in one of the two forms that stand for that (access.c asks for both). Patterns
 * are kept in each form.
 *
 * Rejected: the first rule that matches decides, as in a firewall. Then the order of sections in a
 * file matters, and a line that is moved opens what was closed. Rejected, too: inheritance that can
 * be broken, as in NTFS; nobody can say without a tool what is in force. Ours can be read, and
 * `davit rule test` says which line it was. */
#include "access/rules.h"

#include "access/net.h"
#include "base/err.h"

enum { PARTS_MAX = 64 };

struct who {
    enum who_kind kind;
    struct str name;
    struct who *next;
};

struct rule_net {
    struct rule_net *next;
    struct net net;
};

struct rule {
    struct rule *next;
    struct str pattern; /* without slashes at its ends, as written */
    struct str patterns[UNICODE_LOOSE + 1];
    struct str sentence; /* as written */
    bool is_allow;
    bool is_hidden;
    unsigned classes; /* a bit for each access_class */
    unsigned line;
    struct who *whos;
    struct rule_net *nets; /* NULL: from anywhere */
};

struct rule_group {
    struct rule_group *next;
    struct rule_member is;
};

static const struct str class_names[ACCESS_CLASS_COUNT] = {
    [ACCESS_READ] = {"read", 4},
    [ACCESS_WRITE] = {"write", 5},
    [ACCESS_LOCK] = {"lock", 4},
    [ACCESS_ADMIN] = {"admin", 5},
};

struct str access_class_name(enum access_class class)
{
    return class_names[class];
}

void rules_init(struct rules *rules)
{
    *rules = (struct rules){0};
    rules->last = &rules->first;
}

void rules_done(struct rules *rules)
{
    arena_done(&rules->arena);
    rules_init(rules);
}

/* As names of users and groups are compared. */
static struct str name_of(struct arena *arena, struct str text)
{
    return unicode_form(arena, arena_str(arena, text), UNICODE_NFC);
}

void rules_add_member(struct rules *rules, struct str group, struct str user)
{
    struct rule_group *member = ARENA_NEW(&rules->arena, struct rule_group);
    member->is.group = name_of(&rules->arena, group);
    member->is.user = name_of(&rules->arena, user);
    struct rule_group **last = &rules->groups;
    while (*last)
        last = &(*last)->next;
    *last = member;
}

bool rules_are_empty(const struct rules *rules)
{
    return !rules->first;
}

/* --- sentences --- */

bool rules_let_anybody(const struct rules *rules)
{
    for (const struct rule *rule = rules->first; rule; rule = rule->next) {
        for (const struct who *who = rule->is_allow ? rule->whos : NULL; who; who = who->next) {
            if (who->kind == WHO_EVERYONE)
                return true;
        }
    }
    return false;
}

bool rules_allow_any(const struct rules *rules, enum access_class class)
{
    const struct rule *rule = rules->first;
    while (rule && !(rule->is_allow && (rule->classes >> class & 1)))
        rule = rule->next;
    return rule;
}

static bool read_class(struct rule *rule, struct str word)
{
    if (str_eq(word, STR("all"))) {
        rule->classes = (1U << ACCESS_ADMIN) - 1; /* all but admin, which is asked for by name */
        return true;
    }
    for (unsigned i = 0; i < ACCESS_CLASS_COUNT; i++) {
        if (str_eq(word, class_names[i])) {
            rule->classes |= 1U << i;
            return true;
        }
    }
    return false;
}

static void read_who(struct rule *rule, struct str word, struct arena *arena)
{
    struct who *who = ARENA_NEW(arena, struct who);
    who->name = name_of(arena, word);
    who->kind = WHO_USER;
    if (str_eq(word, STR("everyone")))
        who->kind = WHO_EVERYONE;
    else if (str_eq(word, STR("users")))
        who->kind = WHO_USERS;
    else if (word.at[0] == '@')
        *who = (struct who){.kind = WHO_GROUP, .name = str_from(who->name, 1)};
    who->next = rule->whos;
    rule->whos = who;
}

static bool read_net(struct rule *rule, struct str word, struct arena *arena)
{
    struct rule_net *net = ARENA_NEW(arena, struct rule_net);
    net->next = rule->nets;
    rule->nets = net;
    return net_parse(word, &net->net);
}

static struct str next_word(struct str *rest)
{
    size_t len = 0;
    while (rest->len && (rest->at[0] == ' ' || rest->at[0] == '\t' || rest->at[0] == ','))
        *rest = str_from(*rest, 1);
    while (len < rest->len && rest->at[len] != ' ' && rest->at[len] != '\t' && rest->at[len] != ',')
        len++;
    struct str word = str_first(*rest, len);
    *rest = str_from(*rest, len);
    return word;
}

static bool read_sentence(struct rule *rule, struct arena *arena, struct err *err)
{
    enum { CLASSES, WHOS, NETS } part = CLASSES;
    struct str rest = rule->sentence;
    for (struct str word = next_word(&rest); word.len; word = next_word(&rest)) {
        if (str_eq(word, STR("for")))
            part = WHOS;
        else if (str_eq(word, STR("from")))
            part = NETS;
        else if (part == CLASSES && !read_class(rule, word))
            return err_set(err, 0, "'%.*s' is none of read, write, lock, admin and all",
                           STR_ARGS(word));
        else if (part == NETS && !read_net(rule, word, arena))
            return err_set(err, 0, "'%.*s' is neither an address nor a network", STR_ARGS(word));
        else if (part == WHOS)
            read_who(rule, word, arena);
    }
    if (!rule->classes)
        return err_set(err, 0,
                       "the rule does not say what it is about: read, write, lock, admin or all");
    if (!rule->whos)
        return err_set(err, 0,
                       "the rule does not say for whom it is: everyone, users, @group or a name");
    return true;
}

static struct str trim_slashes(struct str text)
{
    while (text.len && text.at[0] == '/')
        text = str_from(text, 1);
    while (text.len && text.at[text.len - 1] == '/')
        text.len--;
    return text;
}

bool rules_add(struct rules *rules, const struct rule_place *place, bool is_allow,
               struct str sentence, struct err *err)
{
    struct arena *arena = &rules->arena;
    struct rule *rule = ARENA_NEW(arena, struct rule);
    size_t parts = 0;
    if (place->pattern.len == 0 || place->pattern.at[0] != '/')
        return err_set(err, 0, "a rule's path must begin with a slash");
    rule->pattern = arena_str(arena, trim_slashes(place->pattern));
    for (unsigned form = 0; form < ARRAY_LEN(rule->patterns); form++)
        rule->patterns[form] = unicode_form(arena, rule->pattern, (enum unicode_form)form);
    rule->sentence = arena_str(arena, sentence);
    rule->is_allow = is_allow;
    rule->is_hidden = place->is_hidden;
    rule->line = place->line;
    for (struct str rest = rule->pattern; rest.len; parts++)
        (void)str_cut(&rest, '/'); /* only counted */
    if (parts > PARTS_MAX)
        return err_set(err, 0, "a rule's path may have at most %d segments", PARTS_MAX);
    if (!read_sentence(rule, arena, err))
        return false;
    *rules->last = rule;
    rules->last = &rule->next;
    return true;
}

void rules_hide_from(struct rules *rules, unsigned line)
{
    for (struct rule *rule = rules->first; rule; rule = rule->next)
        rule->is_hidden |= rule->line >= line;
}

/* --- matching --- */

static bool match_segment(struct str pattern, struct str text)
{
    size_t p = 0;
    size_t t = 0;
    size_t star = SIZE_MAX; /* behind the last '*' */
    size_t star_text = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.at[p] == '*') {
            star = ++p;
            star_text = t;
        } else if (p < pattern.len && (pattern.at[p] == '?' || pattern.at[p] == text.at[t])) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star;
            t = ++star_text;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}

/* What patterns are held against, in one form. */
struct subject {
    struct arena arena;
    enum unicode_form form;
    struct str path;
    struct str user; /* empty: nobody */
};

static void subject_init(struct subject *subject, struct res_path path, struct str user,
                         enum unicode_form form)
{
    *subject = (struct subject){.form = form};
    subject->path = unicode_form(&subject->arena, path_str(path), form);
    subject->user = unicode_form(&subject->arena, user, form);
}

static bool match_part(struct str pattern, struct str segment, struct str user)
{
    if (str_eq(pattern, STR("%u")))
        return user.len && str_eq(segment, user);
    return match_segment(pattern, segment);
}

/* Whether the pattern matches the path or a collection above it. */
static bool covers(const struct rule *rule, const struct subject *subject)
{
    struct str pattern = rule->patterns[subject->form];
    struct str path = subject->path;
    struct str star_pattern = STR_NONE; /* behind the last "**" */
    struct str star_path = STR_NONE;
    bool has_star = false;
    while (pattern.len) {
        struct str rest = pattern;
        struct str part = str_cut(&rest, '/');
        struct str path_rest = path;
        struct str segment = str_cut(&path_rest, '/');
        if (str_eq(part, STR("**"))) {
            has_star = true;
            star_pattern = pattern = rest;
            star_path = path;
        } else if (path.len && match_part(part, segment, subject->user)) {
            pattern = rest;
            path = path_rest;
        } else if (has_star && star_path.len) {
            (void)str_cut(&star_path, '/'); /* one more segment for the "**" */
            path = star_path;
            pattern = star_pattern;
        } else {
            return false;
        }
    }
    return true;
}

bool rules_is_member(const struct rules *rules, struct str group, struct str user)
{
    for (const struct rule_group *member = rules->groups; member; member = member->next) {
        if (str_eq(member->is.group, group) && str_eq(member->is.user, user))
            return true;
    }
    return false;
}

static bool is_who(const struct rules *rules, const struct who *who,
                   const struct principal *principal)
{
    switch (who->kind) {
    case WHO_EVERYONE:
        return true;
    case WHO_USERS:
        return principal->name.len != 0;
    case WHO_GROUP:
        return principal->name.len && rules_is_member(rules, who->name, principal->name);
    case WHO_USER:
        return principal->name.len && str_eq(who->name, principal->name);
    }
    BUG("no such kind");
}

/* --- deciding --- */

struct weight {
    unsigned segments;
    unsigned characters;
    unsigned who; /* 1 + enum who_kind; 0: it does not speak of him */
    unsigned net; /* 1 + bits; 0: from anywhere */
};

static int compare(const struct weight *a, const struct weight *b)
{
    if (a->segments != b->segments)
        return a->segments < b->segments ? -1 : 1;
    if (a->characters != b->characters)
        return a->characters < b->characters ? -1 : 1;
    if (a->who != b->who)
        return a->who < b->who ? -1 : 1;
    return a->net < b->net ? -1 : a->net > b->net;
}

/* False: the rule does not speak of the question. */
static bool weigh(const struct rules *rules, const struct rule *rule,
                  const struct rule_question *question, const unsigned char address[NET_BYTES],
                  struct weight *weight_out)
{
    struct weight weight = {0};
    for (const struct who *who = rule->whos; who; who = who->next) {
        if (weight.who <= (unsigned)who->kind && is_who(rules, who, question->principal))
            weight.who = 1 + (unsigned)who->kind;
    }
    for (const struct rule_net *at = rule->nets; at; at = at->next) {
        if (weight.net <= at->net.bits && net_has(&at->net, address))
            weight.net = 1 + at->net.bits;
    }
    for (struct str rest = rule->patterns[UNICODE_NFC]; rest.len;) {
        struct str part = str_cut(&rest, '/');
        weight.segments += !str_eq(part, STR("**"));
        for (size_t i = 0; i < part.len; i++)
            weight.characters += part.at[i] != '*' && part.at[i] != '?';
    }
    *weight_out = weight;
    return weight.who && (weight.net || !rule->nets);
}

struct rule_verdict rules_judge(const struct rules *rules, const struct rule_question *question)
{
    struct rule_verdict verdict = {0};
    struct weight best = {0};
    struct weight weight;
    unsigned char address[NET_BYTES];
    struct subject subject;
    (void)net_read_address(question->principal->address, address); /* then it is in no network */
    subject_init(&subject, question->path, question->principal->name, question->form);
    for (const struct rule *rule = rules->first; rule; rule = rule->next) {
        if (!(rule->classes >> question->class & 1) || !covers(rule, &subject) ||
            !weigh(rules, rule, question, address, &weight))
            continue;
        int order = verdict.rule ? compare(&weight, &best) : 1;
        if (order > 0) {
            verdict = (struct rule_verdict){.rule = rule, .is_allowed = rule->is_allow};
            best = weight;
        } else if (order == 0 && rule->is_allow != verdict.rule->is_allow && !verdict.tie) {
            verdict.tie = rule->is_allow ? rule : verdict.rule;
            verdict.rule = rule->is_allow ? verdict.rule : rule;
            verdict.is_allowed = false;
        }
    }
    arena_done(&subject.arena);
    verdict.is_hidden = verdict.rule && !verdict.is_allowed && verdict.rule->is_hidden;
    assert(!verdict.tie || !verdict.is_allowed);                             /* (3) */
    assert(!verdict.is_allowed || (verdict.rule && verdict.rule->is_allow)); /* (4) */
    return verdict;
}

void rules_add_view(const struct rules *rules, const struct principal *principal,
                    enum access_class class, struct buf *to)
{
    struct weight weight;
    unsigned char address[NET_BYTES];
    const struct rule_question question = {.principal = principal, .class = class};
    (void)net_read_address(principal->address, address); /* then it is in no network */
    for (const struct rule *rule = rules->first; rule; rule = rule->next) {
        if (rule->classes >> class & 1 && weigh(rules, rule, &question, address, &weight))
            buf_addf(to, "%.*s\n%d %d %u %u\n", STR_ARGS(rule->pattern), rule->is_allow,
                     rule->is_hidden, weight.who, weight.net);
    }
}

/* Whether it begins somewhere below the path, for anybody. */
static bool begins_below(const struct rule *rule, const struct subject *subject)
{
    struct str pattern = rule->patterns[subject->form];
    struct str rest = subject->path;
    while (pattern.len && rest.len) {
        struct str part = str_cut(&pattern, '/');
        struct str segment = str_cut(&rest, '/');
        if (str_eq(part, STR("**")))
            return true;
        if (!str_eq(part, STR("%u")) && !match_segment(part, segment))
            return false;
    }
    return pattern.len != 0;
}

bool rules_differ_below(const struct rules *rules, struct res_path path, enum unicode_form form)
{
    struct subject subject;
    bool differ = false;
    subject_init(&subject, path, STR_NONE, form);
    for (const struct rule *rule = rules->first; rule && !differ; rule = rule->next)
        differ = begins_below(rule, &subject);
    arena_done(&subject.arena);
    return differ;
}

static bool has_wildcard(struct str pattern)
{
    return str_index(pattern, '*') < pattern.len || str_index(pattern, '?') < pattern.len;
}

/* What of the pattern lies below the path, which all before it names as it is; NULL: it does not
 * lie there, or a pattern is in the way. A rule for all "public" of all homes tells of no home. */
static struct str rest_below(const struct rule *rule, const struct subject *subject)
{
    struct str pattern = rule->patterns[subject->form];
    struct str rest = subject->path;
    while (rest.len) {
        struct str part = str_cut(&pattern, '/');
        struct str segment = str_cut(&rest, '/');
        if (has_wildcard(part) || !match_part(part, segment, subject->user))
            return STR_NONE;
    }
    return pattern.len ? pattern : STR_NONE;
}

/* The place that it names, with the user's name; NULL: a pattern is in the way. One that is the
 * last segment stands for what it matches by its own text: as a name, what this rule and those with
 * the same pattern speak of. */
static struct res_path place_below(struct arena *arena, struct res_path path, struct str rest,
                                   struct str user)
{
    while (rest.len) {
        struct str part = str_cut(&rest, '/');
        bool is_last = rest.len == 0;
        bool is_user = str_eq(part, STR("%u"));
        if (is_last && str_eq(part, STR("**"))) /* all below it, and it */
            break;
        if ((has_wildcard(part) && !is_last) || (is_user && !user.len))
            return (struct res_path){0};
        path = path_join(arena, path, is_user ? user : part);
    }
    return path;
}

bool rules_lead_below(const struct rules *rules, const struct rule_question *question,
                      bool (*may)(void *arg, struct res_path path), void *arg)
{
    struct subject subject;
    bool leads = false;
    subject_init(&subject, question->path, question->principal->name, question->form);
    for (const struct rule *rule = rules->first; rule && !leads; rule = rule->next) {
        struct str rest = rest_below(rule, &subject);
        if (!rule->is_allow || !(rule->classes >> question->class & 1) || !rest.at)
            continue;
        struct res_path place =
            place_below(&subject.arena, question->path, rest, question->principal->name);
        leads = place.at && may(arg, place);
    }
    arena_done(&subject.arena);
    return leads;
}

/* --- telling --- */

void rules_tell(const struct rules *rules, const struct rule_question *question,
                void (*tell)(void *arg, const struct rule_grant *grant), void *arg)
{
    struct subject subject;
    subject_init(&subject, question->path, question->principal->name, question->form);
    for (const struct rule *rule = rules->first; rule; rule = rule->next) {
        if (!covers(rule, &subject))
            continue;
        for (const struct who *who = rule->whos; who; who = who->next) {
            struct rule_grant grant = {rule->is_allow, rule->classes, who->kind, who->name};
            tell(arg, &grant);
        }
    }
    arena_done(&subject.arena);
}

void rules_tell_groups(const struct rules *rules, struct str user,
                       void (*tell)(void *arg, struct str group), void *arg)
{
    for (const struct rule_group *member = rules->groups; member; member = member->next) {
        if (str_eq(member->is.user, user))
            tell(arg, member->is.group);
    }
}

void rules_tell_members(const struct rules *rules,
                        void (*tell)(void *arg, const struct rule_member *member), void *arg)
{
    for (const struct rule_group *member = rules->groups; member; member = member->next)
        tell(arg, &member->is);
}

const struct rule *rules_next(const struct rules *rules, const struct rule *after)
{
    return after ? after->next : rules->first;
}

unsigned rule_line(const struct rule *rule)
{
    return rule->line;
}

void rule_describe(const struct rule *rule, struct buf *to)
{
    BUF_ADD(to, "[rule \"/");
    buf_add(to, rule->pattern);
    BUF_ADD(to, "\"]\n");
    buf_add(to, rule->is_hidden ? STR("hidden = yes\n") : STR_NONE);
    buf_add(to, rule->is_allow ? STR("allow = ") : STR("deny = "));
    buf_add(to, rule->sentence);
}

void rules_describe_groups(const struct rules *rules, struct buf *to)
{
    if (rules->groups)
        BUF_ADD(to, "[groups]\n");
    for (const struct rule_group *member = rules->groups; member; member = member->next)
        buf_addf(to, "%.*s = %.*s\n", STR_ARGS(member->is.group), STR_ARGS(member->is.user));
}
