/* xml/reader.h: XML as a client sends it, read within bounds.
 *
 * A push parser over expat: bytes in, events out, at any split of the bytes. Namespaces are
 * resolved. Document types, and with them entities, are refused outright: nothing in WebDAV needs
 * them, and all of XML's known attacks do. */
#pragma once

#include "base/str.h"

/* What the prefix "xml" stands for, without being declared. No other prefix may stand for it. */
#define XML_NS "http://www.w3.org/XML/1998/namespace"

struct xml_name {
    struct str ns; /* empty: in no namespace */
    struct str local;
    struct str prefix; /* as the document has it; empty: none */
};

struct xml_attr {
    struct xml_name name;
    struct str value;
};

/* A namespace declared on an element; empty prefix: the default namespace. */
struct xml_binding {
    struct str prefix;
    struct str ns;
};

/* An element as it begins. Everything in it is valid during the call only. */
struct xml_element {
    struct xml_name name;
    const struct xml_attr *attrs; /* without namespace declarations */
    size_t attr_count;
    const struct xml_binding *bindings;
    size_t binding_count;
    struct str lang; /* xml:lang in force; empty: none */
    unsigned depth;  /* the document element's is 1 */
};

/* Embedded by who reads. Each returns false to stop the parse. */
struct xml_events {
    bool (*start)(struct xml_events *events, const struct xml_element *element);
    bool (*text)(struct xml_events *events, struct str text); /* a run may come in pieces */
    bool (*end)(struct xml_events *events, unsigned depth);
};

struct xml_limits {
    unsigned depth_max;
    unsigned element_count_max; /* 0: any number */
    unsigned attr_count_max;    /* on one element, namespace declarations included */
    unsigned ns_bytes_max;      /* a name, which each name in it holds a copy of; a prefix */
    size_t names_bytes_max;     /* all names in the document, each with that copy; 0: any number */
};

enum xml_rc {
    XML_OK,
    XML_MALFORMED, /* not well-formed, or an undeclared prefix */
    XML_FORBIDDEN, /* a document type declaration */
    XML_LIMIT,     /* more than the limits allow */
    XML_STOPPED,   /* an event returned false */
    XML_PAUSED,    /* an event called xml_reader_pause(): xml_reader_resume() goes on */
    XML_NO_MEMORY,
};

struct xml_reader;

/* Borrows events until freed. Gives; NULL: there is no memory. Nothing here ends the process, as
 * long as the events do not. */
NODISCARD struct xml_reader *xml_reader_new(struct xml_events *events,
                                            const struct xml_limits *limits);
void xml_reader_free(struct xml_reader *reader);

/* More of the document; `is_last` says that it ends here. After XML_PAUSED only
 * xml_reader_resume(), after anything else but XML_OK only xml_reader_free() is legal. */
NODISCARD enum xml_rc xml_reader_feed(struct xml_reader *reader, struct str bytes, bool is_last);

/* Called by a `start` or `end` event, or before the first bytes: whether text is reported from here
 * on, as it is otherwise. To pass it over costs less. */
void xml_reader_want_text(struct xml_reader *reader, bool is_wanted);

/* Called by an `end` event: no other is reported until xml_reader_resume(). */
void xml_reader_pause(struct xml_reader *reader);
NODISCARD enum xml_rc xml_reader_resume(struct xml_reader *reader);

/* The whole of a document at once. */
NODISCARD enum xml_rc xml_read(struct str document, struct xml_events *events,
                               const struct xml_limits *limits);

/* Whether it is a document that can be read, and has an element of that name so deep in it. That of
 * depth 1 is the whole: of another one nothing more is read. */
NODISCARD bool xml_has(struct str document, unsigned depth, const struct xml_name *name,
                       const struct xml_limits *limits);

/* A place in the document. */
struct xml_where {
    uint64_t byte;   /* from 0 */
    uint64_t line;   /* from 1 */
    uint64_t column; /* from 1, in characters */
};

/* During an event: where it begins. Otherwise where reading stopped. */
struct xml_where xml_reader_where(const struct xml_reader *reader);
unsigned long xml_reader_line(const struct xml_reader *reader);

/* During an event: the bytes of the document that it is about; of the end of an element that is
 * empty both are behind it. Otherwise `from` is where reading stopped: what is before it has been
 * reported, and nothing of what is behind. Unlike xml_reader_where() it costs nothing. */
struct xml_extent {
    uint64_t from, to;
};
struct xml_extent xml_reader_extent(const struct xml_reader *reader);

/* After XML_MALFORMED: whether nothing was wrong but that the document ended too early. */
bool xml_reader_is_cut_off(const struct xml_reader *reader);

/* After XML_MALFORMED: what is wrong, in expat's words. Static. */
const char *xml_reader_message(const struct xml_reader *reader);

bool xml_name_is(const struct xml_name *name, struct str ns, struct str local);
