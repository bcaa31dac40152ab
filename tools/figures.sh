#!/bin/sh
# Measures what docs/testing.md tells about memory, crashes and litmus, on the optimised build:
# `figures.sh [memory] [crash] [litmus]`, all of them without arguments. Takes minutes, and 9 GB of
# disk under TMPDIR for as long as it runs.
set -eu
cd "$(dirname "$0")/.."
tools/setup.sh test
make -s build
export DAVIT="$PWD/build/davit" PYTHONPATH="$PWD/tests/support"
export DAVIT_MEMORY=full DAVIT_CRASH_ROUNDS="${DAVIT_CRASH_ROUNDS:-50}"
[ $# -gt 0 ] || set -- memory crash litmus
for part; do
    case $part in
    memory) file="tests/robustness/test_memory.py tests/gateway/test_memory.py" ;;
    crash) file=tests/robustness/test_crash.py ;;
    litmus) file=tests/conformance/test_litmus.py ;;
    *) echo "figures.sh: what is '$part'?" >&2 && exit 2 ;;
    esac
    /usr/bin/python3 -B -m pytest -q -s -p no:cacheprovider $file
done
