/* Two files, read line by line (text/rows.h). A mistake in a line is an error with its number: a
 * server that starts with half of its users would refuse the others without a word. A blank that
 * nobody sees is one: it would be part of a name, or spoil a hash. What is no mistake but of no use
 * (a hash that libcrypt does not know, keys of a password that has been changed since) is a note
 * for the log.
 *
 * A name is one name in whatever form of Unicode it comes: NFC is kept and looked for (RFC 7617
 * §2.1 asks clients for it; a Mac's terminal sends NFD).
 *
 * A stranger is measured against a decoy, one of the users, chosen by the name he gave: he costs
 * what that user costs, whatever kinds of hashes there are, and always the same. */
#include "access/users.h"

#include "access/password.h"
#include "access/scheme/digest.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "text/base64.h"
#include "text/rows.h"
#include "text/unicode.h"

enum { SALT_BYTES = 16, FINGERPRINT_BYTES = 16 };

bool users_is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.at[i];
        if (c < 0x20 || c == 0x7f || c == ':' || c == '/' || c == '\\')
            return false;
    }
    return name.len > 0 && name.len <= 255 && !str_eq(name, STR(".")) && !str_eq(name, STR("..")) &&
           name.at[0] != '@' && str_trim(name).len == name.len;
}

/* --- reading --- */

static void add_fingerprint(struct buf *to, struct str hash)
{
    struct sha256 print = secret_sha256(hash);
    for (size_t i = 0; i < FINGERPRINT_BYTES; i++)
        buf_add_hex(to, print.bytes[i], 2);
}

static bool is_of_hash(struct str fingerprint, struct str hash)
{
    struct buf expected = {0};
    add_fingerprint(&expected, hash);
    bool is_same = str_eq(fingerprint, buf_str(&expected));
    buf_done(&expected);
    return is_same;
}

static bool read_keys(struct user *user, struct str column, struct str realm, struct arena *arena)
{
    bool is_ours = false; /* keys of Digest come behind their realm */
    for (struct str rest = column; rest.len;) {
        struct str value = str_cut(&rest, ' ');
        struct str name = str_cut(&value, '=');
        struct str decoded;
        if (str_eq(name, STR("realm")))
            is_ours = base64_decode(value, BASE64_URL, arena, &decoded) && str_eq(decoded, realm);
        else if (str_eq(name, STR("sha256")) && is_ours)
            user->digest_keys[HASH_SHA256] = value;
        else if (str_eq(name, STR("md5")) && is_ours)
            user->digest_keys[HASH_MD5] = value;
        else if (str_eq(name, STR("scram")) && !scram_keys_parse(value, arena, &user->scram))
            return false;
    }
    return true;
}

static void append(struct users *users, struct user *user)
{
    if (users->count == users->cap) {
        size_t cap = users->cap ? users->cap * 2 : 16;
        struct user **list = arena_alloc(&users->arena, cap * sizeof(struct user *));
        if (users->count)
            memcpy(list, users->list, users->count * sizeof(struct user *));
        users->list = list;
        users->cap = cap;
    }
    users->list[users->count++] = user;
    map_add(&users->map, &user->entry, user->name);
}

static const char *read_line(struct users *users, struct str line, struct buf *notes)
{
    struct user *user = ARENA_NEW(&users->arena, struct user);
    struct str rest = arena_str(&users->arena, line);
    user->name = unicode_form(&users->arena, str_cut(&rest, ':'), UNICODE_NFC);
    user->hash = str_cut(&rest, ':');
    if (!users_is_name(user->name))
        return "not a valid user name";
    if (map_find(&users->map, user->name))
        return "this user is listed twice";
    if (user->hash.len && !password_is_hash(user->hash)) {
        buf_addf(notes,
                 "%.*s cannot sign in with a password: libcrypt does not know that kind of hash; "
                 "`htpasswd -B` makes one that it knows\n",
                 STR_ARGS(user->name));
        user->hash = STR_NONE;
    }
    append(users, user);
    return NULL;
}

static struct user *find_in_nfc(const struct users *users, struct str name)
{
    struct map_entry *entry = map_find(&users->map, name);
    return entry ? CONTAINER_OF(entry, struct user, entry) : NULL;
}

/* The line of nobody. */
static bool read_salts(struct users *users, struct str text)
{
    struct str name = str_cut(&text, '=');
    return str_eq(name, STR("salts")) &&
           base64_decode(text, BASE64_URL, &users->arena, &users->salts_key);
}

static const char *read_keys_line(struct users *users, struct str line, struct str realm,
                                  struct buf *notes)
{
    struct str rest = arena_str(&users->arena, line);
    struct str name = unicode_form(&users->arena, str_cut(&rest, ':'), UNICODE_NFC);
    if (name.len == 0)
        return read_salts(users, rest) ? NULL : "a line without a name may only have salts=…";
    struct str fingerprint = str_cut(&rest, ':');
    struct user *user = find_in_nfc(users, name);
    if (!user) /* removed by a program that knows nothing of keys */
        return NULL;
    if (!is_of_hash(fingerprint, user->hash)) {
        buf_addf(notes,
                 "%.*s can sign in with Basic only: the password was changed without davit; "
                 "`davit user passwd` makes the other keys\n",
                 STR_ARGS(name));
        return NULL;
    }
    return read_keys(user, rest, realm, &users->arena) ? NULL : "the keys for SCRAM are malformed";
}

bool users_read(struct users *users, struct str text, struct buf *notes, struct err *err)
{
    struct rows rows = {.rest = text};
    struct str row;
    while (rows_next(&rows, &row)) {
        const char *mistake = row_mistake(row, 2);
        if (!mistake)
            mistake = read_line(users, row, notes);
        if (mistake)
            return err_set(err, 0, "line %u: %s", rows.line, mistake);
    }
    return true;
}

static int compare_rounds(const void *a, const void *b)
{
    const unsigned *one = a;
    const unsigned *other = b;
    return (*one > *other) - (*one < *other);
}

/* What is to be said of the keys as a whole. */
static void sum_up(struct users *users, struct buf *notes)
{
    size_t few = 0;
    users->rounds_count = 0;
    users->rounds = arena_alloc(&users->arena, (users->count + 1) * sizeof(*users->rounds));
    for (size_t i = 0; i < users->count; i++) {
        unsigned iterations = users->list[i]->scram.iterations;
        few += iterations && iterations < SCRAM_ITERATIONS;
        if (iterations)
            users->rounds[users->rounds_count++] = iterations;
    }
    qsort(users->rounds, users->rounds_count, sizeof(*users->rounds), compare_rounds);
    if (few)
        buf_addf(notes,
                 "the keys of %zu users for SCRAM have fewer than the %d rounds of today: `davit "
                 "user list` says whose, `davit user passwd` makes new ones\n",
                 few, SCRAM_ITERATIONS);
    if (users->rounds_count && users->salts_key.len == 0)
        buf_addf(notes, "SCRAM tells names that nobody has other salts after each restart, and so "
                        "that nobody has them: the next `davit user passwd` mends that\n");
}

bool users_read_keys(struct users *users, struct str text, struct str realm, struct buf *notes,
                     struct err *err)
{
    struct rows rows = {.rest = text};
    struct str row;
    while (rows_next(&rows, &row)) {
        const char *mistake = row_mistake(row, 2);
        if (!mistake)
            mistake = read_keys_line(users, row, realm, notes);
        if (mistake)
            return err_set(err, 0, "line %u: %s", rows.line, mistake);
    }
    sum_up(users, notes);
    return true;
}

void users_done(struct users *users)
{
    map_done(&users->map);
    arena_done(&users->arena);
    *users = (struct users){0};
}

const struct user *users_find(const struct users *users, struct str name)
{
    struct arena arena = {0};
    const struct user *user = find_in_nfc(users, unicode_form(&arena, name, UNICODE_NFC));
    arena_done(&arena);
    return user;
}

const struct user *users_decoy(const struct users *users, uint64_t hash)
{
    for (size_t i = 0; i < users->count; i++) {
        const struct user *user = users->list[(hash + i) % users->count];
        if (user->hash.len)
            return user;
    }
    return NULL;
}

unsigned users_decoy_rounds(const struct users *users, uint32_t chance)
{
    size_t at = (size_t)((uint64_t)chance * users->rounds_count >> 32);
    return users->rounds_count ? users->rounds[at] : SCRAM_ITERATIONS;
}

/* --- writing --- */

void users_add_salts_line(struct buf *keys_line)
{
    char key[SHA256_BYTES];
    random_bytes(key, sizeof(key));
    BUF_ADD(keys_line, ":salts=");
    base64_encode(keys_line, str_of(key, sizeof(key)), BASE64_URL);
    secret_wipe(key, sizeof(key));
}

bool users_add_lines(struct buf *line, struct buf *keys_line, const struct user_secret *secret)
{
    char hash[PASSWORD_HASH_BYTES];
    char salt[SALT_BYTES];
    if (!password_hash(secret->password, hash))
        return false;
    random_bytes(salt, sizeof(salt));
    struct scram_keys keys =
        scram_keys_of(secret->password, str_of(salt, SALT_BYTES), secret->rounds);
    buf_add(line, secret->name);
    buf_addf(line, ":%s", hash);
    buf_add(keys_line, secret->name);
    buf_add_char(keys_line, ':');
    add_fingerprint(keys_line, str_of_c(hash));
    BUF_ADD(keys_line, ":realm=");
    base64_encode(keys_line, secret->realm, BASE64_URL);
    BUF_ADD(keys_line, " sha256=");
    digest_add_key(keys_line, HASH_SHA256, secret->name, secret->realm, secret->password);
    if (secret->has_md5) {
        BUF_ADD(keys_line, " md5=");
        digest_add_key(keys_line, HASH_MD5, secret->name, secret->realm, secret->password);
    }
    BUF_ADD(keys_line, " scram=");
    scram_keys_add(keys_line, &keys);
    return true;
}
