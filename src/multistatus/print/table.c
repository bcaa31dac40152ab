/* The table is for people, in a terminal or a pager: status, href, properties that failed,
 * condition, description, and a column for each property that was asked for.
 *
 * How wide a column must be is known only at the end, and the table must not be held: so the first
 * rows are, and their widths are for all. A column that has nothing in these is left out; where a
 * later row has something for it, the row is longer. On a screen of a known width the widest
 * columns give way until all fit, and a cell that is too long is cut off with an ellipsis: an href
 * in front, because its end tells members apart, any other at its end. The last column may always
 * be as long as it is where there is no screen.
 *
 * What is shown was written by somebody else: control characters never reach the terminal. */
#include "base/arena.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "http/status.h"
#include "multistatus/print/printer_priv.h"

enum {
    HELD_ROWS_MAX = 500,
    FIXED_COLUMNS = 5,
    COLUMNS_MAX = FIXED_COLUMNS + PRINTER_PROPS_MAX,
    CELL_WIDTH_MIN = 12,
    CELL_BYTES_MAX = 4096, /* a property can be megabytes */
    HREF_COLUMN = 1,
};

struct row {
    unsigned status;
    struct str cells[COLUMNS_MAX];
};

struct table {
    struct printer printer;
    struct arena arena; /* of the held rows; then of one row */
    struct row *rows;
    size_t row_count;
    size_t column_count;
    size_t widths[COLUMNS_MAX]; /* 0: the column is left out */
    bool is_laid_out;
};

/* How many columns of a terminal, where each character takes one. */
static size_t width_of(struct str text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len; i++)
        width += (text.at[i] & 0xc0) != 0x80;
    return width;
}

/* The bytes of the first `width` characters. */
static size_t bytes_of(struct str text, size_t width)
{
    size_t at = 0;
    while (at < text.len && width--) {
        do
            at++;
        while (at < text.len && (text.at[at] & 0xc0) == 0x80);
    }
    return at;
}

/* --- cells --- */

static struct str cell_of(struct table *table, struct buf *text)
{
    struct buf printable = {0};
    utf8_add_printable(&printable, str_first(buf_str(text), CELL_BYTES_MAX));
    struct str cell = arena_str(&table->arena, buf_str(&printable));
    buf_done(&printable);
    buf_clear(text);
    return cell;
}

static struct row *make_row(struct table *table, const struct davit_ms_response *response,
                            struct str href)
{
    const struct printer_filter *filter = &table->printer.options->filter;
    struct row *row = ARENA_NEW(&table->arena, struct row);
    struct buf text = {0};
    row->status = printer_status_of(filter, response);
    printer_add_status(&text, row->status);
    row->cells[0] = cell_of(table, &text);
    buf_add(&text, href);
    row->cells[HREF_COLUMN] = cell_of(table, &text);
    printer_add_failed_props(&text, filter, response);
    row->cells[2] = cell_of(table, &text);
    printer_add_conditions(&text, response);
    row->cells[3] = cell_of(table, &text);
    printer_add_descriptions(&text, response);
    row->cells[4] = cell_of(table, &text);
    for (size_t i = 0; i < filter->prop_count; i++) {
        buf_add(&text, printer_found_value(&filter->props[i], response));
        row->cells[FIXED_COLUMNS + i] = cell_of(table, &text);
    }
    buf_done(&text);
    return row;
}

static struct row titles_of(const struct table *table)
{
    const struct printer_filter *filter = &table->printer.options->filter;
    struct row titles = {
        .cells = {STR("STATUS"), STR("HREF"), STR("FAILED"), STR("CONDITION"), STR("DESCRIPTION")}};
    for (size_t i = 0; i < filter->prop_count; i++)
        titles.cells[FIXED_COLUMNS + i] = filter->props[i].name;
    return titles;
}

/* --- printing --- */

static void add_spaces(struct buf *to, size_t count)
{
    while (count--)
        buf_add_char(to, ' ');
}

static void add_cell(struct buf *to, struct str cell, size_t width, bool cuts_front)
{
    size_t has = width_of(cell);
    if (has <= width) {
        buf_add(to, cell);
    } else if (cuts_front) {
        BUF_ADD(to, "\xe2\x80\xa6");
        buf_add(to, str_from(cell, bytes_of(cell, has - width + 1)));
    } else {
        buf_add(to, str_first(cell, bytes_of(cell, width - 1)));
        BUF_ADD(to, "\xe2\x80\xa6");
    }
}

static const char *colour_of(const struct table *table, const struct row *row, bool is_title)
{
    if (!table->printer.options->has_colour)
        return "";
    if (is_title)
        return "\033[1m";
    return http_is_success(row->status) ? "\033[32m" : "\033[31m";
}

static void print_row(struct table *table, const struct row *row, bool is_title)
{
    struct buf *to = table->printer.out;
    const char *colour = colour_of(table, row, is_title);
    bool is_bounded = table->printer.options->width > 0;
    size_t owed = 0; /* spaces, written only before something */
    bool is_first = true;
    buf_add(to, str_of_c(colour));
    for (size_t i = 0; i < table->column_count; i++) {
        struct str cell = row->cells[i];
        size_t width = table->widths[i] ? table->widths[i] : width_of(cell);
        size_t has = is_bounded ? size_min(width_of(cell), width) : width_of(cell);
        if ((!table->widths[i] && !cell.len) || (is_title && !table->widths[i]))
            continue;
        owed += is_first ? 0 : 2;
        if (cell.len) {
            add_spaces(to, owed);
            add_cell(to, cell, has, i == HREF_COLUMN);
            owed = 0;
        }
        owed += width > has ? width - has : 0;
        if (i == 0 && colour[0] && !is_title)
            BUF_ADD(to, "\033[0m");
        is_first = false;
    }
    if (is_title && colour[0])
        BUF_ADD(to, "\033[0m");
    buf_add_char(to, '\n');
}

/* --- layout --- */

static void widen(struct table *table, const struct row *row)
{
    for (size_t i = 0; i < table->column_count; i++)
        table->widths[i] = size_max(table->widths[i], width_of(row->cells[i]));
}

static void narrow(struct table *table)
{
    size_t left = table->printer.options->width;
    for (;;) {
        size_t total = 0, widest = 0;
        for (size_t i = 0; i < table->column_count; i++) {
            total += table->widths[i] ? table->widths[i] + 2 : 0;
            if (table->widths[i] > table->widths[widest])
                widest = i;
        }
        if (total <= left + 2 || table->widths[widest] <= CELL_WIDTH_MIN)
            return;
        table->widths[widest]--;
    }
}

static void lay_out(struct table *table)
{
    struct row titles = titles_of(table);
    for (size_t i = 0; i < table->row_count; i++)
        widen(table, &table->rows[i]);
    for (size_t i = 0; i < table->column_count; i++) {
        bool is_asked_for = i <= HREF_COLUMN || i >= FIXED_COLUMNS;
        if (table->widths[i] || is_asked_for)
            table->widths[i] = size_max(table->widths[i], width_of(titles.cells[i]));
    }
    if (table->printer.options->width)
        narrow(table);
    if (table->row_count)
        print_row(table, &titles, true);
    for (size_t i = 0; i < table->row_count; i++)
        print_row(table, &table->rows[i], false);
    table->is_laid_out = true;
    arena_reset(&table->arena);
}

/* --- events --- */

static void table_begin(struct printer *printer)
{
    struct table *table = CONTAINER_OF(printer, struct table, printer);
    table->column_count = FIXED_COLUMNS + printer->options->filter.prop_count;
    table->rows = mem_new(HELD_ROWS_MAX, sizeof(*table->rows));
}

static void add_row(struct table *table, const struct davit_ms_response *response, struct str href)
{
    if (table->is_laid_out) {
        print_row(table, make_row(table, response, href), false);
        arena_reset(&table->arena);
        return;
    }
    table->rows[table->row_count++] = *make_row(table, response, href);
    if (table->row_count == HELD_ROWS_MAX)
        lay_out(table);
}

static void table_response(struct printer *printer, const struct davit_ms_response *response)
{
    struct table *table = CONTAINER_OF(printer, struct table, printer);
    if (response->href_count == 0)
        add_row(table, response, STR("(no href)"));
    for (size_t i = 0; i < response->href_count; i++)
        add_row(table, response, str_of_text(response->hrefs[i].uri));
}

static void table_end(struct printer *printer, const struct printer_end *end)
{
    struct table *table = CONTAINER_OF(printer, struct table, printer);
    const struct davit_ms_verdict *verdict = end->verdict;
    uint64_t failed = verdict->member_count - verdict->success_count;
    if (!table->is_laid_out)
        lay_out(table);
    if (!verdict->member_count && !verdict->is_complete)
        return; /* this is no multistatus */
    if (end->head->description.len) {
        utf8_add_printable(printer->out, str_of_text(end->head->description));
        buf_add_char(printer->out, '\n');
    }
    printer_add_summary(printer->out, verdict);
    buf_addf(printer->out, ": %llu %s, %llu failed%s\n", (unsigned long long)verdict->member_count,
             verdict->member_count == 1 ? "member" : "members", (unsigned long long)failed,
             verdict->is_complete ? "" : "; INCOMPLETE: members may be missing");
}

static void table_done(struct printer *printer)
{
    struct table *table = CONTAINER_OF(printer, struct table, printer);
    mem_free(table->rows);
    arena_done(&table->arena);
}

const struct printer_ops printer_table = {
    "table", sizeof(struct table), table_begin, table_response, table_end, table_done};
