#include "text/rows.h"

bool rows_next(struct rows *rows, struct str *row_out)
{
    while (rows->rest.len) {
        struct str row = str_cut(&rows->rest, '\n');
        rows->line++;
        if (row.len && row.at[row.len - 1] == '\r')
            row.len--;
        struct str said = str_trim(row);
        *row_out = row;
        if (said.len && said.at[0] != '#')
            return true;
    }
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

const char *row_mistake(struct str row, size_t count)
{
    if (str_starts(row, STR("\xef\xbb\xbf")))
        return "starts with a byte order mark; save the file as UTF-8 without one";
    if (str_index(row, ':') == row.len)
        return "has no ':'";
    bool is_last = false;
    for (size_t i = 0; i < count && !is_last; i++) {
        is_last = str_index(row, ':') == row.len;
        struct str column = str_cut(&row, ':');
        if (column.len && is_blank(column.at[0]))
            return i ? "has a blank after a ':'" : "starts with a blank";
        if (column.len && is_blank(column.at[column.len - 1]))
            return is_last ? "ends with a blank" : "has a blank before a ':'";
    }
    return NULL;
}
