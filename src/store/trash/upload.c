/* An upload whose commit keeps what it overwrites. All else of it is passed on: what is written
 * goes to the store inside as it comes, whether that blocks, waits, or takes from a pipe.
 *
 * What is overwritten is kept before the commit. Where the commit then changes nothing (there was
 * something that was not expected, or there is no room), it is let go again; where nobody knows
 * whether it has changed something, it stays. */
#include "base/mem.h"
#include "store/trash/kept_priv.h"
#include "store/wrapper.h"

struct kept_upload {
    struct store_upload base;
    struct store_upload *inner;
    struct trash_store *trash;
};

static struct kept_upload *upload_of(struct sink *sink)
{
    return CONTAINER_OF(sink, struct kept_upload, base.sink);
}

static void pass_on(struct kept_upload *upload)
{
    sink_pass(&upload->base.sink, &upload->inner->sink);
    upload->inner->plan = upload->base.plan;
}

static unsigned pass_write(struct sink *sink, struct str bytes)
{
    struct kept_upload *upload = upload_of(sink);
    pass_on(upload);
    return sink_write(&upload->inner->sink, bytes);
}

static enum push pass_push(struct sink *sink, struct str *bytes, unsigned *code_out)
{
    struct kept_upload *upload = upload_of(sink);
    pass_on(upload);
    return sink_push(&upload->inner->sink, bytes, code_out);
}

static enum push pass_end(struct sink *sink, unsigned *code_out)
{
    struct kept_upload *upload = upload_of(sink);
    pass_on(upload);
    return sink_end(&upload->inner->sink, code_out);
}

static unsigned pass_splice(struct sink *sink, int pipe_fd, size_t len)
{
    return sink_splice(&upload_of(sink)->inner->sink, pipe_fd, len);
}

static const struct sink_ops sink_ops = {"kept", pass_write, pass_push, pass_end, NULL};
static const struct sink_ops splicing_ops = {"kept", pass_write, pass_push, pass_end, pass_splice};

static enum store_rc upload_take(struct store_upload *self, const struct store_staged *file)
{
    return store_upload_take(CONTAINER_OF(self, struct kept_upload, base)->inner, file);
}

static enum store_rc upload_commit(struct store_upload *self, struct store_change *change,
                                   const struct store_commit *options, struct store_stat *stat_out)
{
    struct kept_upload *upload = CONTAINER_OF(self, struct kept_upload, base);
    struct store_change *inside = wrapper_inside(change);
    struct res_path version = {0};
    enum store_rc rc = STORE_OK;
    if (!options->expects_absent)
        rc = versions_keep(upload->trash, inside, upload->inner->path, &version);
    if (rc == STORE_OK)
        rc = store_upload_commit(upload->inner, inside, options, stat_out);
    if (rc == STORE_OK && version.at) {
        versions_thin(inside, version);
        sweeper_ring(upload->trash);
    } else if (rc != STORE_OK && rc != STORE_UNKNOWN && rc != STORE_FAILED) {
        versions_drop(inside, version);
    }
    return rc;
}

static void upload_close(struct store_upload *self)
{
    struct kept_upload *upload = CONTAINER_OF(self, struct kept_upload, base);
    store_upload_close(&upload->inner);
    mem_free(upload);
}

static const struct store_upload_ops upload_ops = {upload_take, upload_commit, upload_close};

enum store_rc trash_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                           struct store_upload **upload_out)
{
    struct trash_store *trash = trash_of(store);
    struct arena arena = {0};
    struct store_upload *inner;
    enum spot_zone zone = trash_spot(trash, &arena, path).zone;
    arena_done(&arena);
    if (zone != ZONE_OUTSIDE)
        return zone == ZONE_TRASH ? STORE_IS_COLLECTION : STORE_DENIED;
    enum store_rc rc = store_upload(trash->inner, path, size_bytes, &inner);
    if (rc != STORE_OK)
        return rc;
    struct kept_upload *upload = MEM_NEW(struct kept_upload);
    upload->base.ops = &upload_ops;
    upload->base.sink.ops = sink_splices(&inner->sink) ? &splicing_ops : &sink_ops;
    upload->base.sink.waits = inner->sink.waits;
    upload->inner = inner;
    upload->trash = trash;
    *upload_out = &upload->base;
    return STORE_OK;
}
