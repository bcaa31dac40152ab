/* The directory of app passwords is its server's, who need not be root and may have been taken
 * over. A command that root gives there would follow links which somebody has put in the way, and
 * what it makes, the server could not change. So whoever is root becomes the directory's owner
 * first. */
#include "cli/admin/apps.h"

#include <errno.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"

static bool become_owner(const char *path, struct err *err)
{
    struct buf directory = {0};
    struct stat st = {0};
    struct str text = str_of_c(path);
    size_t slash = str_index_last(text, '/');
    buf_add(&directory, slash < text.len ? str_first(text, slash + 1) : STR("."));
    int rc = geteuid() == 0 ? stat(buf_c(&directory), &st) : 0;
    if (rc == 0 && geteuid() == 0 && st.st_uid != 0 &&
        (setgroups(0, NULL) < 0 || setgid(st.st_gid) < 0 || setuid(st.st_uid) < 0))
        rc = -1;
    if (rc < 0)
        err_sys(err, errno, "cannot become the owner of '%s'", buf_c(&directory));
    buf_done(&directory);
    return rc == 0;
}

enum app_change apps_revoke(const char *path, apps_revoke_fn *revoke, struct str name,
                            struct err *err)
{
    struct app_passwords *apps = app_passwords_new();
    enum app_change rc = APP_FAILED;
    if (become_owner(path, err) && app_passwords_read(apps, path, err))
        rc = revoke(apps, name, err);
    app_passwords_free(apps);
    return rc;
}

bool apps_list(const char *path, struct tokens *tokens, struct err *err)
{
    struct arena arena = {0};
    struct str text = STR_NONE;
    struct err mistake = {0};
    size_t before = tokens->count;
    bool is_fine = become_owner(path, err) &&
                   (file_read_small(path, &arena, &text, err) || err->code == ENOENT);
    if (is_fine && !tokens_read(tokens, text, &mistake))
        is_fine = err_set(err, 0, "%s: %s", path, mistake.text);
    for (size_t i = before; i < tokens->count; i++)
        tokens->list[i]->is_app = true;
    arena_done(&arena);
    return is_fine;
}
