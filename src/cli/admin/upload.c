/* `davit upload`: resumable uploads that have begun and not ended, of a server that may be running.
 * They are files (store/resumable/shelf.c), and looked at where they lie: beside the state, or in
 * the served directory's own .davit. So no server need be asked, and what one is at work on stays:
 * each is locked while a request is about it.
 *
 * Rejected: to ask the server, as `davit gateway` does. An administrator whose disk is full wants
 * to know why when the server does not run, too. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "cli/admin/admin.h"
#include "cli/command.h"
#include "server/config/config_read.h"
#include "store/resumable/engine.h"
#include "text/date.h"
#include "text/json.h"
#include "text/size.h"

/* --- where --- */

enum { PLACES_MAX = 256 };

struct places {
    int fds[PLACES_MAX];
    struct stat stats[PLACES_MAX];
    size_t count;
};

/* One directory may be found in two ways. */
static void add_place(struct places *places, const char *dir, const char *inside)
{
    char path[4096];
    struct stat st;
    if (!dir || strlen(dir) + strlen(inside) >= sizeof(path) || places->count == PLACES_MAX)
        return;
    str_print(path, sizeof(path), "%s%s", dir, inside);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_new = fd >= 0 && fstat(fd, &st) == 0;
    for (size_t i = 0; i < places->count && is_new; i++)
        is_new = st.st_dev != places->stats[i].st_dev || st.st_ino != places->stats[i].st_ino;
    if (!is_new) {
        fd_close(fd);
        return;
    }
    places->stats[places->count] = st;
    places->fds[places->count++] = fd;
}

static void add_places(struct places *places, const char *dir)
{
    add_place(places, dir, "/uploads");
    add_place(places, dir, "/.davit/uploads");
}

static bool find_places(const struct admin *admin, struct places *places, struct err *err)
{
    const struct server_config *config = &admin->config;
    if (!admin->state && !admin->config_path)
        return err_set(err, 0, "where? give -c FILE, the server's configuration, or --state DIR");
    if (admin->state && access(admin->state, R_OK | X_OK) < 0)
        return err_sys(err, errno, "cannot open '%s'", admin->state);
    add_places(places, admin->state);
    if (admin->state)
        return true;
    add_places(places, config->state_dir);
    add_places(places, config->root);
    for (const struct config_mount *mount = config->file ? config->file->mounts : NULL; mount;
         mount = mount->next)
        add_places(places, mount->root);
    return true;
}

static void close_places(struct places *places)
{
    while (places->count)
        fd_close(places->fds[--places->count]);
}

/* --- list --- */

struct listing {
    struct resumables_visitor visitor;
    struct buf text;
    bool is_json;
};

static const char *state_of(const struct resumable *told, bool is_over)
{
    if (told->is_done)
        return "done";
    return is_over ? "over" : "open";
}

static void add_json(struct buf *to, const struct resumable *told, bool is_over)
{
    struct buf date = {0};
    json_add_comma(to);
    buf_add_char(to, '{');
    json_add_member(to, STR("id"), told->wish.id);
    json_add_member(to, STR("owner"), told->wish.owner);
    json_add_member(to, STR("target"), str_of(told->wish.target.at, told->wish.target.len));
    json_add_number(to, STR("received"), told->received_bytes);
    if (told->wish.size_bytes != UINT64_MAX)
        json_add_number(to, STR("size"), told->wish.size_bytes);
    iso_date_add(&date, told->expires_s);
    json_add_member(to, STR("expires"), buf_str(&date));
    json_add_member(to, STR("state"), str_of_c(state_of(told, is_over)));
    buf_add_char(to, '}');
    buf_done(&date);
}

static void add_line(struct buf *to, const struct resumable *told, bool is_over)
{
    struct str owner = told->wish.owner;
    buf_addf(to, "%.*s  %s  ", STR_ARGS(told->wish.id), state_of(told, is_over));
    size_add(to, told->received_bytes);
    BUF_ADD(to, " of ");
    if (told->wish.size_bytes == UINT64_MAX)
        BUF_ADD(to, "?");
    else
        size_add(to, told->wish.size_bytes);
    BUF_ADD(to, "  until ");
    iso_date_add(to, told->expires_s);
    buf_addf(to, "  %.*s  /%.*s\n", STR_ARGS(owner.len ? owner : STR("-")),
             int_of_size(told->wish.target.len), told->wish.target.at);
}

static void show_one(struct resumables_visitor *visitor, const struct resumable *told, bool is_over)
{
    struct listing *listing = CONTAINER_OF(visitor, struct listing, visitor);
    if (listing->is_json)
        add_json(&listing->text, told, is_over);
    else
        add_line(&listing->text, told, is_over);
}

static int list(struct admin *admin)
{
    struct err err;
    struct places places = {0};
    struct listing listing = {.visitor.show = show_one,
                              .is_json = admin->format && strcmp(admin->format, "json") == 0};
    if (!find_places(admin, &places, &err))
        return admin_fail(&err);
    if (listing.is_json)
        BUF_ADD(&listing.text, "{\"uploads\":[");
    for (size_t i = 0; i < places.count; i++)
        resumables_show(places.fds[i], &admin->config.limits, &listing.visitor);
    if (listing.is_json)
        BUF_ADD(&listing.text, "]}\n");
    if (listing.text.len)
        tell(stdout, "%s", buf_c(&listing.text));
    buf_done(&listing.text);
    close_places(&places);
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_FAILED;
}

/* --- expire --- */

static int expire(struct admin *admin)
{
    struct err err;
    struct places places = {0};
    struct resumables_expired all = {0};
    const char *id = admin->operand_count ? admin->operands[0] : NULL;
    if (!find_places(admin, &places, &err))
        return admin_fail(&err);
    for (size_t i = 0; i < places.count; i++) {
        struct resumables_expired some =
            resumables_expire(places.fds[i], &admin->config.limits, str_of_c(id));
        all.count += some.count;
        all.busy += some.busy;
    }
    close_places(&places);
    if (admin->format && strcmp(admin->format, "json") == 0)
        tell(stdout, "{\"removed\":%zu,\"busy\":%zu}\n", all.count, all.busy);
    else
        tell(stdout, "%zu removed%s\n", all.count, all.busy ? "; others are in use" : "");
    bool is_missing = id && !all.count && !all.busy;
    if (is_missing)
        tell(stderr, "davit: there is no resumable upload '%s'\n", id);
    return is_missing || all.busy || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_FINE;
}

static const struct admin_verb rows[] = {
    {"list", "", 0, list, "what has been uploaded in part, by whom, and until when it is kept"},
    {"expire", "[ID]", 0, expire,
     "remove those whose time is over, or the one with that ID whatever its time; what is in use "
     "stays",
     1},
};

const struct admin_verbs upload_verbs = {&upload_table, rows, ARRAY_LEN(rows)};

int cmd_upload(int argc, char **argv)
{
    return admin_run(&upload_verbs, argc, argv);
}
