/* Configuration files. What is understood has one meaning: each rule, written again, is read as the
 * same rule; what is not understood is an error that names a line. */
#include "base/mem.h"
#include "fuzz.h"
#include "server/config/config_file.h"

enum { ROWS_MAX = 256 };

static bool parse(struct str text, struct server_config *config, struct err *err)
{
    static const bool is_given[ROWS_MAX];
    FUZZ_CHECK(config_options.row_count <= ROWS_MAX);
    *config = config_default();
    config->file = MEM_NEW(struct config_file);
    config->file->path = "davit.conf";
    return config_file_parse(config, text, is_given, err);
}

static void check_rule(const struct rule *rule)
{
    struct server_config config;
    struct buf text = {0};
    struct buf again = {0};
    struct err err;
    rule_describe(rule, &text);
    FUZZ_CHECK(parse(buf_str(&text), &config, &err));
    rule_describe(rules_next(&config.file->rules, NULL), &again);
    FUZZ_CHECK(str_eq(buf_str(&text), buf_str(&again)));
    config_done(&config);
    buf_done(&text);
    buf_done(&again);
}

static void check_verdicts(const struct rules *rules)
{
    static const char *const paths[] = {"", "a", "a/b", "public/x", "home/alice/y"};
    struct principal principal = {.name = STR("alice"), .address = STR("192.0.2.1")};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct rule_question question = {
            &principal, ACCESS_READ, {paths[i], strlen(paths[i])}, UNICODE_NFC};
        struct rule_verdict verdict = rules_judge(rules, &question);
        FUZZ_CHECK(!verdict.is_allowed || (verdict.rule && !verdict.tie));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct server_config config;
    struct err err = {0};
    if (parse(fuzz_input(data, size), &config, &err)) {
        const struct rule *rule = NULL;
        while ((rule = rules_next(&config.file->rules, rule)))
            check_rule(rule);
        check_verdicts(&config.file->rules);
    } else {
        FUZZ_CHECK(strncmp(err.text, "davit.conf:", 11) == 0);
    }
    config_done(&config);
    return 0;
}
