/* client/sockets.h: the sockets that libcurl waits for, watched by a loop. */
#pragma once

#include "base/map.h"
#include "client/curl.h"
#include "io/loop.h"

struct sockets {
    struct loop *loop;
    struct task *task; /* queued when one is ready */
    struct map known;  /* by descriptor */
    struct list ready;
};

/* Borrows both. */
void sockets_init(struct sockets *sockets, struct loop *loop, struct task *task);
void sockets_done(struct sockets *sockets); /* when libcurl has closed all of them */

/* libcurl's CURLMOPT_SOCKETFUNCTION, whose data the sockets are. */
int sockets_changed(CURL *easy, curl_socket_t fd, int what, void *sockets, void *unused);

/* One has been opened for libcurl, and will be closed by sockets_close(), which is its
 * CURLOPT_CLOSESOCKETFUNCTION; the data are the sockets as well. */
void sockets_opened(struct sockets *sockets, int fd);
int sockets_close(void *sockets, curl_socket_t fd);

/* One that is ready, for curl_multi_socket_action(). False: none is. */
bool sockets_take(struct sockets *sockets, curl_socket_t *fd_out, int *what_out);
