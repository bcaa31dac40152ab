#!/bin/sh
# What `make test` keeps short, for as long as it takes: three users at random for ten minutes, 50
# crashes of each kind (kill -9, the loss of power, system calls that fail), the truth of the caches,
# sync clients whose server is killed and whose tree others change for ten minutes, the long
# contract. On the sanitized build of `make test`.
set -eu
cd "$(dirname "$0")/.."
[ -d build-test/meson-private ] ||
    meson setup build-test -Db_sanitize=address,undefined -Db_lundef=false --werror
ninja -C build-test
export DAVIT="$PWD/build-test/davit" PYTHONPATH=tests/support
export DAVIT_USERS_SECONDS="${DAVIT_USERS_SECONDS:-600}" DAVIT_CRASH_ROUNDS="${DAVIT_CRASH_ROUNDS:-50}"
export DAVIT_TRUTH_SECONDS="${DAVIT_TRUTH_SECONDS:-120}" DAVIT_LINK_ROUNDS="${DAVIT_LINK_ROUNDS:-100}"
export DAVIT_UPLOAD_ROUNDS="${DAVIT_UPLOAD_ROUNDS:-200}"
export DAVIT_SYNC_FILES="${DAVIT_SYNC_FILES:-10000}" DAVIT_SYNC_KILLS="${DAVIT_SYNC_KILLS:-20}"
export DAVIT_SYNC_SIZES="${DAVIT_SYNC_SIZES:-15,25,60}"
/usr/bin/python3 -B -m pytest -s -p no:cacheprovider tests/robustness/test_users.py tests/robustness/test_resumed_uploads.py \
    tests/robustness/test_crash.py tests/robustness/test_links.py \
    tests/robustness/test_cache_truth.py tests/robustness/test_listing_truth.py \
    tests/clients/test_sync_kills.py tests/clients/test_nextcloudcmd.py tests/clients/test_owncloudcmd.py
DAVIT_SYNC_SECONDS="${DAVIT_SYNC_SECONDS:-600}" /usr/bin/python3 -B -m pytest -s -p no:cacheprovider \
    tests/clients/test_sync_random.py \
    tests/robustness/test_sync_others.py::test_who_follows_has_what_programs_and_clients_have_made
DAVIT_CONTRACT=full meson test -C build-test --no-rebuild --suite contract
