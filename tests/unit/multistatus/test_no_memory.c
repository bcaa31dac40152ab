/* libdavit with an allocation that fails, for every one that there is: an error, no end, no leak.
 */
#include "support/test.h"

#include "base/buf.h"
#include "davit/multistatus.h"
#include "support/failing_mem.h"

static const char body[] =
    "<?xml version=\"1.0\"?><D:multistatus xmlns:D='DAV:' xmlns:x='urn:x'>"
    "<D:response xml:lang='de'><D:href>/a</D:href><D:propstat><D:prop><D:getetag>&quot;a&quot;"
    "</D:getetag><x:p x:q='1' xmlns:y='urn:y'>t<y:a y:b='2' c1='' c2='' c3='' c4='' "
    "c5='' c6='' c7='' c8=''><c xmlns='urn:c'/></y:a> &amp;</x:p>"
    "</D:prop><D:status>HTTP/1.1 200 OK</D:status><D:error><x:why/></D:error>"
    "<D:responsedescription>because</D:responsedescription></D:propstat>"
    "<D:location><D:href>/b</D:href></D:location><x:id>1</x:id></D:response>"
    "<D:response><D:href>/c</D:href><D:href>/d</D:href><D:status>HTTP/1.1 423 Locked</D:status>"
    "</D:response><D:sync-token>urn:t</D:sync-token></D:multistatus>";

/* Reads and writes again, as a relay would. */
static enum davit_ms_rc relay(size_t step)
{
    struct davit_ms_reader *reader = davit_ms_reader_new(NULL);
    struct davit_ms_writer *writer = davit_ms_writer_new();
    const struct davit_ms_response *response;
    enum davit_ms_rc rc = reader && writer ? davit_ms_writer_begin(writer) : DAVIT_MS_NO_MEMORY;
    for (size_t at = 0; rc == DAVIT_MS_OK && at < sizeof(body) - 1; at += step) {
        size_t len = size_min(step, sizeof(body) - 1 - at);
        rc = davit_ms_reader_feed(reader, body + at, len);
        while (rc == DAVIT_MS_OK &&
               (rc = davit_ms_reader_next(reader, &response)) == DAVIT_MS_RESPONSE)
            rc = davit_ms_writer_copy(writer, response);
        rc = rc == DAVIT_MS_MORE ? DAVIT_MS_OK : rc;
    }
    if (rc == DAVIT_MS_OK)
        rc = davit_ms_reader_finish(reader);
    if (rc == DAVIT_MS_END)
        rc = davit_ms_writer_sync_token(writer, davit_ms_reader_head(reader)->sync_token);
    if (rc == DAVIT_MS_OK)
        rc = davit_ms_writer_end(writer);
    davit_ms_reader_free(reader);
    davit_ms_writer_free(writer);
    return rc;
}

static void fail_each(size_t step)
{
    failing_mem_after(SIZE_MAX);
    assert_int_equal(relay(step), DAVIT_MS_OK);
    assert_int_equal(failing_mem_live(), 0);
    size_t count = failing_mem_count();
    assert_true(count > 20);
    for (size_t i = 0; i < count; i++) {
        failing_mem_after(i);
        check_int("rc", relay(step), DAVIT_MS_NO_MEMORY);
        check_int("leaked", failing_mem_live(), 0);
    }
    failing_mem_after(SIZE_MAX);
}

TEST(each_allocation_may_fail)
{
    fail_each(SIZE_MAX / 2);
    fail_each(1);
    fail_each(50);
}

/* Sizes that no memory has. */
TEST(the_writer_refuses_sizes_beyond_memory)
{
    struct davit_ms_writer *writer = davit_ms_writer_new();
    assert_int_equal(davit_ms_writer_begin(writer), DAVIT_MS_OK);
    const struct davit_ms_text huge = {"x", SIZE_MAX / 4};
    assert_int_equal(davit_ms_writer_response(writer, huge), DAVIT_MS_NO_MEMORY);
    assert_int_equal(davit_ms_writer_end(writer), DAVIT_MS_NO_MEMORY);
    davit_ms_writer_free(writer);
}

TEST(buffers_say_that_there_is_no_memory)
{
    struct buf buf = {0};
    assert_false(buf_try_reserve(&buf, SIZE_MAX));
    assert_true(buf_try_reserve(&buf, 1));
    BUF_ADD(&buf, "kept");
    failing_mem_after(0);
    assert_true(buf_try_reserve(&buf, buf.cap - buf.len));
    assert_false(buf_try_reserve(&buf, buf.cap - buf.len + 1));
    check_str("kept", buf_str(&buf), "kept");
    failing_mem_after(SIZE_MAX);
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(the_writer_refuses_sizes_beyond_memory),
        cmocka_unit_test(buffers_say_that_there_is_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
