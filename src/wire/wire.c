#include "wire/wire.h"

#include "base/clock.h"
#include "wire/h1_conn.h"

enum { LINGER_MS = 5000 };

void wire_init(struct wire *wire, struct loop *loop, struct http_handler *handler,
               const struct limits *limits)
{
    *wire = (struct wire){.loop = loop, .handler = handler, .limits = limits, .date_s = -1};
    list_init(&wire->conns);
    loop_add_deadlines(loop, &wire->head_deadlines, i64_of_u64(limits->head_ms));
    loop_add_deadlines(loop, &wire->idle_deadlines, i64_of_u64(limits->idle_ms));
    loop_add_deadlines(loop, &wire->progress_deadlines, i64_of_u64(limits->progress_ms));
    loop_add_deadlines(loop, &wire->linger_deadlines, LINGER_MS);
}

void wire_open(struct wire *wire, int fd, const struct socket_address *peer)
{
    h1_conn_open(wire, fd, peer);
}

void wire_drain(struct wire *wire)
{
    wire->is_draining = true;
    LIST_EACH (&wire->conns, link)
        h1_conn_drain(link);
    wire_check_empty(wire);
}

void wire_check_empty(struct wire *wire)
{
    if (wire->is_draining && wire->conn_count == 0 && wire->turn_count == 0 && wire->emptied)
        wire->emptied(wire);
}

void wire_abort(struct wire *wire)
{
    LIST_EACH (&wire->conns, link)
        h1_conn_abort(link);
}

struct str wire_date(struct wire *wire)
{
    int64_t now_s = clock_wall_ms() / 1000;
    if (now_s != wire->date_s) {
        http_date_format(wire->date, now_s);
        wire->date_s = now_s;
    }
    return str_of(wire->date, HTTP_DATE_LEN);
}
