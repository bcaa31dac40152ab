/* gateway/fields.h: what becomes of a field on its way through the gateway, by fields.def. */
#pragma once

#include "http/fields.h"

/* What is done with it. */
enum field_way {
    FIELD_PASSES,     /* as it is: what the table does not name */
    FIELD_ENDS,       /* it is about the connection, or ours to say */
    FIELD_URL,        /* its value is a URL */
    FIELD_LINK,       /* URLs stand in it in angle brackets */
    FIELD_TAGS,       /* resource tags do */
    FIELD_CREDENTIAL, /* passes where the client's credentials do */
    FIELD_CHALLENGE,  /* asks for credentials */
    FIELD_OF_BODY,    /* is about the bytes of the body: ends where these change */
    FIELD_ABILITIES,  /* what the server can: what we both can */
    FIELD_CONFINES,   /* says what browsers may do: ours to say where we do */
};

enum field_direction { TO_ORIGIN, TO_CLIENT };

enum field_way field_way(struct str name, enum field_direction direction);

/* Whether a Connection field of the message names it (RFC 9110 §7.6.1): it goes no further. */
bool field_is_named(const struct http_fields *fields, struct str name);
