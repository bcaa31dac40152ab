/* dav/prop/favorites.h: ownCloud's report filter-files, by which phones show what their user has
 * marked as a favourite: a listing of all that is below, of what has the dead property oc:favorite.
 */
#pragma once

#include "dav/prop/request.h"
#include "dav/walk.h"
#include "exchange/stage.h"

/* Answers with the favourites below the target, each with the properties that are asked for. On a
 * thread that may read from the store. Borrows the request until the exchange has ended. */
enum stage_end favorites_answer(struct exchange *x, const struct walk_item *target,
                                const struct propfind_request *props);
