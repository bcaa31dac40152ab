#include "access/password.h"

#include <crypt.h>

#include "access/secret.h"
#include "base/mem.h"

static bool copy_text(char *to, size_t size, struct str text)
{
    if (text.len >= size || str_index(text, '\0') != text.len)
        return false;
    if (text.len)
        memcpy(to, text.at, text.len);
    to[text.len] = '\0';
    return true;
}

bool password_is_hash(struct str hash)
{
    char setting[PASSWORD_HASH_BYTES];
    if (!copy_text(setting, sizeof(setting), hash) || hash.len == 0 || hash.at[0] != '$')
        return false;
    int rc = crypt_checksalt(setting);
    return rc == CRYPT_SALT_OK || rc == CRYPT_SALT_METHOD_LEGACY || rc == CRYPT_SALT_TOO_CHEAP;
}

bool password_verify(struct str password, struct str hash)
{
    char phrase[PASSWORD_BYTES_MAX + 1];
    char setting[PASSWORD_HASH_BYTES];
    if (!copy_text(phrase, sizeof(phrase), password) || !copy_text(setting, sizeof(setting), hash))
        return false;
    struct crypt_data *data = MEM_NEW(struct crypt_data);
    const char *again = crypt_rn(phrase, setting, data, sizeof(*data));
    bool is_same = again && secret_eq(str_of_c(again), hash);
    secret_wipe(data, sizeof(*data));
    secret_wipe(phrase, sizeof(phrase));
    mem_free(data);
    return is_same;
}

bool password_hash(struct str password, char hash_out[PASSWORD_HASH_BYTES])
{
    char phrase[PASSWORD_BYTES_MAX + 1];
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    if (!copy_text(phrase, sizeof(phrase), password) ||
        !crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)))
        return false;
    struct crypt_data *data = MEM_NEW(struct crypt_data);
    const char *hash = crypt_rn(phrase, setting, data, sizeof(*data));
    bool is_made = hash && copy_text(hash_out, PASSWORD_HASH_BYTES, str_of_c(hash));
    secret_wipe(data, sizeof(*data));
    secret_wipe(phrase, sizeof(phrase));
    mem_free(data);
    return is_made;
}
