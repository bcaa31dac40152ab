/* What somebody may do with a resource is decided by the rules first (rules.c): they are the
 * administrator's, and what they refuse stays refused. What they grant, the nearest list that is
 * kept with the resource, or with a collection above it, must grant as well:
 *
 *  (1) an entry that denies it to him refuses it, wherever in the list it stands;
 *  (2) otherwise one that grants it to him grants it;
 *  (3) otherwise it is refused;
 *  (4) a list of which a line cannot be read grants nothing.
 *
 * Who may administer the place by the rules (the class admin) is bound by no list: he sets them,
 * and could set another. exchange/admit.c knows that; here is what a list says.
 *
 * A name that nobody has is nobody's, and its entry stays: when there is such a user again, it is
 * for him.
 *
 * The text is kept as people would read it: "grant read,write for user alice". */
#include "access/acl/acl.h"

#include "base/buf.h"
#include "text/path.h"

static const struct str who_words[ACE_WHO_COUNT] = {
    [ACE_ALL] = STR_INIT("all"),
    [ACE_AUTHENTICATED] = STR_INIT("authenticated"),
    [ACE_UNAUTHENTICATED] = STR_INIT("unauthenticated"),
    [ACE_SELF] = STR_INIT("self"),
    [ACE_OWNER] = STR_INIT("owner"),
    [ACE_USER] = STR_INIT("user"),
    [ACE_GROUP] = STR_INIT("group"),
};

static const struct str right_words[] = {
    [0] = STR_INIT(""),
    [ACE_READ] = STR_INIT("read"),
    [ACE_WRITE] = STR_INIT("write"),
    [ACE_READ | ACE_WRITE] = STR_INIT("read,write"),
};

void acl_add(struct buf *to, const struct ace *ace)
{
    buf_add(to, ace->is_deny ? STR("deny ") : STR("grant "));
    buf_add(to, right_words[ace->rights]);
    BUF_ADD(to, " for ");
    buf_add(to, who_words[ace->who]);
    if (ace->name.len) {
        buf_add_char(to, ' ');
        buf_add(to, ace->name);
    }
    buf_add_char(to, '\n');
}

static bool take_word(struct str *line, const struct str *words, size_t count, size_t *word_out)
{
    struct str word = str_cut(line, ' ');
    for (size_t i = 0; i < count; i++) {
        *word_out = i;
        if (word.len && str_eq(word, words[i]))
            return true;
    }
    return false;
}

static bool read_line(struct str line, struct ace *ace_out)
{
    static const struct str kinds[] = {STR_INIT("grant"), STR_INIT("deny")};
    size_t kind, rights, who;
    if (!take_word(&line, kinds, ARRAY_LEN(kinds), &kind) ||
        !take_word(&line, right_words, ARRAY_LEN(right_words), &rights) ||
        !str_eq(str_cut(&line, ' '), STR("for")) ||
        !take_word(&line, who_words, ARRAY_LEN(who_words), &who))
        return false;
    *ace_out = (struct ace){kind == 1, (unsigned)rights, (enum ace_who)who, line};
    return (line.len != 0) == (who == ACE_USER || who == ACE_GROUP);
}

bool acl_take(struct str *text, struct ace *ace_out)
{
    struct str rest = *text;
    if (!read_line(str_cut(&rest, '\n'), ace_out))
        return false;
    *text = rest;
    return true;
}

struct str acl_name(struct arena *arena, struct str name)
{
    struct buf encoded = {0};
    path_encode_segment(&encoded, unicode_form(arena, name, UNICODE_NFC));
    struct str copy = arena_str(arena, buf_str(&encoded));
    buf_done(&encoded);
    return copy;
}

/* --- deciding --- */

struct group_question {
    struct arena *arena;
    struct str group;
    bool is_in;
};

static void look_at_group(void *arg, struct str group)
{
    struct group_question *question = arg;
    question->is_in |= str_eq(acl_name(question->arena, group), question->group);
}

static bool is_in_group(const struct rules *rules, struct str user, struct str group,
                        struct arena *arena)
{
    struct group_question question = {arena, group, false};
    if (rules)
        rules_tell_groups(rules, user, look_at_group, &question);
    return question.is_in;
}

static bool is_about(const struct ace *ace, const struct rules *rules,
                     const struct principal *principal, struct arena *arena)
{
    bool is_somebody = !principal_is_anonymous(principal);
    switch (ace->who) {
    case ACE_ALL:
        return true;
    case ACE_AUTHENTICATED:
        return is_somebody;
    case ACE_UNAUTHENTICATED:
        return !is_somebody;
    case ACE_USER:
        return is_somebody && str_eq(acl_name(arena, principal->name), ace->name);
    case ACE_GROUP:
        return is_somebody && is_in_group(rules, principal->name, ace->name, arena);
    case ACE_SELF:
    case ACE_OWNER:
    case ACE_WHO_COUNT:
        return false;
    }
    BUG("no such kind");
}

static bool grants(struct str text, const struct rules *rules, const struct principal *principal,
                   unsigned right)
{
    struct arena arena = {0};
    struct ace ace;
    bool is_granted = false;
    bool is_denied = false;
    while (text.len && !is_denied) {
        if (!acl_take(&text, &ace)) {
            is_denied = true; /* (4) */
        } else if ((ace.rights & right) && is_about(&ace, rules, principal, &arena)) {
            is_granted |= !ace.is_deny;
            is_denied = ace.is_deny;
        }
    }
    arena_done(&arena);
    return is_granted && !is_denied;
}

bool acl_grants(const struct acl *acl, const struct rules *rules, const struct principal *principal,
                enum access_class class)
{
    unsigned right = class == ACCESS_READ ? ACE_READ : ACE_WRITE;
    while (acl && grants(acl->text, rules, principal, right))
        acl = acl->next;
    return !acl;
}
