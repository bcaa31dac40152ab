"""What `davit` says to people who type: help, errors, exit codes."""

import os
import re
import socket
import subprocess

import davit
import pytest
from session import need_root

SOURCE = os.path.join(os.path.dirname(__file__), "..", "..", "src")


def run(*args, timeout=60):
    return subprocess.run([davit.BINARY, *args], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, check=False)


def rows(table, macro):
    """The names in a .def table."""
    with open(os.path.join(SOURCE, table), encoding="utf-8") as file:
        return re.findall(rf'^{macro}\("?([a-z0-9_-]+)"?,', file.read(), re.M)


def test_help_and_version():
    for args in (("--help",), ("help",), ("-h",)):
        done = run(*args)
        assert done.returncode == 0 and "serve" in done.stdout and not done.stderr
    done = run("--version")
    assert done.returncode == 0 and re.fullmatch(r"davit \d+\.\d+\.\d+\n", done.stdout)


def test_the_manual_tells_of_every_command():
    with open(os.path.join(SOURCE, "..", "docs", "man", "davit.1"), encoding="utf-8") as file:
        found = re.findall(r'^\.BR (\w+) ", " davit\\-(\w+) \(1\)$', file.read(), re.M)
    assert found == [(name, name) for name in rows("cli/commands.def", "CLI_COMMAND")]


def test_help_of_serve_tells_of_every_option():
    done = run("serve", "--help")
    assert done.returncode == 0 and not done.stderr
    assert run("serve", "-h").stdout == done.stdout
    names = rows("server/config/options.def", "SERVE_OPTION")
    assert len(names) > 10
    for name in names:
        assert f"--{name}" in done.stdout, name


def test_help_of_serve_is_in_columns():
    """What an option is for has its own, also behind one that is too long for the first."""
    lines = run("serve", "--help").stdout.split("Options:\n")[1].split("\n\n")[0].splitlines()
    alone = [line for line in lines if re.fullmatch(r"  --[a-z-]+ \S+", line)]
    assert any(len(line) > 31 for line in alone), "there is one that is too long"
    for line in lines:
        assert line in alone or line[30] == " " != line[31], line


def test_help_of_serve_tells_how_to_begin_with_tls():
    told = run("serve", "--help").stdout
    assert "SIGHUP" in told and "TLS 1.2 and 1.3" in told and "HTTP/2" in told
    assert "davit cert self-signed" in told


def test_help_of_limits_tells_of_every_limit_and_its_value():
    done = run("serve", "--limit", "head_ms=1234", "--help-limits")
    assert done.returncode == 0 and not done.stderr
    names = rows("base/limits.def", "LIMIT")
    assert len(names) > 10
    told = {line.split()[0]: line.split()[1] for line in done.stdout.splitlines()[1:]}
    assert set(told) == set(names)
    assert told["head_ms"] == "1234" and told["idle_ms"] == "75000"


@pytest.mark.parametrize("args, text", [
    ((), "Usage: davit COMMAND"),
    (("serv",), "did you mean 'serve'?"),
    (("wibble",), "see davit --help"),
    (("serve",), "no directory given"),
    (("serve", "."  , ".."), "more than one directory"),
    (("serve", "--lisen", "127.0.0.1:0", "."), "did you mean --listen?"),
    (("serve", "--readonly", "."), "did you mean --read-only?"),
    (("serve", "--wibble-wobble", "."), "see davit serve --help"),
    (("serve", "-x", "."), "no option '-x'"),
    (("serve", ".", "--listen"), "--listen needs ADDR:PORT"),
    (("serve", "--read-only=yes", "."), "takes no argument"),
    (("serve", "--listen", "localhost", "."), "not ADDRESS:PORT"),
    (("serve", "--listen", "example.org:80", "."), "does not begin with an IP address"),
    (("serve", "--listen", "127.0.0.1:99999", "."), "not ADDRESS:PORT"),
    (("serve", "--listen", "::1:80", "."), "[::1]:8080"),
    (("serve", "--listen", "0.0.0.0:8080", "."), "--anonymous"),
    (("serve", "--listen=[::]:8080", "."), "--anonymous"),
    (("serve", "--durability", "maybe", "."), "neither flush nor lazy"),
    (("serve", "--depth-infinity", "yes", "."), "neither refuse nor allow"),
    (("serve", "--threads", "0", "."), "number from 1"),
    (("serve", "--workers", "many", "."), "number from 1"),
    (("serve", "--log-level", "loud", "."), "error, warn, info and debug"),
    (("serve", "--limit", "head_ms", "."), "NAME=N"),
    (("serve", "--limit", "head_ms=0", "."), "number of at least 1"),
    (("serve", "--limit", "heads=1", "."), "--help-limits"),
    (("serve", "--public-url", "dav.example.org", "."), "not a URL"),
    (("serve", "--public-url", "https://dav.example.org/files/", "."), "has a path"),
])
def test_a_wrong_command_line_is_explained(args, text):
    done = run(*args)
    assert done.returncode == 2, done
    assert text in done.stderr and not done.stdout
    if args:
        assert done.stderr.startswith("davit: ") and done.stderr.count("\n") == 1


def test_what_only_shows_when_it_starts_is_explained(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "d").mkdir()
    directory = str(tmp_path / "d")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for args, text in (
                ((str(tmp_path / "none"),), "No such file"),
                ((str(tmp_path / "file"),), "Not a directory"),
                (("--listen", f"127.0.0.1:{port}", directory), "Address already in use"),
                (("--user", "no-such-user", directory), "no user"),
                (("--access-log", str(tmp_path / "none" / "log"), directory), "access log"),
                (("--state", str(tmp_path / "file"), directory), "state directory"),
                (("--state", str(tmp_path / "none" / "s"), directory), "state directory")):
            args = args if "--listen" in args else ("--listen", "127.0.0.1:0", *args)
            done = run("serve", *args)
            assert done.returncode == 1, done
            assert text in done.stderr and "davit: error: " in done.stderr, done.stderr


def test_a_state_database_that_is_none_is_set_aside_and_files_are_served(tmp_path):
    (tmp_path / ".davit").mkdir()
    (tmp_path / "f").write_bytes(b"content")
    own = b"these are my own bytes" * 1000
    (tmp_path / ".davit" / "state.db").write_bytes(own)
    with davit.Davit(root=str(tmp_path)) as server:
        assert server.request("GET", "/f").body == b"content"
        server.says("0 dead properties were saved")
    aside = list((tmp_path / ".davit").glob("state.db.damaged-*"))
    assert [path.read_bytes() for path in aside] == [own]


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:  # as in many containers
        return False
    return True


def check_listeners(args, hosts):
    with davit.Davit(args=args) as server:
        found = re.findall(r"^listening on http://(.+?):(\d+)/$", server.stderr(), re.M)
        assert [host for host, _ in found] == ["127.0.0.1", *hosts]
        for host, port in found:
            to = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
            with davit.Connection((to.strip("[]"), int(port))) as connection:
                connection.send(f"OPTIONS * HTTP/1.1\r\nHost: {to}:{port}\r\n\r\n")
                assert connection.read().status == 200


def test_one_line_for_each_listener():
    hosts = ["127.0.0.2", "[::1]"] if has_ipv6() else ["127.0.0.2"]
    check_listeners([arg for host in hosts for arg in ("--listen", host + ":0")], hosts)


def test_localhost_and_no_host_are_both_families():
    count = 2 if has_ipv6() else 1
    check_listeners(["--listen", "localhost:0"], ["127.0.0.1", "[::1]"][:count])
    check_listeners(["--anonymous", "--listen", ":0"], ["0.0.0.0", "[::]"][:count])
    done = run("serve", "--listen", ":0", "/tmp")
    assert done.returncode == 2 and "0.0.0.0:0" in done.stderr and "--anonymous" in done.stderr


def test_a_machine_without_ipv6_has_the_other_half():
    need_root("a network of one's own")
    script = 'sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ip link set lo up; exec "$@"'
    with davit.Davit(args=["--listen", "localhost:0"], wrapper=["unshare", "-n", "sh", "-c", script, "-"]) as server:
        assert "[::1]" not in server.stderr() and server.stderr().count("listening on") == 2


def test_anonymous_allows_any_address():
    with davit.Davit(args=["--anonymous", "--listen", "0.0.0.0:0"]) as server:
        server.says("listening on http://0.0.0.0:")


def test_the_debug_log_tells_of_the_stages_of_a_request():
    with davit.Davit(args=["--log-level", "debug"]) as server:
        assert server.request("PUT", "/f", body=b"x").status == 201
        found = re.findall(r"debug: request PUT /f: stage '([a-z ]+)' on a (loop|worker) took \d+ us, and (.+)\n",
                           server.stderr())
        assert ("receive", "loop", "goes on") in found
        assert found[-1] == ("commit", "worker", "is done")
    with davit.Davit() as server:
        assert server.request("PUT", "/f", body=b"x").status == 201
        assert "stage" not in server.stderr()


def test_user_is_who_the_files_belong_to(tmp_path):
    need_root("--user")
    root = tmp_path / "root"
    root.mkdir()
    os.chown(root, 65534, 65534)
    for folder in tmp_path.parents:  # pytest makes its folders for their owner alone
        if folder.owner() == "root" and folder.name.startswith("pytest"):
            folder.chmod(0o755)
    tmp_path.chmod(0o755)
    with davit.Davit(root=str(root), args=["--user", "nobody"]) as server:
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
            text = status.read()
        assert re.search(r"^Uid:\t65534\t65534\t65534\t65534$", text, re.M)
        assert re.search(r"^Gid:\t65534\t65534\t65534\t65534$", text, re.M)
        assert re.search(r"^CapEff:\t0+$", text, re.M)
        assert re.search(r"^NoNewPrivs:\t1$", text, re.M)
        assert server.request("PUT", "/f", body="x").status == 201
        assert os.stat(root / "f").st_uid == 65534
        assert "running as root" not in server.stderr()


@pytest.mark.parametrize("text, said", [
    ("[server]\nlisen = 1\n", ":2: there is no key 'lisen' in [server]; did you mean 'listen'?"),
    ("[server]\n\nread-only = maybe\n", ":3: read-only: 'maybe' is neither yes nor no"),
    ("[mont \"/a\"]\n", ":1: there is no section [mont]; did you mean [mount]?"),
    ("[client \"\"]\n", ":1: a client is named by a product"),
    ("[client \"a*b\"]\n", ":1: a client is named by a product"),
    ("[client \"a/<b\"]\n", ":1: 'b' is no version; versions are bounded by"),
    ("[client \"a\"]\n[server]\n", "[client \"a\"] in line 1 has no notice, refuse or quirks"),
    ("[client \"a\"]\nrefuse = yes\n[client \"A\"]\n", ":3: that client has a section in line 1"),
    ("[client \"a\"]\nnotise = x\n", "there is no key 'notise' in [client]; did you mean 'notice'?"),
    ("[client \"a\"]\nrefuse = maybe\n", ":2: refuse: 'maybe' is neither yes nor no"),
    ("[client \"a\"]\nquirks = fast\n", ":2: quirks: 'fast' is no quirk; there are short-allprop, "),
    ("[client \"a\"]\nnotice = \n", ":2: notice: it is no text for people"),
    ("[cliemt \"a\"]\n", "there is no section [cliemt]; did you mean [client]?"),
    ("[mount \"/a\"]\nroot = /nowhere/%u\n", "cannot use '/nowhere': No such file"),
    ("[mount \"/a\"]\nroot = /\norigin-http = auto\n", "it has keys that begin with origin-, and no origin"),
    ("[mount \"/a\"]\norigins = a, b\n[origin \"a\"]\nurl = http://a\n", "[mount \"/a\"] in line 1: there is no [origin \"b\"]"),
    ("[mount \"/a\"]\norigins = a\n[origin \"a\"]\nurl = http://a\n", "origins names two or more"),
    ("[mount \"/a\"]\norigins = a, a\n[origin \"a\"]\nurl = http://a\n", "origins has 'a' twice"),
    ("[mount \"/a\"]\norigins = a, b\norigin = http://a\n", "it has an origin, and origins"),
    ("[mount \"/a\"]\nroot = /\norigins = a, b\n", "it has a root and an origin"),
    ("[mount \"/a\"]\norigins = a, b\norigin-user = x\n", "how one of several origins is asked stands in its [origin"),
    ("[mount \"/a\"]\norigin = http://a\npartial = yes\n", "partial is about origins, and it has none"),
    ("[mount \"/a\"]\norigins = a, b\nquota = 1G\n", "are about a root"),
    ("[mount \"/a\"]\norigin = http://a\nsync-clients = yes\n", "are about a root"),
    ("[mount \"/a\"]\norigin = http://a\nacl = yes\n", "are about a root"),
    ("[mount \"/a\"]\nroot = /srv\nacl = yes\n", "acl = yes needs users"),
    ("[server]\nsync-product = \"\"\n", "sync-product: a name must have 1 to 100 bytes"),
    ("[server]\nroot = /srv\nsync-clients = yes\nothers-write = no\n[mount \"/a\"]\nroot = /b\n",
     "sync-clients = yes at /, and /a is mounted within"),
    ("[mount \"/a\"]\nroot = /srv\nsync-clients = yes\nothers-write = no\n[mount \"/a/%62\"]\norigin = http://b\n",
     "sync-clients = yes at /a, and /a/%62 is mounted within"),
    ("[origin \"a\"]\ntimeout = 5s\n", "[origin \"a\"] in line 1: it has no url"),
    ("[origin \"a\"]\nurl = ftp://a\n", ":2: url: 'ftp://a' is not the URL of an origin"),
    ("[origin \"a\"]\nurl = http://a\nusr = x\n", ":3: there is no key 'usr' in [origin]; did you mean 'user'?"),
    ("[origin \"a\"]\nroot = /\n", ":2: there is no key 'root' in [origin]"),
    ("[origin \"a\"]\nurl = http://a\nuser = x\n", "origin-user and origin-password-file belong together"),
    ("[origin \"a, b\"]\nurl = http://a\n", ":1: an origin needs a name of letters"),
    ("[origin]\nurl = http://a\n", ":1: an origin needs a name of letters"),
    ("[origin \"a\"]\nurl = http://a\n[origin \"a\"]\n", ":3: there is an origin of that name in line 1"),
    ("[mount \"/a\"]\norigins = a, b\n[origin \"a\"]\nurl = http://a\n[origin \"b\"]\nurl = http://b\ntoken-file = /nowhere\n",
     "cannot open '/nowhere': No such file"),
    ("[mount \"/a\"]\nroot = /\nquota = lots\n", ":3: quota: 'lots' is not a size (for example 500M or 10G)"),
    ("[server]\nroot = /\n[tls]\ncert = /nowhere\n", "cannot open '/nowhere': No such file"),
    ("[server]\nroot = /\nusers = /nowhere\n", "cannot open '/nowhere': No such file"),
    ("[server]\nroot = /\n[jwt]\nkeys = /nowhere\n", "--jwt-keys needs --jwt-issuer and --jwt-audience"),
    ("[rule \"/\"]\nallow = raed for users\n", ":2: 'raed' is none of read, write, lock, admin and all"),
])
def test_config_check_says_what_is_wrong_and_where(text, said, tmp_path):
    path = tmp_path / "davit.conf"
    path.write_text(text)
    done = run("config", "check", str(path))
    assert done.returncode == 1 and not done.stdout
    assert said in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


# --- what stands in a file, a name or an answer steers no terminal ---

STEERING = "\x1b\x7f\x9b\u061c\u200e\u202e\u2066\u2028"
EVIL = "a" + STEERING + "[2J"
EVIL_BODY = f"""<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response>
<D:href>/{STEERING[1:]}</D:href><D:propstat><D:prop><D:displayname>{STEERING[1:]}</D:displayname>
<x xmlns="urn:x" y="{STEERING[1:]}">{STEERING[1:]}</x></D:prop>
<D:status>HTTP/1.1 403 {STEERING[1:]}</D:status><D:responsedescription>{STEERING[1:]}
</D:responsedescription></D:propstat></D:response></D:multistatus>"""


def says(*args, **options):
    """What a command writes to both of its outputs, as bytes; it must write something."""
    result = subprocess.run([davit.BINARY, *args], capture_output=True, timeout=60, **options)
    assert result.stdout + result.stderr, args
    return result.stdout + result.stderr


def steers(output):
    text = output.decode("utf-8", "surrogateescape")
    return [c for c in text if c in STEERING or 0xdc80 <= ord(c) <= 0xdcff]


def test_no_command_lets_what_it_is_given_steer_the_terminal(tmp_path):
    body, other, names = tmp_path / "body", tmp_path / "other", tmp_path / "names"
    body.write_text(EVIL_BODY)
    other.write_text(EVIL_BODY.replace("403", "404").replace("urn:x", "urn:y"))
    names.mkdir()
    page = f'<a href="gone{EVIL}">{EVIL}</a><a href="#{EVIL}">'.encode() + b'<a href="\x9b\xff">'
    (names / (EVIL.replace("\x1b", "") + ".html")).write_bytes(page)
    (names / "index.html").write_bytes(page)
    (tmp_path / EVIL).write_text(f"[server]\nroot = /\n{EVIL} = {EVIL}\n")
    for args in ([EVIL], ["explain", EVIL], ["explain", "--json", EVIL], ["serve", "--" + EVIL],
                 ["serve", "--listen", EVIL, "/"], ["serve", "/nowhere" + EVIL],
                 ["serve", "--config", str(tmp_path / EVIL)], ["read", "/nowhere" + EVIL],
                 ["read", "--lint", str(body)], ["read", "--lint", str(tmp_path / EVIL)],
                 ["read", str(tmp_path / EVIL)], ["read", "--diff", str(body), str(other)],
                 ["check", str(names)], ["check", "--" + EVIL],
                 ["cert", "self-signed", "--name", EVIL, "--out", "/nowhere" + EVIL],
                 ["user", "list", "--users", "/nowhere" + EVIL], ["user", EVIL],
                 ["token", "list", "--tokens", "/nowhere" + EVIL], ["rule", "test", EVIL, EVIL, EVIL]):
        assert not steers(says(*args)), args
    for form in ("table", "json", "jsonl", "summary", "xml"):
        assert not steers(says("read", "--format", form, str(body))), form
    for client in ("finder", "windows", "gvfs", "davfs2", "rclone", "joplin", "zotero"):
        assert not steers(says("read", "--as", client, "--target", "/", str(body))), client


def test_names_in_the_files_of_users_and_tokens_steer_no_terminal(tmp_path):
    tokens = tmp_path / "tokens"
    said = says("token", "add", "alice", "--tokens", str(tokens), "--note", EVIL)
    assert said.startswith(b"dvt_")
    listed = says("token", "list", "--tokens", str(tokens))
    assert not steers(listed) and b"\\u202e" in listed
