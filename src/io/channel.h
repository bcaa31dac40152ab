/* io/channel.h: bytes to and from a peer: a socket, or what is on top of one.
 *
 * No call blocks. A channel knows from its events what is worth trying: after AGAIN it makes no
 * system call until the kernel has told of a change, and then it rings `ready`. */
#pragma once

#include "base/share.h"
#include "base/str.h"
#include "io/loop.h"

enum channel_rc {
    CHANNEL_OK,     /* *len_out bytes, at least 1 */
    CHANNEL_AGAIN,  /* nothing now; `ready` will ring */
    CHANNEL_END,    /* receiving: the peer sends no more, in order or not */
    CHANNEL_FAILED, /* sending: nobody is there any more */
};

struct channel {
    const struct channel_ops *ops;
    struct loop *loop;
    struct watch watch;
    struct task *ready; /* queued on every change; the owner's, who may set another */
    bool may_read;      /* no AGAIN since the last event */
    bool may_write;
    bool has_ended;      /* the peer has closed its side: receiving on will find the end */
    bool has_failed;     /* both sides are closed: whatever is sent is lost */
    bool is_secure;      /* what passes is encrypted */
    struct share *share; /* the peer's, with a place in its `connections`; NULL: none */
    char *client;        /* of whom we trust the certificate (RFC 4514); NULL: nobody showed one */
};

/* What a kind of channel does. Callers use the functions below. */
struct channel_ops {
    enum channel_rc (*receive)(struct channel *channel, char *to, size_t want, size_t *len_out);
    enum channel_rc (*skip)(struct channel *channel, size_t want, size_t *len_out);
    enum channel_rc (*send)(struct channel *channel, struct str bytes, bool has_more,
                            size_t *len_out);
    /* NULL: it cannot; send() what was read. */
    enum channel_rc (*send_file)(struct channel *channel, int fd, uint64_t offset, size_t want,
                                 size_t *len_out);
    /* NULL: it cannot; receive(). */
    enum channel_rc (*splice)(struct channel *channel, int pipe_fd, size_t want, size_t *len_out);
    void (*shut)(struct channel *channel);
    void (*close)(struct channel *channel, bool is_reset);
};

/* A channel over an accepted socket. Takes fd, also when it fails. Gives; NULL: `err` says why. */
NODISCARD struct channel *channel_of_socket(struct loop *loop, int fd, struct task *ready,
                                            struct err *err);

/* At most `want` bytes. */
NODISCARD enum channel_rc channel_receive(struct channel *channel, char *to, size_t want,
                                          size_t *len_out);
/* The same, but nobody wants the bytes. */
NODISCARD enum channel_rc channel_skip(struct channel *channel, size_t want, size_t *len_out);

/* The same into a pipe without a copy, where the channel can. OK with *len_out 0: not now this way;
 * the pipe takes no more, or this channel or kernel knows no such thing. */
NODISCARD enum channel_rc channel_splice(struct channel *channel, int pipe_fd, size_t want,
                                         size_t *len_out);

/* `has_more`: more will be sent at once, so a packet that is not full may wait for it. What was not
 * taken must be sent next, and nothing else: part of it may be on its way. */
NODISCARD enum channel_rc channel_send(struct channel *channel, struct str bytes, bool has_more,
                                       size_t *len_out);

/* From a file without a copy, where the channel can: see channel_sends_files(). *len_out is 0 at
 * the end of the file. */
NODISCARD enum channel_rc channel_send_file(struct channel *channel, int fd, uint64_t offset,
                                            size_t want, size_t *len_out);
bool channel_sends_files(const struct channel *channel);

/* What is sent next is not to queue behind much that the network has not taken yet: the channel is
 * full sooner. For who sends many things at a time. */
void channel_keep_prompt(struct channel *channel);

/* Tells the peer at once that what he has sent has come, where more is awaited. Otherwise that is
 * told with the answer, or some 40 ms later; and who sends by Nagle's rule keeps back the rest of a
 * request for so long. */
void channel_acknowledge(struct channel *channel);

/* Says that nothing more will be sent. */
void channel_shut(struct channel *channel);

/* Frees, and clears the pointer; NULL is fine. `is_reset`: so that the peer cannot take what it got
 * for complete. */
void channel_close(struct channel **channel, bool is_reset);
