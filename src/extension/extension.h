/* extension/extension.h: the room of extensions: which there are (extension/extensions.def). */
#pragma once

#include <stdbool.h>

/* Makes dav know all of them: once, before there are requests. */
void extensions_add(void);
