/* A pattern, a line feed, and a User-Agent that is held against it: what anybody sends. Versions
 * have an order. */
#include "fuzz.h"

#include "exchange/clients/user_agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str agent = fuzz_input(data, size);
    struct str pattern = str_cut(&agent, '\n');
    struct str other = str_from(agent, str_index(agent, ' '));
    struct err err;
    int order = user_agent_compare_versions(pattern, agent);
    FUZZ_CHECK(user_agent_compare_versions(agent, pattern) == -order ||
               (order < 0) == (user_agent_compare_versions(agent, pattern) > 0));
    FUZZ_CHECK(user_agent_compare_versions(agent, agent) == 0);
    if (!user_agent_check(pattern, &err))
        return 0;
    bool is_meant = user_agent_is(agent, pattern);
    struct str name = str_first(pattern, str_index(pattern, '/'));
    FUZZ_CHECK(!is_meant || user_agent_is(agent, name)); /* no bound means more */
    FUZZ_CHECK(!user_agent_is(other, pattern) || is_meant || str_index(agent, '(') < agent.len);
    return 0;
}
