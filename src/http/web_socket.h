/* http/web_socket.h: a WebSocket (RFC 6455), as who uses it sees it: how a request becomes one, and
 * the texts that come and go. All of it happens on the loop of the request. */
#pragma once

#include "http/message.h"

/* Why a socket is closed (RFC 6455 §7.4.1, and what IANA has registered since). */
enum web_socket_code {
    SOCKET_NORMAL = 1000,
    SOCKET_GOING_AWAY = 1001,
    SOCKET_PROTOCOL_ERROR = 1002,
    SOCKET_UNSUPPORTED = 1003,
    SOCKET_RESERVED = 1004,
    SOCKET_NO_CODE = 1005, /* is never sent: none was */
    SOCKET_BROKEN = 1006,  /* is never sent */
    SOCKET_NOT_UTF8 = 1007,
    SOCKET_POLICY = 1008,
    SOCKET_TOO_BIG = 1009,
    SOCKET_NOT_NOW = 1011,
    SOCKET_LAST_REGISTERED = 1014,
};

struct web_socket;
struct web_socket_ops;

/* Who uses one. */
struct socket_user {
    const struct socket_user_ops *ops;
};

struct socket_user_ops {
    /* The client has been told that it is open. The socket is the user's until `closed`. */
    void (*opened)(struct socket_user *user, struct web_socket *socket);

    /* A message has come; the text is borrowed. */
    void (*received)(struct socket_user *user, struct str text);

    /* Who may what may have changed: he closes it, or goes on. */
    void (*renewed)(struct socket_user *user);

    /* It is no more, or has never come to be; whoever closed it. Comes once, and is the last. */
    void (*closed)(struct socket_user *user);
};

struct web_socket {
    const struct web_socket_ops *ops;
    struct refs refs; /* held by what goes on for it: the server stops after that */
};

struct web_socket_ops {
    bool (*send)(struct web_socket *socket, struct str text);
    void (*keep)(struct web_socket *socket);
    void (*close)(struct web_socket *socket, enum web_socket_code code);
};

/* Sends a text, soon. False: it is not sent: the client has not taken what was before. */
NODISCARD static inline bool web_socket_send(struct web_socket *socket, struct str text)
{
    return socket->ops->send(socket, text);
}

/* The client is welcome: until then it is sent away after as long as a head may take, and from then
 * on it may stay as long as it answers pings. */
static inline void web_socket_keep(struct web_socket *socket)
{
    socket->ops->keep(socket);
}

/* `closed` comes within this call. */
static inline void web_socket_close(struct web_socket *socket, enum web_socket_code code)
{
    socket->ops->close(socket, code);
}

/* What is to be said to a request where a WebSocket is to be had (RFC 6455 §4.2). 101: it is one,
 * and becomes a socket of `user` once it is answered with that; the fields for it are set. Any
 * other: *why_out says what is wrong, likewise, and the user is left alone. */
NODISCARD enum http_status web_socket_offer(struct http_stream *stream, struct socket_user *user,
                                            const char **why_out);
