#!/bin/sh
# Installs the Debian packages of tools/packages.txt that are missing: `setup.sh build` for those
# that a build needs, `setup.sh test`, `setup.sh bench` and so on for what the file names as well.
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

# Another apt may be at work, as on every machine that has just started. apt-get waits for the lock of
# dpkg, but not for that of its lists.
waited=0
until log=$(LC_ALL=C $sudo apt-get update -q 2>&1); do
    case $log in
    *"Could not get lock"*) ;;
    *) echo "$log" >&2; exit 1 ;;
    esac
    [ "$waited" != 0 ] || echo "waiting until the other apt has ended" >&2
    [ "$waited" -lt 600 ] || { echo "$log" >&2; exit 1; }
    waited=$((waited + 5))
    sleep 5
done

# Debian's packages start the servers that they bring, unless this file says no (invoke-rc.d(8)). What is
# installed for tests is started by them, on the loopback, and by nobody else.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '$sudo rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
    $sudo chmod 755 "$policy"
fi
# shellcheck disable=SC2086 # a list of names
$sudo apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends $missing >&2
