/* dav/transfer.h: what COPY and MOVE have in common. */
#pragma once

#include "dav/failures.h"
#include "exchange/destination.h"

struct transfer {
    struct res_path to;      /* as in the Destination */
    struct res_path to_real; /* as located, by name */
    bool is_respelling;      /* a MOVE to another spelling of the same name: see check_overlap() */
    bool overwrites;
    enum depth depth;    /* of no meaning for a file */
    bool is_deep;        /* a copy of a collection with its members */
    bool is_replacement; /* there was something at the destination */
    struct str mark;     /* a name that is nowhere, for between stores; empty: it is within one */
};

/* A stage when the body is there: 415 unless it is one that RFC 2518 had for these methods. */
enum stage_end transfer_check_body(struct exchange *x);

/* Reads Destination, Overwrite and Depth, and finds the trees that are to be changed: a stage of
 * each, which reads. */
enum stage_end transfer_find(struct exchange *x, bool is_move);

/* All that can refuse the request, under the change: a stage of each, which reads. */
enum stage_end transfer_check(struct exchange *x, bool is_move);

/* What the store is asked to do. */
struct store_transfer transfer_of(const struct exchange *x);

/* 201 or 204, or what failed. */
enum stage_end transfer_answer(struct exchange *x, struct failures *failures, enum store_rc rc);
