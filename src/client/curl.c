/* libcurl brings some thirty libraries along (Kerberos, LDAP, SSH, a second TLS), which take 1.3
 * MiB of every process that is linked with them. A server has no use for any; so libcurl is not
 * linked but loaded, by the commands that ask other servers.
 *
 * It is never unloaded: it and its libraries keep threads and handlers of their own. */
#include "client/curl.h"

#include <dlfcn.h>

struct curl_library curl;

static bool curl_find(void *library, const char *name, void *function_out, struct err *err)
{
    void *found = dlsym(library, name);
    if (!found)
        return err_set(err, 0, "this libcurl has no %s", name);
    memcpy(function_out, &found, sizeof(found)); /* POSIX: a function's address is one */
    return true;
}

bool curl_load(struct err *err)
{
    if (curl.easy_init)
        return true;
    struct curl_library loaded;
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return err_set(err, 0, "libcurl is needed for this: %s", dlerror());
#define CURL_FUNCTION(field, function)                                                             \
    if (!curl_find(library, #function, &loaded.field, err))                                        \
        return false;
#include "client/curl.def"
#undef CURL_FUNCTION
    if (!(loaded.version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS))
        return err_set(err, 0, "this libcurl looks up names where it would hold up others");
    if (loaded.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(err, 0, "libcurl cannot be initialised");
    curl = loaded;
    return true;
}
