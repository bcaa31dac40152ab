#include "http/content_coding.h"

/* The quickest first. */
static const struct {
    struct str name;
    struct str alias; /* RFC 9110 §8.4.1.3 */
    enum compression compression;
} codings[] = {
    {STR_INIT("zstd"), STR_INIT("zstd"), COMPRESSION_ZSTD},
    {STR_INIT("br"), STR_INIT("br"), COMPRESSION_BROTLI},
    {STR_INIT("gzip"), STR_INIT("x-gzip"), COMPRESSION_GZIP},
};

struct str content_coding_name(enum compression compression)
{
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        if (codings[i].compression == compression)
            return codings[i].name;
    }
    BUG("no such coding");
}

/* RFC 9110 §12.4.2, in thousandths. What is no weight is none: 0. */
static unsigned weight_of(struct str parameters)
{
    struct str value = str_trim(parameters);
    struct str name = str_trim(str_cut(&value, '='));
    value = str_trim(value);
    if (parameters.len == 0)
        return 1000;
    if (!str_eq_nocase(name, STR("q")) || value.len == 0 || value.at[0] < '0' || value.at[0] > '1')
        return 0;
    unsigned weight = (unsigned)(value.at[0] - '0') * 1000;
    unsigned unit = 100;
    for (size_t i = 2; i < value.len && i < 5 && value.at[1] == '.'; i++, unit /= 10) {
        if (!char_is_digit(value.at[i]))
            return 0;
        weight += (unsigned)(value.at[i] - '0') * unit;
    }
    return weight <= 1000 ? weight : 1000;
}

bool content_coding_choose(struct str accept_encoding, enum compression *chosen_out)
{
    enum { NOT_NAMED = 1001 };
    unsigned weights[ARRAY_LEN(codings)];
    unsigned plain = 0;  /* "identity" */
    unsigned others = 0; /* "*" */
    unsigned best = 0;
    for (size_t i = 0; i < ARRAY_LEN(codings); i++)
        weights[i] = NOT_NAMED;
    while (accept_encoding.len) {
        struct str parameters = str_cut(&accept_encoding, ',');
        struct str name = str_trim(str_cut(&parameters, ';'));
        unsigned weight = weight_of(parameters);
        if (str_eq(name, STR("*")))
            others = weight;
        else if (str_eq_nocase(name, STR("identity")))
            plain = weight;
        for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
            if (str_eq_nocase(name, codings[i].name) || str_eq_nocase(name, codings[i].alias))
                weights[i] = weight;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
        unsigned weight = weights[i] == NOT_NAMED ? others : weights[i];
        if (weight > best) {
            best = weight;
            *chosen_out = codings[i].compression;
        }
    }
    return best > 0 && best >= plain;
}
