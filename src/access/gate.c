#include "access/gate.h"

#include <pthread.h>

#include "base/mem.h"

struct gate {
    pthread_mutex_t mutex; /* guards all seats */
    size_t count;
    struct gate_seat seats[];
};

struct gate *gate_new(size_t seats)
{
    struct gate *gate = mem_new(1, sizeof(*gate) + seats * sizeof(gate->seats[0]));
    pthread_mutex_init(&gate->mutex, NULL);
    gate->count = seats;
    return gate;
}

void gate_free(struct gate *gate)
{
    if (!gate)
        return;
    pthread_mutex_destroy(&gate->mutex);
    mem_free(gate);
}

bool gate_has(struct gate *gate, const struct sha256 *credentials)
{
    bool has = false;
    pthread_mutex_lock(&gate->mutex);
    for (size_t i = 0; i < gate->count && !has; i++)
        has = gate->seats[i].is_taken &&
              secret_eq(sha256_str(&gate->seats[i].credentials), sha256_str(credentials));
    pthread_mutex_unlock(&gate->mutex);
    return has;
}

/* The last quarter is for those who were right before, and no network has more than a quarter. */
static bool has_room(const struct gate *gate, const struct gate_seat *who)
{
    size_t quarter = gate->count / 4 ? gate->count / 4 : 1;
    size_t taken = 0;
    size_t neighbours = 0;
    for (size_t i = 0; i < gate->count; i++) {
        taken += gate->seats[i].is_taken;
        neighbours += gate->seats[i].is_taken && gate->seats[i].network == who->network;
    }
    size_t for_all = gate->count > quarter ? gate->count - quarter : gate->count;
    return neighbours < quarter && taken < (who->is_known ? gate->count : for_all);
}

struct gate_seat *gate_enter(struct gate *gate, const struct gate_seat *who)
{
    struct gate_seat *seat = NULL;
    pthread_mutex_lock(&gate->mutex);
    if (has_room(gate, who)) {
        for (seat = gate->seats; seat->is_taken;)
            seat++;
        *seat = *who;
        seat->is_taken = true;
    }
    pthread_mutex_unlock(&gate->mutex);
    return seat;
}

void gate_leave(struct gate *gate, struct gate_seat *seat)
{
    pthread_mutex_lock(&gate->mutex);
    *seat = (struct gate_seat){0};
    pthread_mutex_unlock(&gate->mutex);
}
