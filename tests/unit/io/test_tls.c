#include "support/test.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "access/standalone.h"
#include "base/clock.h"
#include "base/mem.h"
#include "io/self_signed.h"
#include "support/nodes.h"
#include "tls_peer.h"

#define HOUR_MS ((int64_t)3600 * 1000)

static struct tls_files files;
static struct tls_options options;
static struct shared_state *shared; /* nothing but secrets */
static struct tls_server *server;
static struct err err;

static int start(__attribute__((unused)) void **state)
{
    (void)signal(SIGPIPE, SIG_IGN); /* of the client, which is OpenSSL as it comes */
    files_init(&files);
    options = (struct tls_options){.pair_count = 1};
    shared = standalone_new((const size_t[SHARED_TABLES]){0});
    pair_of(&files, "a", "a.example", 30, &options.pairs[0]);
    server = NULL;
    return 0;
}

static int stop(__attribute__((unused)) void **state)
{
    tls_server_free(server);
    standalone_free(shared);
    files_done(&files);
    clock_freeze(-1);
    return 0;
}

static void serve(void)
{
    server = tls_server_new(&options, shared, &err);
    if (!server)
        print_error("%s\n", err.text);
    assert_non_null(server);
}

static void check_remark(const char *part)
{
    struct str remarks = tls_server_remarks(server);
    bool is_there = memmem(remarks.at, remarks.len, part, strlen(part)) != NULL;
    if (!is_there)
        print_error("'%.*s' says nothing of '%s'\n", STR_ARGS(remarks), part);
    assert_true(is_there);
}

static void refuses(const char *part)
{
    server = tls_server_new(&options, shared, &err);
    assert_null(server);
    if (!strstr(err.text, part))
        print_error("'%s' says nothing of '%s'\n", err.text, part);
    assert_non_null(strstr(err.text, part));
    assert_null(strstr(err.text, "PRIVATE"));
}

/* --- files --- */

TEST(tls_has_nothing_to_remark_on_a_good_pair)
{
    serve();
    check_str("remarks", tls_server_remarks(server), "");
}

TEST(tls_refuses_a_key_of_another_certificate)
{
    struct tls_pair_files other;
    pair_of(&files, "b", "b.example", 30, &other);
    options.pairs[0].key = other.key;
    refuses("b.key' does not belong to the certificate in");
}

TEST(tls_refuses_what_is_not_there)
{
    options.pairs[0].key = "/nonexistent/key";
    refuses("cannot open '/nonexistent/key': No such file");
    options.pairs[0].certificate = "/nonexistent/cert";
    refuses("cannot open '/nonexistent/cert': No such file");
}

TEST(tls_refuses_what_is_something_else)
{
    const char *good = options.pairs[0].certificate;
    options.pairs[0].certificate = options.pairs[0].key;
    refuses("there is no certificate in");
    options.pairs[0].certificate = file_of(&files, "empty", STR_NONE);
    refuses("there is no certificate in");
    options.pairs[0].certificate = file_of(
        &files, "bad", STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
    refuses("cannot read the certificate in");
    options.pairs[0].certificate = options.pairs[0].key = good;
    refuses("there is no private key in");
}

static EVP_PKEY *read_key(const char *file)
{
    BIO *bio = BIO_new_file(file, "r");
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(key);
    return key;
}

static X509 *read_certificate(const char *file)
{
    BIO *bio = BIO_new_file(file, "r");
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

static const char *file_of_bio(const char *name, BIO *bio)
{
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    const char *file = file_of(&files, name, str_of(text, (size_t)len));
    BIO_free(bio);
    return file;
}

TEST(tls_refuses_an_encrypted_key)
{
    static const char *const names[] = {"pkcs8", "traditional"};
    EVP_PKEY *key = read_key(options.pairs[0].key);
    for (int i = 0; i < 2; i++) {
        BIO *bio = BIO_new(BIO_s_mem());
        if (i == 0)
            assert_int_equal(
                PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), "secret", 6, NULL, NULL),
                1);
        else
            assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_256_cbc(),
                                                                  (const unsigned char *)"secret",
                                                                  6, NULL, NULL),
                             1);
        options.pairs[0].key = file_of_bio(names[i], bio);
        refuses("is encrypted");
    }
    EVP_PKEY_free(key);
}

TEST(tls_takes_both_from_one_file)
{
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *key = read_key(options.pairs[0].key);
    X509 *certificate = read_certificate(options.pairs[0].certificate);
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    PEM_write_bio_X509(bio, certificate);
    options.pairs[0].certificate = options.pairs[0].key = file_of_bio("both", bio);
    serve();
    EVP_PKEY_free(key);
    X509_free(certificate);
}

TEST(tls_remarks_on_a_key_that_others_can_read)
{
    assert_int_equal(chmod(options.pairs[0].key, 0644), 0);
    serve();
    check_remark("can be read by every user");
    assert_int_equal(chmod(options.pairs[0].key, 0602), 0);
    assert_true(tls_server_reload(server, NULL, &err));
    check_remark("can be changed by every user");
    assert_int_equal(chmod(options.pairs[0].key, 0640), 0);
    assert_true(tls_server_reload(server, NULL, &err));
    check_str("a group may", tls_server_remarks(server), "");
}

TEST(tls_remarks_on_time)
{
    int64_t now_ms = clock_wall_ms();
    serve();
    clock_freeze(now_ms + 25 * 24 * HOUR_MS);
    assert_true(tls_server_reload(server, NULL, &err));
    check_remark("expires in 1");
    clock_freeze(now_ms + 31 * 24 * HOUR_MS);
    assert_true(tls_server_reload(server, NULL, &err));
    check_remark("has expired");
    clock_freeze(now_ms - 2 * HOUR_MS);
    assert_true(tls_server_reload(server, NULL, &err));
    check_remark("not valid yet");
}

/* --- names --- */

/* OpenSSL's macros take no constants. */
static void ask_for(struct peer *peer, const char *host)
{
    char text[256];
    (void)snprintf(text, sizeof(text), "%s", host); /* fits */
    assert_int_equal(SSL_set_tlsext_host_name(peer->client, text), 1);
}

static void use_sigalgs(struct peer *peer, const char *algorithms)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%s", algorithms); /* fits */
    assert_int_equal(SSL_set1_sigalgs_list(peer->client, text), 1);
}

/* Which certificate a client gets who asks for `host`. */
static void check_host(const char *host, const char *expected)
{
    struct peer peer;
    char text[128];
    peer_init(&peer, server);
    if (host)
        ask_for(&peer, host);
    assert_true(shake_hands(&peer));
    check_str(host ? host : "none", client_sees(&peer, text), expected);
    peer_done(&peer);
}

TEST(tls_chooses_by_name)
{
    pair_of(&files, "w", "*.example", 30, &options.pairs[1]);
    pair_of(&files, "b", "B.example", 30, &options.pairs[2]);
    pair_of(&files, "w2", "*.example", 30, &options.pairs[3]);
    options.pair_count = 4;
    serve();
    check_host(NULL, "a.example");
    check_host("a.example", "a.example");
    check_host("b.example", "B.example");
    check_host("b.EXAMPLE", "B.example");
    check_host("b.example.", "B.example");
    check_host("c.example", "*.example");
    check_host("x.c.example", "a.example"); /* a '*' is one label */
    check_host("example", "a.example");
    check_host(".example", "a.example");
    check_host("other.test", "a.example");
}

static X509 *sign(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key)
{
    X509 *certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * 24 * 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "O", MBSTRING_UTF8,
                               (const unsigned char *)"Test, Inc", -1, -1, 0);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate));
    X509_set_pubkey(certificate, key);
    X509_EXTENSION *may_sign = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
                                                   issuer ? "CA:FALSE" : "critical,CA:TRUE");
    X509_add_ext(certificate, may_sign, -1);
    X509_EXTENSION_free(may_sign);
    assert_true(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
    return certificate;
}

static const char *file_of_certificate(const char *name, X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    return file_of_bio(name, bio);
}

TEST(tls_has_a_certificate_for_each_kind_of_key)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *certificate = sign(key, "a.example", NULL, key); /* a common name counts: no other */
    BIO *bio = BIO_new(BIO_s_mem());
    struct peer peer;
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    options.pairs[1] =
        (struct tls_pair_files){.certificate = file_of_certificate("rsa.crt", certificate),
                                .key = file_of_bio("rsa.key", bio)};
    pair_of(&files, "b", "b.example", 30, &options.pairs[2]);
    options.pair_count = 3;
    serve();
    for (int is_rsa = 0; is_rsa < 2; is_rsa++) {
        for (int has_name = 0; has_name < 2; has_name++) {
            peer_init(&peer, server);
            use_sigalgs(&peer, is_rsa ? "RSA-PSS+SHA256" : "ECDSA+SHA256");
            if (has_name)
                ask_for(&peer, "a.example");
            assert_true(shake_hands(&peer));
            assert_int_equal(
                EVP_PKEY_get_base_id(X509_get0_pubkey(SSL_get0_peer_certificate(peer.client))),
                is_rsa ? EVP_PKEY_RSA : EVP_PKEY_EC);
            peer_done(&peer);
        }
    }
    peer_init(&peer, server); /* b.example has no such key, and gets none of a.example's */
    use_sigalgs(&peer, "RSA-PSS+SHA256");
    ask_for(&peer, "b.example");
    assert_false(shake_hands(&peer));
    peer_done(&peer);
    EVP_PKEY_free(key);
    X509_free(certificate);
}

/* --- reloading --- */

TEST(tls_reload_is_for_new_connections)
{
    struct peer before;
    struct tls_pair_files changed;
    char text[128];
    struct buf got = {0};
    serve();
    peer_init(&before, server);
    assert_true(shake_hands(&before));
    pair_of(&files, "a", "changed.example", 30, &changed); /* over the same files */
    check_host("a.example", "a.example");
    assert_true(tls_server_reload(server, NULL, &err));
    check_host("a.example", "changed.example");
    channel_to_client(&before, STR("still here"), 100, &got);
    check_str("before", buf_str(&got), "still here");
    check_str("before", client_sees(&before, text), "a.example");
    peer_done(&before);
    buf_done(&got);
}

TEST(tls_reload_that_fails_changes_nothing)
{
    struct tls_pair_files other;
    serve();
    pair_of(&files, "b", "b.example", 30, &other);
    assert_int_equal(rename(other.key, options.pairs[0].key), 0);
    assert_false(tls_server_reload(server, NULL, &err));
    assert_non_null(strstr(err.text, "does not belong"));
    check_host(NULL, "a.example");
    assert_int_equal(unlink(options.pairs[0].key), 0);
    assert_false(tls_server_reload(server, NULL, &err));
    check_host(NULL, "a.example");
}

/* --- tickets --- */

/* A connection that hands in `session` (NULL: none) and takes the next one. */
static bool resumes(int version, SSL_SESSION **session)
{
    struct peer peer;
    struct buf got = {0};
    peer_init(&peer, server);
    SSL_set_max_proto_version(peer.client, version);
    if (*session)
        assert_int_equal(SSL_set_session(peer.client, *session), 1);
    assert_true(shake_hands(&peer));
    channel_to_client(&peer, STR("x"), 1, &got); /* the tickets of 1.3 come before it */
    bool is_resumed = SSL_session_reused(peer.client);
    SSL_SESSION_free(*session);
    *session = SSL_get1_session(peer.client);
    SSL_shutdown(peer.client);
    peer_done(&peer);
    buf_done(&got);
    return is_resumed;
}

TEST(tls_sessions_can_be_resumed_for_half_a_day)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        SSL_SESSION *session = NULL;
        int64_t now_ms = 1000000;
        clock_freeze(now_ms);
        serve();
        assert_false(resumes(versions[i], &session));
        assert_true(resumes(versions[i], &session));
        assert_true(tls_server_reload(server, NULL, &err)); /* the keys are the server's */
        assert_true(resumes(versions[i], &session));
        clock_freeze(now_ms += 7 * HOUR_MS); /* another key seals, this one still opens */
        assert_true(resumes(versions[i], &session));
        clock_freeze(now_ms += 11 * HOUR_MS); /* the first is no more, but the ticket was renewed */
        assert_true(resumes(versions[i], &session));
        clock_freeze(now_ms += 30 * HOUR_MS);
        assert_false(resumes(versions[i], &session));
        assert_true(resumes(versions[i], &session));
        SSL_SESSION_free(session);
        tls_server_free(server);
        server = NULL;
    }
}

TEST(tls_tickets_are_no_other_servers)
{
    SSL_SESSION *session = NULL;
    serve();
    assert_false(resumes(TLS1_3_VERSION, &session));
    tls_server_free(server);
    serve();
    assert_false(resumes(TLS1_3_VERSION, &session));
    SSL_SESSION_free(session);
}

/* A server with the same files, of another node. */
static struct tls_server *serve_at(struct node *node)
{
    struct tls_server *other = tls_server_new(&options, &node->state, &err);
    assert_non_null(other);
    return other;
}

TEST(tls_tickets_of_a_node_resume_at_the_others)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct node_hub hub = {shared, "root"};
    struct node nodes[2];
    struct tls_server *servers[2];
    clock_freeze(1000000);
    for (int i = 0; i < 2; i++) {
        node_init(&nodes[i], &hub);
        servers[i] = serve_at(&nodes[i]);
    }
    nodes[0].ahead_ms =
        5 * HOUR_MS + HOUR_MS / 2; /* so that it is in another generation at times */
    for (int i = 0; i < 8; i++) {
        SSL_SESSION *session = NULL;
        clock_freeze(1000000 + i * HOUR_MS);
        server = servers[i % 2];
        assert_false(resumes(versions[i / 4], &session));
        server = servers[1 - i % 2];
        assert_true(resumes(versions[i / 4], &session));
        tls_server_free(servers[1]); /* and after a restart */
        server = servers[1] = serve_at(&nodes[1]);
        assert_true(resumes(versions[i / 4], &session));
        SSL_SESSION_free(session);
    }
    tls_server_free(servers[0]); /* stop() frees the other */
}

/* --- clients with certificates --- */

struct signer {
    EVP_PKEY *key;
    X509 *certificate;
    EVP_PKEY *client_key;
    X509 *client;
};

static struct signer signer_of(const char *name)
{
    struct signer signer = {.key = EVP_EC_gen("P-256"), .client_key = EVP_EC_gen("P-256")};
    signer.certificate = sign(signer.key, name, NULL, signer.key);
    signer.client = sign(signer.client_key, "alice", signer.certificate, signer.key);
    return signer;
}

static void signer_done(struct signer *signer)
{
    EVP_PKEY_free(signer->key);
    EVP_PKEY_free(signer->client_key);
    X509_free(signer->certificate);
    X509_free(signer->client);
}

/* Who the server takes the client for; NULL: it does not let it in. `signer` NULL: no certificate.
 */
static const char *client_is(const struct signer *signer, int version, SSL_SESSION **session)
{
    static char text[256];
    struct peer peer;
    struct buf got = {0};
    bool is_in = false;
    peer_init(&peer, server);
    SSL_set_max_proto_version(peer.client, version);
    if (signer)
        SSL_use_cert_and_key(peer.client, signer->client, signer->client_key, NULL, 1);
    if (session && *session)
        SSL_set_session(peer.client, *session);
    if (shake_hands(&peer)) {
        const char *client = peer.channel->client;
        snprintf(text, sizeof(text), "%s%s", client ? client : "nobody",
                 SSL_session_reused(peer.client) ? " again" : "");
        channel_to_client(&peer, STR("x"), 1, &got);
        is_in = true;
    }
    if (session && is_in) {
        SSL_SESSION_free(*session);
        *session = SSL_get1_session(peer.client);
        SSL_shutdown(peer.client); /* otherwise OpenSSL takes the session for a bad one */
    }
    peer_done(&peer);
    buf_done(&got);
    return is_in ? text : NULL;
}

TEST(tls_knows_clients_by_their_certificates)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct signer known = signer_of("known");
    struct signer other = signer_of("other");
    options.client_ca = file_of_certificate("ca", known.certificate);
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        options.demands_client = false;
        serve();
        assert_string_equal(client_is(&known, versions[i], NULL), "CN=alice,O=Test\\, Inc");
        assert_string_equal(client_is(NULL, versions[i], NULL), "nobody");
        assert_null(client_is(&other, versions[i], NULL));
        tls_server_free(server);
        options.demands_client = true;
        serve();
        assert_string_equal(client_is(&known, versions[i], NULL), "CN=alice,O=Test\\, Inc");
        assert_null(client_is(NULL, versions[i], NULL));
        assert_null(client_is(&other, versions[i], NULL));
        tls_server_free(server);
    }
    server = NULL;
    signer_done(&known);
    signer_done(&other);
}

TEST(tls_forgets_clients_with_who_signed_them)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct signer known = signer_of("known");
    struct signer other = signer_of("other");
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        SSL_SESSION *session = NULL;
        options.client_ca = file_of_certificate("ca", known.certificate);
        serve();
        assert_string_equal(client_is(&known, versions[i], &session), "CN=alice,O=Test\\, Inc");
        assert_string_equal(client_is(NULL, versions[i], &session), "CN=alice,O=Test\\, Inc again");
        assert_true(tls_server_reload(server, NULL, &err));
        assert_string_equal(client_is(NULL, versions[i], &session), "CN=alice,O=Test\\, Inc again");
        (void)file_of_certificate("ca", other.certificate);
        assert_true(tls_server_reload(server, NULL, &err));
        assert_string_equal(client_is(NULL, versions[i], &session), "nobody");
        SSL_SESSION_free(session);
        tls_server_free(server);
    }
    server = NULL;
    signer_done(&known);
    signer_done(&other);
}

TEST(tls_refuses_a_list_of_signers_that_is_none)
{
    options.client_ca = options.pairs[0].key;
    refuses("there is no certificate in");
}

/* --- ALPN --- */

TEST(tls_agrees_on_a_protocol)
{
    static const struct {
        const char *offered;
        bool has_h2;
        const char *chosen; /* NULL: the handshake fails */
    } rows[] = {
        {"\x02h2\x08http/1.1", true, "h2"},
        {"\x08http/1.1\x02h2", true, "h2"},
        {"\x02h2\x08http/1.1", false, "http/1.1"},
        {"\x08http/1.1", true, "http/1.1"},
        {"\x08http/1.0", true, "http/1.0"},
        {"\x03smt", true, NULL},
        {"\x02h2", false, NULL},
        {"", true, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct peer peer;
        const unsigned char *chosen;
        unsigned len;
        options.offers_h2 = rows[i].has_h2;
        serve();
        peer_init(&peer, server);
        SSL_set_alpn_protos(peer.client, (const unsigned char *)rows[i].offered,
                            (unsigned)strlen(rows[i].offered));
        check_int(rows[i].offered, shake_hands(&peer), rows[i].chosen != NULL);
        SSL_get0_alpn_selected(peer.client, &chosen, &len);
        if (rows[i].chosen) {
            check_str(rows[i].offered, str_of((const char *)chosen, len), rows[i].chosen);
            check_int(rows[i].offered, tls_channel_protocol(peer.channel),
                      strcmp(rows[i].chosen, "h2") == 0 ? TLS_HTTP_2 : TLS_HTTP_1);
        }
        peer_done(&peer);
        tls_server_free(server);
    }
    server = NULL;
}

/* --- OCSP --- */

static const char *response_for(const char *name, const struct tls_pair_files *pair, long until_s)
{
    EVP_PKEY *key = read_key(pair->key);
    X509 *certificate = read_certificate(pair->certificate);
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, certificate, certificate);
    ASN1_TIME *from = X509_gmtime_adj(NULL, -3600);
    ASN1_TIME *until = X509_gmtime_adj(NULL, until_s);
    unsigned char *der = NULL;
    OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, from, until);
    assert_int_equal(OCSP_basic_sign(basic, certificate, key, EVP_sha256(), NULL, 0), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    int len = i2d_OCSP_RESPONSE(response, &der);
    const char *file = file_of(&files, name, str_of((const char *)der, (size_t)len));
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return file;
}

/* How long the response is that a client gets with the certificate; -1: none. */
static long stapled(const char *host)
{
    struct peer peer;
    const unsigned char *response = NULL;
    peer_init(&peer, server);
    SSL_set_tlsext_status_type(peer.client, TLSEXT_STATUSTYPE_ocsp);
    ask_for(&peer, host);
    assert_true(shake_hands(&peer));
    long len = SSL_get_tlsext_status_ocsp_resp(peer.client, &response);
    peer_done(&peer);
    return len;
}

TEST(tls_staples_the_response_of_the_certificate)
{
    struct stat stat_of_b;
    pair_of(&files, "b", "b.example", 30, &options.pairs[1]);
    options.pair_count = 2;
    options.pairs[1].ocsp = response_for("b.ocsp", &options.pairs[1], 3600);
    serve();
    check_str("remarks", tls_server_remarks(server), "");
    assert_int_equal(stat(options.pairs[1].ocsp, &stat_of_b), 0);
    assert_int_equal(stapled("a.example"), -1);
    assert_int_equal(stapled("b.example"), stat_of_b.st_size);
    clock_freeze(clock_wall_ms() + 2 * HOUR_MS); /* outdated meanwhile */
    assert_int_equal(stapled("b.example"), -1);
}

TEST(tls_does_not_staple_what_is_outdated)
{
    options.pairs[0].ocsp = response_for("a.ocsp", &options.pairs[0], -60);
    serve();
    check_remark("outdated");
    assert_int_equal(stapled("a.example"), -1);
}

TEST(tls_refuses_a_response_that_is_none)
{
    options.pairs[0].ocsp = options.pairs[0].certificate;
    refuses("there is no OCSP response in");
    options.pairs[0].ocsp = file_of(&files, "later", STR("\x30\x03\x0a\x01\x03")); /* tryLater */
    refuses("reports an error: trylater");
}

/* --- self-signed certificates --- */

TEST(self_signed_names_hosts_and_addresses)
{
    static const char *const names[] = {"Host.example", "*.wild.example", "192.0.2.1",
                                        "2001:db8::1"};
    struct self_signed_wish wish = {names, ARRAY_LEN(names), 3};
    struct self_signed made;
    assert_true(self_signed_make(&wish, &made, &err));
    BIO *bio = BIO_new_mem_buf(made.certificate.at, (int)made.certificate.len);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_int_equal(X509_check_host(certificate, "host.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(certificate, "x.wild.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "192.0.2.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "2001:db8::1", 0), 1);
    assert_int_equal(X509_check_ip_asc(certificate, "192.0.2.2", 0), 0);
    assert_int_equal(X509_check_ca(certificate), 0);
    assert_int_equal(made.fingerprint.len, 95);
    BIO_free(bio);
    X509_free(certificate);
    self_signed_done(&made);
}

TEST(self_signed_refuses_what_is_no_name)
{
    static const char *const bad[] = {"", "a b", "a,DNS:b", "x*.example", "a\nb", "http://x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct self_signed_wish wish = {&bad[i], 1, 3};
        struct self_signed made;
        check_that(bad[i], !self_signed_make(&wish, &made, &err));
        self_signed_done(&made);
    }
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        ROW(tls_has_nothing_to_remark_on_a_good_pair),
        ROW(tls_refuses_a_key_of_another_certificate),
        ROW(tls_refuses_what_is_not_there),
        ROW(tls_refuses_what_is_something_else),
        ROW(tls_refuses_an_encrypted_key),
        ROW(tls_takes_both_from_one_file),
        ROW(tls_remarks_on_a_key_that_others_can_read),
        ROW(tls_remarks_on_time),
        ROW(tls_chooses_by_name),
        ROW(tls_has_a_certificate_for_each_kind_of_key),
        ROW(tls_reload_is_for_new_connections),
        ROW(tls_reload_that_fails_changes_nothing),
        ROW(tls_sessions_can_be_resumed_for_half_a_day),
        ROW(tls_tickets_are_no_other_servers),
        ROW(tls_tickets_of_a_node_resume_at_the_others),
        ROW(tls_knows_clients_by_their_certificates),
        ROW(tls_forgets_clients_with_who_signed_them),
        ROW(tls_refuses_a_list_of_signers_that_is_none),
        ROW(tls_agrees_on_a_protocol),
        ROW(tls_staples_the_response_of_the_certificate),
        ROW(tls_does_not_staple_what_is_outdated),
        ROW(tls_refuses_a_response_that_is_none),
        ROW(self_signed_names_hosts_and_addresses),
        ROW(self_signed_refuses_what_is_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
