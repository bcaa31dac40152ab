#include "server/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"

bool privilege_drop(const char *user, struct err *err)
{
    if (user) {
        errno = 0;
        const struct passwd *entry = getpwnam(user); /* before there are threads */
        if (!entry)
            return err_set(err, errno, "there is no user '%s'", user);
        uid_t uid = entry->pw_uid;
        gid_t gid = entry->pw_gid;
        if (initgroups(user, gid) < 0 || setresgid(gid, gid, gid) < 0 ||
            setresuid(uid, uid, uid) < 0)
            return err_sys(err, errno, "cannot become user '%s'", user);
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_sys(err, errno, "cannot give up root's rights");
    if (geteuid() == 0)
        log_line(LOG_WARN, "running as root; with --user NAME a security hole could do less harm");
    return true;
}
