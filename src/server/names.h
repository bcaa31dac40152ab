/* server/names.h: by which names this server may be asked. */
#pragma once

#include "exchange/service.h"
#include "http/message.h"
#include "io/tls.h"

struct known_names {
    const struct public_name *public_names; /* as in struct service */
    size_t public_name_count;
    struct str *others; /* of this machine and of certificates, in lower case */
    size_t other_count;
    bool is_strict; /* who asks for another is not answered */
};

/* Learns the names of this machine, and those that the certificates of `tls`, which may be NULL,
 * are for. Memory from the arena. From the thread that reads certificates. */
void names_learn(struct known_names *names, const struct tls_server *tls, struct arena *arena);

/* A name of this server, or one that can only lead to where the client meant to go: an address, a
 * name of the loopback. */
bool names_have(const struct known_names *names, struct str host);

/* False: the request is for a host that this server does not answer for, and 421 is on its way. */
bool names_admit(const struct known_names *names, struct http_stream *stream);

/* Answers 421, with a text and a line in the log that say what to do if `host` is ours. */
void names_misdirect(struct http_stream *stream, struct str host);

/* For tests: adds the names of `machine` that stand in a hosts(5) file. */
void names_add_machine(struct known_names *names, struct str machine, struct str hosts,
                       struct arena *arena);
