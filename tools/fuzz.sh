#!/bin/sh
# Builds the fuzzers and runs each for a while, two at a time. SECONDS_EACH says how long (60);
# arguments name the targets (all). What they find new stays in build-fuzz/corpus; an input that
# breaks something is in build-fuzz/found, and the exit status is not 0.
set -eu
cd "$(dirname "$0")/.."
seconds=${SECONDS_EACH:-60}
[ -d build-fuzz/meson-private ] || CC=clang meson setup build-fuzz -Dfuzzers=true -Db_lundef=false >/dev/null
ninja -C build-fuzz >/dev/null
mkdir -p build-fuzz/found
if [ $# = 0 ]; then
    for folder in tests/fuzz/corpus/*/; do
        set -- "$@" "$(basename "$folder")"
    done
fi

run_one='
target=$1
corpus=build-fuzz/corpus/$target
mkdir -p "$corpus"
set -- -max_total_time="$2" -max_len=2048 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="build-fuzz/found/$target-"
[ ! -f "tests/fuzz/$target.dict" ] || set -- "$@" -dict="tests/fuzz/$target.dict"
log=build-fuzz/$target.log
if "build-fuzz/tests/fuzz/fuzz_$target" "$@" "$corpus" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    echo "$target: $(sed -n "s/^stat::number_of_executed_units: *//p" "$log") runs"
else
    echo "$target: failed, see $log" >&2
    exit 1
fi'
printf '%s\n' "$@" | xargs -P 2 -I '{}' sh -c "$run_one" fuzz '{}' "$seconds"
