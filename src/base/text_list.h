/* base/text_list.h: texts in the order in which they came. */
#pragma once

#include "base/mem.h"

struct text_list {
    const char **at; /* NULL behind the last, once there is one */
    size_t count;
};

/* Borrows the text for the list's life. */
static inline void text_list_add(struct text_list *list, const char *text)
{
    list->at = mem_resize(list->at, (list->count + 2) * sizeof(*list->at));
    list->at[list->count++] = text;
    list->at[list->count] = NULL;
}

static inline void text_list_done(struct text_list *list)
{
    mem_free(list->at);
    *list = (struct text_list){0};
}
