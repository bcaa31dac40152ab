#include "cli/secret_file.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/log.h"

enum { TOKEN_BYTES_MAX = 16384 };

/* NULL: `err` says why. */
static FILE *open_secret(const char *path, struct err *err)
{
    struct stat st;
    FILE *file = fopen(path, "re");
    if (!file)
        (void)err_sys(err, errno, "cannot open '%s'", path); /* NULL says it */
    else if (fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode) &&
             (st.st_mode & (S_IROTH | S_IWOTH)))
        tell(stderr,
             "davit: warning: the secret in '%s' can be %s by every user of this machine"
             " (mode %04o)\n",
             path, st.st_mode & S_IWOTH ? "changed" : "read", (unsigned)st.st_mode & 07777);
    return file;
}

bool secret_file_check(const char *path, struct err *err)
{
    FILE *file = open_secret(path, err);
    if (file)
        (void)fclose(file); /* only read */
    return file;
}

/* The rest of a long file is not read. */
static bool read_text(const char *path, struct buf *text, struct err *err)
{
    FILE *file = open_secret(path, err);
    if (!file)
        return false;
    text->len = fread(buf_reserve(text, TOKEN_BYTES_MAX), 1, TOKEN_BYTES_MAX, file);
    (void)fclose(file); /* only read */
    return true;
}

bool secret_file_read_line(const char *path, struct buf *to, struct err *err)
{
    struct buf text = {0};
    if (!read_text(path, &text, err))
        return false;
    struct str rest = buf_str(&text);
    struct str line = str_cut(&rest, '\n');
    if (str_ends(line, STR("\r")))
        line.len--;
    buf_add(to, line);
    bool is_empty = line.len == 0;
    buf_done(&text);
    return !is_empty || err_set(err, 0, "there is no password in '%s'", path);
}

bool secret_file_read_token(const char *path, struct buf *to, struct err *err)
{
    struct buf text = {0};
    if (!read_text(path, &text, err))
        return false;
    while (text.len && (unsigned char)text.at[text.len - 1] <= ' ')
        text.len--;
    bool is_token = text.len;
    for (size_t i = 0; i < text.len; i++) /* a line end would begin another field */
        is_token &= (unsigned char)text.at[i] > ' ' && (unsigned char)text.at[i] < 0x7f;
    buf_add(to, buf_str(&text));
    bool is_empty = text.len == 0;
    buf_done(&text);
    if (is_empty)
        return err_set(err, 0, "there is no token in '%s'", path);
    return is_token || err_set(err, 0, "'%s' holds more than a token, which has no blanks", path);
}
