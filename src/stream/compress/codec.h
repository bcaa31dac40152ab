/* stream/compress/codec.h: what each library packs with; for stream/compress/compress.c. */
#pragma once

#include "base/buf.h"

enum codec_aim {
    CODEC_GO_ON, /* more comes: output where it suits the codec */
    CODEC_FLUSH, /* all that came can be unpacked from what is put out */
    CODEC_END,   /* that was all */
};

enum codec_step {
    CODEC_DONE, /* what was aimed at is reached, and all of *in taken */
    CODEC_MORE, /* there was no room: again, with the same aim */
    CODEC_FAILED,
};

struct codec {
    uint64_t memory_bytes; /* of its state, at most */

    /* Gives. */
    void *(*open)(void);

    /* Takes off the front of *in what it takes, and adds `room` bytes at most. */
    enum codec_step (*step)(void *state, struct str *in, enum codec_aim aim, struct buf *into,
                            size_t room);

    /* Takes. */
    void (*close)(void *state);
};

extern const struct codec codec_gzip;
extern const struct codec codec_brotli;
extern const struct codec codec_zstd;
