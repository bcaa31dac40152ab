"""Options are rows, and each use of a row is held to the others: what `davit config show` prints is
read as the same, a bad value of each kind gets a clear error, typed or in a file, and the man pages
and help texts list them all."""

import pathlib
import re
import subprocess

import davit
import pytest
from options import heading_of, options_of

MANUAL = pathlib.Path(__file__).parents[2] / "docs" / "man"

SERVE = options_of("server/config/options.def")
OF_FILES = [option for option in SERVE if not option.is_typed]

# What options take that are no plain value, or not any of their kind. A list: the lines of a file that belong together.
CUSTOM = {
    "listen": ["listen = 127.0.0.1:8443"],
    "listen-plain": ["listen-plain = [::1]:8080"],
    "metrics": ["metrics = 127.0.0.1:9180", "metrics = [::1]:9181"],
    "redirect": ["redirect = 127.0.0.1:8081", "[tls]", "cert = /cert.pem"],
    "tls-cert": ["cert = /cert.pem"],
    "tls-key": ["cert = /cert.pem", "key = /key.pem"],
    "tls-ocsp": ["cert = /cert.pem", "ocsp = /ocsp.der"],
    "public-url": ["public-url = https://dav.example.org/", "public-url = http://nas:8080/"],
    "trust-proxy": ["trust-proxy = 10.0.0.0/8", "trust-proxy = ::1"],
    "root": ["root = /srv"],
    "schemes": ["schemes = scram, digest"],
    "uploads": ["uploads = patch, content-range"],
    "keep": ["keep = 2592000000ms"],
    "keep-bytes": ["keep-bytes = 5368709120"],
    "trash": ["trash = .bin"],
}
# What else an option needs, so that it goes together.
BESIDE = {
    "acl": "users = /etc/davit/users\n[rule \"/\"]\nallow = admin for alice",
    "app-passwords": "users = /etc/davit/users",
    "hsts": "[tls]\ncert = /cert.pem",
    "tls-client-crl": "client-ca = /ca.pem\ncert = /cert.pem",
    "tls-client-ca": "cert = /cert.pem",
    "tls-client-auth": "client-ca = /ca.pem\ncert = /cert.pem",
    "jwt-keys": "issuer = me\naudience = you",
}


def run(*args):
    return subprocess.run([davit.BINARY, *args], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, check=False)


def show(path):
    done = run("config", "show", str(path))
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def section_and_key(option):
    for section in ("tls", "jwt"):
        if option.name.startswith(section + "-"):
            return section, option.name[len(section) + 1:]
    return "server", option.name


def lines_for(option):
    """Lines of a file that set it, for each value that is worth a try."""
    _, key = section_and_key(option)
    if option.name in CUSTOM:
        return [CUSTOM[option.name]]
    values = {
        "FLAG": ["yes", "no"],
        "TEXT": ["/a b", '" blanks "'],
        "LIST_IF": ["*", "https://app.example"],
        "TEXT_IF": ["/a b", '" blanks "'],
        "SECONDS": ["0", "86400"],
        "COUNT": option.arguments[1:],
    }.get(option.kind) or option.argument.split("|")
    return [[f"{key} = {value}"] for value in values]


@pytest.mark.parametrize("option", OF_FILES, ids=lambda option: option.name)
def test_what_config_show_prints_of_an_option_says_the_same(option, tmp_path):
    given, again = tmp_path / "given.conf", tmp_path / "again.conf"
    section, _ = section_and_key(option)
    for lines in lines_for(option):
        text = "\n".join([f"[{section}]", *lines, BESIDE.get(option.name, ""), ""])
        if option.name != "root":
            text += "[server]\nroot = /\n"
        given.write_text(text)
        shown = show(given)
        again.write_text(shown)
        assert show(again) == shown, text
        for line in lines:
            assert line in shown.splitlines(), (line, shown)


def test_config_show_prints_every_option_also_what_is_not_set(tmp_path):
    path = tmp_path / "davit.conf"
    path.write_text("[server]\nroot = /\n")
    section, keys = "", set()
    for line in show(path).splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        keys.add((section, line.lstrip("# ").split(" =")[0]))
    behind_the_certificate = {("tls", "key"), ("tls", "ocsp")}
    assert {section_and_key(option) for option in OF_FILES} - keys == behind_the_certificate


BAD = {
    "FLAG": ("maybe", "'maybe' is neither yes nor no"),
    "SWITCH": ("maybe", "'maybe' is neither "),
    "CHOICE": ("maybe", "'maybe' is n"),
    "COUNT": ("many", "'many' is not a number"),
    "SECONDS": ("long", "'long' is not a number of seconds"),
    "BYTES": ("lots", "'lots' is not a size (for example 500M or 10G)"),
}


@pytest.mark.parametrize("option", [option for option in OF_FILES if option.kind in BAD],
                         ids=lambda option: option.name)
def test_a_bad_value_is_explained_by_its_kind(option, tmp_path):
    value, said = BAD[option.kind]
    section, key = section_and_key(option)
    path = tmp_path / "davit.conf"
    path.write_text(f"[{section}]\n{key} = {value}\n")
    done = run("config", "check", str(path))
    assert done.returncode == 1 and f"{path}:2: {key}: {said}" in done.stderr, done.stderr
    if option.argument:
        done = run("serve", f"--{option.name}", value, "/")
        assert done.returncode == 2 and f"davit: --{option.name}: {said}" in done.stderr, done.stderr


@pytest.mark.parametrize("option", [option for option in SERVE if option.is_typed],
                         ids=lambda option: option.name)
def test_what_is_for_the_command_line_is_no_key(option, tmp_path):
    path = tmp_path / "davit.conf"
    path.write_text(f"[server]\n{option.name} = yes\n")
    done = run("config", "check", str(path))
    assert done.returncode == 1 and f"there is no key '{option.name}' in [server]" in done.stderr


def test_the_command_line_wins_over_the_file(tmp_path):
    path = tmp_path / "davit.conf"
    path.write_text("[server]\nroot = /nowhere\nthreads = many\n")
    done = run("serve", "-c", str(path), "--threads", "1", "--help", str(tmp_path))
    assert done.returncode == 0, done.stderr


SETTINGS = """[server]
listen = 127.0.0.1:8443
listen-plain = [::1]:8080
redirect = 127.0.0.1:8081
hsts = 60
anonymous = yes
public-url = https://dav.example.org/
trust-proxy = 10.0.0.0/8
root = /srv
read-only = yes
depth-infinity = allow
durability = lazy
state = /state
threads = 3
workers = 4
user = nobody
access-log = -
log-level = warn
users = /users
tokens = /tokens
realm = " a realm "
schemes = scram, digest
clear-passwords = yes
remember = 12
hide-lock-tokens = yes
[tls]
cert = /cert.pem
key = /key.pem
ocsp = /ocsp.der
client-ca = /ca.pem
client-crl = /crl.pem
client-auth = required
[jwt]
keys = /jwks.json
issuer = me
audience = you
user = name
skew = 7
[limits]
connections = 77
[mount "/files"]
root = /srv/files
read-only = yes
cors = https://app.example
cors = *
quota = 10M
[mount "/other"]
origin = http://127.0.0.1:8081/
origin-connections = 7
[client "davfs2/>=1.4,<1.5"]
notice = please update: it loses "files"
refuse = yes
[client "Microsoft Office*"]
quirks = none
[certificates]
alice = CN=alice,O=Example
bob = CN=bob
[groups]
staff = alice bob
[rule "/"]
allow = read for everyone from 10.0.0.0/8
deny = write for @staff
[rule "/x"]
hidden = yes
deny = all for everyone
"""


def test_what_config_show_prints_says_the_same(tmp_path):
    given, again = tmp_path / "given.conf", tmp_path / "again.conf"
    given.write_text(SETTINGS)
    shown = show(given)
    again.write_text(shown)
    assert show(again) == shown
    lines = shown.splitlines()
    for line in SETTINGS.splitlines():
        if line not in ("staff = alice bob", "quota = 10M", "connections = 77"):
            assert line in lines, line
    assert {"staff = alice", "staff = bob", "quota = 10485760", "connections = 77"} <= set(lines)


# --- man pages ---

TABLES = {
    "serve": "server/config/options.def", "check": "cli/check_options.def",
    "read": "cli/read_options.def", "explain": "cli/explain_options.def",
    "cert": "cli/admin/cert_options.def", "user": "cli/admin/options.def",
    "token": "cli/admin/options.def", "rule": "cli/admin/options.def",
    "config": "cli/admin/options.def", "gateway": "cli/admin/options.def",
}


def headings_of(page):
    """The text of what follows each .TP and .TQ, without what steers the font."""
    lines = (MANUAL / page).read_text(encoding="utf-8").splitlines()
    for before, line in zip(lines, lines[1:]):
        if before not in (".TP", ".TQ"):
            continue
        arguments = re.findall(r'"([^"]*)"|((?:\\ |\S)+)', line.partition(" ")[2])
        text = re.sub(r"\\f[A-Z]", "", "".join(quoted or bare for quoted, bare in arguments))
        yield re.sub(" +", " ", text.replace("\\-", "-").replace("\\ ", " ")).strip()


@pytest.mark.parametrize("command", TABLES)
def test_the_man_page_lists_what_the_rows_say(command):
    rows = [row for row in options_of(TABLES[command]) if not row.commands or command in row.commands]
    told = [text for text in headings_of(f"davit-{command}.1") if text.startswith("-")]
    assert sorted(told) == sorted(heading_of(row) for row in rows)


@pytest.mark.parametrize("command", TABLES)
def test_help_lists_what_the_rows_say(command):
    rows = [row for row in options_of(TABLES[command]) if not row.commands or command in row.commands]
    told = run(command, *["self-signed"] * (command == "cert"), "--help").stdout
    for row in rows:
        assert f"  {heading_of(row)} " in told or f"  {heading_of(row)}\n" in told, row.name
