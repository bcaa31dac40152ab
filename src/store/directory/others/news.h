/* store/directory/others/news.h: what the kernel tells of the directories that are watched. */
#pragma once

#include "store/directory/others/lookout.h"

struct news {
    struct lookout *lookout; /* borrowed */
    struct list items;       /* what has happened and was not told yet */
    struct map by_name;
    char *bytes;     /* of events */
    bool is_lost;    /* something has not been told: nothing is known but what a walk finds */
    bool is_missing; /* and it may have been done and undone: there were more than are kept */
    bool is_to_come; /* there are items that wait */
    bool is_settled; /* at the last look all was watched that can be: no walk was under way */
    uint64_t since;  /* the newest change when the look before found nothing more */
    uint64_t head;   /* likewise of the last one, which is handled */
};

void news_init(struct news *news, struct lookout *lookout);
void news_done(struct news *news);

/* Takes what the kernel has told until there is no more. */
void news_take(struct news *news);

/* Tells of what is due: of all where `is_over`. */
void news_handle(struct news *news, bool is_over);

/* Watches what is open at `path`; if it was watched by another that it has left, no more by that.
 * NULL: it is closed, or it cannot be, which is noted. */
struct watched *news_watch(struct news *news, struct res_path path, int fd);

/* Ends the watches of a collection and of all that is in it. */
void news_drop(struct news *news, struct watched *top);
