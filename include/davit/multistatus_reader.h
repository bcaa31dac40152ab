/* davit/multistatus_reader.h: push bytes in, take responses out. Part of davit/multistatus.h.
 *
 *     struct davit_ms_reader *reader = davit_ms_reader_new(NULL);
 *     while ((len = read(fd, bytes, sizeof(bytes))) > 0) {
 *         davit_ms_reader_feed(reader, bytes, len);
 *         while ((rc = davit_ms_reader_next(reader, &response)) == DAVIT_MS_RESPONSE)
 *             ...
 *         if (rc != DAVIT_MS_MORE)
 *             break;
 *     }
 *     if (rc == DAVIT_MS_MORE)
 *         rc = davit_ms_reader_finish(reader);
 */
#pragma once

#include "davit/multistatus.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 0 stands for the default. What is beyond a limit ends the reading with DAVIT_MS_LIMIT. */
struct davit_ms_limits {
    size_t response_bytes;    /* of text in one response; default 4 MiB */
    unsigned response_parts;  /* hrefs, propstats and elements of one response; default 65536 */
    unsigned depth;           /* elements within elements; default 300 */
    unsigned attributes;      /* attributes and namespaces on one element; default 64 */
    unsigned namespace_bytes; /* of one namespace name; default 8192 */
    uint64_t responses;       /* in one body; default: any number */
};

enum davit_ms_flags {
    DAVIT_MS_PLACES = 1, /* say where everything stands; a little slower */
    /* Take a multistatus of any namespace for one of DAV:, as some clients do. */
    DAVIT_MS_ANY_NAMESPACE = 2,
};

struct davit_ms_options {
    struct davit_ms_limits limits;
    unsigned flags;
};

struct davit_ms_reader;

/* `options` NULL: defaults. NULL: there is no memory. */
struct davit_ms_reader *davit_ms_reader_new(const struct davit_ms_options *options);
void davit_ms_reader_free(struct davit_ms_reader *reader);

/* More of the body, split anywhere. The bytes are borrowed until davit_ms_reader_next() has
 * returned DAVIT_MS_MORE or a failure; before that, a further feed is DAVIT_MS_MISUSE. */
enum davit_ms_rc davit_ms_reader_feed(struct davit_ms_reader *reader, const void *bytes,
                                      size_t len);

/* DAVIT_MS_RESPONSE and a response, valid until the next call; or DAVIT_MS_MORE, or a failure.
 * DAVIT_MS_END comes only after davit_ms_reader_finish(): white space may follow the end tag, and
 * anything else behind it is DAVIT_MS_MALFORMED. */
enum davit_ms_rc davit_ms_reader_next(struct davit_ms_reader *reader,
                                      const struct davit_ms_response **response_out);

/* There are no more bytes. DAVIT_MS_END: the body is complete. DAVIT_MS_CUT_OFF: it is not. Legal
 * when davit_ms_reader_next() has returned DAVIT_MS_MORE, or nothing was fed. */
enum davit_ms_rc davit_ms_reader_finish(struct davit_ms_reader *reader);

/* At any time; valid until the reader is freed, and filled as the body is read. */
const struct davit_ms_head *davit_ms_reader_head(const struct davit_ms_reader *reader);
const struct davit_ms_verdict *davit_ms_reader_verdict(const struct davit_ms_reader *reader);

/* After a failure: where it was found, whatever the flags; and a text for a person that is more
 * exact than davit_ms_rc_text() where it can be, valid until the reader is freed. */
struct davit_ms_place davit_ms_reader_place(const struct davit_ms_reader *reader);
const char *davit_ms_reader_message(const struct davit_ms_reader *reader);

#ifdef __cplusplus
}
#endif
