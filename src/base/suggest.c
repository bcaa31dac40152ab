#include "base/suggest.h"

enum { NAME_LEN_MAX = 40, DISTANCE_MAX = 3 };

size_t suggest_distance(const char *a, const char *b)
{
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    size_t row[NAME_LEN_MAX + 1];
    if (a_len > NAME_LEN_MAX || b_len > NAME_LEN_MAX)
        return NAME_LEN_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = size_min(replaced, size_min(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_len];
}

const char *suggest(const char *typed, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    size_t least = DISTANCE_MAX + 1;
    for (size_t i = 0; i < count; i++) {
        size_t difference = suggest_distance(typed, names[i]);
        if (difference < least && difference < strlen(names[i])) {
            least = difference;
            nearest = names[i];
        }
    }
    return nearest;
}
