#include "finding.h"

static void on_link(struct finder *finder, const struct found_link *link)
{
    struct finding *finding = CONTAINER_OF(finder, struct finding, finder);
    const struct link_row *row = &link_rows[link->kind];
    buf_addf(&finding->lines, "%.*s@%.*s %u:%u %.*s", STR_ARGS(row->element),
             STR_ARGS(row->attribute), link->at.line, link->at.column, STR_ARGS(link->raw));
    if (link->text.len)
        buf_addf(&finding->lines, " [%.*s]", STR_ARGS(link->text));
    BUF_ADD(&finding->lines, "\n");
}

static void on_base(struct finder *finder, struct str href)
{
    struct finding *finding = CONTAINER_OF(finder, struct finding, finder);
    buf_addf(&finding->lines, "base %.*s\n", STR_ARGS(href));
}

static void on_anchor(struct finder *finder, struct str name)
{
    struct finding *finding = CONTAINER_OF(finder, struct finding, finder);
    buf_addf(&finding->lines, "#%.*s\n", STR_ARGS(name));
}

static void on_enter(struct finder *finder, struct str base)
{
    struct finding *finding = CONTAINER_OF(finder, struct finding, finder);
    buf_addf(&finding->lines, "in %.*s\n", STR_ARGS(base));
}

static void on_leave(struct finder *finder)
{
    BUF_ADD(&CONTAINER_OF(finder, struct finding, finder)->lines, "out\n");
}

void finding_init(struct finding *finding)
{
    *finding = (struct finding){.finder = {.link = on_link,
                                           .base = on_base,
                                           .anchor = on_anchor,
                                           .enter = on_enter,
                                           .leave = on_leave}};
}

void finding_done(struct finding *finding)
{
    buf_done(&finding->lines);
}
