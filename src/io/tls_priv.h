/* io/tls_priv.h: what connections have of the server's TLS. */
#pragma once

#include <openssl/ssl.h>

#include "io/tls.h"

/* A context to begin a connection with. Gives; free with SSL_CTX_free(3). */
SSL_CTX *tls_server_context(struct tls_server *server);
