#include "damage.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void overwrite_file(struct fixture *fixture, const char *name, off_t at, struct str bytes)
{
    int fd = open(fixture_file(fixture, name), O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, bytes.at, bytes.len, at), (ssize_t)bytes.len);
    close(fd);
}

void damage_page(struct fixture *fixture, unsigned quarters)
{
    enum { PAGE_BYTES = 4096 };
    char page[PAGE_BYTES];
    struct stat st;
    assert_int_equal(stat(fixture_file(fixture, ".davit/state.db"), &st), 0);
    memset(page, 'x', PAGE_BYTES);
    overwrite_file(fixture, ".davit/state.db", st.st_size * quarters / 4 / PAGE_BYTES * PAGE_BYTES,
                   str_of(page, PAGE_BYTES));
}

void damage_journal(struct fixture *fixture)
{
    unsigned char boot_len;
    MAKE(fixture, "f", "g");
    assert_ok(set_lock(fixture, PATH("f"), "urn:f"));
    assert_ok(set_lock(fixture, PATH("g"), "urn:g"));
    store_close(&fixture->store);
    int fd = open(fixture_file(fixture, ".davit/locks.journal"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, &boot_len, 1), 1); /* the first frame is of the boot */
    close(fd);
    overwrite_file(fixture, ".davit/locks.journal", 12 + boot_len + 14, STR("????"));
}
