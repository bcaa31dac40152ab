#include "support/test.h"

#include "base/buf.h"
#include "http/upload_fields.h"

static struct arena arena;

static void check_metadata(const char *field, const char *expected)
{
    struct upload_metadata metadata;
    struct buf said = {0};
    if (upload_metadata_read(str_of_c(field), &arena, &metadata))
        buf_addf(&said, "%.*s|%.*s|%.*s|%.*s", STR_ARGS(metadata.name), STR_ARGS(metadata.type),
                 STR_ARGS(metadata.modified), STR_ARGS(metadata.checksum));
    else
        BUF_ADD(&said, "malformed");
    check_str(field, buf_str(&said), expected);
    buf_done(&said);
    arena_reset(&arena);
}

TEST(upload_metadata)
{
    check_metadata("", "|||");
    check_metadata("filename YS50eHQ=", "a.txt|||");
    check_metadata("filename YS50eHQ=,filetype dGV4dC9wbGFpbg==", "a.txt|text/plain||");
    check_metadata("name YQ==,type Yg==", "a|b||");
    check_metadata("name YQ==,filename Yg==", "b|||");
    check_metadata(" mtime MTIz , checksum U0hBMSBhYg==,is_confidential", "||123|SHA1 ab");
    check_metadata("is_confidential ,filename YQ==", "a|||");
    check_metadata("filename", "|||");
}

TEST(upload_metadata_that_is_none)
{
    check_metadata(",", "malformed");
    check_metadata("filename YQ==,", "malformed");
    check_metadata("filename YQ==,filename Yg==", "malformed");
    check_metadata("filename Y", "malformed");
    check_metadata("filename YQ==  ,x  YQ==", "malformed");
    check_metadata("filename a b", "malformed");
    check_metadata("\x01 YQ==", "malformed");
    check_metadata("\xc3\xa4 YQ==", "malformed");
}

TEST(upload_checksum)
{
    struct content_hashes hashes;
    assert_true(upload_checksum_read(STR("sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0="), &arena, &hashes));
    assert_true(hashes.of[CONTENT_SHA1].len == 20 && hashes.of[CONTENT_SHA1].bytes[0] == 0xa9);
    assert_true(!hashes.of[CONTENT_MD5].len);
    assert_true(upload_checksum_read(STR("MD5 kAFQmDzST7DWlj99KOF/cg=="), &arena, &hashes));
    assert_true(!upload_checksum_read(STR("md5 qZk+NkcGgWq6PiVxeFDCbJzQ2J0="), &arena, &hashes));
    assert_true(!upload_checksum_read(STR("crc32 AAAAAA=="), &arena, &hashes));
    assert_true(!upload_checksum_read(STR("sha1"), &arena, &hashes));
    assert_true(!upload_checksum_read(STR(""), &arena, &hashes));
    assert_true(!upload_checksum_read(STR("sha1 !"), &arena, &hashes));
    arena_reset(&arena);
}

TEST(upload_numbers)
{
    uint64_t bytes = 7;
    bool is_true = true;
    assert_true(upload_bytes_read(STR(" 0 "), &bytes) && bytes == 0);
    assert_true(upload_bytes_read(STR("9223372036854775807"), &bytes) && bytes == INT64_MAX);
    assert_true(!upload_bytes_read(STR("9223372036854775808"), &bytes));
    assert_true(!upload_bytes_read(STR("-1"), &bytes));
    assert_true(!upload_bytes_read(STR("1x"), &bytes));
    assert_true(!upload_bytes_read(STR(""), &bytes));
    assert_true(bytes == INT64_MAX);
    assert_true(upload_boolean_read(STR("?0"), &is_true) && !is_true);
    assert_true(upload_boolean_read(STR(" ?1"), &is_true) && is_true);
    assert_true(!upload_boolean_read(STR("1"), &is_true));
    assert_true(!upload_boolean_read(STR("?1;a"), &is_true));
    assert_true(!upload_boolean_read(STR(""), &is_true));
}

static void check_disposition(const char *field, const char *expected)
{
    struct str name = STR("none");
    (void)!upload_disposition_read(str_of_c(field), &arena, &name);
    check_str(field, name, expected);
    arena_reset(&arena);
}

TEST(upload_disposition)
{
    check_disposition("attachment; filename=a.txt", "a.txt");
    check_disposition("inline;filename=\"a; \\\"b\\\".txt\"", "a; \"b\".txt");
    check_disposition("inline; filename=\"a\"; filename*=UTF-8''%e2%82%ac%20b", "\xe2\x82\xac b");
    check_disposition("inline; filename*=utf-8'en'a", "a");
    check_disposition("inline; filename*=ISO-8859-1''a", "none");
    check_disposition("inline; filename*=UTF-8''a%4", "none");
    check_disposition("inline; filename*=UTF-8''a%zz", "none");
    check_disposition("inline; filename=\"a", "none");
    check_disposition("inline; filename=a b", "none");
    check_disposition("inline", "none");
    check_disposition("", "none");
}

static void check_part(bool is_fine, const struct upload_part *part, const char *field,
                       const char *expected)
{
    static const char *const kinds[] = {"append", "from", "range", "suffix"};
    struct buf said = {0};
    if (is_fine && part->has_total)
        buf_addf(&said, "%s %llu-%llu/%llu", kinds[part->kind], (unsigned long long)part->first,
                 (unsigned long long)part->last, (unsigned long long)part->total);
    else if (is_fine)
        buf_addf(&said, "%s %llu-%llu", kinds[part->kind], (unsigned long long)part->first,
                 (unsigned long long)part->last);
    else
        BUF_ADD(&said, "malformed");
    check_str(field, buf_str(&said), expected);
    buf_done(&said);
}

static void check_update(const char *field, const char *expected)
{
    struct upload_part part;
    check_part(update_range_read(str_of_c(field), &part), &part, field, expected);
}

static void check_range(const char *field, const char *expected)
{
    struct upload_part part;
    check_part(content_range_read(str_of_c(field), &part), &part, field, expected);
}

TEST(update_range)
{
    check_update("append", "append 0-0");
    check_update(" Append ", "append 0-0");
    check_update("bytes=0-0", "range 0-0");
    check_update("bytes = 3-5", "range 3-5");
    check_update("bytes=7-", "from 7-0");
    check_update("bytes=-2", "suffix 2-0");
    check_update("bytes=-", "malformed");
    check_update("bytes=5-3", "malformed");
    check_update("bytes=1-2,4-5", "malformed");
    check_update("bytes", "malformed");
    check_update("lines=1-2", "malformed");
    check_update("bytes=0-9223372036854775808", "malformed");
    check_update("", "malformed");
}

TEST(content_range)
{
    check_range("bytes 0-0/1", "range 0-0/1");
    check_range("Bytes 2-3/*", "range 2-3");
    check_range("bytes 2-3/3", "malformed");
    check_range("bytes 3-2/9", "malformed");
    check_range("bytes */9", "malformed");
    check_range("bytes 2-3", "malformed");
    check_range("bytes=2-3/9", "malformed");
    check_range("bytes 2-3/9/9", "malformed");
    check_range("bytes 2-/9", "malformed");
    check_range("", "malformed");
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
        cmocka_unit_test(upload_metadata),    cmocka_unit_test(upload_metadata_that_is_none),
        cmocka_unit_test(upload_checksum),    cmocka_unit_test(upload_numbers),
        cmocka_unit_test(upload_disposition), cmocka_unit_test(update_range),
        cmocka_unit_test(content_range),
    };
    return cmocka_run_group_tests(tests, NULL, free_arena);
}
