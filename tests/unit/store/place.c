#include "place.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

const char *place_path(struct place *place, const char *name)
{
    str_print(place->text, sizeof(place->text), "%s/%s", place->name, name);
    return place->text;
}

void place_write(struct place *place, const char *name, const char *content)
{
    int fd = open(place_path(place, name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(close(fd), 0);
}

void place_make_directory(struct place *place, const char *name)
{
    assert_int_equal(mkdir(place_path(place, name), 0700), 0);
}

struct change_log *place_log(const struct place *place)
{
    return place->lookout.options.log;
}

bool place_walk(struct place *place, bool is_whole, void (*begun)(struct place *place))
{
    const struct pass_options options = {is_whole, true, change_log_asked(place_log(place))};
    place->lookout.has_unwatched = false;
    assert_true(pass_begin(&place->pass, &options));
    if (begun)
        begun(place);
    while (pass_step(&place->pass))
        continue;
    return pass_end(&place->pass);
}

uint64_t place_told(struct place *place, const char *name)
{
    return change_log_told(place_log(place), (struct res_path){name, strlen(name)});
}

struct place *place_new(size_t watches)
{
    struct place *place = MEM_NEW(struct place);
    struct err err;
    const char *temp = getenv("TMPDIR");
    const struct change_log_options how = {.count_max = 1000, .has_others = true};
    str_print(place->name, sizeof(place->name), "%s/davit-pass-XXXXXX", temp ? temp : "/tmp");
    assert_non_null(mkdtemp(place->name));
    place_make_directory(place, "tree");
    place_make_directory(place, "home");
    place_make_directory(place, "tree/d");
    place_make_directory(place, "tree/d/e");
    place_write(place, "tree/d/e/f", "1");
    place_write(place, "tree/g", "1");
    place->root.fd = open(place_path(place, "tree"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place->home.fd = open(place_path(place, "home"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place->limits = limits_default();
    place->lookout.options = (struct others_options){.root = &place->root,
                                                     .home = &place->home,
                                                     .log = change_log_open(&how, &err),
                                                     .limits = &place->limits};
    watches_init(&place->lookout.watches, place->root.fd, watches);
    news_init(&place->news, &place->lookout);
    place->pass.lookout = &place->lookout;
    place->pass.news = &place->news;
    (void)usleep(30000); /* what was written a moment ago is not trusted */
    assert_true(place_walk(place, true, NULL));
    return place;
}

void place_free(struct place *place)
{
    char command[128];
    pass_abort(&place->pass);
    news_done(&place->news);
    watches_done(&place->lookout.watches);
    change_log_close(place_log(place));
    assert_int_equal(close(place->root.fd), 0);
    assert_int_equal(close(place->home.fd), 0);
    str_print(command, sizeof(command), "rm -r '%s'", place->name);
    assert_int_equal(system(command), 0);
    mem_free(place);
}
