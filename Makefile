# The front doors. The build itself is Meson's: see meson.build.
DIR    ?=
LISTEN ?= 127.0.0.1:8080
PREFIX ?= /usr/local
BENCH  ?=
MILLION ?=
FOLDER ?=
SETS   ?=

.PHONY: serve test soak build fuzz bench bench-million bench-walk install format clean realmarkdown realsites \
        npmclients

serve: build
	@tools/serve.sh "$(LISTEN)" "$(DIR)"

test:
	@tools/setup.sh test
	@tools/test.py

soak:
	@tools/setup.sh test
	@tools/soak.sh

build:
	@tools/setup.sh build
	@[ -d build/meson-private ] || meson setup build --buildtype=release -Dtests=false --prefix="$(PREFIX)" >/dev/null
	@ninja -C build davit

fuzz:
	@tools/setup.sh test
	@tools/fuzz.sh

bench: build
	@tools/setup.sh bench || true
	@bench/run $(BENCH)

# A tree of a million files in use for ten minutes; MILLION="--minutes 240" makes it hours.
bench-million: build
	@tools/setup.sh bench || true
	@bench/million $(MILLION)

# What it costs to see what other programs change in a tree that is synced; WALK="--files 100000".
bench-walk: build
	@bench/walk $(WALK)

# Not part of the tests: fetches packages from npm. FOLDER=DIR compares over DIR instead.
realmarkdown: build
	@tests/check/realmarkdown/run "$(FOLDER)"

# Not part of the tests either: needs node, and the documentation of Debian packages. SETS="git-doc ..." takes
# some of them only.
realsites: build
	@tests/check/realsites/run $(SETS)

# The clients that Debian does not have, from npm: needs node.
npmclients: build
	@tests/clients/npm/run

install: build
	@meson setup --reconfigure build --prefix="$(PREFIX)" >/dev/null
	@ninja -C build
	@meson install -C build --no-rebuild

format:
	@tools/setup.sh test
	@tools/format.sh

clean:
	rm -rf build build-test build-fuzz
