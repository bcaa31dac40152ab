/* Certificates and keys as they stand in files. A file is read whole before anything is made of it,
 * so that a message can say which file, and whether it could not be opened or not be understood;
 * what was read of a key is wiped. Nothing of a key is ever part of a message.
 *
 * A pair is refused when its key belongs to another certificate: otherwise it would be the clients
 * that find out. What only time or the administrator can judge (expired, soon to expire, a key that
 * others can read) is a remark: a server that does not start is not the better one. An OCSP
 * response is stapled while it is valid; a client may take an old one for an attack.
 *
 * The names of a certificate are taken out once, when it is read, because each connection asks for
 * them. As in RFC 6125 §6.4.4, the common name counts only where there is no other name. */
#include "io/tls_files.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/files.h"
#include "io/tls_names.h"

enum { FILE_BYTES_MAX = 1 << 20, SOON_DAYS = 7, DAY_S = 86400 };

bool tls_fail(struct err *err, const char *format, ...)
{
    char text[sizeof(err->text)];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args); /* cut short is good enough */
    va_end(args);
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return err_set(err, 0, "%s%s%s", text, reason ? ": " : "", reason ? reason : "");
}

/* --- reading --- */

static bool read_all(int fd, const char *file, struct buf *into, struct err *err)
{
    enum { STEP_BYTES = 16384 };
    ssize_t got;
    (void)buf_reserve(into, FILE_BYTES_MAX + STEP_BYTES); /* once: a copy of a key would linger */
    while ((got = read(fd, buf_reserve(into, STEP_BYTES), STEP_BYTES)) > 0) {
        into->len += (size_t)got;
        if (into->len > FILE_BYTES_MAX)
            return err_set(err, EFBIG, "'%s' is too long", file);
    }
    return got == 0 || err_sys(err, errno, "cannot read '%s'", file);
}

/* `mode_out` may be NULL. */
static bool read_file(const char *file, struct buf *into, mode_t *mode_out, struct err *err)
{
    struct stat stat;
    int fd = file_open(file, FILE_READ);
    if (fd < 0)
        return err_sys(err, errno, "cannot open '%s'", file);
    bool is_fine = read_all(fd, file, into, err);
    if (is_fine && mode_out && fstat(fd, &stat) == 0)
        *mode_out = stat.st_mode;
    fd_close(fd);
    return is_fine;
}

static void wipe(struct buf *text)
{
    if (text->at)
        OPENSSL_cleanse(text->at, text->cap);
    buf_done(text);
}

static int give_no_passphrase(char *to, int size, int is_writing, void *arg)
{
    (void)to, (void)size, (void)is_writing, (void)arg; /* a server has nobody to ask */
    return -1;
}

STACK_OF(X509) * tls_read_certificates(const char *file, struct buf *text, struct err *err)
{
    if (!read_file(file, text, NULL, err))
        return NULL;
    BIO *bio = BIO_new_mem_buf(text->at, int_of_size(text->len));
    STACK_OF(X509) *certificates = sk_X509_new_null();
    X509 *certificate;
    ERR_clear_error();
    while ((certificate = PEM_read_bio_X509(bio, NULL, give_no_passphrase, NULL)))
        sk_X509_push(certificates, certificate);
    BIO_free(bio);
    bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (is_end && sk_X509_num(certificates) > 0) {
        ERR_clear_error();
        return certificates;
    }
    if (is_end)
        err_set(err, 0, "there is no certificate in '%s' (PEM)", file);
    else
        (void)tls_fail(err, "cannot read the certificate in '%s'", file); /* likewise */
    ERR_clear_error();
    sk_X509_pop_free(certificates, X509_free);
    return NULL;
}

static void check_mode(const char *file, mode_t mode, struct buf *remarks)
{
    if (mode & (S_IROTH | S_IWOTH))
        buf_addf(remarks, "the key in '%s' can be %s by every user of this machine (mode %04o)\n",
                 file, mode & S_IWOTH ? "changed" : "read", (unsigned)mode & 07777);
}

static bool read_key(struct tls_pair *pair, const char *file, struct buf *remarks, struct err *err)
{
    struct buf text = {0};
    mode_t mode = 0;
    if (!read_file(file, &text, &mode, err))
        return false; /* what could not be read holds no key */
    BIO *bio = BIO_new_mem_buf(text.at, int_of_size(text.len));
    ERR_clear_error();
    pair->key = PEM_read_bio_PrivateKey(bio, NULL, give_no_passphrase, NULL);
    BIO_free(bio);
    bool is_encrypted = memmem(text.at, text.len, "ENCRYPTED", strlen("ENCRYPTED")) != NULL;
    wipe(&text);
    if (pair->key) {
        check_mode(file, mode, remarks);
        return true;
    }
    ERR_clear_error();
    return err_set(err, 0,
                   is_encrypted ? "the key in '%s' is encrypted, and nobody can be asked for the "
                                  "passphrase when davit starts"
                                : "there is no private key in '%s' (PEM)",
                   file);
}

/* --- names --- */

static void add_name(struct buf *names, const ASN1_STRING *name)
{
    struct str text =
        str_of((const char *)ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name));
    if (text.len == 0 || memchr(text.at, '\0', text.len) || memchr(text.at, '\n', text.len))
        return; /* no host is called so */
    for (size_t i = 0; i < text.len; i++)
        buf_add_char(names, char_lower(text.at[i]));
    buf_add_char(names, '\n');
}

static void read_names(struct tls_pair *pair)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(pair->leaf, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS)
            add_name(&pair->names, name->d.dNSName);
    }
    if (!names) {
        X509_NAME *subject = X509_get_subject_name(pair->leaf);
        int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
        if (at >= 0)
            add_name(&pair->names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    }
    GENERAL_NAMES_free(names);
}

unsigned tls_pair_fit(const struct tls_pair *pair, struct str host)
{
    struct str names = buf_str(&pair->names);
    unsigned fit = 0;
    while (names.len && fit < 2) {
        struct str name = str_cut(&names, '\n');
        if (str_eq(name, host))
            fit = 2;
        else if (tls_name_fits(name, host))
            fit = 1;
    }
    return fit;
}

/* --- what is a matter of time --- */

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm tm;
    return time && ASN1_TIME_to_tm(time, &tm) ? (int64_t)timegm(&tm) : INT64_MAX;
}

static void check_time(const struct tls_pair *pair, const char *file, struct buf *remarks)
{
    int64_t now_s = clock_wall_ms() / 1000;
    int64_t until_s = seconds_of(X509_get0_notAfter(pair->leaf));
    if (until_s < now_s)
        buf_addf(remarks, "the certificate in '%s' has expired\n", file);
    else if (until_s - now_s < SOON_DAYS * DAY_S)
        buf_addf(remarks, "the certificate in '%s' expires in %lld hours\n", file,
                 (long long)(until_s - now_s) / 3600);
    if (seconds_of(X509_get0_notBefore(pair->leaf)) > now_s)
        buf_addf(remarks, "the certificate in '%s' is not valid yet\n", file);
}

/* The end of the time that the first answer in the response is for. */
static int64_t ocsp_until(OCSP_RESPONSE *response)
{
    OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);
    OCSP_SINGLERESP *single = basic ? OCSP_resp_get0(basic, 0) : NULL;
    ASN1_GENERALIZEDTIME *until = NULL;
    int64_t until_s = 0;
    if (single && OCSP_single_get0_status(single, NULL, NULL, NULL, &until) >= 0)
        until_s = seconds_of(until);
    OCSP_BASICRESP_free(basic);
    return until_s;
}

static bool read_ocsp(struct tls_pair *pair, const char *file, struct buf *remarks, struct err *err)
{
    if (!read_file(file, &pair->ocsp, NULL, err))
        return false;
    const unsigned char *at = (const unsigned char *)pair->ocsp.at;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)pair->ocsp.len);
    if (!response)
        return tls_fail(err, "there is no OCSP response in '%s' (DER)", file);
    int status = OCSP_response_status(response);
    pair->ocsp_until_s = ocsp_until(response);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return err_set(err, 0, "the OCSP response in '%s' reports an error: %s", file,
                       OCSP_response_status_str(status));
    if (pair->ocsp_until_s < clock_wall_ms() / 1000)
        buf_addf(remarks, "the OCSP response in '%s' is outdated and not sent\n", file);
    return true;
}

/* --- revocation lists --- */

/* One that has expired says nothing of who was revoked since: nobody could sign in with it. */
static bool check_revocations(const X509_CRL *list, const char *file, int64_t *until_s_out,
                              struct buf *remarks, struct err *err)
{
    int64_t now_s = clock_wall_ms() / 1000;
    int64_t until_s = seconds_of(X509_CRL_get0_nextUpdate(list));
    if (until_s < *until_s_out)
        *until_s_out = until_s;
    if (seconds_of(X509_CRL_get0_lastUpdate(list)) > now_s)
        return err_set(err, 0, "the revocation list in '%s' is not valid yet", file);
    if (until_s <= now_s)
        return err_set(err, 0, "the revocation list in '%s' has expired: fetch a newer one", file);
    if (until_s - now_s < DAY_S)
        buf_addf(remarks, "the revocation list in '%s' expires in %lld minutes\n", file,
                 (long long)(until_s - now_s) / 60);
    return true;
}

STACK_OF(X509_CRL) * tls_read_revocations(const char *file, struct buf *text, int64_t *until_s_out,
                                          struct buf *remarks, struct err *err)
{
    if (!read_file(file, text, NULL, err))
        return NULL;
    BIO *bio = BIO_new_mem_buf(text->at, int_of_size(text->len));
    STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
    X509_CRL *list;
    bool is_fine = true;
    *until_s_out = INT64_MAX;
    ERR_clear_error();
    while (is_fine && (list = PEM_read_bio_X509_CRL(bio, NULL, give_no_passphrase, NULL))) {
        sk_X509_CRL_push(lists, list);
        is_fine = check_revocations(list, file, until_s_out, remarks, err);
    }
    BIO_free(bio);
    if (is_fine && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        is_fine = tls_fail(err, "cannot read the revocation list in '%s'", file);
    else if (is_fine && sk_X509_CRL_num(lists) == 0)
        is_fine = err_set(err, 0, "there is no revocation list in '%s' (PEM)", file);
    ERR_clear_error();
    if (is_fine)
        return lists;
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
    return NULL;
}

/* --- pairs --- */

bool tls_pair_read(struct tls_pair *pair, const struct tls_pair_files *files, struct buf *remarks,
                   struct err *err)
{
    struct buf text = {0};
    *pair = (struct tls_pair){0};
    pair->chain = tls_read_certificates(files->certificate, &text, err);
    wipe(&text); /* the key may stand in the same file */
    if (!pair->chain || !read_key(pair, files->key, remarks, err))
        return false;
    pair->leaf = sk_X509_shift(pair->chain);
    if (X509_check_private_key(pair->leaf, pair->key) != 1) {
        ERR_clear_error();
        return err_set(err, 0, "the key in '%s' does not belong to the certificate in '%s'",
                       files->key, files->certificate);
    }
    read_names(pair);
    check_time(pair, files->certificate, remarks);
    return !files->ocsp || read_ocsp(pair, files->ocsp, remarks, err);
}

void tls_pair_done(struct tls_pair *pair)
{
    X509_free(pair->leaf);
    sk_X509_pop_free(pair->chain, X509_free);
    EVP_PKEY_free(pair->key);
    buf_done(&pair->names);
    buf_done(&pair->ocsp);
}
