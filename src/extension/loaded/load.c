/* What is loaded becomes a part of the server, so it is looked at first as a program's setuid
 * helper would be: by an absolute path, a plain file that belongs to root or to who davit is, and
 * that nobody else may write. What was looked at is what is loaded: both by one open file.
 *
 * The version is the first member of the symbol, and nothing else is read before it fits. Names are
 * checked as what they become, parts of messages; that nobody has them yet, by dav_extend().
 *
 * Rows are made once and never freed. Rejected: to unload on a reload. A request may be in the
 * code, a thread of it may, and what dlclose() does is up to what it links. */
#include "extension/loaded/load.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "dav/extension/extend.h"
#include "dav/prop/prop.h"
#include "extension/loaded/loaded.h"
#include "http/fields.h"

enum { ROWS_MAX = 64 }; /* of one list of one shared object */

static struct arena kept; /* rows, for as long as the process lives */

/* --- the file --- */

static bool is_safe(const char *path, const struct stat *found, struct err *err)
{
    if (!S_ISREG(found->st_mode))
        return err_set(err, 0, "'%s' is no plain file", path);
    if (found->st_uid != 0 && found->st_uid != geteuid())
        return err_set(err, 0, "'%s' belongs neither to root nor to the user that davit runs as",
                       path);
    return !(found->st_mode & (S_IWGRP | S_IWOTH)) ||
           err_set(err, 0, "'%s' may be written by others: chmod go-w", path);
}

/* -1: it must not be loaded. */
static int open_safely(const char *path, struct err *err)
{
    struct stat found;
    if (path[0] != '/') {
        (void)!err_set(err, 0, "'%s' is no absolute path", path);
        return -1;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        (void)!err_sys(err, errno, "cannot open '%s'", path);
        return -1;
    }
    if (fstat(fd, &found) == 0 && is_safe(path, &found, err))
        return fd;
    fd_close(fd);
    return -1;
}

static const struct davit_extension *load(const char *path, struct err *err)
{
    char opened[64];
    int fd = open_safely(path, err);
    if (fd < 0)
        return NULL;
    (void)snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
    void *object = dlopen(opened, RTLD_NOW | RTLD_LOCAL);
    const char *why = object ? NULL : dlerror();
    fd_close(fd);
    if (!object) {
        (void)!err_set(err, 0, "'%s' cannot be loaded: %s", path, why);
        return NULL;
    }
    const struct davit_extension *found = dlsym(object, "davit_extension");
    if (!found)
        (void)!err_set(err, 0, "'%s' is no extension of davit: it has no symbol davit_extension",
                       path);
    return found;
}

/* --- its rows --- */

static struct str text(const char *c)
{
    return c ? str_of_c(c) : STR_NONE;
}

static unsigned flags_of(unsigned flags)
{
    return (flags & DAVIT_EXT_ON_FILE ? METHOD_ON_FILE : 0U) |
           (flags & DAVIT_EXT_ON_COLLECTION ? METHOD_ON_COLLECTION | METHOD_ON_ROOT : 0U) |
           (flags & DAVIT_EXT_ON_UNMAPPED ? METHOD_ON_UNMAPPED : 0U);
}

static bool is_ready(davit_ext_run_fn *run, unsigned flags, struct str name, struct err *err)
{
    if (!run)
        return err_set(err, 0, "'%.*s' has no function", STR_ARGS(name));
    return flags_of(flags) || err_set(err, 0, "'%.*s' is allowed nowhere", STR_ARGS(name));
}

static const struct stage *answered_by(davit_ext_run_fn *run, unsigned flags, unsigned from)
{
    struct loaded_answerer *answerer = ARENA_NEW(&kept, struct loaded_answerer);
    loaded_answerer_init(answerer, run, flags_of(flags));
    return answerer->stages + from;
}

static bool make_methods(const struct davit_ext_method *rows, struct dav_extension *extension,
                         struct err *err)
{
    struct dav_method *made = arena_alloc(&kept, (ROWS_MAX + 1) * sizeof(*made));
    extension->methods = made;
    for (size_t i = 0; rows && rows[i].name; i++) {
        struct str name = text(rows[i].name);
        bool is_safe_method = rows[i].flags & DAVIT_EXT_SAFE;
        const struct method *method;
        if (!is_ready(rows[i].run, rows[i].flags, name, err))
            return false;
        if (!http_is_token(name) || i == ROWS_MAX)
            return err_set(err, 0, "'%.*s' cannot be a method", STR_ARGS(name));
        method = method_add(name, is_safe_method ? METHOD_IS_SAFE : 0,
                            is_safe_method ? ACCESS_READ : ACCESS_WRITE);
        if (!method)
            return err_set(err, 0, "there is already a method '%.*s', or there are too many",
                           STR_ARGS(name));
        made[i] = (struct dav_method){answered_by(rows[i].run, rows[i].flags, LOADED_FIND),
                                      method->id, flags_of(rows[i].flags)};
    }
    return true;
}

static bool make_reports(const struct davit_ext_report *rows, struct dav_extension *extension,
                         struct err *err)
{
    struct dav_report *made = arena_alloc(&kept, (ROWS_MAX + 1) * sizeof(*made));
    extension->reports = made;
    for (size_t i = 0; rows && rows[i].name; i++) {
        struct str name = text(rows[i].name);
        if (!is_ready(rows[i].run, rows[i].flags, name, err))
            return false;
        if (i == ROWS_MAX)
            return err_set(err, 0, "there are too many reports");
        made[i] = (struct dav_report){answered_by(rows[i].run, rows[i].flags, LOADED_RUN),
                                      text(rows[i].ns), name, flags_of(rows[i].flags), NULL};
    }
    return true;
}

static bool make_posts(const struct davit_ext_post *rows, struct dav_extension *extension,
                       struct err *err)
{
    struct dav_post *made = arena_alloc(&kept, (ROWS_MAX + 1) * sizeof(*made));
    extension->posts = made;
    for (size_t i = 0; rows && rows[i].type; i++) {
        struct str type = text(rows[i].type);
        if (!is_ready(rows[i].run, rows[i].flags, type, err))
            return false;
        if (!type.len || str_index(type, '/') == type.len || i == ROWS_MAX)
            return err_set(err, 0, "'%.*s' is no media type", STR_ARGS(type));
        made[i] = (struct dav_post){answered_by(rows[i].run, rows[i].flags, LOADED_FIND), type,
                                    flags_of(rows[i].flags), NULL};
    }
    return true;
}

static bool make_props(const struct davit_ext_property *rows, struct dav_extension *extension,
                       struct err *err)
{
    struct dav_prop *made = arena_alloc(&kept, (ROWS_MAX + 1) * sizeof(*made));
    extension->props = made;
    for (size_t i = 0; rows && rows[i].name; i++) {
        struct str name = text(rows[i].name);
        if (!rows[i].get || !name.len || i == ROWS_MAX)
            return err_set(err, 0, "'%.*s' cannot be a property", STR_ARGS(name));
        made[i] = (struct dav_prop){.ns = text(rows[i].ns),
                                    .name = name,
                                    .get = loaded_prop_get,
                                    .flags = PROP_PROTECTED | PROP_BLOCKS,
                                    .of = &rows[i]};
    }
    return true;
}

static bool is_of_this_version(const struct davit_extension *found, struct err *err)
{
    return found->version == DAVIT_EXTENSION_VERSION ||
           err_set(err, 0,
                   "it is for version %u of davit/extension.h, and this davit has version %d",
                   found->version, DAVIT_EXTENSION_VERSION);
}

static bool is_called(const struct davit_extension *found, const char *name, struct err *err)
{
    struct str own = text(found->name);
    return str_eq(own, str_of_c(name)) || err_set(err, 0, "it calls itself '%.*s'", STR_ARGS(own));
}

static bool has_token(const struct davit_extension *found, struct err *err)
{
    struct str token = text(found->token);
    bool is_fine = http_is_field_value(token) && str_index(token, ',') == token.len;
    return is_fine || err_set(err, 0, "its token cannot stand in a DAV field");
}

static bool make(const struct davit_extension *found, const char *name, struct err *err)
{
    struct dav_extension *extension = ARENA_NEW(&kept, struct dav_extension);
    if (!is_of_this_version(found, err) || !is_called(found, name, err) || !has_token(found, err))
        return false;
    extension->name = text(found->name);
    extension->where = text(found->where);
    extension->token = text(found->token);
    return make_methods(found->methods, extension, err) &&
           make_reports(found->reports, extension, err) &&
           make_posts(found->posts, extension, err) &&
           make_props(found->properties, extension, err) && dav_extend(extension, err);
}

bool extension_load(const char *name, const char *path, struct err *err)
{
    struct err mistake;
    const struct davit_extension *found = load(path, &mistake);
    return (found && make(found, name, &mistake)) ||
           err_set(err, 0, "[extension \"%s\"]: %s", name, mistake.text);
}
