/* tests/support/scripted.h: a source that does what a script says, one character for each pull:
 *
 *   d  DATA: up to 16 of the next bytes          1  DATA: one byte
 *   D  DATA: as many of the next as are wanted   w  WAIT; who waits is woken by scripted_wake()
 *   f  FAIL                                      $  END, for ever (also at the script's end)
 *
 * The bytes are those of scripted_byte(), so that a consumer can tell which it got. */
#pragma once

#include "stream/source.h"

struct scripted {
    struct source base;
    const char *script;
    size_t at;       /* in the script */
    uint64_t given;  /* bytes so far */
    size_t closed;   /* how often it was closed */
    bool is_awaited; /* said WAIT, and has not been woken */
};

void scripted_init(struct scripted *scripted, const char *script);

/* Goes on after a WAIT. */
void scripted_wake(struct scripted *scripted);

char scripted_byte(uint64_t offset);

/* Whether these are the bytes from `offset` on. */
bool scripted_is(struct str bytes, uint64_t offset);
