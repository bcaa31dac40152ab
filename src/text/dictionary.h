/* text/dictionary.h: dictionaries of structured fields (RFC 9651 §3.2): "key=value;parameters,
 * key". */
#pragma once

#include "base/str.h"

enum dictionary_kind {
    DICTIONARY_INTEGER,
    DICTIONARY_BYTES,   /* "text" is their base64 */
    DICTIONARY_STRING,  /* "text" is what stands in the quotes, with its "\\" escapes */
    DICTIONARY_BOOLEAN, /* also of a key alone, which is true: "text" is empty then */
    DICTIONARY_OTHER,   /* any other item, or a list of some */
};

struct dictionary_member {
    struct str key;
    enum dictionary_kind kind;
    struct str text; /* of the value, as it stands there, without its marks and parameters */
    int64_t integer; /* of an INTEGER */
};

enum dictionary_step { DICTIONARY_MEMBER, DICTIONARY_END, DICTIONARY_MALFORMED };

/* Reads the next member of what is left of a field line. MEMBER: *member_out, which views *rest.
 * A key may come again, and then the later one counts (§3.2). MALFORMED: the whole is. */
NODISCARD enum dictionary_step dictionary_next(struct str *rest,
                                               struct dictionary_member *member_out);

/* The same for a line that is one item (§3.3), which may have parameters: all but the key. False:
 * it is malformed, or something else. */
NODISCARD bool dictionary_item(struct str line, struct dictionary_member *item_out);
