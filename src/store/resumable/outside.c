/* What another process may do: look, and remove what nobody uses. It opens no engine, since that
 * would clear away what a running one is making; what keeps the two apart is in shelf.c. */
#include "store/resumable/engine_priv.h"

struct outside {
    struct shelf_visitor visitor;
    struct resumables of; /* as far as a look needs one */
    struct resumables_visitor *shown;
    struct str id;
    struct resumables_expired expired;
};

static struct outside outside(int fd, const struct limits *limits, struct arena *arena)
{
    return (struct outside){.visitor.arena = arena, .of = {.options.limits = limits, .fd = fd}};
}

static void show_one(struct shelf_visitor *visitor, int owner_fd, const char *name, int info_fd,
                     struct record *record)
{
    struct outside *self = CONTAINER_OF(visitor, struct outside, visitor);
    (void)owner_fd, (void)name, (void)info_fd; /* the record says it all */
    record->told.expires_s = expires_s(&self->of, record);
    self->shown->show(self->shown, &record->told, is_expired(&self->of, record));
    arena_reset(visitor->arena);
}

void resumables_show(int fd, const struct limits *limits, struct resumables_visitor *visitor)
{
    struct arena arena = {0};
    struct outside self = outside(fd, limits, &arena);
    self.visitor.show = show_one;
    self.shown = visitor;
    shelf_visit(&self.of, 0, &self.visitor);
    arena_done(&arena);
}

static void expire_one(struct shelf_visitor *visitor, int owner_fd, const char *name, int info_fd,
                       struct record *record)
{
    struct outside *self = CONTAINER_OF(visitor, struct outside, visitor);
    bool is_meant = self->id.len ? str_eq(self->id, str_of_c(name)) : is_expired(&self->of, record);
    bool is_free = is_meant && shelf_holds_alone(info_fd) &&
                   record_read(info_fd, visitor->arena, record) == STORE_OK &&
                   (self->id.len || is_expired(&self->of, record));
    if (is_free && shelf_remove(&self->of, owner_fd, name) == STORE_OK)
        self->expired.count++;
    else if (is_meant)
        self->expired.busy++;
    arena_reset(visitor->arena);
}

struct resumables_expired resumables_expire(int fd, const struct limits *limits, struct str id)
{
    struct arena arena = {0};
    struct outside self = outside(fd, limits, &arena);
    self.visitor.show = expire_one;
    self.id = id;
    shelf_visit(&self.of, 0, &self.visitor);
    arena_done(&arena);
    return self.expired;
}
