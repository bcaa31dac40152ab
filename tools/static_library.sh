#!/bin/sh
# Makes a static library of the first archive and of what it needs of the others, with only the
# public symbols left global: davit's own names must not meet those of the program that links it.
# Usage: static_library.sh OUTPUT ARCHIVE...
set -eu
output=$1
first=$2
shift 2
object=$output.o
ld -r -o "$object" --whole-archive "$first" --no-whole-archive --start-group "$@" --end-group
objcopy --wildcard --keep-global-symbol='davit_ms_*' "$object"
rm -f "$output"
ar crs "$output" "$object"
rm -f "$object"
