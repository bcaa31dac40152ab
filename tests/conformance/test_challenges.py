"""Packaged clients sign in, whatever is offered to them: the table in docs/clients.md, cell by cell.

Each puts a file and gets it again, with the password that it was told, in its own way. Where the table says
that a client signs in, it must; what it cannot do is not tried. By default the two kinds of `auto` and Digest
without Basic are played; DAVIT_CLIENTS=full plays every column."""

import contextlib
import os
import re
import shutil
import subprocess
import sys

import davit
import pytest

TABLE = os.path.join(os.path.dirname(__file__), "../../docs/clients.md")
HELLO = "hello\n"

# By the name of the column: what --schemes says, and whether the user has a key for Digest with MD5.
OFFERS = {
    "`auto`": ("auto", False),
    "`auto`, keys for MD5": ("auto", True),
    "basic": ("basic", True),
    "digest": ("digest", True),
    "digest-md5": ("digest-md5", True),
    "both digests": ("digest digest-md5", True),
    "both, scram": ("digest digest-md5 scram", True),
}
QUICK = ["`auto`", "`auto`, keys for MD5", "both, scram"]


def cells():
    """Of the table: (client, column) where it says yes."""
    with open(TABLE, encoding="utf-8") as file:
        tables = re.split(r"^(?!\|)", file.read(), flags=re.M)
    rows = next([[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[1:]]
                for table in tables if "`auto` |" in table)
    head = rows[0]
    for row in rows[2:]:
        for column, cell in zip(head, row):
            if column in OFFERS and cell == "yes" and row[0] in CLIENTS:
                yield row[0], column


# --- the clients: each makes `out` of what it has uploaded from `data`

class Place:
    """Where a client works, and whom it asks."""

    def __init__(self, server, folder, name):
        self.server = server
        self.folder = str(folder)
        self.name = name
        self.url = server.url + "/" + name

    def run(self, *command, text="", **more):
        if not shutil.which(command[0]):
            pytest.skip(f"{command[0]} is not installed")
        env = {**os.environ, "HOME": self.folder, "LC_ALL": "C.UTF-8", **more}
        done = subprocess.run(command, cwd=self.folder, env=env, input=text, text=True, timeout=120,
                              capture_output=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)
        return path

    def give(self):
        """For who cannot upload."""
        with open(self.server.path(self.name), "w", encoding="utf-8") as file:
            file.write(HELLO)

    def with_password(self, scheme):
        return self.server.url.replace("http://", f"{scheme}://alice:pencil@")


def curl(how):
    def play(place):
        for args in (["-T", "data"], ["-o", "out"]):
            place.run("curl", "-sSf", how, "-u", "alice:pencil", *args, place.url)
    return play


def cadaver(place):
    place.write(".netrc", f"machine {place.server.address[0]} login alice password pencil\n")
    place.run("cadaver", place.server.url + "/", text=f"put data {place.name}\nget {place.name} out\nquit\n")


def gio(place):
    if not shutil.which("gio"):
        pytest.skip("gio is not installed")
    url = place.server.url.replace("http://", "dav://alice@")
    script = f"""set -e
        echo pencil | gio mount {url}/
        gio copy data {url}/{place.name}
        gio cat {url}/{place.name} > out
        gio mount -u {url}/"""
    try:
        place.run("dbus-run-session", "--", "sh", "-c", script, XDG_RUNTIME_DIR=place.folder,
                  GVFS_DISABLE_FUSE="1", GIO_USE_VOLUME_MONITOR="unix")
    except AssertionError as failure:
        if re.search(r"volume doesn.t implement|not supported|Failed to start message bus", str(failure)):
            pytest.skip("gvfs or a message bus is missing")
        raise


def wget(place):
    place.give()
    place.run("wget", "-q", "--tries=1", "-O", "out", "--user=alice", "--password=pencil", place.url)


def aria2(place):
    place.give()
    place.run("aria2c", "-q", "--no-conf", "--max-tries=1", "--http-auth-challenge=true", "--http-user=alice",
              "--http-passwd=pencil", "-o", "out", place.url)


def rclone(place):
    secret = place.run("rclone", "obscure", "pencil").strip()
    base = ["rclone", "--config", "/dev/null", "--retries", "1", "--webdav-url", place.server.url,
            "--webdav-user", "alice", "--webdav-pass", secret, "copyto"]
    place.run(*base, "data", ":webdav:" + place.name)
    place.run(*base, ":webdav:" + place.name, "out")


def http_dav(place):
    if subprocess.run(["perl", "-MHTTP::DAV", "-e", "1"], capture_output=True, check=False).returncode:
        pytest.skip("HTTP::DAV is not installed")
    place.run("perl", "-MHTTP::DAV", "-e", """
        my ($root, $url) = @ARGV; my $dav = HTTP::DAV->new();
        $dav->credentials(-user => 'alice', -pass => 'pencil', -url => $root, -realm => 'davit');
        $dav->open(-url => $root) && $dav->put(-local => 'data', -url => $url)
            && $dav->get(-url => $url, -to => 'out') or die $dav->message""", place.server.url + "/", place.url)


def lftp(place):
    place.run("lftp", "--norc", "-c", "set net:max-retries 1; set net:timeout 60; set cmd:fail-exit yes; "
              f"open -u alice,pencil {place.server.url}; put data -o {place.name}; get {place.name} -o out")


def duplicity(place):
    source = os.path.join(place.folder, "source")
    os.mkdir(source)
    shutil.copy(os.path.join(place.folder, "data"), source)
    target = f"{place.with_password('webdav')}/{place.name}"
    base = ["duplicity", "--no-encryption", "--num-retries", "1", "--archive-dir",
            os.path.join(place.folder, "archive")]
    place.run(*base, "full", source, target)
    place.run(*base, "restore", "--file-to-restore", "data", target, os.path.join(place.folder, "out"))


def davfs2(place):
    import test_davfs2
    secrets = place.write("secrets", f"{place.server.url}/ alice pencil\n")
    with test_davfs2.davfs(place.server, secrets=secrets) as point:
        shutil.copyfile(os.path.join(place.folder, "data"), os.path.join(point, place.name))
    with test_davfs2.davfs(place.server, secrets=secrets) as point:
        shutil.copyfile(os.path.join(point, place.name), os.path.join(place.folder, "out"))


def requests(how):
    def play(place):
        pytest.importorskip("requests")
        place.run(sys.executable, "-c", f"""if True:
            import requests, sys
            auth = requests.auth.{how}("alice", "pencil")
            requests.put(sys.argv[1], open("data", "rb").read(), auth=auth).raise_for_status()
            answer = requests.get(sys.argv[1], auth=auth)
            answer.raise_for_status()
            open("out", "w").write(answer.text)""", place.url)
    return play


CLIENTS = {
    "curl `--anyauth`": curl("--anyauth"),
    "curl `--basic`": curl("--basic"),
    "curl `--digest`": curl("--digest"),
    "cadaver": cadaver,
    "gio (gvfs)": gio,
    "wget": wget,
    "rclone": rclone,
    "aria2": aria2,
    "HTTP::DAV": http_dav,
    "lftp": lftp,
    "duplicity": duplicity,
    "davfs2": davfs2,
    "requests, Basic": requests("HTTPBasicAuth"),
    "requests, Digest": requests("HTTPDigestAuth"),
}


# --- the servers: one for each column, while this file is played

@pytest.fixture(name="offering", scope="module")
def offering_fixture(tmp_path_factory):
    folder = tmp_path_factory.mktemp("users")
    paths = {has_md5: str(folder / f"users-{has_md5}") for has_md5 in (True, False)}
    for path in paths.values():
        davit.add_user(path, "alice", "pencil")
    keys = paths[False] + ".keys"
    with open(keys, encoding="utf-8") as file:
        text = file.read()
    with open(keys, "w", encoding="utf-8") as file:
        file.write(re.sub(r" md5=\w+", "", text))
    servers = {}
    with contextlib.ExitStack() as stack:
        def get(column):
            schemes, has_md5 = OFFERS[column]
            if column not in servers:
                args = ["--schemes", schemes, "--users", paths[has_md5]]
                servers[column] = stack.enter_context(davit.Davit(args=args))
            return servers[column]
        yield get


def chosen():
    is_full = os.environ.get("DAVIT_CLIENTS") == "full"
    return [(client, column) for client, column in cells() if is_full or column in QUICK]


@pytest.mark.parametrize("client,column", chosen())
def test_client_signs_in(client, column, offering, tmp_path):
    place = Place(offering(column), tmp_path, re.sub(r"\W", "-", client))
    place.write("data", HELLO)
    CLIENTS[client](place)
    assert (tmp_path / "out").read_text() == HELLO


def test_every_client_is_in_the_table():
    assert {client for client, _ in cells()} == set(CLIENTS)
    assert {column for _, column in cells()} == set(OFFERS)
