#include "dav/upload/choose.h"

#include "dav/service.h"
#include "text/unicode.h"

static const struct {
    struct str word;
    enum upload_dialect dialect;
} words[] = {
    {STR_INIT("patch"), DIALECT_PATCH},
    {STR_INIT("content-range"), DIALECT_CONTENT_RANGE},
};

static unsigned dialect_of(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq(words[i].word, word))
            return words[i].dialect;
    }
    return 0;
}

bool upload_dialects_read(struct str text, unsigned *dialects_out, struct str *wrong_out)
{
    unsigned dialects = 0;
    if (str_eq(str_trim(text), STR("none"))) {
        *dialects_out = 0;
        return true;
    }
    for (bool is_last = false; !is_last;) {
        is_last = str_index(text, ',') == text.len;
        struct str word = str_trim(str_cut(&text, ','));
        unsigned dialect = dialect_of(word);
        if (!dialect) {
            *wrong_out = word;
            return false;
        }
        dialects |= dialect;
    }
    *dialects_out = dialects;
    return true;
}

unsigned upload_dialects_at(const struct exchange *x)
{
    const struct dav_service *dav = x->handler->shared;
    const struct upload_place *best = NULL;
    for (size_t i = 0; i < dav->upload_place_count; i++) {
        const struct upload_place *place = &dav->upload_places[i];
        if (unicode_within(x->path, place->prefix) != SIZE_MAX &&
            (!best || path_str(place->prefix).len >= path_str(best->prefix).len))
            best = place;
    }
    return best ? best->dialects : 0;
}
