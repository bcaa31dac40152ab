/* A page of a mapped file that cannot be had is SIGBUS, in the middle of whatever touches it, and
 * that ends the process. So nobody touches one but mapped_write(), which says to the handler where
 * it may go on. A SIGBUS at any other place is what it would be without the handler.
 *
 * Where another program cuts the file off, or the disk is full or fails, is thereby an answer like
 * that of write(2); the reason is not known, so who wants it makes the call. */
#include "store/record/mapped.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

static _Thread_local sigjmp_buf *way_out; /* NULL: this thread is not writing */
static struct sigaction before;           /* what a SIGBUS at any other place is left to */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards it */

static void on_fault(int number)
{
    if (way_out)
        siglongjmp(*way_out, 1);
    (void)sigaction(number, &before, NULL); /* it comes again at once */
}

/* With each mapping: somebody may have put another handler in our place since. */
static void install(void)
{
    struct sigaction other;
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
    sigemptyset(&action.sa_mask);
    pthread_mutex_lock(&mutex);
    if (sigaction(SIGBUS, &action, &other) == 0 && other.sa_handler != on_fault)
        before = other;
    pthread_mutex_unlock(&mutex);
}

bool mapped_open(struct mapped *mapped, int fd, size_t len)
{
    install();
    void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        return false;
    *mapped = (struct mapped){at, len};
    return true;
}

bool mapped_write(struct mapped *mapped, size_t offset, struct str bytes)
{
    sigjmp_buf here;
    assert(offset <= mapped->len && bytes.len <= mapped->len - offset);
    if (bytes.len == 0)
        return true;
    if (sigsetjmp(here, 0)) {
        way_out = NULL;
        return false;
    }
    way_out = &here;
    atomic_signal_fence(memory_order_seq_cst); /* the handler sees it */
    memcpy(mapped->at + offset, bytes.at, bytes.len);
    atomic_signal_fence(memory_order_seq_cst);
    way_out = NULL;
    return true;
}

void mapped_close(struct mapped *mapped)
{
    if (mapped->at)
        (void)munmap(mapped->at, mapped->len); /* it was mapped; the kernel has the bytes */
    *mapped = (struct mapped){0};
}
