/* multistatus/capture.h: an element with a content of its own, kept as a struct davit_ms_element:
 * a property, a condition, an extension. Part of libdavit: it says when there is no memory. */
#pragma once

#include "base/buf.h"
#include "multistatus/keep.h"
#include "xml/reader.h"

struct capture {
    unsigned depth;    /* open elements, the captured one included; 0: nothing is captured */
    bool has_elements; /* then `content` is XML text, otherwise it is plain */
    bool is_tag_open;  /* the last start tag within still lacks its '>' */
    size_t bytes_max;  /* of content */
    struct buf content;
    struct buf attributes;
    struct buf names; /* of the open elements within, each behind a NUL */
    struct buf scope_text;
    struct keep_list scopes; /* of struct capture_scope: the namespaces in force within */
    size_t ns_len, name_len, prefix_len, lang_len; /* of the element's own, in front in `names` */
};

/* A zeroed struct capture captures nothing. */
void capture_done(struct capture *capture);

/* The events. XML_OK, XML_LIMIT or XML_NO_MEMORY. The first start begins a capture. */
NODISCARD enum xml_rc capture_start(struct capture *capture, const struct xml_element *element);
NODISCARD enum xml_rc capture_text(struct capture *capture, struct str text);

/* The end of an element within. */
NODISCARD enum xml_rc capture_end(struct capture *capture);

/* The end of the element itself, where `depth` is 1: it is complete, its texts in `keep`. */
NODISCARD enum xml_rc capture_finish(struct capture *capture, struct keep *keep,
                                     struct davit_ms_element *element_out);
