/* What both formats have in common: where a member begins, how much of it has come, and what is to
 * be sent, which whoever pulls takes away. A format appends heads and tails to that, and what it
 * must say at the end to a spool, so that it does not stay in memory.
 *
 * Names are made plain here, for whatever unpacks them: on Windows a backslash parts segments, so
 * that "..\\x" would lead out, and a control character or a byte that is no UTF-8 stands for
 * something else wherever it is read, or for nothing. */
#include "extension/archive/format.h"

#include "base/utf8.h"

void archive_begin(struct archive *archive, const struct archive_format *format, int dir_fd,
                   size_t memory_bytes_max)
{
    *archive = (struct archive){.format = format};
    spool_init(&archive->directory, dir_fd, memory_bytes_max);
}

void archive_done(struct archive *archive)
{
    buf_done(&archive->out);
    buf_done(&archive->name);
    spool_done(&archive->directory);
}

void archive_member(struct archive *archive, const struct archive_member *member)
{
    archive->member_at = archive->given + archive->out.len;
    archive->member_bytes = 0;
    archive->crc = 0;
    archive->size_bytes = member->is_collection ? 0 : member->size_bytes;
    archive->is_collection = member->is_collection;
    archive->is_executable = member->is_executable;
    archive->modified_s = member->modified_s;
    archive->count++;
    buf_clear(&archive->name);
    buf_add(&archive->name, member->name);
    if (member->is_collection)
        buf_add_char(&archive->name, '/');
    archive->format->member(archive, member);
}

void archive_content(struct archive *archive, struct str bytes)
{
    assert(bytes.len <= archive->size_bytes - archive->member_bytes);
    archive->member_bytes += bytes.len;
    archive->format->content(archive, bytes);
    buf_add(&archive->out, bytes);
}

bool archive_pad(struct archive *archive, size_t want)
{
    static const char zeros[4096];
    uint64_t missing = archive->size_bytes - archive->member_bytes;
    if (!archive->format->is_padded || missing == 0)
        return false;
    uint64_t len = u64_min(missing, u64_min(want, sizeof(zeros)));
    archive_content(archive, str_of(zeros, (size_t)len));
    return true;
}

bool archive_member_end(struct archive *archive, struct err *err)
{
    return archive->format->member_end(archive, err) && spool_settle(&archive->directory, err);
}

void archive_end(struct archive *archive)
{
    archive->directory_at = archive->given + archive->out.len;
    archive->directory_bytes = spool_len(&archive->directory);
    archive->has_ended = true;
    archive->format->end(archive);
}

bool archive_rest(struct archive *archive, size_t want, struct err *err)
{
    return spool_len(&archive->directory) == 0 ||
           spool_take(&archive->directory, &archive->out, want, err);
}

void archive_taken(struct archive *archive, size_t len)
{
    buf_consume(&archive->out, len);
    archive->given += len;
}

/* --- names --- */

/* How many bytes of `path` are a character that stays as it is; 0: its first byte does not. */
static size_t take_plain(struct str path)
{
    uint32_t c;
    size_t len = utf8_take(path, &c);
    bool is_control = len && (c < ' ' || (c >= 0x7f && c < 0xa0));
    return is_control || (len && c == '\\') ? 0 : len;
}

/* "%" and two hexadecimal digits: as if something had been encoded. */
static bool begins_encoded(struct str text)
{
    return text.len >= 3 && text.at[0] == '%' && hex_value(text.at[1]) >= 0 &&
           hex_value(text.at[2]) >= 0;
}

static bool is_plain(struct str segment)
{
    while (segment.len) {
        size_t len = begins_encoded(segment) ? 0 : take_plain(segment);
        if (len == 0)
            return false;
        segment = str_from(segment, len);
    }
    return true;
}

static void add_encoded(struct buf *to, struct str segment)
{
    while (segment.len) {
        size_t len = segment.at[0] == '%' ? 0 : take_plain(segment);
        if (len)
            buf_add(to, str_first(segment, len));
        else
            buf_addf(to, "%%%02X", (unsigned char)segment.at[0]);
        segment = str_from(segment, len ? len : 1);
    }
}

/* Each segment by itself: a collection is called the same in the names of its members. */
bool archive_name_add(struct buf *to, struct str path)
{
    bool is_same = true;
    while (path.len) {
        struct str segment = str_first(path, str_index(path, '/'));
        path = str_from(path, segment.len);
        if (is_plain(segment)) {
            buf_add(to, segment);
        } else {
            add_encoded(to, segment);
            is_same = false;
        }
        if (path.len) {
            buf_add_char(to, '/');
            path = str_from(path, 1);
        }
    }
    return is_same;
}
