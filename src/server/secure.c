#include "server/secure.h"

#include "base/log.h"
#include "base/mem.h"
#include "io/worker.h"

static void log_remarks(const struct secure *secure)
{
    struct str remarks = tls_server_remarks(secure->tls);
    while (remarks.len) {
        struct str line = str_cut(&remarks, '\n');
        log_line(LOG_WARN, "%.*s", STR_ARGS(line));
    }
}

bool secure_read(struct secure *secure, const struct server_config *config,
                 struct shared_state *shared, struct err *err)
{
    *secure = (struct secure){0};
    if (config->tls.pair_count == 0)
        return true;
    secure->tls = tls_server_new(&config->tls, shared, err);
    if (!secure->tls)
        return false;
    log_remarks(secure);
    log_line(LOG_DEBUG, "the kernel %s encrypt for TLS",
             tls_server_has_kernel_tls(secure->tls) ? "can" : "cannot");
    if (config->hsts_s != OPTION_UNSET)
        buf_addf(&secure->hsts, "max-age=%llu", (unsigned long long)config->hsts_s);
    return true;
}

bool secure_start(struct secure *secure, const struct server_config *config, struct ports *ports,
                  struct err *err)
{
    if (!secure->tls)
        return true;
    secure->handshake_pool = worker_pool_new(config->threads, err);
    ports_secure(ports, secure->tls, secure->handshake_pool);
    return secure->handshake_pool != NULL;
}

bool secure_reload(struct secure *secure, const struct server_config *config, struct err *err)
{
    bool has_pairs = config->tls.pair_count > 0;
    if (has_pairs != (secure->tls != NULL))
        return err_set(err, 0, "turning TLS on or off needs a restart");
    if (!secure->tls)
        return true;
    if (!tls_server_reload(secure->tls, &config->tls, err))
        return false;
    log_line(LOG_INFO, "the certificates have been reloaded");
    log_remarks(secure);
    return true;
}

void secure_stop(struct secure *secure)
{
    worker_pool_free(secure->handshake_pool);
    tls_server_free(secure->tls);
    buf_done(&secure->hsts);
}
