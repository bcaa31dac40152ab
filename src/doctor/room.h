/* doctor/room.h: the collection that probes work in. */
#pragma once

#include "doctor/visit.h"

/* Makes one with a name that nobody else has, beneath the URL. Without it visit->room stays NULL,
 * and it is said why. */
void room_make(struct visit *visit);

/* Removes it, whatever became of it. What is left is said in the diagnosis. */
void room_remove(struct visit *visit, struct diagnosis *diagnosis);
