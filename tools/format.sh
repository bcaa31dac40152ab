#!/bin/sh
# Lays out all C sources as .clang-format says. `make format` calls it; the style suite checks it.
set -eu
cd "$(dirname "$0")/.."
tool=$(command -v clang-format-14 || command -v clang-format)
find src include tests -name '*.[ch]' -print0 2>/dev/null | xargs -0 -r "$tool" -i
