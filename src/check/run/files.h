/* check/run/files.h: local documents as targets. */
#pragma once

#include "check/run/state.h"

/* Reads a target that is local; it has its verdict then. */
void file_read(struct crawl *crawl, uint32_t id);
