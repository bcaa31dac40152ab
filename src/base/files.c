#include "base/files.h"

#include <fcntl.h>

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
