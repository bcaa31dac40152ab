/* Zip (PKWARE's APPNOTE 6.3.10), nothing packed: files of today are packed already, and what is not
 * pays little for the time. A member's CRC is known when its content has gone, so it stands behind
 * it, in a data descriptor (§4.3.9), as do the sizes: a file may become shorter while it is read.
 * All of it stands once more in the central directory at the end, from which readers read; it is
 * kept in a spool until then.
 *
 * A member has the form of zip64 (§4.5.3) where it announces 4 GiB or more, and the end where there
 * is more than the old form can count: readers that do not know zip64 read all other archives.
 *
 * Names are UTF-8 and say so (§4.4.4, bit 11). Times are there twice: as DOS has them, in UTC here,
 * and as Unix has them, in the extra field "UT". */
#include "extension/archive/format.h"

#include "stream/crc32.h"
#include "text/date.h"

enum {
    SIGNATURE_LOCAL = 0x04034b50,
    SIGNATURE_DESCRIPTOR = 0x08074b50,
    SIGNATURE_DIRECTORY = 0x02014b50,
    SIGNATURE_END64 = 0x06064b50,
    SIGNATURE_LOCATOR64 = 0x07064b50,
    SIGNATURE_END = 0x06054b50,
    FLAG_DESCRIPTOR = 1 << 3,
    FLAG_UTF8 = 1 << 11,
    VERSION_PLAIN = 20, /* collections, of PKZIP 2.0 */
    VERSION_ZIP64 = 45,
    MADE_BY_UNIX = 3 << 8,
    EXTRA_ZIP64 = 1,
    EXTRA_TIME = 0x5455,
    NAME_MAX_BYTES = 65535,
};

/* --- numbers, the lowest byte first --- */

static void add_le(struct buf *to, uint64_t value, unsigned bytes)
{
    for (; bytes > 0; bytes--, value >>= 8)
        buf_add_char(to, (char)(unsigned char)value);
}

static uint64_t cap32(uint64_t value)
{
    return value < UINT32_MAX ? value : UINT32_MAX;
}

/* --- times --- */

static bool has_time(const struct archive *archive)
{
    return archive->modified_s >= INT32_MIN && archive->modified_s <= INT32_MAX;
}

/* Info-ZIP's "UT": only the time of modification. */
static void add_time(struct buf *to, const struct archive *archive)
{
    if (!has_time(archive))
        return;
    add_le(to, EXTRA_TIME, 2);
    add_le(to, 5, 2);
    add_le(to, 1, 1);
    add_le(to, (uint64_t)archive->modified_s, 4);
}

enum { TIME_BYTES = 9, LARGE_BYTES = 20 };

/* --- members --- */

static struct str name_of(const struct archive *archive)
{
    return str_first(buf_str(&archive->name), NAME_MAX_BYTES);
}

static void add_common(struct buf *to, const struct archive *archive, bool is_large)
{
    unsigned descriptor = archive->is_collection ? 0 : FLAG_DESCRIPTOR;
    add_le(to, is_large ? VERSION_ZIP64 : VERSION_PLAIN, 2);
    add_le(to, descriptor | FLAG_UTF8, 2);
    add_le(to, 0, 2);                                /* stored */
    add_le(to, dos_date_of(archive->modified_s), 4); /* the time, then the day */
}

/* §4.3.7: with bit 3 CRC and sizes are zero here. */
static void zip_member(struct archive *archive, const struct archive_member *member)
{
    struct buf *out = &archive->out;
    struct str name = name_of(archive);
    (void)member; /* all of it is in the archive */
    archive->is_large = archive->size_bytes >= UINT32_MAX;
    add_le(out, SIGNATURE_LOCAL, 4);
    add_common(out, archive, archive->is_large);
    add_le(out, 0, 4 + 4 + 4);
    add_le(out, name.len, 2);
    add_le(out, (has_time(archive) ? TIME_BYTES : 0U) + (archive->is_large ? LARGE_BYTES : 0U), 2);
    buf_add(out, name);
    if (archive->is_large) {
        add_le(out, EXTRA_ZIP64, 2);
        add_le(out, 16, 2);
        add_le(out, 0, 8);
        add_le(out, 0, 8);
    }
    add_time(out, archive);
}

static void zip_content(struct archive *archive, struct str bytes)
{
    archive->crc = crc32_add(archive->crc, bytes);
}

/* What does not fit into the fields of an entry of the directory (§4.5.3). */
static void add_large(struct buf *to, const struct archive *archive)
{
    bool is_large = archive->member_bytes >= UINT32_MAX;
    bool is_far = archive->member_at >= UINT32_MAX;
    if (!is_large && !is_far)
        return;
    add_le(to, EXTRA_ZIP64, 2);
    add_le(to, (is_large ? 16U : 0U) + (is_far ? 8U : 0U), 2);
    if (is_large) {
        add_le(to, archive->member_bytes, 8);
        add_le(to, archive->member_bytes, 8);
    }
    if (is_far)
        add_le(to, archive->member_at, 8);
}

static unsigned mode_of(const struct archive *archive)
{
    enum { A_FILE = 0100644, A_PROGRAM = 0100755, A_FOLDER = 040755 };
    return archive->is_collection ? A_FOLDER : archive->is_executable ? A_PROGRAM : A_FILE;
}

static void add_entry(struct archive *archive)
{
    enum { DOS_FOLDER = 0x10 };
    struct buf *to = spool_buf(&archive->directory);
    struct buf extra = {0};
    struct str name = name_of(archive);
    bool is_large = archive->is_large || archive->member_at >= UINT32_MAX;
    add_large(&extra, archive);
    add_time(&extra, archive);
    add_le(to, SIGNATURE_DIRECTORY, 4);
    add_le(to, MADE_BY_UNIX | VERSION_ZIP64, 2);
    add_common(to, archive, is_large);
    add_le(to, archive->crc, 4);
    add_le(to, cap32(archive->member_bytes), 4);
    add_le(to, cap32(archive->member_bytes), 4);
    add_le(to, name.len, 2);
    add_le(to, extra.len, 2);
    add_le(to, 0, 2 + 2 + 2); /* no comment, one disk, nothing known of its text */
    add_le(to, (uint64_t)mode_of(archive) << 16 | (archive->is_collection ? DOS_FOLDER : 0U), 4);
    add_le(to, cap32(archive->member_at), 4);
    buf_add(to, name);
    buf_add(to, buf_str(&extra));
    buf_done(&extra);
}

static bool zip_member_end(struct archive *archive, struct err *err)
{
    struct buf *out = &archive->out;
    unsigned size_bytes = archive->is_large ? 8 : 4;
    (void)err; /* the spool is settled by who has called */
    if (!archive->is_collection) {
        add_le(out, SIGNATURE_DESCRIPTOR, 4);
        add_le(out, archive->crc, 4);
        add_le(out, archive->member_bytes, size_bytes);
        add_le(out, archive->member_bytes, size_bytes);
    }
    add_entry(archive);
    return true;
}

/* --- the end --- */

/* §4.3.14, §4.3.15 */
static void add_end64(struct buf *to, const struct archive *archive)
{
    enum { REST_BYTES = 44 };
    add_le(to, SIGNATURE_END64, 4);
    add_le(to, REST_BYTES, 8);
    add_le(to, MADE_BY_UNIX | VERSION_ZIP64, 2);
    add_le(to, VERSION_ZIP64, 2);
    add_le(to, 0, 4 + 4); /* one disk */
    add_le(to, archive->count, 8);
    add_le(to, archive->count, 8);
    add_le(to, archive->directory_bytes, 8);
    add_le(to, archive->directory_at, 8);
    add_le(to, SIGNATURE_LOCATOR64, 4);
    add_le(to, 0, 4);
    add_le(to, archive->directory_at + archive->directory_bytes, 8);
    add_le(to, 1, 4);
}

/* Goes behind what is spooled. */
static void zip_end(struct archive *archive)
{
    struct buf *to = spool_buf(&archive->directory);
    uint64_t count = archive->count < UINT16_MAX ? archive->count : UINT16_MAX;
    if (archive->count >= UINT16_MAX || archive->directory_bytes >= UINT32_MAX ||
        archive->directory_at >= UINT32_MAX)
        add_end64(to, archive);
    add_le(to, SIGNATURE_END, 4);
    add_le(to, 0, 2 + 2);
    add_le(to, count, 2);
    add_le(to, count, 2);
    add_le(to, cap32(archive->directory_bytes), 4);
    add_le(to, cap32(archive->directory_at), 4);
    add_le(to, 0, 2);
}

const struct archive_format archive_zip = {
    .media_type = STR_INIT("application/zip"),
    .suffix = STR_INIT(".zip"),
    .member = zip_member,
    .content = zip_content,
    .member_end = zip_member_end,
    .end = zip_end,
};
