/* io/tls.h: what all TLS connections of a server share: certificates and the keys of tickets. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "io/tls_options.h"

struct shared_state;

/* Reads the files. Borrows the options until others have taken their place; `shared`, which has the
 * keys of tickets, must outlive it. Gives; NULL: `err` says why. */
NODISCARD struct tls_server *tls_server_new(const struct tls_options *options,
                                            struct shared_state *shared, struct err *err);
void tls_server_free(struct tls_server *server);

/* Reads the files again, those of `options` if there are any: whether HTTP/2 is offered stays. New
 * connections get what they say now, present ones keep what they have. False: nothing has changed,
 * and `err` says why. From one thread at a time. */
NODISCARD bool tls_server_reload(struct tls_server *server, const struct tls_options *options,
                                 struct err *err);

/* What an administrator should know about the files that were read last (expired, readable by
 * others), a line for each. Valid until the next reload. */
struct str tls_server_remarks(const struct tls_server *server);

/* Appends what the certificates are for, in lower case, a line for each name. From the thread that
 * reloads. */
void tls_server_add_names(const struct tls_server *server, struct buf *to);

/* Whether the kernel can do the encryption. */
bool tls_server_has_kernel_tls(const struct tls_server *server);
