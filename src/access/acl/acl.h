/* access/acl/acl.h: what is kept with a resource of who may do what with it (RFC 3744 §5.5):
 * a text of one entry a line. It narrows what the rules let somebody do, and never widens it. acl.c
 * says how it is decided. */
#pragma once

#include "access/rules.h"

enum ace_who {
    ACE_ALL,
    ACE_AUTHENTICATED,
    ACE_UNAUTHENTICATED,
    ACE_SELF,  /* the principal that the resource is: nobody, of what is stored */
    ACE_OWNER, /* nobody either: nothing that is stored has an owner */
    ACE_USER,
    ACE_GROUP,
    ACE_WHO_COUNT
};

/* What an entry can be about: with a right to write goes that to lock. */
enum { ACE_READ = 1, ACE_WRITE = 2 };

struct ace {
    bool is_deny;
    unsigned rights;
    enum ace_who who;
    struct str name; /* of a user or a group, as a segment of a URL has it */
};

/* A text, and those that must grant it as well. */
struct acl {
    struct str text;
    const struct acl *next;
};

/* Appends an entry. */
void acl_add(struct buf *to, const struct ace *ace);

/* Takes the first entry of the text, of which the name is borrowed. False: there is none, or,
 * where the text is not at its end, it cannot be read. */
NODISCARD bool acl_take(struct str *text, struct ace *ace_out);

/* As the name of an entry: in NFC, and encoded. Copies into the arena. */
struct str acl_name(struct arena *arena, struct str name);

/* Whether each of the texts grants that class to the principal. `rules`: who is in which group; may
 * be NULL. */
NODISCARD bool acl_grants(const struct acl *acl, const struct rules *rules,
                          const struct principal *principal, enum access_class class);
