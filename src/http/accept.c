#include "http/accept.h"

/* A weight that is none is 0: who means to refuse something is not sent it. */
static unsigned read_weight(struct str value)
{
    if (value.len == 0 || value.at[0] < '0' || value.at[0] > '1' ||
        (value.len > 1 && value.at[1] != '.'))
        return 0;
    unsigned weight = (unsigned)(value.at[0] - '0') * ACCEPT_WEIGHT_MAX;
    unsigned unit = ACCEPT_WEIGHT_MAX / 10;
    for (size_t i = 2; i < value.len; i++, unit /= 10) {
        if (!char_is_digit(value.at[i]))
            return 0;
        weight += (unsigned)(value.at[i] - '0') * unit;
    }
    return weight < ACCEPT_WEIGHT_MAX ? weight : ACCEPT_WEIGHT_MAX;
}

unsigned accept_weight(struct str parameters)
{
    while (parameters.len) {
        struct str value = str_cut(&parameters, ';');
        struct str name = str_trim(str_cut(&value, '='));
        if (str_eq_nocase(name, STR("q")))
            return read_weight(str_trim(value));
    }
    return ACCEPT_WEIGHT_MAX;
}

unsigned accept_weight_of_type(struct str accept, struct str type)
{
    while (accept.len) {
        struct str parameters = str_cut(&accept, ',');
        struct str range = str_trim(str_cut(&parameters, ';'));
        if (str_eq_nocase(range, type))
            return accept_weight(parameters);
    }
    return 0;
}
