#include "stream/gunzip.h"

#include <zlib.h>

bool gunzip_applies(struct str bytes)
{
    return str_starts(bytes, STR("\x1f\x8b"));
}

/* Unpacks into the room that is left, and moves on in `bytes`. */
static int unpack_some(z_stream *zip, struct str *bytes, size_t bytes_max, struct buf *to)
{
    size_t room = size_min(KIB(64), bytes_max - to->len);
    union {
        const char *borrowed;
        Bytef *at;
    } in = {.borrowed = bytes->at}; /* inflate() does not write to it, whatever its type says */
    size_t given = size_min(bytes->len, MIB(64));
    zip->next_in = in.at;
    zip->avail_in = (uInt)given;
    zip->next_out = (Bytef *)buf_reserve(to, room);
    zip->avail_out = (uInt)room;
    int rc = inflate(zip, Z_NO_FLUSH);
    to->len += room - zip->avail_out;
    *bytes = str_from(*bytes, given - zip->avail_in);
    return rc;
}

bool gunzip(struct str bytes, size_t bytes_max, struct buf *to, struct err *err)
{
    enum { GZIP_ONLY = 16 };
    z_stream zip = {0};
    int rc = inflateInit2(&zip, MAX_WBITS + GZIP_ONLY);
    if (rc != Z_OK)
        return err_set(err, 0, "zlib cannot be initialised");
    bytes_max += to->len;
    do {
        rc = unpack_some(&zip, &bytes, bytes_max, to);
        if (rc == Z_STREAM_END && gunzip_applies(bytes))
            rc = inflateReset(&zip);
    } while (rc == Z_OK && to->len < bytes_max);
    (void)inflateEnd(&zip); /* frees; says nothing new */
    if (rc == Z_STREAM_END)
        return true;
    return err_set(err, 0, to->len >= bytes_max ? "more than %zu bytes" : "damaged after %zu bytes",
                   to->len);
}
