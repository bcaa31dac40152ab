/* check/local/folder.h: the files of a folder and of those beneath it. */
#pragma once

#include "base/err.h"

/* Embedded by who walks; zeroed but for what is set. */
struct folder_walk {
    /* One file. */
    void (*file)(struct folder_walk *walk, const char *path);
    bool takes_all; /* also what .gitignore and node_modules leave out */

    uint64_t hidden_count;  /* left out, since their names begin with '.' */
    uint64_t ignored_count; /* left out as .gitignore says, or as node_modules */
    uint64_t unread_count;  /* folders that could not be read, and what was wrong with the first */
    struct err unread;
};

/* Walks the folder of that real path. What cannot be read is counted, and the walk goes on. */
void folder_walk(struct folder_walk *walk, const char *path);
