/* Whether a file may be executed, as Apache tells and sets it. cadaver's chexec does not ask before
 * it has seen the token. */
#include "dav/extension.h"
#include "dav/prop/prop.h"

static bool prop_executable(const struct prop_target *target, struct buf *to)
{
    if (target->stat.is_collection)
        return false;
    buf_add_char(to, target->stat.is_executable ? 'T' : 'F');
    return true;
}

static const struct dav_prop props[] = {
    {STR_INIT(NS_APACHE), STR_INIT("executable"), prop_executable, PROP_SETS_EXECUTABLE},
    {{0}},
};

const struct dav_extension executable_extension = {
    .name = STR_INIT("executable"),
    .where = STR_INIT("Apache mod_dav"),
    .token = STR_INIT("<http://apache.org/dav/propset/fs/1>"),
    .props = props,
};
