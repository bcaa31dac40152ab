/* xml/fragment.h: an element kept as text that stands on its own: it can be pasted into any
 * document, because it declares every namespace that it uses. Dead property values and lock owners
 * are kept so (RFC 4918 §4.3: names, attributes, mixed content and prefixes survive). */
#pragma once

#include "base/buf.h"
#include "base/map.h"
#include "xml/reader.h"

struct xml_scope;

struct xml_fragment {
    struct buf text;                  /* complete once the top element has ended */
    struct buf names;                 /* the qualified names of the open elements, to close them */
    struct buf outside;               /* declarations for the top element, of what stood outside */
    size_t outside_at;                /* where in `text` they go */
    struct map prefixes;              /* the declarations in force */
    struct xml_scope *scopes;         /* those of the open elements, newest first */
    struct xml_scope *outside_scopes; /* those from outside */
    struct map around;                /* the declarations in force around the fragment */
    struct xml_scope *around_scopes;  /* likewise, newest first */
    size_t around_bytes;              /* of them all, as they would be written at most */
    unsigned around_depth;            /* open elements around it */
    bool is_tag_open;                 /* the last start tag still lacks its '>' */
    unsigned depth;                   /* open elements */
};

/* A zeroed struct xml_fragment is an empty one. */
void xml_fragment_done(struct xml_fragment *fragment);
void xml_fragment_clear(struct xml_fragment *fragment); /* what is around it stays */

/* An element around the fragments that come, and its end: what it declares may be used in their
 * text and in values of attributes, where nobody can see it but by the prefix. */
void xml_fragment_enter(struct xml_fragment *fragment, const struct xml_element *element);
void xml_fragment_leave(struct xml_fragment *fragment);

/* Room for the event that comes next (a start, or text; the other is NULL or empty) and for the
 * ends of all that is open, which then cannot fail for want of memory. False: there is none. */
NODISCARD bool xml_fragment_reserve(struct xml_fragment *fragment,
                                    const struct xml_element *element, struct str text);

/* The events, in document order. The first element of a fragment gets xml:lang from what was in
 * force where it stood, so that the language is not lost (RFC 4918 §4.3). */
void xml_fragment_start(struct xml_fragment *fragment, const struct xml_element *element);
void xml_fragment_text(struct xml_fragment *fragment, struct str text);
void xml_fragment_end(struct xml_fragment *fragment);
