#!/bin/sh
# Measures libdavit against bare expat, and `davit read` on a million members, with the release build.
# Usage: run.sh [MEMBERS [ROUNDS]]
set -eu
cd "$(dirname "$0")/../.."
[ -d build/meson-private ] || meson setup build --buildtype=release -Dtests=false >/dev/null
ninja -C build >/dev/null
program=build/bench_multistatus
${CC:-cc} -O2 -Wall -Wextra -Iinclude bench/multistatus/bench_multistatus.c -o "$program" \
    -Lbuild/src -Wl,-rpath,"$PWD/build/src" -ldavit -lexpat
echo "davit's own listing, six properties a member"
"$program" "${1:-100000}" "${2:-7}"
for body in tests/vectors/multistatus/apache-listing.xml tests/vectors/multistatus/sabre-listing.xml; do
    echo
    echo "the members of $body, many times"
    python3 - "$body" >"$program.xml" <<'END'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
begin = re.search(r"<\w+:response\b", text).start()
end = text.rindex("</")
sys.stdout.write(text[:begin] + text[begin:end] * 20000 + text[end:])
END
    "$program" 1 "${2:-7}" "$program.xml"
    rm -f "$program.xml"
done
echo
DAVIT="$PWD/build/davit" DAVIT_MEMORY=full PYTHONPATH=tests/support \
    python3 -B -m pytest -q -s -p no:cacheprovider tests/toolkit/test_large.py
