#include "base/log.h"
#include "cli/admin/admin.h"
#include "cli/command.h"
#include "exchange/method.h"

static void print_rule(const struct admin *admin, const char *word, const struct rule *rule)
{
    struct buf text = {0};
    rule_describe(rule, &text);
    tell(stdout, "%s %s:%u:\n%s\n", word, admin->config_path, rule_line(rule), buf_c(&text));
    buf_done(&text);
}

struct tested {
    const struct rules *rules;
    struct rule_question question;
};

static bool may_there(void *arg, struct res_path path)
{
    const struct tested *tested = arg;
    struct rule_question question = tested->question;
    question.path = path;
    return rules_judge(tested->rules, &question).is_allowed;
}

/* As the server decides it (admit_shows_part()). */
static bool shows_part(struct tested *tested, const struct method *method,
                       const struct rule_verdict *verdict)
{
    return !verdict->is_allowed && !verdict->is_hidden && (method->flags & METHOD_IS_SAFE) &&
           rules_lead_below(tested->rules, &tested->question, may_there, tested);
}

static int rule_test(struct admin *admin)
{
    struct arena arena = {0};
    struct principal principal = {.address = str_of_c(admin->from ? admin->from : "127.0.0.1")};
    struct res_path path;
    struct err err;
    bool has_slash;
    const struct method *method = method_find(str_of_c(admin->operands[1]));
    bool is_fine = true;
    if (strcmp(admin->operands[0], "-") != 0) /* - is nobody */
        principal.name = str_of_c(admin->operands[0]);
    if (!admin->config.file)
        is_fine = err_set(&err, 0, "give the configuration with the rules: -c FILE");
    else if (!method)
        is_fine = err_set(&err, 0, "there is no method '%s'", admin->operands[1]);
    else if (path_decode(&arena, str_of_c(admin->operands[2]), &path, &has_slash) != PATH_OK)
        is_fine = err_set(&err, 0, "'%s' is not a valid path of a URL", admin->operands[2]);
    if (!is_fine) {
        arena_done(&arena);
        return admin_fail(&err);
    }
    struct rule_question question = {&principal, method->right, path, UNICODE_NFC};
    struct tested tested = {&admin->config.file->rules, question};
    struct rule_verdict verdict = rules_judge(tested.rules, &question);
    printf("%s (%.*s)\n",
           verdict.is_allowed  ? "allowed"
           : verdict.is_hidden ? "hidden"
                               : "refused",
           STR_ARGS(access_class_name(question.class)));
    if (verdict.rule)
        print_rule(admin, "by", verdict.rule);
    else
        printf("because no rule matches\n");
    if (verdict.tie)
        print_rule(admin, "as specific as", verdict.tie);
    if (shows_part(&tested, method, &verdict))
        printf("if it is a collection, it is listed with what leads to what may be read\n");
    arena_done(&arena);
    return verdict.is_allowed ? EXIT_FINE : EXIT_FAILED;
}

static const struct admin_verb rows[] = {
    {"test", "USER METHOD PATH", 3, rule_test,
     "say whether the user (- for nobody) may do that, and which line decides"},
};

const struct admin_verbs rule_verbs = {&rule_table, rows, ARRAY_LEN(rows)};

int cmd_rule(int argc, char **argv)
{
    return admin_run(&rule_verbs, argc, argv);
}
