/* Nobody has ever written down how chunks are called; servers sort them as they come. What has been
 * seen, and what follows the number:
 *
 *     0000000000000003                  Nextcloud's desktop: an index from 0, of 16 digits
 *     0000000010000000                  ownCloud's: where it begins, likewise of 16 digits
 *     00003, 000003                     Nextcloud's second protocol, and Android: from 1
 *     3                                 iOS, pages, scripts: from 0 or from 1
 *     000000000000100-000000000000199   rclone: the first byte and the last
 *
 * So a name begins with a number, and that is the order; a tail is taken as it is. Both desktops
 * say in OC-Chunk-Offset where a chunk begins, and that is believed before the name: what is known
 * to be an offset must meet its neighbours, and a gap is found out when they are joined. Whether
 * one of the others is missing only the length of the whole can tell.
 *
 * Who is known to come first, and who next, is appended as it comes, and all others are copied
 * once. So a guess may cost a copy and nothing else: what would be believed wrongly is not guessed.
 * The number 1 is the first where counting from 0 has other names. */
#include "sync/chunk/name.h"

enum {
    NAME_BYTES_MAX = 128,
    DIGITS_OF_DESKTOPS = 16,
    INDEX_MAX = 99999, /* no client sends so many, nor chunks so small that this is an offset */
};

static size_t count_digits(struct str text)
{
    size_t count = 0;
    while (count < text.len && char_is_digit(text.at[count]))
        count++;
    return count;
}

static void place_at(uint64_t offset, uint64_t size_bytes, struct chunk_place *place_out)
{
    bool is_known = size_bytes <= UINT64_MAX - 1 - offset && size_bytes > 0;
    *place_out = (struct chunk_place){
        .key = offset,
        .next = is_known ? offset + size_bytes : UINT64_MAX,
        .is_first = offset == 0,
        .key_is_offset = true,
    };
}

/* "FIRST-LAST", of which the last may be the one behind the end, too: as long as what comes is. */
static bool is_range(struct str tail, uint64_t first, uint64_t size_bytes)
{
    uint64_t last;
    return tail.len && tail.at[0] == '-' && str_parse_u64(str_from(tail, 1), &last) &&
           last >= first && (size_bytes == last - first || size_bytes == last - first + 1);
}

/* What the engine can keep (store/resumable.h). */
static bool is_plain(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '-' && c != '_' && c != '.')
            return false;
    }
    return name.len <= NAME_BYTES_MAX;
}

static bool is_first_index(uint64_t index, size_t digits)
{
    return index == 0 || (index == 1 && (digits == 5 || digits == 6));
}

bool chunk_place(const struct chunk_said *said, struct chunk_place *place_out)
{
    uint64_t number;
    size_t digits = count_digits(said->name);
    struct str tail = str_from(said->name, digits);
    if (!is_plain(said->name) || !str_parse_u64(str_first(said->name, digits), &number))
        return false;
    if (said->offset.len) {
        if (!str_parse_u64(said->offset, &number))
            return false;
        place_at(number, said->size_bytes, place_out);
    } else if (is_range(tail, number, said->size_bytes)) {
        place_at(number, said->size_bytes, place_out);
    } else if (digits == DIGITS_OF_DESKTOPS && !tail.len && number > INDEX_MAX) {
        place_at(number, said->size_bytes, place_out);
        place_out->key_is_offset = false; /* it looks like one, and nobody has said so */
    } else {
        *place_out = (struct chunk_place){
            .key = number,
            .next = number < UINT64_MAX - 1 ? number + 1 : UINT64_MAX,
            .is_first = is_first_index(number, digits),
        };
    }
    return place_out->key < UINT64_MAX;
}
