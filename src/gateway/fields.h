/* gateway/fields.h: what becomes of a field on its way through the gateway, by fields.def. */
#pragma once

#include "http/fields.h"

enum way {
    WAY_PASSES,     /* as it is: what the table does not name */
    WAY_ENDS,       /* it is about the connection, or ours to say */
    WAY_URL,        /* its value is a URL */
    WAY_LINKS,      /* URLs stand in it in angle brackets */
    WAY_TAGS,       /* resource tags do */
    WAY_CREDENTIAL, /* passes where the client's credentials do */
    WAY_COOKIE,     /* likewise, and has a path */
    WAY_CHALLENGE,  /* asks for credentials */
    WAY_BODY,       /* is about the bytes of the body: ends where they change */
    WAY_VALIDATOR,  /* likewise, unless the method changes something: then it is the resource's */
    WAY_CODING,     /* which codings the answer may have: none where we read it */
    WAY_ABILITIES,  /* what the server can: what we both can */
    WAY_HOPS,       /* how often it may yet be passed on */
    WAY_CONFINES,   /* what browsers may do with the answer: ours to say where we do */
};

enum way_direction { TO_ORIGIN, TO_CLIENT };

enum way field_way(struct str name, enum way_direction direction);

/* Whether a Connection field of the message names it (RFC 9110 §7.6.1): it goes no further. Fields
 * that davit knows are for all recipients: without a Depth that was judged, another would hold. */
bool field_is_named(const struct http_fields *fields, const struct http_field_line *named);
