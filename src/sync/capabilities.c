/* What the server can do. Clients take each word of it seriously, many of them without a further
 * question: so nothing stands here that is not there, and what is not there yet is missing.
 *
 * The set is asked for before anybody has signed in, too, and is the same then: it is about the
 * server, and says nothing of files or people.
 *
 * - pollinterval is in milliseconds for one lineage of clients and in seconds for others; 60 is
 *   what the servers say that both were written for.
 * - files_sharing has to be there for phones, which otherwise take sharing for possible. */
#include "exchange/answer/compress.h"
#include "sync/endpoint.h"
#include "sync/ocs.h"
#include "sync/url.h"

static void add_version(struct sync_answer *answer)
{
    sync_answer_object(answer, "version");
    sync_answer_number(answer, "major", SYNC_VERSION_MAJOR);
    sync_answer_number(answer, "minor", 0);
    sync_answer_number(answer, "micro", 0);
    sync_answer_text(answer, "string", STR(SYNC_VERSION));
    sync_answer_text(answer, "edition", STR_NONE);
    sync_answer_bool(answer, "extendedSupport", false);
    sync_answer_close(answer);
}

static void add_core(struct sync_answer *answer)
{
    sync_answer_object(answer, "core");
    sync_answer_number(answer, "pollinterval", 60);
    sync_answer_text(answer, "webdav-root", STR("remote.php/webdav"));
    sync_answer_close(answer);
}

static void add_files(struct sync_answer *answer, const struct exchange *x)
{
    sync_answer_object(answer, "files");
    sync_answer_bool(answer, "bigfilechunking", true);
    sync_answer_bool(answer, "versioning", false);
    sync_answer_bool(answer, "undelete", sync_service_of(x)->trash_name.len > 0);
    sync_answer_list(answer, "blacklisted_files");
    sync_answer_close(answer);
    sync_answer_list(answer, "forbidden_filename_characters");
    sync_answer_close(answer);
    sync_answer_close(answer);
}

/* sync/chunk/, and sync/bulk/ where that is switched on. */
static void add_dav(struct sync_answer *answer, const struct exchange *x)
{
    sync_answer_object(answer, "dav");
    sync_answer_text(answer, "chunking", STR("1.0"));
    if (sync_service_of(x)->has_bulk)
        sync_answer_text(answer, "bulkupload", STR("1.0"));
    sync_answer_close(answer);
}

/* Of stream/content_hash.def those that clients know. */
static void add_checksums(struct sync_answer *answer)
{
    static const char *const kinds[] = {"SHA1", "SHA256", "MD5", "ADLER32"};
    sync_answer_object(answer, "checksums");
    sync_answer_list(answer, "supportedTypes");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        sync_answer_text(answer, NULL, str_of_c(kinds[i]));
    sync_answer_close(answer);
    sync_answer_text(answer, "preferredUploadType", STR("SHA1"));
    sync_answer_close(answer);
}

static void add_sharing(struct sync_answer *answer)
{
    sync_answer_object(answer, "files_sharing");
    sync_answer_bool(answer, "api_enabled", false);
    sync_answer_object(answer, "public");
    sync_answer_bool(answer, "enabled", false);
    sync_answer_close(answer);
    sync_answer_close(answer);
}

/* Where who listens is told of changes (sync/push/push.c). */
static void add_push(struct sync_answer *answer, const struct exchange *x)
{
    struct buf base = {0};
    struct buf url = {0};
    if (sync_add_url(x, &base)) {
        sync_answer_object(answer, "notify_push");
        sync_answer_list(answer, "type");
        sync_answer_text(answer, NULL, STR("files"));
        sync_answer_close(answer);
        sync_answer_object(answer, "endpoints");
        struct str from_colon = str_from(buf_str(&base), STR("http").len); /* "s://…" likewise */
        buf_addf(&url, "ws%.*s/index.php/push/ws", STR_ARGS(from_colon));
        sync_answer_text(answer, "websocket", buf_str(&url));
        BUF_ADD(&base, "/index.php/push/pre_auth");
        sync_answer_text(answer, "pre_auth", buf_str(&base));
        sync_answer_close(answer);
        sync_answer_close(answer);
    }
    buf_done(&base);
    buf_done(&url);
}

static enum stage_end tell_capabilities(struct exchange *x)
{
    struct sync_answer answer;
    ocs_begin(&answer, x);
    add_version(&answer);
    sync_answer_object(&answer, "capabilities");
    add_core(&answer);
    add_dav(&answer, x);
    add_checksums(&answer);
    add_files(&answer, x);
    add_sharing(&answer);
    add_push(&answer, x);
    sync_answer_close(&answer);
    (void)compress_offer(x, false); /* the same for all */
    return ocs_send(&answer, x);
}

const struct stage sync_capabilities_stages[] = {{"tell", tell_capabilities, ANYWHERE}};
