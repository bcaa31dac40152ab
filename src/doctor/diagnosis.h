/* doctor/diagnosis.h: what a doctor is told, and what he says. */
#pragma once

#include <signal.h>

#include "base/arena.h"
#include "doctor/mistake.h"

/* Strings are borrowed; NULL: not given. */
struct doctor_options {
    const char *url; /* of a collection */
    const char *user_password;
    const char *bearer;
    const char *netrc_file; /* with has_netrc: NULL is ~/.netrc */
    const char *ca_file;
    bool has_netrc;
    bool is_insecure;
    unsigned timeout_s;
    uint64_t upload_bytes;                     /* how large the upload is that looks for a limit */
    const volatile sig_atomic_t *interruption; /* how often it was asked to stop */
    void (*progress)(const char *probe);       /* one begins; NULL: nobody wants to know */
};

enum outcome { OUTCOME_OK, OUTCOME_TROUBLE, OUTCOME_UNKNOWN };

enum { FINDINGS_MAX = 8 };

struct finding {
    enum mistake mistake;
    const char *detail; /* what was seen */
};

struct probe_result {
    const char *name;
    const char *what; /* it does */
    enum outcome outcome;
    const char *note; /* what was seen where all is well, or why it cannot be told; NULL: nothing */
    struct finding findings[FINDINGS_MAX];
    size_t finding_count;
};

enum { PROBES_MAX = 40 };

/* Texts live in its arena, until diagnosis_done(). */
struct diagnosis {
    struct probe_result results[PROBES_MAX];
    size_t count;
    size_t trouble_count; /* of results */
    size_t unknown_count;
    const char *untried; /* why nothing could be tried, or nothing but reading; NULL: it could */
    const char *left;    /* the URL of what could not be removed; NULL: nothing is left */
    const char *left_why;
    bool is_interrupted;
    struct arena arena;
};

static inline void diagnosis_done(struct diagnosis *diagnosis)
{
    arena_done(&diagnosis->arena);
}
