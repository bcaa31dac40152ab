/* A change whose note must be on the disk before it costs a flush, which is a quarter of what a PUT
 * costs. But changes come in swarms, and a note of one collection for all that come there in the
 * next second says enough: after a loss of power it is not known what has been changed in it.
 *
 * Each change has its own note as well, which is in the file and not on the disk. The kernel keeps
 * that, however the process ends, as long as the file system stays mounted; so what is expected
 * counts only where that has been mounted anew since. Which is the same mounting the kernel says by
 * a number that it does not give twice in one boot (Linux 6.8). Where it says none, each change is
 * flushed.
 *
 * What is said is in the place of all that was said before: the notes of what has been changed
 * until then are before it in the file. So it may forget, and is bounded.
 *
 * Rejected: to flush each note together with the change. What may be on the disk before it is
 * flushed (a new name may be) would be there without its note. */
#include "store/change_expected.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "store/journal.h"
#include "store/record/frame.h"

#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000U
#endif

enum { COLLECTIONS_MAX = 8, BYTES_MAX = FRAME_RECORD_BYTES_MAX / 2, EXPECTED_MS = 1000 };

void expected_init(struct expected *expected, int dir_fd)
{
    char room[BOOT_ID_BYTES];
    struct statx stx;
    struct str boot = boot_id(room);
    *expected = (struct expected){0};
    if (!boot.len || statx(dir_fd, "", AT_EMPTY_PATH, STATX_MNT_ID_UNIQUE, &stx) < 0 ||
        !(stx.stx_mask & STATX_MNT_ID_UNIQUE))
        return;
    str_print(expected->mounting, sizeof(expected->mounting), "%.*s %llu", STR_ARGS(boot),
              (unsigned long long)stx.stx_mnt_id);
    expected->mounting_len = strlen(expected->mounting);
}

void expected_done(struct expected *expected)
{
    buf_done(&expected->collections);
}

static bool has(const struct expected *expected, struct str collection)
{
    struct str rest = buf_str(&expected->collections);
    struct str text;
    while (frame_take_text(&rest, &text)) {
        if (str_eq(text, collection))
            return true;
    }
    return false;
}

/* The collection in which the row is seen; the root is in itself. */
static struct str collection_of(const struct change_row *row)
{
    return path_is_root(row->path) ? STR_NONE : path_str(path_parent(row->path));
}

static bool is_old(const struct expected *expected)
{
    return clock_mono_ms() - expected->since_ms >= EXPECTED_MS;
}

bool expected_is(const struct expected *expected, const struct change_row *rows, size_t count)
{
    bool is = !is_old(expected);
    for (size_t i = 0; i < count; i++)
        is = is && has(expected, collection_of(&rows[i]));
    return is;
}

static void forget(struct expected *expected)
{
    buf_clear(&expected->collections);
    expected->count = 0;
    expected->since_ms = clock_mono_ms();
}

void expected_add(struct expected *expected, const struct change_row *rows, size_t count)
{
    if (!expected->mounting_len)
        return;
    if (is_old(expected) || expected->count + count > COLLECTIONS_MAX ||
        expected->collections.len > BYTES_MAX)
        forget(expected);
    for (size_t i = 0; i < count; i++) {
        struct str collection = collection_of(&rows[i]);
        if (has(expected, collection))
            continue;
        frame_add_text(&expected->collections, collection);
        expected->count++;
    }
}

void expected_write(const struct expected *expected, struct buf *to)
{
    frame_add_text(to, str_of(expected->mounting, expected->mounting_len));
    buf_add(to, buf_str(&expected->collections));
}

bool expected_read(struct str record, struct str *mounting_out, struct str *collections_out)
{
    struct str text;
    if (!frame_take_text(&record, mounting_out))
        return false;
    *collections_out = record;
    while (frame_take_text(&record, &text))
        continue;
    return record.len == 0;
}

bool expected_is_lost(const struct expected *expected, struct str mounting)
{
    return !str_eq(mounting, str_of(expected->mounting, expected->mounting_len));
}
