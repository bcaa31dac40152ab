/* Tar as POSIX.1-2001 has it ("pax"): a ustar header for each member, and before it an extended one
 * where the header has no room: a name that is long or not ASCII, a size of 8 GiB or more, a time
 * before 1970 or far away.
 *
 * A header says how much content follows, and is gone when that breaks off: then zeros stand for
 * what is missing, since a reader would take the next header for content otherwise. Whoever reads
 * the file must be told by other means. */
#include "extension/archive/format.h"

enum { BLOCK_BYTES = 512, NAME_BYTES = 100, OCTAL_MAX_DIGITS = 11 };

#define OCTAL_MAX ((UINT64_C(1) << (3 * OCTAL_MAX_DIGITS)) - 1)

static void pad(struct buf *out, uint64_t bytes)
{
    static const char zeros[BLOCK_BYTES];
    size_t over = (size_t)(bytes % BLOCK_BYTES);
    if (over)
        buf_add(out, str_of(zeros, BLOCK_BYTES - over));
}

/* --- headers --- */

struct tar_header {
    char name[NAME_BYTES], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
    char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155];
    char unused[12];
};
static_assert(sizeof(struct tar_header) == BLOCK_BYTES, "a header is a block");

/* Without the end, as the field's last byte is zero. */
static void set_octal(char *field, size_t bytes, uint64_t value)
{
    for (size_t i = bytes - 1; i-- > 0; value >>= 3)
        field[i] = (char)('0' + (value & 7));
}

static void set_checksum(struct tar_header *header)
{
    unsigned sum = 0;
    memset(header->checksum, ' ', sizeof(header->checksum));
    for (size_t i = 0; i < sizeof(*header); i++)
        sum += ((const unsigned char *)header)[i];
    set_octal(header->checksum, sizeof(header->checksum) - 1, sum);
    header->checksum[6] = 0;
}

static void add_header(struct buf *out, const struct tar_header *wanted, struct str name)
{
    struct tar_header header = *wanted;
    memcpy(header.name, name.at, size_min(name.len, NAME_BYTES));
    memcpy(header.magic, "ustar", sizeof(header.magic));
    memcpy(header.version, "00", sizeof(header.version));
    set_octal(header.uid, sizeof(header.uid), 0);
    set_octal(header.gid, sizeof(header.gid), 0);
    set_checksum(&header);
    buf_add(out, str_of((const char *)&header, sizeof(header)));
}

/* --- extended headers --- */

/* "LEN key=value\n", where LEN counts itself. */
static void add_record(struct buf *to, const char *key, struct str value)
{
    size_t rest = strlen(key) + value.len + 3; /* ' ', '=', '\n' */
    size_t len = rest + 1;
    for (size_t before = 0; before != len;) {
        char digits[24];
        before = len;
        len = rest + (size_t)snprintf(digits, sizeof(digits), "%zu", before);
    }
    buf_addf(to, "%zu %s=", len, key);
    buf_add(to, value);
    buf_add_char(to, '\n');
}

static void add_number(struct buf *to, const char *key, int64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%lld", (long long)value);
    add_record(to, key, str_of(digits, (size_t)len));
}

static void add_extended(struct archive *archive, bool has_time)
{
    struct buf records = {0};
    struct str name = buf_str(&archive->name);
    if (name.len > NAME_BYTES || !str_is_ascii(name))
        add_record(&records, "path", name);
    if (archive->size_bytes > OCTAL_MAX)
        add_number(&records, "size", (int64_t)archive->size_bytes);
    if (!has_time && archive->modified_s != INT64_MIN)
        add_number(&records, "mtime", archive->modified_s);
    if (records.len) {
        struct tar_header header = {.type = 'x'};
        set_octal(header.mode, sizeof(header.mode), 0644);
        set_octal(header.size, sizeof(header.size), records.len);
        set_octal(header.mtime, sizeof(header.mtime), 0);
        add_header(&archive->out, &header, STR("pax_header"));
        buf_add(&archive->out, buf_str(&records));
        pad(&archive->out, records.len);
    }
    buf_done(&records);
}

/* --- members --- */

static void tar_member(struct archive *archive, const struct archive_member *member)
{
    bool is_program = member->is_collection || member->is_executable;
    bool has_time = member->modified_s >= 0 && (uint64_t)member->modified_s <= OCTAL_MAX;
    struct tar_header header = {.type = member->is_collection ? '5' : '0'};
    add_extended(archive, has_time);
    set_octal(header.mode, sizeof(header.mode), is_program ? 0755 : 0644);
    set_octal(header.size, sizeof(header.size), archive->size_bytes & OCTAL_MAX);
    set_octal(header.mtime, sizeof(header.mtime), has_time ? (uint64_t)member->modified_s : 0);
    add_header(&archive->out, &header, buf_str(&archive->name));
}

static void tar_content(struct archive *archive, struct str bytes)
{
    (void)archive, (void)bytes; /* nothing is said of it */
}

static bool tar_member_end(struct archive *archive, struct err *err)
{
    (void)err; /* nothing is kept */
    pad(&archive->out, archive->size_bytes);
    return true;
}

static void tar_end(struct archive *archive)
{
    static const char zeros[2 * BLOCK_BYTES];
    buf_add(&archive->out, str_of(zeros, sizeof(zeros)));
}

const struct archive_format archive_tar = {
    .media_type = STR_INIT("application/x-tar"),
    .suffix = STR_INIT(".tar"),
    .is_padded = true,
    .member = tar_member,
    .content = tar_content,
    .member_end = tar_member_end,
    .end = tar_end,
};
