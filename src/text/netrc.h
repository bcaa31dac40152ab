/* text/netrc.h: files of names and passwords by host, as ftp has had them since 4.2BSD:
 *
 *     machine example.org login ann password secret
 *     default login anybody password guest
 *
 * Words stand between blanks, over as many lines as one likes; quotes hold words with blanks, in
 * them a backslash stands before a quote or a backslash. A word that begins with '#' where a
 * keyword could stand is a comment. What follows "macdef" up to an empty line is not for us. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct netrc_entry {
    struct str machine; /* at == NULL: "default" */
    struct str login;   /* at == NULL: none; so is the password */
    struct str password;
};

struct netrc {
    struct netrc_entry *entries;
    size_t count;
};

/* What the text says; of what makes no sense the rest is left out. All of it is the arena's. */
struct netrc netrc_parse(struct str text, struct arena *arena);

/* The first entry of that machine, and of that login unless it is NULL; otherwise that of all
 * machines, where `takes_default` says so. NULL: there is none. */
const struct netrc_entry *netrc_find(const struct netrc *netrc, struct str machine,
                                     struct str login, bool takes_default);
