#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"

static file_opener *current = file_open_here;

int file_open_here(const char *path, enum file_use use)
{
    if (use == FILE_READ)
        return open(path, O_RDONLY | O_CLOEXEC);
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

int file_open(const char *path, enum file_use use)
{
    return current(path, use);
}

void file_open_by(file_opener *opener)
{
    current = opener;
}

bool file_read_small(const char *path, struct arena *arena, struct str *text_out, struct err *err)
{
    char chunk[4096];
    struct buf text = {0};
    ssize_t got = 0;
    int fd = file_open(path, FILE_READ);
    if (fd < 0)
        return err_sys(err, errno, "cannot open '%s'", path);
    while (text.len < FILE_SMALL_BYTES_MAX && (got = read(fd, chunk, sizeof(chunk))) > 0)
        buf_add(&text, str_of(chunk, (size_t)got));
    int code = got < 0 ? errno : 0;
    fd_close(fd);
    *text_out = arena_str(arena, buf_str(&text));
    buf_done(&text);
    if (got > 0)
        return err_set(err, 0, "'%s' is too long", path);
    return code ? err_sys(err, code, "cannot read '%s'", path) : true;
}
