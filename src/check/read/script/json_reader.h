/* check/read/script/json_reader.h: the strings of a JSON text, and where in it they stand: bytes
 * in, events out, at any split of the bytes. The input is UTF-8. What is no JSON ends the reading.
 */
#pragma once

#include "base/buf.h"
#include "check/read/html_tag.h"

/* Embedded by who reads. What it is given is valid during the call only. */
struct json_events {
    /* `path` has the keys that lead to it, with '.' between them; arrays add nothing to it. `key`
     * is the last of them; empty: none leads there. */
    void (*string)(struct json_events *events, struct str path, struct str key, struct str value,
                   struct html_position at);
};

struct json_reader;

/* Borrows events until freed. `at` is where the text begins in its document. Gives. */
NODISCARD struct json_reader *json_reader_new(struct json_events *events, struct html_position at);
void json_reader_free(struct json_reader *reader);

void json_reader_feed(struct json_reader *reader, struct str bytes);
