#include "wire/h2_conn.h"

void h2_conn_open(struct wire *wire, struct channel **channel, const char *peer,
                  struct str first_bytes)
{
    /* An empty SETTINGS frame, and GOAWAY with HTTP_1_1_REQUIRED. */
    static const char answer[] = "\0\0\0\4\0\0\0\0\0"
                                 "\0\0\10\7\0\0\0\0\0\0\0\0\0\0\0\0\15";
    size_t sent;
    (void)peer;
    (void)first_bytes;
    enum channel_rc rc = channel_send(*channel, str_of(answer, sizeof(answer) - 1), false, &sent);
    (void)rc; /* a courtesy */
    channel_close(channel, false);
    wire_conn_gone(wire);
}
