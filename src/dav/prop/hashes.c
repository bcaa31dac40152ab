/* Hashes of content, as clients are told them. Those that are kept with a file are what its upload
 * announced (OC-Checksum, Content-Digest and their like, dav/method/put.c): oc:checksums shows
 * them, and nothing is ever read to answer a listing. Answers to GET have one of them as
 * OC-Checksum, by which the sync clients check what they have received; so it is about the whole,
 * whatever range is sent.
 *
 * RFC 9530's digests are told to who wants them. What is not known is computed then, before the
 * answer begins, since its head has to say it: of content that is not too large, by a worker, and
 * by no more of them than leave others for what everybody waits for. It is a wish: an answer
 * without the field is one, too (§4). Of the whole it is remembered (store_note_hashes()); of a
 * part not. What is sent of several ranges is no part of the content, and has no digest.
 *
 * HEAD's answer has no content of which a digest could be told (§2), and the same Repr-Digest. */
#include "dav/prop/hashes.h"

#include <stdatomic.h>

#include "dav/prop/live.h"
#include "dav/target.h"
#include "exchange/respond.h"
#include "http/announced.h"

enum { PIECE_BYTES = 65536 };

/* --- oc:checksums --- */

bool prop_checksums(const struct prop_target *target, struct buf *to)
{
    struct content_hashes hashes;
    if (target->stat.is_collection || !target->stat.may_have_hashes)
        return false;
    store_hashes(target->store, target->real, &target->stat, &hashes);
    if (content_hashes_are_none(&hashes))
        return false;
    bool has_prefix = target->x->dialect == MULTISTATUS_SYNC; /* by which it is looked for */
    buf_add(to, has_prefix ? STR("<oc:checksum>") : STR("<checksum xmlns=\"" NS_OWNCLOUD "\">"));
    content_hashes_print(to, &hashes);
    buf_add(to, has_prefix ? STR("</oc:checksum>") : STR("</checksum>"));
    return true;
}

/* --- what is computed --- */

static atomic_uint computing_count; /* of all threads */

/* False: it cannot be read. */
static bool read_all(struct content_check *check, struct source *source)
{
    struct buf piece = {0};
    struct err err;
    enum pull pulled;
    while ((pulled = source_pull(source, &piece, PIECE_BYTES, &err)) == PULL_DATA) {
        content_check_add(check, buf_str(&piece));
        buf_clear(&piece);
    }
    buf_done(&piece);
    return pulled == PULL_END;
}

static bool compute(struct exchange *x, struct store_content *content,
                    const struct byte_range *part, enum content_hash kind,
                    struct content_hashes *hashes_out)
{
    struct content_hashes wanted = {0};
    const struct limits *limits = x->service->limits;
    bool is_free = atomic_fetch_add(&computing_count, 1) < limits->digest_count;
    bool is_done = false;
    if (is_free && part->len <= limits->digest_bytes) {
        struct source *source = store_content_source(content, x->arena, part->offset, part->len);
        wanted.of[kind].len = content_hash_bytes(kind);
        struct content_check *check = content_check_new(x->arena, &wanted);
        is_done = read_all(check, source);
        source_close(&source);
        *hashes_out = *content_check_found(check);
    }
    atomic_fetch_sub(&computing_count, 1);
    return is_done && hashes_out->of[kind].len;
}

/* --- fields --- */

bool hashes_are_wanted(const struct exchange *x)
{
    const struct http_fields *fields = &x->stream->request.fields;
    return http_fields_has(fields, FIELD_WANT_REPR_DIGEST) ||
           http_fields_has(fields, FIELD_WANT_CONTENT_DIGEST);
}

static void respond_digest(struct exchange *x, enum http_field id,
                           const struct content_hashes *hashes, enum content_hash kind)
{
    struct buf value = {0};
    announced_print_digest(&value, hashes, kind);
    respond_field(x, id, buf_str(&value));
    buf_done(&value);
}

static void respond_oc(struct exchange *x, const struct content_hashes *hashes)
{
    struct buf value = {0};
    if (announced_print_oc(&value, hashes))
        respond_field(x, FIELD_OC_CHECKSUM, buf_str(&value));
    buf_done(&value);
}

static bool is_whole(const struct store_content *content, const struct byte_range *part)
{
    return part->len == content->stat.size_bytes;
}

/* Of a part of the content, from what is known or by reading it. False: it is not to be had. */
static bool find_hash(struct exchange *x, struct store_content *content,
                      const struct byte_range *part, enum content_hash kind,
                      struct content_hashes *hashes_out)
{
    const struct target *target = target_of(x);
    *hashes_out = (struct content_hashes){0};
    if (is_whole(content, part))
        store_hashes(target->store, target_read(x), &content->stat, hashes_out);
    if (hashes_out->of[kind].len)
        return true;
    if (!compute(x, content, part, kind, hashes_out))
        return false;
    if (is_whole(content, part))
        store_note_hashes(target->store, target_read(x), &content->stat, hashes_out);
    return true;
}

static void respond_wished(struct exchange *x, struct store_content *content,
                           const struct byte_range *part, enum http_field wants,
                           enum http_field says)
{
    enum content_hash wish = announced_wish(&x->stream->request.fields, wants);
    struct content_hashes hashes;
    if (wish != CONTENT_HASH_COUNT && find_hash(x, content, part, wish, &hashes))
        respond_digest(x, says, &hashes, wish);
}

void hashes_respond(struct exchange *x, struct store_content *content,
                    const struct byte_range *part)
{
    const struct target *target = target_of(x);
    struct byte_range whole = {0, content->stat.size_bytes};
    struct content_hashes hashes;
    if (content->stat.may_have_hashes) {
        store_hashes(target->store, target_read(x), &content->stat, &hashes);
        respond_oc(x, &hashes);
    }
    if (!hashes_are_wanted(x))
        return;
    respond_wished(x, content, &whole, FIELD_WANT_REPR_DIGEST, FIELD_REPR_DIGEST);
    if (part && str_eq(x->stream->request.method, STR("GET")))
        respond_wished(x, content, part, FIELD_WANT_CONTENT_DIGEST, FIELD_CONTENT_DIGEST);
}
