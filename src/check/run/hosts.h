/* check/run/hosts.h: the hosts of a run, and what waits at each for its turn. */
#pragma once

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "check/model/site.h"
#include "check/read/robots.h"
#include "check/run/options.h"
#include "check/run/pace.h"
#include "check/url/url.h"

enum robots_state {
    ROBOTS_UNKNOWN,
    ROBOTS_ASKED, /* its hosts' targets wait for the answer */
    ROBOTS_KNOWN,
};

struct host {
    struct map_entry entry; /* by origin */
    struct list link;       /* in hosts.ready or hosts.waiting; or alone */
    const char *origin;
    uint32_t number;
    uint32_t first, last; /* targets to be fetched, by target.next */
    struct pace pace;
    enum robots_state robots_state;
    struct robots robots;
    bool is_closed; /* its robots.txt cannot be had, which closes it (RFC 9309 §2.3.1.4) */
    uint64_t left_by_robots;
    bool has_sitemaps;    /* those of its robots.txt are links of the run */
    unsigned dead_in_row; /* targets that got no connection after all tries */
    bool has_answered;
    unsigned lone_in_vain; /* lone tries in a row that changed nothing */
};

struct hosts {
    const struct check_options *options;
    struct site *site;
    struct arena arena; /* the hosts, and what their robots.txt say */
    struct map map;
    struct host **list; /* by host.number */
    uint32_t count;
    struct list ready;                /* hosts that may start a request now */
    struct list waiting;              /* hosts that may at a known time */
    uint32_t files_first, files_last; /* local targets to be read */
    uint64_t queued;                  /* targets, of all hosts and local ones */
};

/* Borrows both until done. */
void hosts_init(struct hosts *hosts, const struct check_options *options, struct site *site);
void hosts_done(struct hosts *hosts);

/* The host of a target that is fetched; NULL: it is not asked for over HTTP. */
struct host *hosts_of_target(const struct hosts *hosts, uint32_t id);

/* It was fetched from that host by the run that this one goes on with. */
void hosts_adopt(struct hosts *hosts, uint32_t id, const struct url *url);
/* Which hosts have_sitemaps, of such a run. */
void hosts_save(const struct hosts *hosts, struct buf *to);
NODISCARD bool hosts_load(struct hosts *hosts, struct str *bytes);

/* A target becomes QUEUED, behind the others of its host, which is made if need be. */
void hosts_enqueue(struct hosts *hosts, uint32_t id, const struct url *url);
/* The next target of a host, or of the local ones (`host` NULL), which has some. */
uint32_t hosts_dequeue(struct hosts *hosts, struct host *host);

/* It may have something to start: what it waited for has happened. */
void hosts_wake(struct hosts *hosts, struct host *host);
/* The same for all whose time has come. */
void hosts_wake_due(struct hosts *hosts, int64_t now_ms);

/* Path and query of a URL, as they are asked for. */
struct str target_path(struct str url);
