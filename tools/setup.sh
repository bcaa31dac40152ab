#!/bin/sh
# Installs the Debian packages of tools/packages.txt that are missing: `setup.sh build` for those
# that a build needs, `setup.sh test` and `setup.sh bench` for those of the tests or of the benchmark
# as well.
set -eu
cd "$(dirname "$0")/.."

missing=
for package in $(awk -v what="$1" '$1 == "build" || $1 == what {print $2}' tools/packages.txt); do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -q >&2
# shellcheck disable=SC2086 # a list of names
$sudo apt-get install -y -q --no-install-recommends $missing >&2
