/* http/status_text.h: what status.def says of a status for people. */
#pragma once

#include "http/status.h"

enum status_cache { CACHED, CACHE_TOLD, UNCACHED };

struct status_text {
    unsigned code;
    const char *name;   /* the reason phrase */
    const char *source; /* where it is defined */
    const char *means, *when, *body, *client;
    enum status_cache cache;
    const char *mistakes; /* NULL: none that are common */
    const char *related;  /* codes with spaces between */
};

extern const struct status_text http_status_texts[];
extern const size_t http_status_text_count;

/* NULL: it is not registered. */
const struct status_text *http_status_text_find(unsigned code);
