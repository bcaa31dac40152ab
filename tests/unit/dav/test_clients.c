#include "support/test.h"

#include "dav/clients.h"
#include "support/exchange.h"

static const enum client_quirk quirks[] = {QUIRK_SHORT_ALLPROP, QUIRK_TIMES_WITHOUT_TOKEN};

TEST(clients_are_known_by_the_beginning_of_their_name)
{
    static const struct {
        const char *agent;
        bool has[ARRAY_LEN(quirks)];
    } rows[] = {
        {"Microsoft-WebDAV-MiniRedir/10.0.19045", {true, true}},
        {"Microsoft-WebDAV-MiniRedir", {true, true}},
        {"Microsoft Office Word 2014", {false, true}},
        {"Microsoft Data Access Internet Publishing Provider DAV", {false, true}},
        {"microsoft-webdav-miniredir/10.0", {false, false}},
        {"Mozilla/5.0 Microsoft-WebDAV-MiniRedir", {false, false}},
        {" Microsoft", {false, false}},
        {"Micro", {false, false}},
        {"WebDAVFS/3.0.0 (03008000) Darwin/22.1.0 (x86_64)", {false, false}},
        {"", {false, false}},
        {NULL, {false, false}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bare_exchange bare;
        bare_exchange_init(&bare);
        bare_exchange_add(&bare, FIELD_USER_AGENT, str_of_c(rows[i].agent));
        for (size_t j = 0; j < ARRAY_LEN(quirks); j++)
            check_int(rows[i].agent, client_has(&bare.x, quirks[j]), rows[i].has[j]);
        bare_exchange_done(&bare);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_are_known_by_the_beginning_of_their_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
