#include "support/test.h"

#include "base/buf.h"
#include "http/announced.h"

#define ABC_MD5 "kAFQmDzST7DWlj99KOF/cg=="

static struct arena arena;

static struct http_fields fields_of(const char *lines)
{
    struct http_fields fields = {0};
    for (struct str rest = str_of_c(lines); rest.len;) {
        struct str value = str_cut(&rest, '\n');
        struct str name = str_cut(&value, ':');
        struct http_field_line line = {http_field_find(name), name, str_trim(value)};
        http_fields_add(&fields, &arena, &line);
    }
    return fields;
}

static const char *const names[] = {
#define CONTENT_HASH(name, bytes, oc, digest, content_digest) [CONTENT_##name] = (oc),
#include "stream/content_hash.def"
#undef CONTENT_HASH
};

/* "nothing", "nonsense", or the kinds that are expected, each with its first byte. */
static void check_read(const char *lines, const char *expected)
{
    struct http_fields fields = fields_of(lines);
    struct content_hashes hashes;
    struct buf said = {0};
    switch (announced_read(&fields, ANNOUNCED_OF_EITHER, &arena, &hashes)) {
    case ANNOUNCED_NOTHING:
        BUF_ADD(&said, "nothing");
        break;
    case ANNOUNCED_NONSENSE:
        BUF_ADD(&said, "nonsense");
        break;
    case ANNOUNCED_HASHES:
        for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
            if (hashes.of[kind].len)
                buf_addf(&said, "%s%s:%02x", said.len ? " " : "", names[kind],
                         hashes.of[kind].bytes[0]);
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
    check_read("Content-Digest:", "nothing");
    check_read("Content-Digest:blake3=:AAAA:, x;y=1", "nothing");
}

TEST(announced_hashes)
{
    check_read("OC-Checksum:MD5:900150983cd24fb0d6963f7d28e17f72", "MD5:90");
    check_read("OC-Checksum:md5:900150983CD24FB0D6963F7D28E17F72 ADLER32:24d0127",
               "MD5:90 ADLER32:02");
    check_read("OC-Checksum:ADLER32:1,, XX:1", "ADLER32:00");
    check_read("Content-MD5:" ABC_MD5, "MD5:90");
    check_read("Digest:md5=" ABC_MD5 ", SHA=qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "SHA1:a9 MD5:90");
    check_read("Content-Digest:md5=:" ABC_MD5 ":;p=1", "MD5:90");
    check_read("Repr-Digest: x=1 , md5=:" ABC_MD5 ":", "MD5:90");
    check_read("Content-MD5:" ABC_MD5 "\nRepr-Digest:md5=:" ABC_MD5 ":", "MD5:90");
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
    check_read("Content-Digest:,;=", "nonsense");
    check_read("Content-Digest:MD5=:" ABC_MD5 ":", "nonsense");
    check_read("Content-Digest:md5=:" ABC_MD5 ":,", "nonsense");
    check_read("Repr-Digest:x y", "nonsense");
    check_read("Content-Digest:md5=:" ABC_MD5, "nonsense");
    check_read("Content-MD5:" ABC_MD5 "\nOC-Checksum:MD5:000150983cd24fb0d6963f7d28e17f72",
               "nonsense");
}

/* --- wishes --- */

static void check_wish(const char *lines, const char *expected)
{
    struct http_fields fields = fields_of(lines);
    enum content_hash kind = announced_wish(&fields, FIELD_WANT_REPR_DIGEST);
    check_str(lines, str_of_c(kind == CONTENT_HASH_COUNT ? "none" : names[kind]), expected);
    arena_reset(&arena);
}

TEST(announced_wishes)
{
    check_wish("", "none");
    check_wish("Want-Repr-Digest:sha-256=1", "SHA256");
    check_wish("Want-Repr-Digest:sha-256=1, sha-512=10", "SHA512");
    check_wish("Want-Repr-Digest:sha-256=3, sha-512=3", "SHA256");
    check_wish("Want-Repr-Digest:sha-256=0, sha-512=1", "SHA512");
    check_wish("Want-Repr-Digest:sha-256=1\nWant-Repr-Digest:sha-256=0", "none");
    check_wish("Want-Repr-Digest:sha-256=2;q=0, unixsum=10, md5=9", "SHA256");
    check_wish("Want-Content-Digest:sha-256=1", "none");
}

TEST(announced_wishes_that_are_none)
{
    check_wish("Want-Repr-Digest:", "none");
    check_wish("Want-Repr-Digest:md5=10, sha=10", "none");
    check_wish("Want-Repr-Digest:sha-256", "none");
    check_wish("Want-Repr-Digest:sha-256=11", "none");
    check_wish("Want-Repr-Digest:sha-256=-1", "none");
    check_wish("Want-Repr-Digest:sha-256=1.0", "none");
    check_wish("Want-Repr-Digest:sha-256=1, sha-512=", "none");
    check_wish("Want-Repr-Digest:SHA-256=1", "none");
}

/* --- answers --- */

static void check_print(const char *known, const char *oc, const char *digest)
{
    struct content_hashes hashes = {0};
    struct buf said = {0};
    assert_true(content_hashes_parse(str_of_c(known), &hashes));
    assert_true(announced_print_oc(&said, &hashes) == (oc != NULL));
    check_str(known, buf_str(&said), oc ? oc : "");
    buf_clear(&said);
    if (digest) {
        announced_print_digest(&said, &hashes, CONTENT_SHA256);
        check_str(known, buf_str(&said), digest);
    }
    buf_done(&said);
}

TEST(announced_printed)
{
#define ABC_SHA256 "SHA256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    check_print("", NULL, NULL);
    check_print("ADLER32:24d0127 MD5:900150983cd24fb0d6963f7d28e17f72",
                "MD5:900150983cd24fb0d6963f7d28e17f72", NULL);
    check_print("ADLER32:24d0127", "ADLER32:024d0127", NULL);
    check_print(ABC_SHA256, ABC_SHA256, "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:");
    check_print("SHA1:a9993e364706816aba3e25717850c26c9cd0d89d " ABC_SHA256,
                "SHA1:a9993e364706816aba3e25717850c26c9cd0d89d", NULL);
    check_print("SHA512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
                NULL, NULL); /* no client of that field knows it */
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
        cmocka_unit_test(announced_wishes),
        cmocka_unit_test(announced_wishes_that_are_none),
        cmocka_unit_test(announced_printed),
    };
    return cmocka_run_group_tests(tests, NULL, free_arena);
}
