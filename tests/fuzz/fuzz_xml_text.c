/* Escaping. Any bytes make a well-formed document, as text and in an attribute; what is read back
 * is the same characters in both places, and escaping that again changes nothing. */
#include "fuzz.h"
#include "support/xml_tree.h"
#include "xml/writer.h"

struct echo {
    struct xml_events events;
    struct buf attr, text;
};

static bool echo_start(struct xml_events *events, const struct xml_element *element)
{
    struct echo *echo = CONTAINER_OF(events, struct echo, events);
    FUZZ_CHECK(element->attr_count == 1 && element->depth == 1);
    buf_add(&echo->attr, element->attrs[0].value);
    return true;
}

static bool echo_text(struct xml_events *events, struct str text)
{
    buf_add(&CONTAINER_OF(events, struct echo, events)->text, text);
    return true;
}

static bool echo_end(struct xml_events *events, unsigned depth)
{
    (void)events; /* the document has one element */
    return depth == 1;
}

static void read_back(struct str raw, struct echo *echo, struct buf *document)
{
    *echo = (struct echo){.events = {echo_start, echo_text, echo_end}};
    BUF_ADD(document, "<a b=\"");
    xml_add_attr(document, raw);
    BUF_ADD(document, "\">");
    xml_add_text(document, raw);
    BUF_ADD(document, "</a>");
    FUZZ_CHECK(xml_read(buf_str(document), &echo->events, &xml_limits_wide) == XML_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str raw = fuzz_input(data, size);
    struct echo first, second;
    struct buf document = {0}, again = {0};
    read_back(raw, &first, &document);
    FUZZ_CHECK(str_eq(buf_str(&first.attr), buf_str(&first.text)));
    read_back(buf_str(&first.text), &second, &again);
    FUZZ_CHECK(str_eq(buf_str(&document), buf_str(&again)));
    buf_done(&first.attr);
    buf_done(&first.text);
    buf_done(&second.attr);
    buf_done(&second.text);
    buf_done(&document);
    buf_done(&again);
    return 0;
}
