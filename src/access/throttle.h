/* access/throttle.h: wrong sign-ins are slowed, for each user and for each address. */
#pragma once

#include "base/str.h"

/* Any thread. */
struct throttle;

enum throttle_kind { THROTTLE_USER, THROTTLE_ADDRESS };

/* Remembers at most `max` users and addresses. */
NODISCARD struct throttle *throttle_new(size_t max);
void throttle_free(struct throttle *throttle);

/* How long nobody may try again for `key`; 0: at once. */
int64_t throttle_wait_ms(struct throttle *throttle, enum throttle_kind kind, struct str key);

/* A wrong sign-in, and a right one. */
void throttle_failed(struct throttle *throttle, enum throttle_kind kind, struct str key);
void throttle_passed(struct throttle *throttle, enum throttle_kind kind, struct str key);

/* How many are remembered: for tests. */
size_t throttle_count(struct throttle *throttle);
