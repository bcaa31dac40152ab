/* A certificate that nobody vouches for: enough to see TLS work, and for clients that are given the
 * certificate itself to trust. A P-256 key, because handshakes with it are cheap and everything
 * understands it. It is valid for servers only and signs no others, so who trusts it trusts nothing
 * else with it. It begins an hour ago: clocks differ.
 *
 * Every browser since 2017 looks at the subject alternative names alone; the common name is there
 * for people, and for who lists certificates. */
#include "io/self_signed.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/random.h"
#include "io/tls_files.h"

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S, COMMON_NAME_BYTES_MAX = 64, SERIAL_BYTES = 16 };

static bool is_host_name(struct str name)
{
    bool is_fine = name.len > 0 && name.len <= 253;
    for (size_t i = 0; i < name.len && is_fine; i++) {
        char c = name.at[i];
        bool is_wildcard = c == '*' && i == 0 && str_starts(name, STR("*."));
        is_fine =
            char_is_alpha(c) || char_is_digit(c) || c == '-' || c == '_' || c == '.' || is_wildcard;
    }
    return is_fine;
}

/* Takes the value. */
static bool push_name(GENERAL_NAMES *names, int type, ASN1_STRING *value)
{
    GENERAL_NAME *name = value ? GENERAL_NAME_new() : NULL;
    if (name)
        GENERAL_NAME_set0_value(name, type, value);
    else
        ASN1_STRING_free(value);
    return name && sk_GENERAL_NAME_push(names, name) > 0;
}

static bool add_name(GENERAL_NAMES *names, const char *text, struct err *err)
{
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(text);
    if (address)
        return push_name(names, GEN_IPADD, address) || tls_fail(err, "cannot add '%s'", text);
    ERR_clear_error();
    if (!is_host_name(str_of_c(text)))
        return err_set(err, 0, "neither a host name nor an IP address: '%s'", text);
    ASN1_IA5STRING *host = ASN1_IA5STRING_new();
    if (!host || ASN1_STRING_set(host, text, -1) != 1) {
        ASN1_IA5STRING_free(host);
        return tls_fail(err, "cannot add '%s'", text);
    }
    return push_name(names, GEN_DNS, host) || tls_fail(err, "cannot add '%s'", text);
}

static bool add_names(X509 *certificate, const struct self_signed_wish *wish, struct err *err)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    bool is_fine = names != NULL;
    for (size_t i = 0; i < wish->name_count && is_fine; i++)
        is_fine = add_name(names, wish->names[i], err);
    if (is_fine && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) != 1)
        is_fine = tls_fail(err, "cannot add the names");
    GENERAL_NAMES_free(names);
    return is_fine;
}

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool is_fine = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_fine;
}

static bool set_subject(X509 *certificate, const char *name)
{
    bool is_too_long = strlen(name) > COMMON_NAME_BYTES_MAX;
    const unsigned char *text = (const unsigned char *)(is_too_long ? "davit" : name);
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, text, -1, -1, 0) ==
               1 &&
           X509_set_issuer_name(certificate, subject) == 1;
}

static bool set_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_BYTES];
    random_bytes(bytes, sizeof(bytes));
    bytes[0] = (bytes[0] & 0x3f) | 0x40; /* positive, and always as long */
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool is_fine = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    return is_fine;
}

static bool fill_in(X509 *certificate, EVP_PKEY *key, const struct self_signed_wish *wish,
                    struct self_signed *made, struct err *err)
{
    int64_t now_s = clock_wall_ms() / 1000;
    if (!add_names(certificate, wish, err)) /* first: nothing else can be wrong with a wish */
        return false;
    made->until_s = now_s + (int64_t)wish->days * DAY_S;
    bool is_fine = X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
                   ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)(now_s - HOUR_S)) &&
                   ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)made->until_s) &&
                   set_subject(certificate, wish->names[0]) &&
                   X509_set_pubkey(certificate, key) == 1 &&
                   add_extension(certificate, NID_subject_key_identifier, "hash") &&
                   add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
                   add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
                   add_extension(certificate, NID_ext_key_usage, "serverAuth");
    if (!is_fine)
        return tls_fail(err, "cannot make a certificate");
    return X509_sign(certificate, key, EVP_sha256()) > 0 ||
           tls_fail(err, "cannot sign a certificate");
}

/* --- as text --- */

static void add_text(struct buf *to, BIO *bio)
{
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    (void)buf_reserve(to, (size_t)len); /* once: a copy of a key would linger */
    buf_add(to, str_of(text, (size_t)len));
}

static bool add_pem(const X509 *certificate, const EVP_PKEY *key, struct self_signed *made)
{
    BIO *certificate_text = BIO_new(BIO_s_mem());
    BIO *key_text = BIO_new(BIO_s_secmem()); /* wipes itself */
    bool is_fine = certificate_text && key_text &&
                   PEM_write_bio_X509(certificate_text, certificate) == 1 &&
                   PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (is_fine) {
        add_text(&made->certificate, certificate_text);
        add_text(&made->key, key_text);
    }
    BIO_free(certificate_text);
    BIO_free(key_text);
    return is_fine;
}

static bool add_fingerprint(const X509 *certificate, struct self_signed *made)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;
    if (X509_digest(certificate, EVP_sha256(), digest, &len) != 1)
        return false;
    for (unsigned i = 0; i < len; i++)
        buf_addf(&made->fingerprint, "%s%02X", i ? ":" : "", digest[i]);
    return true;
}

bool self_signed_make(const struct self_signed_wish *wish, struct self_signed *made,
                      struct err *err)
{
    *made = (struct self_signed){0};
    assert(wish->name_count > 0);
    ERR_clear_error();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    bool is_fine = key && certificate ? fill_in(certificate, key, wish, made, err)
                                      : tls_fail(err, "cannot make a key");
    if (is_fine && !(add_pem(certificate, key, made) && add_fingerprint(certificate, made)))
        is_fine = tls_fail(err, "cannot write a certificate");
    X509_free(certificate);
    EVP_PKEY_free(key);
    return is_fine;
}

void self_signed_done(struct self_signed *made)
{
    if (made->key.at)
        OPENSSL_cleanse(made->key.at, made->key.cap);
    buf_done(&made->certificate);
    buf_done(&made->key);
    buf_done(&made->fingerprint);
}
