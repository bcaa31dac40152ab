/* check/run/crawl_priv.h: what the files of a run share. */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "check/read/robots.h"
#include "check/run/crawl.h"
#include "check/run/inside.h"
#include "check/run/pace.h"
#include "check/run/page.h"
#include "check/run/scope.h"

enum robots_state {
    ROBOTS_UNKNOWN,
    ROBOTS_ASKED, /* its hosts' targets wait for the answer */
    ROBOTS_KNOWN,
};

struct host {
    struct map_entry entry; /* by origin */
    struct list link;       /* in crawl.ready or crawl.waiting; or alone */
    const char *origin;
    uint32_t number;
    uint32_t first, last; /* targets to be fetched, by target.next */
    struct pace pace;
    enum robots_state robots_state;
    struct robots robots;
    bool is_closed; /* its robots.txt cannot be had, which closes it (RFC 9309 §2.3.1.4) */
    uint64_t left_by_robots;
    unsigned dead_in_row; /* targets that got no connection after all tries */
    bool has_answered;
    unsigned lone_in_vain; /* lone tries in a row that changed nothing */
};

/* A name for what a request is about. */
enum visit_kind { VISIT_TARGET, VISIT_ROBOTS, VISIT_PROBE };

/* A link that waits for the end of its page, which may say another base. Texts are offsets. */
struct held_link {
    enum link_kind kind;
    struct html_position at;
    uint32_t raw, raw_len;
    uint32_t text, text_len;
};

/* A request under way, or one that waits to be tried again. */
struct visit {
    struct list link; /* in crawl.visits */
    struct call call;
    struct crawl *crawl;
    struct host *host;
    enum visit_kind kind;
    uint32_t target;
    unsigned tries;    /* that failed */
    int64_t waited_ms; /* for tries and Retry-After */
    int64_t wake_ms;   /* when to try again; 0: under way */
    bool was_head;     /* and was not good enough */
    bool is_last;      /* the lone try before it is called broken */
    unsigned hops;     /* of a robots.txt */
    struct buf url;    /* of robots.txt and probes */
    struct buf text;   /* of robots.txt */

    struct page *page;
    struct inside *inside;
    struct finder finder;
    struct inside_events inside_events;
    struct url base;
    bool has_base;
    struct held_link *held;
    size_t held_count, held_cap;
    struct buf held_text;
};

struct crawl {
    const struct check_options *options;
    struct site *site;
    struct crawl_events *events;
    struct crawl_counts counts;
    struct scope *scope;
    struct client_pool *pool;
    struct arena arena;
    struct map hosts;
    struct host **host_list;
    uint32_t host_count;
    struct list ready;                /* hosts that may start a request now */
    struct list waiting;              /* hosts that may at a known time */
    struct list visits;               /* all of them */
    unsigned sleeping;                /* of those, that wait to be tried again */
    unsigned under_way;               /* requests */
    uint32_t files_first, files_last; /* local targets to be read */
    bool is_stopped;
    bool is_draining;      /* nothing more is started; what is under way may end */
    const char *stop_note; /* for what was not looked at */
    bool has_trouble;
    struct err trouble;
    struct url url;    /* room for link_add() */
    struct buf format; /* likewise */
    struct buf remapped;
    struct soft404 *soft404;
};

/* crawl.c */
struct host *crawl_host(struct crawl *crawl, const struct url *url);
void crawl_enqueue(struct crawl *crawl, uint32_t id, const struct url *url);
void crawl_finish(struct crawl *crawl, uint32_t id, enum verdict verdict);
void crawl_stop(struct crawl *crawl, const char *why);
void host_wake(struct crawl *crawl, struct host *host);
struct str target_path(struct str url);

/* discover.c */
struct link_context {
    uint32_t page; /* TARGET_NONE: the command line */
    const struct url *base;
    struct url_encoder *encoder;
    unsigned depth;
};
void link_add(struct crawl *crawl, const struct link_context *context,
              const struct found_link *link);
uint32_t link_redirect(struct crawl *crawl, uint32_t from, struct str location);
void finder_hold(struct visit *visit);
void held_release(struct visit *visit);

/* visit.c */
void visit_target(struct crawl *crawl, struct host *host, uint32_t id);
void visit_again(struct visit *visit);
void visit_robots(struct crawl *crawl, struct host *host);
void visit_probe(struct crawl *crawl, struct host *host, struct str url, uint32_t number);
void visit_free(struct visit *visit);

/* files.c */
void file_read(struct crawl *crawl, uint32_t id);
NODISCARD bool file_add_start(struct crawl *crawl, const char *path, struct err *err);

/* soft404.c: NULL stands for not looking for them. */
struct soft404 *soft404_new(void);
void soft404_free(struct soft404 *soft404);
void soft404_note(struct soft404 *soft404, uint32_t id, const struct page *page);
/* All else is done: asks each folder for something that is not there. False: nothing to ask. */
bool soft404_begin(struct crawl *crawl);
void soft404_answer(struct crawl *crawl, uint32_t number, const struct page *page);
