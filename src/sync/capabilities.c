/* What the server can do. Clients take each word of it seriously, many of them without a further
 * question: so nothing stands here that is not there, and what is not there yet is missing.
 *
 * The set is asked for before anybody has signed in, too, and is the same then: it is about the
 * server, and says nothing of files or people.
 *
 * - pollinterval is in milliseconds for one lineage of clients and in seconds for others; 60 is
 *   what the servers say that both were written for.
 * - files_sharing has to be there for phones, which otherwise take sharing for possible. */
#include "sync/endpoint.h"
#include "sync/ocs.h"

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

static void add_files(struct sync_answer *answer)
{
    sync_answer_object(answer, "files");
    sync_answer_bool(answer, "bigfilechunking", false);
    sync_answer_bool(answer, "versioning", false);
    sync_answer_bool(answer, "undelete", false);
    sync_answer_list(answer, "blacklisted_files");
    sync_answer_close(answer);
    sync_answer_list(answer, "forbidden_filename_characters");
    sync_answer_close(answer);
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

static enum stage_end tell_capabilities(struct exchange *x)
{
    struct sync_answer answer;
    ocs_begin(&answer, x);
    add_version(&answer);
    sync_answer_object(&answer, "capabilities");
    add_core(&answer);
    add_files(&answer);
    add_sharing(&answer);
    sync_answer_close(&answer);
    return ocs_send(&answer, x);
}

const struct stage sync_capabilities_stages[] = {{"tell", tell_capabilities, ANYWHERE}};
