/* Server contexts. What the files say is made into an SSL_CTX; each connection begins with the one
 * that is current and keeps it, so a reload is an exchange of one pointer: OpenSSL counts who still
 * uses the old one. `struct material` (the pairs) hangs on its context and dies with it.
 *
 * Which certificate a client gets is chosen when its ClientHello is known (choose_pair()): of the
 * pairs that fit the name it asked for, the exactly named before those with a wildcard, the earlier
 * before the later. Pairs that fit alike but have keys of different kinds are offered together, and
 * OpenSSL takes the kind that the client understands. Who asks for no name, or one that nobody has,
 * gets the first pair, and what else has its name.
 *
 * Versions, suites and groups are Mozilla's "intermediate" ones. The order is ours, because the
 * first of them are the cheapest here, but a client that puts ChaCha20 first has no AES in hardware
 * and gets its wish. There is no early data (it can be replayed) and no renegotiation.
 *
 * Sessions are resumed by tickets only (tls_tickets.c): a cache would belong to one loop or need a
 * lock. A session remembers that its client showed a certificate; so that it counts no longer than
 * the lists of who may sign them, and of what they have revoked, these are part of the sessions'
 * context. */
#include "io/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <openssl/err.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "io/tls_files.h"
#include "io/tls_priv.h"
#include "io/tls_tickets.h"

#define SUITES_1_3 "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define SUITES_1_2                                                                                 \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS          "X25519:prime256v1:secp384r1"
#define GROUPS_HYBRID   "X25519MLKEM768:" GROUPS /* OpenSSL 3.5 and later */
#define ALPN_HTTP_1     "\x08http/1.1\x08http/1.0"
#define ALPN_H2         "\x02h2" ALPN_HTTP_1
#define SESSION_CONTEXT "davit"

struct tls_server {
    const struct tls_options *options;
    bool offers_h2; /* asked on every thread */
    struct tls_tickets tickets;
    struct buf remarks;
    bool has_kernel_tls;
    pthread_mutex_t mutex; /* guards context */
    SSL_CTX *context;
};

/* What a context was made of. */
struct material {
    struct tls_server *server;
    int64_t revocations_until_s; /* INT64_MAX: they do not end, or there are none */
    size_t pair_count;
    struct tls_pair pairs[TLS_PAIRS_MAX];
};

static int material_index = -1; /* in a context's ex_data; set once by the first server */

static const struct material *material_of(const SSL *ssl)
{
    return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), material_index);
}

static void free_material(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long argl,
                          void *argp)
{
    struct material *material = data;
    (void)parent, (void)all, (void)index, (void)argl, (void)argp;
    for (size_t i = 0; material && i < material->pair_count; i++)
        tls_pair_done(&material->pairs[i]);
    mem_free(material);
}

void tls_server_add_names(const struct tls_server *server, struct buf *to)
{
    const struct material *material = SSL_CTX_get_ex_data(server->context, material_index);
    for (size_t i = 0; i < material->pair_count; i++) {
        buf_add(to, buf_str(&material->pairs[i].names));
        buf_add_char(to, '\n');
    }
}

/* --- choosing --- */

/* A set of pairs, a bit for each: those that fit `host` best; 0: none does. */
static uint32_t pairs_for(const struct material *material, struct str host)
{
    unsigned best = 1;
    uint32_t set = 0;
    for (size_t i = 0; i < material->pair_count; i++) {
        unsigned fit = tls_pair_fit(&material->pairs[i], host);
        if (fit < best)
            continue;
        set = fit > best ? 0 : set;
        best = fit;
        set |= 1U << i;
    }
    return set;
}

static uint32_t default_pairs(const struct material *material)
{
    struct str names = buf_str(&material->pairs[0].names);
    return pairs_for(material, str_cut(&names, '\n')) | 1U;
}

static uint32_t pairs_for_client(const struct material *material, const SSL *ssl)
{
    enum { HOST_BYTES_MAX = 255 };
    char lower[HOST_BYTES_MAX];
    struct str host = str_of_c(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    if (host.len && host.at[host.len - 1] == '.')
        host.len--;
    if (host.len == 0 || host.len > sizeof(lower))
        return 0;
    for (size_t i = 0; i < host.len; i++)
        lower[i] = char_lower(host.at[i]);
    return pairs_for(material, str_of(lower, host.len));
}

/* SSL_CTX_set_cert_cb(3): 1 to go on, 0 to end the handshake. */
static int choose_pair(SSL *ssl, void *arg)
{
    const struct material *material = material_of(ssl);
    uint32_t set = pairs_for_client(material, ssl);
    (void)arg;
    if (set == 0 || set == default_pairs(material))
        return 1; /* they are in place */
    SSL_certs_clear(ssl);
    for (size_t i = material->pair_count; i-- > 0;) { /* backwards: the last of a kind stays */
        const struct tls_pair *pair = &material->pairs[i];
        if ((set >> i & 1) && SSL_use_cert_and_key(ssl, pair->leaf, pair->key, pair->chain, 1) != 1)
            return 0;
    }
    return 1;
}

/* SSL_CTX_set_tlsext_status_cb(3): the response for the certificate that is used. */
static int staple(SSL *ssl, void *arg)
{
    const struct material *material = material_of(ssl);
    const X509 *leaf = SSL_get_certificate(ssl);
    (void)arg;
    for (size_t i = 0; i < material->pair_count; i++) {
        const struct tls_pair *pair = &material->pairs[i];
        if (pair->leaf != leaf || pair->ocsp.len == 0 ||
            pair->ocsp_until_s < clock_wall_ms() / 1000)
            continue;
        unsigned char *copy = OPENSSL_memdup(pair->ocsp.at, pair->ocsp.len);
        if (SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)pair->ocsp.len) == 1) /* takes */
            return SSL_TLSEXT_ERR_OK;
        OPENSSL_free(copy);
    }
    return SSL_TLSEXT_ERR_NOACK;
}

/* SSL_CTX_set_alpn_select_cb(3). RFC 7301 §3.2: no common protocol ends the handshake. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *offered, unsigned int offered_len, void *arg)
{
    static const unsigned char with_h2[] = ALPN_H2, without_h2[] = ALPN_HTTP_1;
    bool has_h2 = material_of(ssl)->server->offers_h2;
    const unsigned char *ours = has_h2 ? with_h2 : without_h2;
    unsigned ours_len = (unsigned)(has_h2 ? sizeof(with_h2) : sizeof(without_h2)) - 1;
    unsigned char *found;
    (void)arg;
    if (SSL_select_next_proto(&found, out_len, ours, ours_len, offered, offered_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = found;
    return SSL_TLSEXT_ERR_OK;
}

static int use_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                      EVP_MAC_CTX *mac, int seals)
{
    const struct material *material = material_of(ssl);
    struct tls_tickets *tickets = &material->server->tickets;
    /* A session must not outlive what says that its client is not revoked. */
    if (!seals && material->revocations_until_s <= clock_wall_ms() / 1000)
        return 0;
    /* RFC 8446 §C.4: a ticket should be used once, so its use brings the next one. */
    bool is_renewed = SSL_version(ssl) >= TLS1_3_VERSION;
    struct ticket_use use = {name, iv, cipher, mac, is_renewed};
    return seals ? tls_tickets_seal(tickets, &use) : tls_tickets_open(tickets, &use);
}

/* --- making a context --- */

/* Of every one that may have signed, up to the root. Adds the file's text to `text`. */
static bool use_revocations(const char *file, SSL_CTX *context, struct buf *text,
                            struct buf *remarks, struct err *err)
{
    struct buf more = {0};
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    struct material *material = SSL_CTX_get_ex_data(context, material_index);
    STACK_OF(X509_CRL) *lists =
        tls_read_revocations(file, &more, &material->revocations_until_s, remarks, err);
    bool is_fine = lists != NULL;
    for (int i = 0; is_fine && i < sk_X509_CRL_num(lists); i++)
        is_fine = X509_STORE_add_crl(store, sk_X509_CRL_value(lists, i)) == 1 ||
                  tls_fail(err, "cannot use '%s'", file);
    if (is_fine)
        is_fine =
            X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
    buf_add(text, buf_str(&more));
    buf_done(&more);
    return is_fine;
}

static bool use_client_ca(struct tls_server *server, SSL_CTX *context, struct buf *remarks,
                          struct err *err)
{
    const struct tls_options *options = server->options;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    struct buf text = {0};
    if (!options->client_ca)
        return true;
    STACK_OF(X509) *signers = tls_read_certificates(options->client_ca, &text, err);
    bool is_fine = signers != NULL;
    for (int i = 0; is_fine && i < sk_X509_num(signers); i++) {
        X509 *signer = sk_X509_value(signers, i);
        is_fine = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), signer) == 1 &&
                  SSL_CTX_add_client_CA(context, signer) == 1;
        if (!is_fine)
            (void)tls_fail(err, "cannot use '%s'", options->client_ca); /* is_fine says it */
    }
    if (is_fine && options->client_crl)
        is_fine = use_revocations(options->client_crl, context, &text, remarks, err);
    is_fine = is_fine &&
              EVP_Digest(text.at, text.len, digest, &digest_len, EVP_sha256(), NULL) == 1 &&
              SSL_CTX_set_session_id_context(context, digest, digest_len) == 1;
    SSL_CTX_set_verify(
        context, SSL_VERIFY_PEER | (options->demands_client ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
        NULL);
    sk_X509_pop_free(signers, X509_free);
    buf_done(&text);
    return is_fine;
}

/* Pairs that only some names lead to are tried as well: now is the time to find fault with them. */
static bool use_pairs(const struct material *material, SSL_CTX *context, struct err *err)
{
    uint32_t set = default_pairs(material);
    SSL *trial = SSL_new(context);
    bool is_fine = trial || tls_fail(err, "cannot set up TLS");
    for (size_t i = material->pair_count; is_fine && i-- > 0;) { /* as choose_pair() does */
        const struct tls_pair *pair = &material->pairs[i];
        is_fine = set >> i & 1
                      ? SSL_CTX_use_cert_and_key(context, pair->leaf, pair->key, pair->chain, 1)
                      : SSL_use_cert_and_key(trial, pair->leaf, pair->key, pair->chain, 1);
        if (!is_fine)
            (void)tls_fail(err, "cannot use the certificate in '%s'", /* is_fine says it */
                           material->server->options->pairs[i].certificate);
    }
    SSL_free(trial);
    return is_fine;
}

static bool set_up(struct tls_server *server, SSL_CTX *context, struct err *err)
{
    char groups[] = GROUPS; /* OpenSSL's macro takes no constant */
    char hybrid[] = GROUPS_HYBRID;
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                     (server->has_kernel_tls ? SSL_OP_ENABLE_KTLS : 0));
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(context, 1); /* a record in one system call, not in two */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(context, TICKET_LIFETIME_S);
    SSL_CTX_set_cert_cb(context, choose_pair, NULL);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    SSL_CTX_set_tlsext_status_cb(context, staple);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_ticket);
    bool is_fine = SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
                   SSL_CTX_set_ciphersuites(context, SUITES_1_3) == 1 &&
                   SSL_CTX_set_cipher_list(context, SUITES_1_2) == 1 &&
                   (SSL_CTX_set1_groups_list(context, hybrid) == 1 ||
                    SSL_CTX_set1_groups_list(context, groups) == 1) &&
                   SSL_CTX_set_session_id_context(context, (const unsigned char *)SESSION_CONTEXT,
                                                  sizeof(SESSION_CONTEXT) - 1) == 1;
    ERR_clear_error(); /* of groups that this OpenSSL does not know */
    return is_fine || tls_fail(err, "cannot set up TLS");
}

static struct material *read_material(struct tls_server *server, struct buf *remarks,
                                      struct err *err)
{
    const struct tls_options *options = server->options;
    struct material *material = MEM_NEW(struct material);
    material->server = server;
    material->revocations_until_s = INT64_MAX;
    for (size_t i = 0; i < options->pair_count; i++) {
        material->pair_count++;
        if (!tls_pair_read(&material->pairs[i], &options->pairs[i], remarks, err)) {
            free_material(NULL, material, NULL, 0, 0, NULL);
            return NULL;
        }
    }
    return material;
}

/* Gives; NULL: `err` says why. */
static SSL_CTX *make_context(struct tls_server *server, struct buf *remarks, struct err *err)
{
    struct material *material = read_material(server, remarks, err);
    if (!material)
        return NULL;
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_set_ex_data(context, material_index, material) != 1) {
        free_material(NULL, material, NULL, 0, 0, NULL);
        (void)tls_fail(err, "cannot create a TLS context"); /* NULL says it */
        SSL_CTX_free(context);
        return NULL;
    }
    if (set_up(server, context, err) && use_client_ca(server, context, remarks, err) &&
        use_pairs(material, context, err))
        return context;
    SSL_CTX_free(context); /* and the material with it */
    return NULL;
}

/* --- servers --- */

/* A socket that is not connected cannot have it, but the error tells whether the kernel knows it.
 * Asked once: a kernel that does not may look for a module each time. */
static bool has_kernel_tls(void)
{
    static const char name[] = "tls";
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    int rc = setsockopt(fd, IPPROTO_TCP, TCP_ULP, name, sizeof(name));
    bool is_known = rc == 0 || errno == ENOTCONN;
    fd_close(fd);
    return is_known;
}

static void make_index(void)
{
    material_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_material);
}

struct tls_server *tls_server_new(const struct tls_options *options, struct shared_state *shared,
                                  struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_index);
    assert(options->pair_count > 0);
    struct tls_server *server = MEM_NEW(struct tls_server);
    server->offers_h2 = options->offers_h2;
    server->has_kernel_tls = has_kernel_tls();
    pthread_mutex_init(&server->mutex, NULL);
    if (tls_tickets_init(&server->tickets, shared, err) && tls_server_reload(server, options, err))
        return server;
    tls_server_free(server);
    return NULL;
}

void tls_server_free(struct tls_server *server)
{
    if (!server)
        return;
    SSL_CTX_free(server->context);
    tls_tickets_done(&server->tickets);
    buf_done(&server->remarks);
    pthread_mutex_destroy(&server->mutex);
    mem_free(server);
}

bool tls_server_reload(struct tls_server *server, const struct tls_options *options,
                       struct err *err)
{
    const struct tls_options *before = server->options;
    struct buf remarks = {0};
    if (options)
        server->options = options;
    SSL_CTX *context = make_context(server, &remarks, err);
    if (!context) {
        server->options = before;
        buf_done(&remarks);
        return false;
    }
    buf_done(&server->remarks);
    server->remarks = remarks;
    pthread_mutex_lock(&server->mutex);
    SSL_CTX *old = server->context;
    server->context = context;
    pthread_mutex_unlock(&server->mutex);
    SSL_CTX_free(old); /* goes with its last connection */
    return true;
}

struct str tls_server_remarks(const struct tls_server *server)
{
    return buf_str(&server->remarks);
}

bool tls_server_has_kernel_tls(const struct tls_server *server)
{
    return server->has_kernel_tls;
}

SSL_CTX *tls_server_context(struct tls_server *server)
{
    pthread_mutex_lock(&server->mutex);
    SSL_CTX *context = server->context;
    SSL_CTX_up_ref(context);
    pthread_mutex_unlock(&server->mutex);
    return context;
}
