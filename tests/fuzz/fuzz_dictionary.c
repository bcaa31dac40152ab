/* A dictionary of structured fields. What is read lies in the line; keys and bytes are of their
 * characters, integers of their size; and what came before a member does not change it. */
#include "fuzz.h"
#include "text/dictionary.h"

static void check_member(struct str line, const struct dictionary_member *member)
{
    FUZZ_CHECK(member->key.len && member->key.at >= line.at &&
               member->key.at + member->key.len <= line.at + line.len);
    FUZZ_CHECK(!memchr(member->key.at, ',', member->key.len));
    FUZZ_CHECK(member->text.len == 0 || (member->text.at >= line.at &&
                                         member->text.at + member->text.len <= line.at + line.len));
    if (member->kind == DICTIONARY_BYTES)
        FUZZ_CHECK(member->text.len == 0 || !memchr(member->text.at, ':', member->text.len));
    if (member->kind == DICTIONARY_INTEGER)
        FUZZ_CHECK(member->integer < INT64_C(1000000000000000) &&
                   member->integer > -INT64_C(1000000000000000));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str line = fuzz_input(data, size);
    struct str rest = line;
    struct dictionary_member member;
    enum dictionary_step step;
    size_t count = 0;
    while ((step = dictionary_next(&rest, &member)) == DICTIONARY_MEMBER) {
        check_member(line, &member);
        FUZZ_CHECK(++count <= line.len);
    }
    if (step == DICTIONARY_END)
        FUZZ_CHECK(rest.len == 0);
    return 0;
}
