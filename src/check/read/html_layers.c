/* Which tags are HTML's and which are SVG's or MathML's. In those, <title> and <style> hold markup
 * and not raw text, and "<![CDATA[" means something; within some of their elements HTML goes on;
 * and many HTML elements end them wherever they begin (HTML 13.2.6.5).
 *
 * A stack of what is open would have every element of the page. Only the borders are kept: a layer
 * for each <svg> and <math>, and one for each element within them where HTML goes on. What it
 * cannot see is an end tag that closes an HTML element around an <svg> that was left open. */
#include "check/read/html_layers.h"

enum layer { LAYER_HTML, LAYER_SVG, LAYER_MATH };

/* In SVG and MathML: elements whose content is HTML again. */
static const struct {
    struct str name;
    enum layer within;
} integration_points[] = {
    {STR_INIT("foreignobject"), LAYER_SVG}, {STR_INIT("desc"), LAYER_SVG},
    {STR_INIT("title"), LAYER_SVG},         {STR_INIT("annotation-xml"), LAYER_MATH},
    {STR_INIT("mi"), LAYER_MATH},           {STR_INIT("mo"), LAYER_MATH},
    {STR_INIT("mn"), LAYER_MATH},           {STR_INIT("ms"), LAYER_MATH},
    {STR_INIT("mtext"), LAYER_MATH},
};

/* HTML elements that end SVG and MathML when they begin there (HTML 13.2.6.5). */
static const struct str breakouts[] = {
    STR_INIT("b"),       STR_INIT("big"),    STR_INIT("blockquote"), STR_INIT("body"),
    STR_INIT("br"),      STR_INIT("center"), STR_INIT("code"),       STR_INIT("dd"),
    STR_INIT("div"),     STR_INIT("dl"),     STR_INIT("dt"),         STR_INIT("em"),
    STR_INIT("embed"),   STR_INIT("h1"),     STR_INIT("h2"),         STR_INIT("h3"),
    STR_INIT("h4"),      STR_INIT("h5"),     STR_INIT("h6"),         STR_INIT("head"),
    STR_INIT("hr"),      STR_INIT("i"),      STR_INIT("img"),        STR_INIT("li"),
    STR_INIT("listing"), STR_INIT("menu"),   STR_INIT("meta"),       STR_INIT("nobr"),
    STR_INIT("ol"),      STR_INIT("p"),      STR_INIT("pre"),        STR_INIT("ruby"),
    STR_INIT("s"),       STR_INIT("small"),  STR_INIT("span"),       STR_INIT("strong"),
    STR_INIT("strike"),  STR_INIT("sub"),    STR_INIT("sup"),        STR_INIT("table"),
    STR_INIT("tt"),      STR_INIT("u"),      STR_INIT("ul"),         STR_INIT("var"),
};

static bool is_among(struct str name, const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(name, names[i]))
            return true;
    }
    return false;
}

static enum layer top_layer(const struct html_layers *l)
{
    return l->count ? (enum layer)l->layers[l->count - 1] : LAYER_HTML;
}

bool html_layers_is_foreign(const struct html_layers *l)
{
    return top_layer(l) != LAYER_HTML;
}

static void push_layer(struct html_layers *l, enum layer layer)
{
    if (l->count < HTML_LAYERS_MAX)
        l->layers[l->count++] = (uint8_t)layer;
}

/* What <svg> and <math> begin. */
static enum layer layer_of(struct str name)
{
    if (str_eq(name, STR("svg")))
        return LAYER_SVG;
    return str_eq(name, STR("math")) ? LAYER_MATH : LAYER_HTML;
}

static bool is_integration_point(struct str name, enum layer within)
{
    for (size_t i = 0; i < ARRAY_LEN(integration_points); i++) {
        if (integration_points[i].within == within && str_eq(integration_points[i].name, name))
            return true;
    }
    return false;
}

static bool is_font_breakout(const struct html_tag *tag)
{
    return str_eq(tag->name, STR("font")) &&
           (html_attr_find(tag, STR("color")) || html_attr_find(tag, STR("face")) ||
            html_attr_find(tag, STR("size")));
}

/* A start tag as it decides what its content is part of. Returns whether the tag is foreign. */
bool html_layers_start(struct html_layers *l, const struct html_tag *tag)
{
    enum layer top = top_layer(l), own = layer_of(tag->name);
    if (top == LAYER_HTML) {
        if (own != LAYER_HTML && !tag->is_self_closing)
            push_layer(l, own);
        return own != LAYER_HTML;
    }
    if (is_among(tag->name, breakouts, ARRAY_LEN(breakouts)) || is_font_breakout(tag)) {
        while (html_layers_is_foreign(l))
            l->count--;
        return false;
    }
    if (own == top && !tag->is_self_closing)
        push_layer(l, own);
    else if (is_integration_point(tag->name, top) && !tag->is_self_closing)
        push_layer(l, LAYER_HTML);
    return true;
}

/* "</svg>" within an integration point that was left open ends nothing. */
void html_layers_end(struct html_layers *l, struct str name)
{
    enum layer top = top_layer(l);
    if (l->count == 0)
        return;
    enum layer below = l->count > 1 ? (enum layer)l->layers[l->count - 2] : LAYER_HTML;
    bool ends_point = top == LAYER_HTML && is_integration_point(name, below);
    if (ends_point || (top != LAYER_HTML && layer_of(name) == top))
        l->count--;
}
