#include "http/content_coding.h"

#include "http/accept.h"

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

bool content_coding_choose(struct str accept_encoding, enum compression *chosen_out)
{
    enum { NOT_NAMED = ACCEPT_WEIGHT_MAX + 1 };
    unsigned weights[ARRAY_LEN(codings)];
    unsigned plain = 0;  /* "identity" */
    unsigned others = 0; /* "*" */
    unsigned best = 0;
    for (size_t i = 0; i < ARRAY_LEN(codings); i++)
        weights[i] = NOT_NAMED;
    while (accept_encoding.len) {
        struct str parameters = str_cut(&accept_encoding, ',');
        struct str name = str_trim(str_cut(&parameters, ';'));
        unsigned weight = accept_weight(parameters);
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
