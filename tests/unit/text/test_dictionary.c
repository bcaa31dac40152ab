#include "support/test.h"

#include "base/buf.h"
#include "text/dictionary.h"

/* "key:kind:text" of each member, and "malformed" where it ends so. */
static void check_read(const char *line, const char *expected)
{
    static const char *const kinds[] = {
        [DICTIONARY_INTEGER] = "int",  [DICTIONARY_BYTES] = "bytes", [DICTIONARY_STRING] = "string",
        [DICTIONARY_BOOLEAN] = "bool", [DICTIONARY_OTHER] = "other",
    };
    struct str rest = str_of_c(line);
    struct dictionary_member member;
    enum dictionary_step step;
    struct buf said = {0};
    while ((step = dictionary_next(&rest, &member)) == DICTIONARY_MEMBER) {
        buf_addf(&said, "%s%.*s:%s:%.*s", said.len ? " " : "", STR_ARGS(member.key),
                 kinds[member.kind], STR_ARGS(member.text));
        if (member.kind == DICTIONARY_INTEGER)
            buf_addf(&said, "=%lld", (long long)member.integer);
    }
    if (step == DICTIONARY_MALFORMED)
        buf_addf(&said, "%smalformed", said.len ? " " : "");
    check_str(line, buf_str(&said), expected);
    buf_done(&said);
}

TEST(dictionary_members)
{
    check_read("", "");
    check_read("  ", "");
    check_read("a", "a:bool:");
    check_read("a=?1, b=?0", "a:bool:1 b:bool:0");
    check_read(" sha-256=:YWJj: ,\tsha-512=:: ", "sha-256:bytes:YWJj sha-512:bytes:");
    check_read("a=0,b=-5,c=999999999999999",
               "a:int:0=0 b:int:-5=-5 c:int:999999999999999=999999999999999");
    check_read("a=1,a=2", "a:int:1=1 a:int:2=2");
    check_read("*a_b-c.d*=1", "*a_b-c.d*:int:1=1");
}

TEST(dictionary_values_of_others)
{
    check_read("a=1.5, b=-123456789012.123", "a:other: b:other:");
    check_read("a=tok/en:x, b=*t", "a:other: b:other:");
    check_read("a=\"x \\\" \\\\ ,y\", b", "a:string:x \\\" \\\\ ,y b:bool:");
    check_read("a=(1 \"x,\" :YQ==:;q tok), b=()", "a:other: b:other:");
    check_read("a=( 1 2 );p=1", "a:other:");
    check_read("a=@1659578233, b=@-5", "a:other: b:other:");
    check_read("a=%\"f%c3%bc%22\"", "a:other:");
}

static void check_item(const char *line, const char *expected)
{
    struct dictionary_member item;
    bool is_item = dictionary_item(str_of_c(line), &item);
    check_str(line, is_item ? item.text : STR("malformed"), expected);
}

TEST(dictionary_items)
{
    check_item(" \"a b\\\"\" ", "a b\\\"");
    check_item("\"\"", "");
    check_item("\"a\";b=1;c=\"d\"", "a");
    check_item("5", "5");
    check_item("", "malformed");
    check_item("\"a", "malformed");
    check_item("\"a\", \"b\"", "malformed");
    check_item("\"a\"b", "malformed");
    check_item("\"\\a\"", "malformed");
    check_item("(\"a\")", "malformed");
    check_item("\"\xc3\xa4\"", "malformed");
}

TEST(dictionary_parameters)
{
    check_read("a;x", "a:bool:");
    check_read("a=:YQ==:;x=1; y=\"z\";w=?0, b", "a:bytes:YQ== b:bool:");
    check_read("a=1;x=@5", "a:int:1=1");
}

TEST(dictionary_malformed)
{
    static const char *const lines[] = {",",
                                        "A=1",
                                        "1=1",
                                        "a=",
                                        "a=1,",
                                        "a=1,,b",
                                        "a=1 b",
                                        "a=:YQ==",
                                        "a=:Y Q:",
                                        "a=:Y-Q:",
                                        "a=?2",
                                        "a=?",
                                        "a=\"x",
                                        "a=\"\x01\"",
                                        "a=\"\\x\"",
                                        "a=-",
                                        "a=1.",
                                        "a=1.1234",
                                        "a=1234567890123456",
                                        "a=1234567890123.1",
                                        "a=(1",
                                        "a=(1,2)",
                                        "a=(1\"x\")",
                                        "a=((1))",
                                        "a=@",
                                        "a=@1.5",
                                        "a=%x",
                                        "a=%\"%G0\"",
                                        "a=%\"%C3\"",
                                        "a=%\"%c\"",
                                        "a;=1",
                                        "a;X",
                                        "a=1;x=",
                                        "a=\x80",
                                        "a=\"\x80\"",
                                        "=1",
                                        "a =1"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct str rest = str_of_c(lines[i]);
        struct dictionary_member member;
        enum dictionary_step step;
        do
            step = dictionary_next(&rest, &member);
        while (step == DICTIONARY_MEMBER);
        if (step != DICTIONARY_MALFORMED)
            fail_msg("%s is taken", lines[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dictionary_members),   cmocka_unit_test(dictionary_values_of_others),
        cmocka_unit_test(dictionary_items),     cmocka_unit_test(dictionary_parameters),
        cmocka_unit_test(dictionary_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
