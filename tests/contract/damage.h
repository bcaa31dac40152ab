/* tests/contract/damage.h: what a disk does to the state of a directory whose store is closed. */
#pragma once

#include "support.h"

void overwrite_file(struct fixture *fixture, const char *name, off_t at, struct str bytes);

/* One page of the database: the one that stands so many quarters of it in. */
void damage_page(struct fixture *fixture, unsigned quarters);

/* Locks "f" and "g" and closes the store, and then the journal's frame of "f" is damaged. */
void damage_journal(struct fixture *fixture);
