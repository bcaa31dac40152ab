#include "support/test.h"

#include "base/buf.h"
#include "http/announced.h"

#define ABC_MD5 "kAFQmDzST7DWlj99KOF/cg=="

static struct arena arena;

/* "nothing", "nonsense", or the kinds that are expected, each with its first byte. */
static void check_read(const char *lines, const char *expected)
{
    struct http_fields fields = {0};
    struct content_hashes hashes;
    struct buf said = {0};
    for (struct str rest = str_of_c(lines); rest.len;) {
        struct str value = str_cut(&rest, '\n');
        struct str name = str_cut(&value, ':');
        struct http_field_line line = {http_field_find(name), name, str_trim(value)};
        http_fields_add(&fields, &arena, &line);
    }
    switch (announced_read(&fields, &arena, &hashes)) {
    case ANNOUNCED_NOTHING:
        BUF_ADD(&said, "nothing");
        break;
    case ANNOUNCED_NONSENSE:
        BUF_ADD(&said, "nonsense");
        break;
    case ANNOUNCED_HASHES:
        for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
            if (hashes.of[kind].len)
                buf_addf(&said, "%s%zu:%02x", said.len ? " " : "", kind, hashes.of[kind].bytes[0]);
        }
    }
    check_str(lines, buf_str(&said), expected);
    buf_done(&said);
    arena_reset(&arena);
}

TEST(announced_nothing)
{
    check_read("", "nothing");
    check_read("Host:x", "nothing");
    check_read("OC-Checksum:", "nothing");
    check_read("OC-Checksum:CRC32:00", "nothing");
    check_read("Digest:unixsum=30637", "nothing");
    check_read("Content-Digest:,;=", "nothing");
}

TEST(announced_hashes)
{
    check_read("OC-Checksum:MD5:900150983cd24fb0d6963f7d28e17f72", "1:90");
    check_read("OC-Checksum:md5:900150983CD24FB0D6963F7D28E17F72 ADLER32:24d0127", "0:02 1:90");
    check_read("OC-Checksum:ADLER32:1,, XX:1", "0:00");
    check_read("Content-MD5:" ABC_MD5, "1:90");
    check_read("Digest:md5=" ABC_MD5 ", SHA=qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "1:90 2:a9");
    check_read("Content-Digest:md5=:" ABC_MD5 ":;p=1", "1:90");
    check_read("Repr-Digest: x=1 , md5=:" ABC_MD5 ":", "1:90");
    check_read("Content-MD5:" ABC_MD5 "\nRepr-Digest:md5=:" ABC_MD5 ":", "1:90");
}

TEST(announced_nonsense)
{
    check_read("OC-Checksum:MD5", "nonsense");
    check_read("OC-Checksum:MD5:", "nonsense");
    check_read("OC-Checksum:MD5:900150983cd24fb0d6963f7d28e17f7", "nonsense");
    check_read("OC-Checksum:MD5:900150983cd24fb0d6963f7d28e17f7x", "nonsense");
    check_read("OC-Checksum:MD5:900150983cd24fb0d6963f7d28e17f7200", "nonsense");
    check_read("OC-Checksum:ADLER32:024d01270", "nonsense");
    check_read("OC-Checksum:ADLER32:1 ADLER32:2", "nonsense");
    check_read("Content-MD5:", "nonsense");
    check_read("Content-MD5:kAFQmDzST7DWlj99KOF/cg", "nonsense");
    check_read("Digest:MD5", "nonsense");
    check_read("Content-Digest:md5=" ABC_MD5, "nonsense");
    check_read("Content-Digest:md5=:", "nonsense");
    check_read("Content-Digest:md5=:" ABC_MD5, "nonsense");
    check_read("Content-MD5:" ABC_MD5 "\nOC-Checksum:MD5:000150983cd24fb0d6963f7d28e17f72",
               "nonsense");
}

static int free_arena(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(announced_nothing),
        cmocka_unit_test(announced_hashes),
        cmocka_unit_test(announced_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, free_arena);
}
