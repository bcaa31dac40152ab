/* sync/answer.h: an answer that clients read as JSON or as XML, written once for both: members with
 * names, objects and lists of them. */
#pragma once

#include "exchange/exchange.h"

enum { SYNC_ANSWER_DEPTH = 8 };

struct sync_answer {
    struct buf text;
    bool is_xml;
    size_t depth;
    struct {
        const char *name;
        bool is_list;
    } open[SYNC_ANSWER_DEPTH];
};

/* JSON where the query says format=json, or Accept asks for nothing else; otherwise XML. */
bool sync_wants_xml(const struct exchange *x);

/* The whole is an object in JSON; XML begins with the first name. */
void sync_answer_begin(struct sync_answer *answer, bool is_xml);

/* A member that has members, or a list, whose members have no names: theirs are NULL. */
void sync_answer_object(struct sync_answer *answer, const char *name);
void sync_answer_list(struct sync_answer *answer, const char *name);
void sync_answer_close(struct sync_answer *answer);

void sync_answer_text(struct sync_answer *answer, const char *name, struct str text);
void sync_answer_number(struct sync_answer *answer, const char *name, int64_t number);
void sync_answer_bool(struct sync_answer *answer, const char *name, bool is_true);

/* Ends the whole, and answers with it. */
enum stage_end sync_answer_send(struct sync_answer *answer, struct exchange *x,
                                enum http_status status);
