/* MKCOL with properties (RFC 5689). It is done where MKCOL is (dav/method/mkcol.c), as there is no
 * moment between making a collection and setting its properties at which others could be asked. */
#include "dav/extension.h"

const struct dav_extension extended_mkcol_extension = {
    .name = STR_INIT("extended-mkcol"),
    .where = STR_INIT("RFC 5689"),
    .token = STR_INIT("extended-mkcol"), /* §3.1 */
    .is_of_writes = true,
};
