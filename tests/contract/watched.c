#include "watched.h"

#include "support.h"

#include <dirent.h>
#include <sys/stat.h>

/* /proc/self/fdinfo of an inotify descriptor has a line for each inode that it watches. */
bool is_watched(const char *file)
{
    struct stat st;
    char wanted[64];
    char path[300];
    char line[512];
    bool found = false;
    assert_int_equal(stat(file, &st), 0);
    (void)snprintf(wanted, sizeof(wanted), " ino:%lx ", (unsigned long)st.st_ino);
    DIR *dir = opendir("/proc/self/fdinfo");
    assert_non_null(dir);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        (void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", entry->d_name);
        FILE *info = fopen(path, "re");
        while (info && fgets(line, sizeof(line), info))
            found |= strncmp(line, "inotify", 7) == 0 && strstr(line, wanted);
        if (info)
            (void)fclose(info); /* only read */
    }
    (void)closedir(dir); /* only read */
    return found;
}
