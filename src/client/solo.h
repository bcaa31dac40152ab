/* client/solo.h: a client with a loop of its own, for a command that does nothing else. */
#pragma once

#include "client/client.h"

struct solo;

/* As client_new(). */
NODISCARD struct solo *solo_new(const struct client_options *options, struct err *err);
void solo_free(struct solo *solo);

struct client *solo_client(struct solo *solo);

/* Waits for something to happen, `wait_ms` at most (negative: any time), and deals with it. */
void solo_turn(struct solo *solo, int64_t wait_ms);
