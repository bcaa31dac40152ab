#include "support/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/apps/app_passwords.h"
#include "access/apps/line_file.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/files.h"

enum { COUNT_MAX = 3 };

static char folder[64];
static char path[96];
static struct app_passwords *apps;
static struct arena arena;
static struct err err;

static int begin(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "%s/davit-apps-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/apps", folder);
    clock_freeze(1000000);
    apps = app_passwords_new();
    assert_true(app_passwords_read(apps, path, &err));
    return 0;
}

static void drop(const char *suffix)
{
    char name[128];
    snprintf(name, sizeof(name), "%s%s", path, suffix);
    (void)unlink(name); /* it need not be there */
}

static int end(void **state)
{
    (void)state;
    app_passwords_free(apps);
    arena_done(&arena);
    clock_freeze(-1);
    drop("");
    drop(".lock");
    drop(".key");
    return rmdir(folder);
}

static struct str file_text(void)
{
    struct str text;
    assert_true(file_read_small(path, &arena, &text, &err));
    return text;
}

/* What fetches it, in memory from the arena. */
static struct str add_login(const char *user, int64_t expires_s)
{
    struct buf text = {0};
    struct buf hash = {0};
    token_add_text(&text, STR_NONE);
    secret_add_hex(&hash, HASH_SHA256, buf_str(&text));
    struct str kept = arena_str(&arena, buf_str(&text));
    struct token login = {.id = token_id_of(kept),
                          .user = str_of_c(user),
                          .hash = buf_str(&hash),
                          .scope.path = PATH_ROOT,
                          .expires_s = expires_s,
                          .is_login = true,
                          .note = STR("mirall")};
    check_int(user, app_passwords_add(apps, &login, COUNT_MAX, &err), APP_DONE);
    buf_done(&text);
    buf_done(&hash);
    return kept;
}

static enum app_change fetch(struct str login, struct str *password_out)
{
    struct app_password password = {0};
    enum app_change rc = app_passwords_fetch(apps, login, &arena, &password, &err);
    *password_out = password.text;
    if (rc == APP_DONE)
        check_str("user", password.user, "alice");
    return rc;
}

static bool is_right(struct str password)
{
    const struct token *token = app_passwords_find(apps, token_id_of(password), &arena);
    return token_verify(token, password, 1000) && !token->is_login;
}

TEST(app_password_is_fetched_once)
{
    struct str password;
    struct str login = add_login("alice", 1100);
    assert_false(is_right(login));
    check_int("first", fetch(login, &password), APP_DONE);
    assert_true(token_is_text(password) && is_right(password));
    check_bytes("of one id", token_id_of(password), token_id_of(login));
    const struct token *token = app_passwords_find(apps, token_id_of(login), &arena);
    check_that("what it is", token->is_app && !token->expires_s && token->made_s == 1000);
    check_str("note", token->note, "mirall");
    struct str again;
    check_int("second", fetch(login, &again), APP_TAKEN);
    check_int("by itself", fetch(password, &again), APP_TAKEN);
    check_that("still", is_right(password));
    check_that("no secret is in the file",
               !memmem(file_text().at, file_text().len, password.at + 16, password.len - 16));
}

TEST(app_password_is_not_fetched_by_others_or_too_late)
{
    struct str password;
    struct str login = add_login("alice", 1100);
    char *wrong = arena_text(&arena, login);
    wrong[login.len - 1] = wrong[login.len - 1] == 'A' ? 'E' : 'A';
    check_int("wrong", fetch(str_of(wrong, login.len), &password), APP_TAKEN);
    check_int("no text", fetch(STR("dvt_"), &password), APP_TAKEN);
    clock_freeze(1100000);
    check_int("late", fetch(login, &password), APP_TAKEN);
    check_int("nothing was given", (int64_t)password.len, 0);
    struct str other = add_login("bob", 1200);
    check_that("goes with the next change", !app_passwords_find(apps, token_id_of(login), &arena));
    check_that("and only it", app_passwords_find(apps, token_id_of(other), &arena));
}

TEST(app_passwords_survive_a_restart)
{
    struct str password;
    struct sha256 key, again;
    struct str login = add_login("alice", 1100);
    assert_true(app_passwords_key(apps, &key, &err));
    app_passwords_free(apps);
    apps = app_passwords_new();
    assert_true(app_passwords_read(apps, path, &err));
    assert_true(app_passwords_key(apps, &again, &err));
    check_bytes("key", sha256_str(&again), sha256_str(&key));
    check_int("fetched", fetch(login, &password), APP_DONE);
    app_passwords_free(apps);
    apps = app_passwords_new();
    assert_true(app_passwords_read(apps, path, &err));
    assert_true(is_right(password));
}

TEST(app_passwords_are_so_many_for_each_user)
{
    struct token more = {.id = STR("0123456789ab"),
                         .user = STR("alice"),
                         .hash = STR("0123456789abcdef0123456789abcdef"
                                     "0123456789abcdef0123456789abcdef"),
                         .scope.path = PATH_ROOT};
    for (int i = 0; i < COUNT_MAX; i++)
        (void)add_login("alice", 1100);
    check_int("full", app_passwords_add(apps, &more, COUNT_MAX, &err), APP_FULL);
    more.user = STR("bob");
    check_int("another", app_passwords_add(apps, &more, COUNT_MAX, &err), APP_DONE);
    check_int("the same id", app_passwords_add(apps, &more, COUNT_MAX, &err), APP_TAKEN);
    clock_freeze(1100000);
    more.user = STR("alice");
    more.id = STR("0123456789ac");
    check_int("the others are over", app_passwords_add(apps, &more, COUNT_MAX, &err), APP_DONE);
}

TEST(app_password_is_revoked_by_itself_or_with_its_user)
{
    struct str one, two;
    check_int("one", fetch(add_login("alice", 1100), &one), APP_DONE);
    check_int("two", fetch(add_login("alice", 1100), &two), APP_DONE);
    struct str other = add_login("bob", 1100);
    check_int("revoked", app_passwords_revoke(apps, token_id_of(one), &err), APP_DONE);
    check_that("at once", !is_right(one) && is_right(two));
    check_int("again", app_passwords_revoke(apps, token_id_of(one), &err), APP_TAKEN);
    check_int("all", app_passwords_revoke_all(apps, STR("alice"), &err), APP_DONE);
    check_that("of one user",
               !is_right(two) && app_passwords_find(apps, token_id_of(other), &arena));
    check_int("none left", app_passwords_revoke_all(apps, STR("alice"), &err), APP_TAKEN);
}

/* A name counts in NFC, whoever types it how. */
TEST(app_passwords_go_with_their_user_in_whatever_form)
{
    (void)add_login("andr\u00e9", 1100);
    check_int("typed on a Mac", app_passwords_revoke_all(apps, STR("andre\u0301"), &err), APP_DONE);
    check_that("gone", file_text().len == 0);
}

TEST(app_passwords_that_others_change_count)
{
    struct str password;
    struct line_edit edit = {.line = STR_NONE};
    bool was_there;
    check_int("made", fetch(add_login("alice", 1100), &password), APP_DONE);
    edit.name = token_id_of(password);
    assert_true(line_file_set(path, &edit, &was_there, &err) && was_there);
    check_that("not known yet", is_right(password));
    assert_true(app_passwords_read(apps, path, &err));
    assert_false(is_right(password));
}

TEST(app_passwords_stay_when_the_file_is_not_understood)
{
    struct str password, login;
    check_int("made", fetch(add_login("alice", 1100), &password), APP_DONE);
    login = add_login("alice", 1100);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    fputs("nonsense\n", file);
    assert_int_equal(fclose(file), 0);
    assert_false(app_passwords_read(apps, path, &err));
    check_that("the file is named", strstr(err.text, path));
    check_that("kept", is_right(password));
    struct str none;
    check_int("no change", fetch(login, &none), APP_FAILED);
    check_that("nor is the file touched", str_ends(file_text(), STR("nonsense\n")));
}

TEST(app_passwords_are_their_owners_alone)
{
    struct stat st;
    char key_path[128];
    struct sha256 key;
    (void)add_login("alice", 1100);
    assert_true(app_passwords_key(apps, &key, &err));
    assert_int_equal(stat(path, &st), 0);
    check_int("mode", st.st_mode & 0777, 0600);
    snprintf(key_path, sizeof(key_path), "%s.key", path);
    assert_int_equal(stat(key_path, &st), 0);
    check_int("mode of the key", st.st_mode & 0777, 0600);
}

static void *read_slowly(void *arg)
{
    struct err mistake;
    assert_true(app_passwords_read(arg, path, &mistake));
    return NULL;
}

/* It is a pipe, and whoever reads it waits until this is closed. */
static int keep_waiting(void)
{
    int fd;
    while ((fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) /* he has not opened it yet */
        usleep(1000);
    return fd;
}

TEST(app_passwords_are_known_while_the_file_is_waited_for)
{
    pthread_t reader;
    struct str password;
    struct sha256 key, again;
    check_int("made", fetch(add_login("alice", 1100), &password), APP_DONE);
    assert_true(app_passwords_key(apps, &key, &err));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_slowly, apps), 0);
    int fd = keep_waiting();
    check_that("a password", is_right(password));
    check_that("the key", app_passwords_key(apps, &again, &err));
    check_bytes("which it is", sha256_str(&again), sha256_str(&key));
    fd_close(fd);
    assert_int_equal(pthread_join(reader, NULL), 0);
    check_that("and then what it says", !is_right(password));
}

/* Nobody could read it again, nor make it shorter. */
TEST(app_passwords_do_not_outgrow_what_is_read)
{
    struct line_file file;
    struct buf text = {0};
    (void)add_login("alice", 1100);
    struct str before = file_text();
    while (text.len < FILE_SMALL_BYTES_MAX)
        BUF_ADD(&text, "# sixteen bytes\n");
    assert_true(line_file_open(&file, path, &err));
    assert_false(line_file_replace(&file, buf_str(&text), &err));
    check_that("why", strstr(err.text, "too long"));
    line_file_close(&file);
    check_bytes("as it was", file_text(), before);
    buf_done(&text);
}

TEST(app_passwords_without_a_file_are_none)
{
    struct sha256 key;
    struct app_passwords *none = app_passwords_new();
    assert_null(app_passwords_find(none, STR("0123456789ab"), &arena));
    assert_false(app_passwords_key(none, &key, &err));
    check_int("revoke", app_passwords_revoke(none, STR("0123456789ab"), &err), APP_FAILED);
    app_passwords_free(none);
}

#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(app_password_is_fetched_once),
        IN_FOLDER(app_password_is_not_fetched_by_others_or_too_late),
        IN_FOLDER(app_passwords_survive_a_restart),
        IN_FOLDER(app_passwords_are_so_many_for_each_user),
        IN_FOLDER(app_password_is_revoked_by_itself_or_with_its_user),
        IN_FOLDER(app_passwords_go_with_their_user_in_whatever_form),
        IN_FOLDER(app_passwords_that_others_change_count),
        IN_FOLDER(app_passwords_stay_when_the_file_is_not_understood),
        IN_FOLDER(app_passwords_are_their_owners_alone),
        IN_FOLDER(app_passwords_are_known_while_the_file_is_waited_for),
        IN_FOLDER(app_passwords_do_not_outgrow_what_is_read),
        IN_FOLDER(app_passwords_without_a_file_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
