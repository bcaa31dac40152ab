/* store/trash/spot.h: paths of what is kept, and the moments in its names. Pure. */
#pragma once

#include "text/path.h"

enum spot_zone {
    ZONE_OUTSIDE, /* all that is not kept; also what has no trash, above the collections with one */
    ZONE_TRASH,   /* the collection itself */
    ZONE_KEPT,    /* what was deleted, or something in it */
    ZONE_VERSIONS, /* the collection of all versions, one of a resource's, or a version */
};

struct spot {
    enum spot_zone zone;
    struct res_path base;  /* that has the trash; of ZONE_OUTSIDE: base.at NULL where nothing has */
    struct res_path trash; /* the collection in it */
    struct res_path slot;  /* of ZONE_KEPT: the member of that collection */
    struct str rest;       /* of ZONE_KEPT: within what was deleted; of ZONE_VERSIONS: below all; of
                            * ZONE_OUTSIDE: below the base. Empty: it is that itself */
};

/* Where clients see what is kept, and where it lies in the store inside:
 *
 *     .trash/E/sub      .trash/E/kept/sub     what was deleted; E tells when, and its name
 *                       .trash/E/about        where from, and by whom
 *                       .trash/E/versions     those that it had
 *     .trash/.versions/a/f/V   the same       what /a/f was until V
 */
#define SPOT_KEPT     STR("kept")
#define SPOT_ABOUT    STR("about")
#define SPOT_OF_KEPT  STR("versions")
#define SPOT_VERSIONS STR(".versions")

/* What the path, as clients see it, is about; memory from the arena. */
struct spot spot_of(struct arena *arena, struct str name, unsigned levels, struct res_path path);

/* Where that lies. */
struct res_path spot_real(struct arena *arena, const struct spot *spot, struct res_path path);

/* The versions of what is outside; and of what was deleted. */
struct res_path spot_versions(struct arena *arena, const struct spot *spot);

/* --- moments --- */

enum { MOMENT_LEN = 23 }; /* "20261130T200102.123456Z" */

void moment_add(struct buf *to, int64_t wall_us);
/* That a name begins with. */
NODISCARD bool moment_parse(struct str name, int64_t *wall_us_out);
