/* The registry of a davit whose storage others change all the time (store/fault): linked in the
 * place of the shipped one, so that the suites show whether requests run again from their
 * beginning, and what they leave. DAVIT_AGAIN says how often to begin a change and how often each
 * call of it is answered AGAIN before it is made: "1,1" unless it is set. */
#include <stdlib.h>

#include "store/directory/directory.h"
#include "store/fault/fault.h"
#include "store/registry.h"

enum store_roots store_compare_roots(const char *root, const char *other)
{
    return directory_compare_roots(root, other);
}

static struct fault_plan read_plan(void)
{
    const char *text = getenv("DAVIT_AGAIN");
    struct str calls = str_of_c(text ? text : "1,1");
    struct str begins = str_cut(&calls, ',');
    uint64_t begin_count = 0;
    uint64_t call_count = 0;
    if (!str_parse_u64(begins, &begin_count) || !str_parse_u64(calls, &call_count))
        BUG("DAVIT_AGAIN is no two numbers");
    return (struct fault_plan){(unsigned)begin_count, (unsigned)call_count, .begins_later = true};
}

bool store_open(const char *name, const struct store_options *options, struct store **store_out,
                struct err *err)
{
    struct store_options inside = *options;
    struct fault_plan plan = read_plan();
    (void)name; /* the server knows of one */
    if (options->before)
        inside.before = fault_store_inner(options->before);
    if (!directory_store_open(&inside, store_out, err))
        return false;
    *store_out = fault_store_new(*store_out);
    fault_store_plan(*store_out, &plan);
    return true;
}
