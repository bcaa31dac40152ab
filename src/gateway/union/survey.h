/* gateway/union/survey.h: what the origins of a union have at a path: all are asked at once. */
#pragma once

#include "davit/multistatus.h"
#include "gateway/ask.h"
#include "gateway/union/plan.h"
#include "io/loop.h"

/* What one of them says. */
struct seen {
    struct ask *ask;
    struct source *body; /* of its answer, while it comes; NULL: none */
    struct buf text;     /* of it, so far */
    const char *why;     /* of HAD_UNKNOWN; lives as long as the look */
};

struct survey {
    struct exchange *x;
    struct deadline tick;
    bool is_root;                /* of the mount, which each of them must have; set by the caller */
    const struct gateway *mates; /* the union's */
    size_t count;
    struct seen at[UNION_ORIGINS_MAX];
    enum had had[UNION_ORIGINS_MAX]; /* by their order */
};

/* Asks them all; of a path of theirs, as in a URL. The exchange is woken whenever one has said
 * something. In its arena; survey_end() must be called before the exchange ends. */
struct survey *survey_new(struct exchange *x, struct str path);

/* Takes what has come. */
void survey_go_on(struct survey *survey);

/* Nobody wants to know any more: what is under way is given up. NULL is fine, and so is twice. */
void survey_end(struct survey *survey);

/* Whether a response says that it is about a collection. */
bool survey_is_collection(const struct davit_ms_response *response);

/* 503: what that one has must be known, and is not. Has the log say why. */
struct dav_result survey_unknown(const struct survey *survey, size_t index);
