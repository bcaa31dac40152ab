/* text/json/json_reader.h: JSON, read (RFC 8259): a value at a time, in the order of the text, by
 * who knows what is to come. Nothing is kept but what is asked for. A name that an object has twice
 * is told twice.
 *
 * The first mistake stays: from then on nothing is there, and json_is_over() says so. */
#pragma once

#include "base/arena.h"

enum { JSON_DEPTH_MAX = 32 };

enum json_kind { JSON_NONE, JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_WORD };

struct json_reader {
    struct str rest;
    unsigned depth; /* objects and arrays that are open */
    bool has_begun; /* the one that is innermost, with nothing in it yet */
    bool is_malformed;
};

/* Borrows the text. */
void json_reader_init(struct json_reader *reader, struct str text);

/* What comes next. */
enum json_kind json_peek(struct json_reader *reader);

/* False: it is no string. Memory from the arena. */
NODISCARD bool json_take_string(struct json_reader *reader, struct arena *arena,
                                struct str *text_out);

/* A number, or true, false or null, as it stands there. False: it is neither. */
NODISCARD bool json_take_plain(struct json_reader *reader, struct str *text_out);

/* Enters an array or an object. False: it is none. Then until false, which leaves it: there is one
 * more value, which has to be taken. */
NODISCARD bool json_enter_array(struct json_reader *reader);
NODISCARD bool json_next(struct json_reader *reader);
NODISCARD bool json_enter_object(struct json_reader *reader);
NODISCARD bool json_next_member(struct json_reader *reader, struct arena *arena,
                                struct str *name_out);

/* All of the text has been taken, and it was JSON. */
bool json_is_over(struct json_reader *reader);
