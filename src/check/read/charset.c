/* Encodings. Links are UTF-8 inside davit; documents are not. A path with characters beyond ASCII
 * goes to the server in UTF-8 whatever the page is in, a query in the page's own encoding, and a
 * page in windows-1251 that is read as UTF-8 has every such link broken.
 *
 * What an encoding is called on the web is the Encoding Standard's table (charsets.def): it maps
 * "latin1" and "ascii" to windows-1252. How its bytes read is iconv's. Where the two differ the
 * difference is mended here: the bytes that iconv calls undefined in a windows code page stand for
 * the control characters of the same number.
 *
 * Invariants
 *  (1) a decoder keeps at most the bytes of one unfinished character (`kept`);
 *  (2) decoding never fails: what is no character is U+FFFD and the next byte is tried. */
#include "check/read/charset.h"

#include <errno.h>
#include <iconv.h>

#include "base/mem.h"
#include "text/utf8_clean.h"

static const struct {
    struct str name;
    const char *iconv_name;
} charsets[] = {
    [CHARSET_NONE] = {STR_INIT(""), ""},
#define CHARSET(id, name, iconv_name) [CHARSET_##id] = {STR_INIT(name), iconv_name},
#define CHARSET_LABEL(id, label)
#include "check/read/charsets.def"
#undef CHARSET
#undef CHARSET_LABEL
};

static const struct {
    struct str label;
    enum charset charset;
} labels[] = {
#define CHARSET(id, name, iconv_name)
#define CHARSET_LABEL(id, label) {STR_INIT(label), CHARSET_##id},
#include "check/read/charsets.def"
#undef CHARSET
#undef CHARSET_LABEL
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

enum charset charset_of_label(struct str label)
{
    while (label.len && is_space(label.at[0]))
        label = str_from(label, 1);
    while (label.len && is_space(label.at[label.len - 1]))
        label.len--;
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        if (str_eq_nocase(labels[i].label, label))
            return labels[i].charset;
    }
    return CHARSET_NONE;
}

struct str charset_name(enum charset charset)
{
    return charsets[charset].name;
}

enum charset charset_of_mark(struct str start, size_t *mark_len_out)
{
    static const struct {
        struct str mark;
        enum charset charset;
    } marks[] = {
        {STR_INIT("\xef\xbb\xbf"), CHARSET_UTF_8},
        {STR_INIT("\xfe\xff"), CHARSET_UTF_16BE},
        {STR_INIT("\xff\xfe"), CHARSET_UTF_16LE},
    };
    *mark_len_out = 0;
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        if (str_starts(start, marks[i].mark)) {
            *mark_len_out = marks[i].mark.len;
            return marks[i].charset;
        }
    }
    return CHARSET_NONE;
}

/* A label in quotes behind `before`. A document that could be read this far is not UTF-16. */
static enum charset quoted_label(struct str text, struct str before)
{
    size_t at = 0;
    while (at < text.len && !str_starts(str_from(text, at), before))
        at++;
    text = str_from(text, at + before.len);
    while (text.len && (is_space(text.at[0]) || text.at[0] == '='))
        text = str_from(text, 1);
    if (text.len == 0 || (text.at[0] != '"' && text.at[0] != '\''))
        return CHARSET_NONE;
    struct str rest = str_from(text, 1);
    enum charset charset = charset_of_label(str_cut(&rest, text.at[0]));
    bool is_wide = charset == CHARSET_UTF_16LE || charset == CHARSET_UTF_16BE;
    return is_wide ? CHARSET_UTF_8 : charset;
}

enum charset charset_of_xml(struct str start)
{
    struct str declaration = str_cut(&start, '>');
    if (!str_starts(declaration, STR("<?xml")))
        return CHARSET_NONE;
    return quoted_label(declaration, STR("encoding"));
}

enum charset charset_of_css(struct str start)
{
    if (!str_starts(start, STR("@charset \"")))
        return CHARSET_NONE;
    return quoted_label(str_first(start, 128), STR("@charset "));
}

/* --- decoding --- */

enum { SEQUENCE_BYTES_MAX = 16 };

struct charset_decoder {
    enum charset charset;
    iconv_t iconv;
    bool has_iconv;
    char kept[SEQUENCE_BYTES_MAX]; /* the beginning of a character */
    size_t kept_len;
};

static bool is_windows(enum charset charset)
{
    return str_starts(charsets[charset].name, STR("windows-"));
}

struct charset_decoder *charset_decoder_new(enum charset charset)
{
    struct charset_decoder *decoder = MEM_NEW(struct charset_decoder);
    decoder->charset = charset;
    if (charset == CHARSET_UTF_8 || charset == CHARSET_NONE || charset == CHARSET_REPLACEMENT ||
        charset == CHARSET_X_USER_DEFINED)
        return decoder;
    decoder->iconv = iconv_open("UTF-8", charsets[charset].iconv_name);
    if (decoder->iconv == (iconv_t)-1) { /* NOLINT: what iconv_open() says for no */
        decoder->charset = CHARSET_WINDOWS_1252;
        decoder->iconv = iconv_open("UTF-8", charsets[CHARSET_WINDOWS_1252].iconv_name);
    }
    decoder->has_iconv = decoder->iconv != (iconv_t)-1;
    return decoder;
}

void charset_decoder_free(struct charset_decoder *decoder)
{
    if (decoder && decoder->has_iconv)
        (void)iconv_close(decoder->iconv); /* nothing could be done if it failed */
    mem_free(decoder);
}

/* What is at the start of `bytes` and is no character. */
static void add_undefined(const struct charset_decoder *decoder, char c, struct buf *to)
{
    unsigned char byte = (unsigned char)c;
    bool is_control = is_windows(decoder->charset) && byte >= 0x80 && byte < 0xa0;
    utf8_add(to, is_control ? byte : UTF8_REPLACEMENT);
}

/* Returns how many bytes at the end are the beginning of a character. */
static size_t decode_by_iconv(struct charset_decoder *decoder, struct str bytes, struct buf *to)
{
    while (bytes.len) {
        union {
            const char *borrowed;
            char *at;
        } in = {.borrowed = bytes.at}; /* iconv() does not write to it, whatever its type says */
        size_t room = bytes.len * 4 + 16, left = room;
        char *out = buf_reserve(to, room);
        size_t rc = iconv(decoder->iconv, &in.at, &bytes.len, &out, &left);
        int code = errno;
        to->len += room - left;
        bytes.at = in.borrowed;
        if (rc != (size_t)-1)
            return 0;
        if (code == EINVAL)
            return bytes.len;
        if (code == EILSEQ) {
            add_undefined(decoder, bytes.at[0], to);
            bytes = str_from(bytes, 1);
        }
    }
    return 0;
}

/* The bytes at the end that may become a character when more come. */
static size_t unfinished_utf8(struct str bytes)
{
    for (size_t back = 1; back <= 3 && back <= bytes.len; back++) {
        unsigned char c = (unsigned char)bytes.at[bytes.len - back];
        if ((c & 0xc0) == 0x80)
            continue;
        size_t len;
        struct str tail = str_from(bytes, bytes.len - back);
        bool is_cut = c >= 0xc2 && utf8_read(tail, &len) == UTF8_REPLACEMENT && len == back;
        size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
        return is_cut && c <= 0xf4 && back < need ? back : 0;
    }
    return 0;
}

static size_t decode_some(struct charset_decoder *decoder, struct str bytes, struct buf *to)
{
    if (decoder->has_iconv)
        return decode_by_iconv(decoder, bytes, to);
    if (decoder->charset == CHARSET_REPLACEMENT)
        return 0;
    if (decoder->charset == CHARSET_X_USER_DEFINED) {
        for (size_t i = 0; i < bytes.len; i++) {
            unsigned char c = (unsigned char)bytes.at[i];
            utf8_add(to, c < 0x80 ? c : 0xf700U + c);
        }
        return 0;
    }
    size_t kept = unfinished_utf8(bytes);
    utf8_add_clean(to, str_first(bytes, bytes.len - kept));
    return kept;
}

void charset_decode(struct charset_decoder *decoder, struct str bytes, bool is_last, struct buf *to)
{
    /* What was kept is completed with a few bytes of the new ones. */
    while (decoder->kept_len && bytes.len) {
        struct str kept;
        if (decoder->kept_len == SEQUENCE_BYTES_MAX)
            decoder->kept_len = 0; /* no encoding has characters of that length */
        decoder->kept[decoder->kept_len++] = bytes.at[0];
        bytes = str_from(bytes, 1);
        kept = str_of(decoder->kept, decoder->kept_len);
        size_t left = decode_some(decoder, kept, to);
        memmove(decoder->kept, decoder->kept + kept.len - left, left);
        decoder->kept_len = left;
    }
    size_t left = bytes.len ? decode_some(decoder, bytes, to) : 0;
    if (left) {
        decoder->kept_len = size_min(left, SEQUENCE_BYTES_MAX);
        memcpy(decoder->kept, bytes.at + bytes.len - left, decoder->kept_len);
    }
    if (is_last && decoder->kept_len) {
        utf8_add(to, UTF8_REPLACEMENT);
        decoder->kept_len = 0;
    }
}

/* --- encoding, for queries --- */

struct charset_encoder {
    struct url_encoder base;
    iconv_t iconv;
};

static void encode(struct url_encoder *base, struct buf *to, struct str utf8)
{
    struct charset_encoder *encoder = CONTAINER_OF(base, struct charset_encoder, base);
    while (utf8.len) {
        union {
            const char *borrowed;
            char *at;
        } in = {.borrowed = utf8.at}; /* as above */
        size_t len, room = utf8.len * 4 + 16, left = room;
        char *out = buf_reserve(to, room);
        size_t rc = iconv(encoder->iconv, &in.at, &utf8.len, &out, &left);
        to->len += room - left;
        utf8.at = in.borrowed;
        if (rc != (size_t)-1 || utf8.len == 0)
            break;
        /* What the encoding lacks is written as a character reference (URL Standard §1.3). */
        buf_addf(to, "&#%u;", utf8_read(utf8, &len));
        utf8 = str_from(utf8, len);
    }
}

struct url_encoder *charset_encoder_new(enum charset charset)
{
    bool is_unicode = charset == CHARSET_NONE || charset == CHARSET_UTF_8 ||
                      charset == CHARSET_UTF_16LE || charset == CHARSET_UTF_16BE;
    if (is_unicode || charsets[charset].iconv_name[0] == '\0')
        return NULL;
    iconv_t iconv = iconv_open(charsets[charset].iconv_name, "UTF-8");
    if (iconv == (iconv_t)-1)
        return NULL;
    struct charset_encoder *encoder = MEM_NEW(struct charset_encoder);
    encoder->base.encode = encode;
    encoder->iconv = iconv;
    return &encoder->base;
}

void charset_encoder_free(struct url_encoder *base)
{
    if (!base)
        return;
    struct charset_encoder *encoder = CONTAINER_OF(base, struct charset_encoder, base);
    (void)iconv_close(encoder->iconv); /* nothing could be done if it failed */
    mem_free(encoder);
}
