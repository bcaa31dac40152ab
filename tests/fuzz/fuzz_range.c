/* Ranges. What is to be sent lies within the representation and is no more than it; written out
 * again in full, it is read as the same. The first eight bytes are the size. */
#include "fuzz.h"
#include "http/range.h"

enum { COUNT_MAX = 8 };

static void check_partial(const struct byte_range *ranges, size_t count, uint64_t size)
{
    struct byte_range again[COUNT_MAX];
    struct buf text = {0};
    uint64_t total = 0;
    size_t count_again = 0;
    FUZZ_CHECK(count >= 1 && count <= COUNT_MAX);
    BUF_ADD(&text, "bytes=");
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(ranges[i].len >= 1 && ranges[i].offset < size);
        FUZZ_CHECK(ranges[i].len <= size - ranges[i].offset);
        FUZZ_CHECK(ranges[i].len <= size - total);
        total += ranges[i].len;
        buf_addf(&text, "%llu-%llu,", (unsigned long long)ranges[i].offset,
                 (unsigned long long)(ranges[i].offset + ranges[i].len - 1));
    }
    FUZZ_CHECK(range_parse(buf_str(&text), size, again, COUNT_MAX, &count_again) == RANGE_PARTIAL);
    FUZZ_CHECK(count_again == count);
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(again[i].offset == ranges[i].offset && again[i].len == ranges[i].len);
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct byte_range ranges[COUNT_MAX];
    uint64_t bytes;
    size_t count = 0;
    if (size < sizeof(bytes))
        return 0;
    memcpy(&bytes, data, sizeof(bytes));
    struct str field = fuzz_input(data + sizeof(bytes), size - sizeof(bytes));
    enum range_rc rc = range_parse(field, bytes, ranges, COUNT_MAX, &count);
    if (rc == RANGE_PARTIAL)
        check_partial(ranges, count, bytes);
    if (rc != RANGE_IGNORE)
        FUZZ_CHECK(str_starts_nocase(str_trim(field), STR("bytes")));
    FUZZ_CHECK(range_parse(field, bytes, ranges, 0, &count) != RANGE_PARTIAL); /* none allowed */
    return 0;
}
