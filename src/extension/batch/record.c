/* What is kept (store/answers.h) is what was told of each operation, before the next one begins:
 *
 *   record = TOLD, flags, status, text     the text in pieces, where it is long
 *          | STOPPED
 *
 * So of a batch that was cut off, by its client, by a kill or by the power, each operation is one
 * of three: it was told; it came next, and nobody knows whether it was done; or it was not begun.
 * One that was stopped in order (its client had gone) knows that there is none of the second kind;
 * and where the machine has gone down, what was told last may not be on the disk: all that is not
 * there is of the second kind.
 *
 * Who comes again is told the first, is told of the second that it is not known, and has the third
 * done: the request is the same, so that is what he asks for. What stands around the operations is
 * made anew, of the same things. */
#include "extension/batch/record.h"

#include "base/mem.h"
#include "dav/target.h"
#include "text/dictionary.h"

enum { KEY_BYTES_MAX = 255, READ_BYTES = 65536 };
enum { RECORD_TOLD = 1, RECORD_STOPPED };
enum { TOLD_HEAD_BYTES = 4, TOLD_FIRST = 1, TOLD_LAST = 2, TOLD_SKIPPED = 4 };
enum { WISH_JSON = 1, WISH_MINIMAL = 2, WISH_STRICT = 4, WISH_BRIEF = 8 };
enum { PIECE_BYTES = ANSWER_RECORD_BYTES_MAX - TOLD_HEAD_BYTES };

/* --- the key --- */

bool batch_key_read(struct str field, struct arena *arena, struct str *key_out)
{
    struct dictionary_member item;
    struct buf key = {0};
    if (!dictionary_item(field, &item) || item.kind != DICTIONARY_STRING)
        return false;
    for (size_t i = 0; i < item.text.len; i++) {
        i += item.text.at[i] == '\\'; /* RFC 9651 §3.3.3: something follows */
        buf_add_char(&key, item.text.at[i]);
    }
    *key_out = arena_str(arena, buf_str(&key));
    buf_done(&key);
    return key_out->len > 0 && key_out->len <= KEY_BYTES_MAX;
}

/* --- beginning --- */

static char wish_flags(const struct batch_wish *wish)
{
    return (char)((wish->is_json ? WISH_JSON : 0) | (wish->is_minimal ? WISH_MINIMAL : 0) |
                  (wish->is_strict ? WISH_STRICT : 0) | (wish->is_brief ? WISH_BRIEF : 0));
}

static void set_wish(struct batch_wish *wish, struct str note)
{
    int flags = note.len ? note.at[0] : 0;
    *wish = (struct batch_wish){.is_json = flags & WISH_JSON,
                                .is_minimal = flags & WISH_MINIMAL,
                                .is_strict = flags & WISH_STRICT,
                                .is_brief = flags & WISH_BRIEF};
}

static struct dav_result result_of(enum store_rc rc, enum answer_state state)
{
    if (rc == STORE_DENIED || rc == STORE_READ_ONLY)
        return dav_error(HTTP_NOT_IMPLEMENTED,
                         "answers are not kept here; send it without Idempotency-Key");
    if (rc == STORE_NO_SPACE)
        return dav_error(HTTP_INSUFFICIENT_STORAGE,
                         "there is no room for one more answer with an Idempotency-Key");
    if (rc != STORE_OK)
        return dav_from_store(rc);
    if (state == ANSWER_RUNNING)
        return dav_error(HTTP_CONFLICT, "a request with this Idempotency-Key is under way");
    if (state == ANSWER_OTHERS)
        return dav_error(HTTP_UNPROCESSABLE_CONTENT,
                         "this Idempotency-Key was given to another request");
    return DAV_FINE;
}

struct dav_result batch_record_open(struct exchange *x, struct str key, struct str asked,
                                    struct batch_wish *wish, struct batch_record *record_out)
{
    const struct target *target = target_of(x);
    const char flags = wish_flags(wish);
    const struct answer_wish asking = {.near = target->real,
                                       .owner = principal_holder(&x->signed_in.principal),
                                       .name = key,
                                       .asked = asked,
                                       .note = str_of(&flags, 1)};
    struct answer_found found;
    enum store_rc rc = kept_answer_open(target->store, x->arena, &asking, &found);
    struct dav_result result = result_of(rc, found.state);
    if (!dav_is_fine(result))
        return result;
    record_out->answer = found.answer;
    record_out->is_found = found.state != ANSWER_NEW;
    record_out->is_certain = found.state != ANSWER_CUT_OFF || found.is_certain;
    if (record_out->is_found)
        set_wish(wish, found.note);
    return DAV_FINE;
}

void batch_record_forget(struct batch_record *record)
{
    kept_answer_forget(&record->answer);
}

void batch_record_done(struct batch_record *record)
{
    kept_answer_close(&record->answer);
    buf_done(&record->unread);
    buf_done(&record->text);
}

/* --- reading --- */

static void take_told(struct batch_record *record, struct str piece)
{
    unsigned flags = (unsigned char)piece.at[1];
    unsigned status = (unsigned char)piece.at[2] * 10U + (unsigned char)piece.at[3];
    piece = str_from(piece, TOLD_HEAD_BYTES);
    if (flags & TOLD_FIRST)
        buf_clear(&record->unread);
    buf_add(&record->unread, piece);
    if (!(flags & TOLD_LAST))
        return;
    record->told[record->told_count++] = (struct batch_told){status, flags & TOLD_SKIPPED};
    buf_add(&record->text, buf_str(&record->unread));
    buf_clear(&record->unread);
}

bool batch_record_read(struct batch_record *record)
{
    struct str piece;
    record->told_count = 0;
    buf_clear(&record->text);
    while (record->told_count < BATCH_TOLD_MAX && record->text.len < READ_BYTES) {
        if (!kept_answer_next(record->answer, &piece))
            return false;
        bool is_told = piece.len >= TOLD_HEAD_BYTES && piece.at[0] == RECORD_TOLD;
        record->is_stopped = !is_told;
        if (is_told)
            take_told(record, piece);
    }
    return true;
}

/* --- writing --- */

static size_t pieces_of(struct str text)
{
    return text.len ? (text.len + PIECE_BYTES - 1) / PIECE_BYTES : 1;
}

void batch_record_add(struct batch_record *record, const struct batch_told *told, struct str text)
{
    size_t count = pieces_of(text);
    size_t *ends = mem_new(count, sizeof(*ends));
    struct str *pieces = mem_new(count, sizeof(*pieces));
    struct buf all = {0};
    for (size_t i = 0; i < count; i++) {
        unsigned flags = (i == 0 ? TOLD_FIRST : 0U) | (i + 1 == count ? TOLD_LAST : 0U) |
                         (told->is_skipped ? TOLD_SKIPPED : 0U);
        const char head[] = {RECORD_TOLD, (char)flags, (char)(told->status / 10),
                             (char)(told->status % 10)};
        buf_add(&all, str_of(head, sizeof(head)));
        buf_add(&all, str_first(text, PIECE_BYTES));
        text = str_from(text, size_min(text.len, PIECE_BYTES));
        ends[i] = all.len;
    }
    for (size_t i = 0, at = 0; i < count; at = ends[i++])
        pieces[i] = str_of(all.at + at, ends[i] - at);
    record->is_lost |= kept_answer_add(record->answer, pieces, count) != STORE_OK;
    buf_done(&all);
    mem_free(pieces);
    mem_free(ends);
}

void batch_record_stop(struct batch_record *record)
{
    const char kind = RECORD_STOPPED;
    const struct str stopped = str_of(&kind, 1);
    if (!record->is_lost) /* or nobody knows it */
        record->is_lost = kept_answer_add(record->answer, &stopped, 1) != STORE_OK;
}

void batch_record_end(struct batch_record *record)
{
    if (!record->is_lost) /* or it is one that was cut off behind its last operation */
        record->is_lost = kept_answer_end(record->answer) != STORE_OK;
}
