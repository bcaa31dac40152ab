/* store/origin/locks.h: the value of lockdiscovery (RFC 4918 §15.8). */
#pragma once

#include "store/types.h"

struct origin;

/* The locks in it, as they cover `path`. They are taken for those of whoever asks: that he may use
 * a token, its own server judges. Memory from the arena. What cannot be read is no lock. */
void locks_of_xml(const struct origin *origin, struct arena *arena, struct str xml,
                  struct res_path path, struct lock_list *locks_out);
