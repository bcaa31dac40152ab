/* check/read/charset.h: the bytes of a document as UTF-8, whatever it is written in (the Encoding
 * Standard). */
#pragma once

#include "check/url/url.h"

enum charset {
    CHARSET_NONE,
#define CHARSET(id, name, iconv_name) CHARSET_##id,
#define CHARSET_LABEL(id, label)
#include "check/read/charsets.def"
#undef CHARSET
#undef CHARSET_LABEL
};

/* CHARSET_NONE when nothing is called so. Space at the ends is let pass. */
enum charset charset_of_label(struct str label);
struct str charset_name(enum charset charset);

/* What the first bytes say: CHARSET_NONE when there is no byte order mark. */
enum charset charset_of_mark(struct str start, size_t *mark_len_out);

/* What the encoding declaration of an XML document says, or the @charset of a style sheet. */
enum charset charset_of_xml(struct str start);
enum charset charset_of_css(struct str start);

struct charset_decoder;

/* Gives; never NULL: an encoding that this machine cannot read is read as windows-1252. */
NODISCARD struct charset_decoder *charset_decoder_new(enum charset charset);
void charset_decoder_free(struct charset_decoder *decoder);

/* Appends `bytes` as UTF-8; what is no character becomes U+FFFD. A character may be split over
 * calls; `is_last` says that nothing follows. */
void charset_decode(struct charset_decoder *decoder, struct str bytes, bool is_last,
                    struct buf *to);

/* An encoder for the queries of links on a page in `charset`. Gives; NULL where it is UTF-8's. */
NODISCARD struct url_encoder *charset_encoder_new(enum charset charset);
void charset_encoder_free(struct url_encoder *encoder);
