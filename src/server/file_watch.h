/* server/file_watch.h: tells when files that the server has read are others, or say something else:
 * users, tokens, keys, certificates; and those that it writes itself, which others change, too. */
#pragma once

#include "base/executor.h"
#include "server/config/config.h"

/* What is to be read again; they are or-ed. */
enum { WATCHED_ACCOUNTS = 1, WATCHED_TLS = 2, WATCHED_APPS = 4 };

typedef void file_watch_fn(void *arg, unsigned groups);

struct file_watch;
struct watched_set;

/* The files that a configuration names as they are now: before they are read. Gives. */
NODISCARD struct watched_set *watched_set_new(const struct server_config *config);
void watched_set_free(struct watched_set *set); /* NULL is fine */

/* Gives. Watches nothing yet. */
struct file_watch *file_watch_new(void);

/* These have been read, and are watched from now on, instead of others. Takes the set. Before the
 * loop runs, or on its thread. */
void file_watch_take(struct file_watch *watch, struct watched_set **set);

/* Files of these groups could not be read just now: it tells of them at the next look. On the
 * loop's thread. */
void file_watch_again(struct file_watch *watch, unsigned groups);

/* From now on looks, on the executor's workers, and calls fn on its thread when a file has changed
 * and changes no more. */
void file_watch_start(struct file_watch *watch, struct executor *executor, file_watch_fn *fn,
                      void *arg);

/* When neither the workers nor the loop run any more. NULL is fine. */
void file_watch_free(struct file_watch *watch);
