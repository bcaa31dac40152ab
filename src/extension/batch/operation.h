/* extension/batch/operation.h: what a batch is: operations, whatever they were written as; and
 * phase one, which takes all of them or none. Methods, and what operations of them may have, are
 * rows of methods.def. */
#pragma once

#include "base/map.h"
#include "exchange/exchange.h"

/* `takes` of methods.def */
enum {
    BATCH_TAKES_XML = 1,     /* a body that is XML */
    BATCH_TAKES_CONTENT = 2, /* any, in the batch or as a part */
    BATCH_TAKES_DESTINATION = 4,
};

/* A field of an operation's request. */
struct batch_field {
    struct batch_field *next;
    enum http_field id;
    struct str value;
};

/* An operation as it is written; what is not there has at == NULL. */
struct batch_draft {
    struct str id;
    struct str method;
    struct str href;
    struct str destination;
    struct str after; /* ids, with spaces between */
    struct str part;  /* the Content-ID of its content */
    struct str body;
    bool is_body_xml; /* it was elements: no text of the client's own */
    struct batch_field *fields;
};

/* Content that has come as a part of the body, and where it is kept. */
struct batch_part {
    struct map_entry by_id; /* without brackets */
    struct str type;        /* its Content-Type; at == NULL: it has none */
    uint64_t at, bytes;
    bool is_used;
};

struct batch_operation {
    struct map_entry by_id;
    struct str id;
    size_t number; /* from 0 */
    const struct method *method;
    struct res_path path;
    bool has_slash;
    struct batch_field *fields;
    struct str body;
    struct str part_id;            /* at == NULL: it has none */
    const struct batch_part *part; /* likewise, by batch_check() */
    const size_t *after;           /* which of those before it */
    size_t after_count;
};

struct batch {
    struct exchange *x; /* of the batch; what the operations point at is in its arena */
    struct batch_operation **operations;
    size_t count;
    struct map ids;
    struct map parts;
    struct dav_result defect; /* the first that was found */
};

/* Of the answer. */
struct batch_wish {
    bool is_json;    /* not XML */
    bool is_minimal; /* Prefer: return=minimal */
    bool is_brief;   /* that was Brief */
    bool is_strict;  /* Prefer: handling=strict */
};

void batch_init(struct batch *batch, struct exchange *x);
void batch_done(struct batch *batch);

/* Sets one of a draft's members by the name that all forms of a batch have for it: those of the
 * draft but body, and of fields in small letters. Borrows the value. False: there is none of that
 * name, or it is set already: the defect. */
NODISCARD bool batch_set(struct batch *batch, struct batch_draft *draft, struct str name,
                         struct str value);

/* One more operation. Borrows what the draft points at. False: batch->defect says why not. */
NODISCARD bool batch_add(struct batch *batch, const struct batch_draft *draft);

/* Content that has come. Borrows the id. False: there is one of that id. */
NODISCARD bool batch_add_part(struct batch *batch, struct str id, struct batch_part *part);

/* All has come: is it whole? Gives operations their parts. */
NODISCARD struct dav_result batch_check(struct batch *batch);

/* The defect is that, of the operation with that id (at == NULL: of none). Always false. */
bool batch_refuse(struct batch *batch, enum dav_condition condition, struct str id,
                  const char *text);
bool batch_is_invalid(struct batch *batch, struct str id, const char *text);
