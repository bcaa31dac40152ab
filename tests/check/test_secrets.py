"""Whom `davit check` tells a secret: the servers that it was given for, and nobody else."""

import os

import pytest
from checker import Scratch, Server, check, page

ANN = "Basic YW5uOnNlY3JldA=="  # ann:secret
ANY = "Basic YW55Ym9keTpndWVzdA=="  # anybody:guest


def netrc(root, text):
    path = root + "/netrc"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


class Noting(Server):
    """Notes the Authorization of each path."""

    def __init__(self):
        self.seen = {}
        super().__init__({"*": self.note})

    def note(self, handler):
        self.seen[handler.path] = handler.headers.get("Authorization")
        return (200, {}, b"")


def test_the_default_of_a_netrc_is_for_nobody_who_was_not_named():
    """A page leads wherever who wrote it wants to: a default for every host is a password for him."""
    text = "machine elsewhere.test login a password b\ndefault login anybody password guest\n"
    with Scratch() as root, Noting() as evil, Noting() as server:
        server.answers["/"] = page("/in", evil.url + "/out", evil.url.replace("127.0.0.1", "localhost") + "/name")
        check("--netrc-file", netrc(root, text), server.url + "/")
        assert evil.seen["/out"] is evil.seen["/name"] is server.seen["/in"] is None
        check("--netrc-file", netrc(root, text), "--netrc-default", server.url + "/")
        assert evil.seen["/out"] is evil.seen["/name"] is None and server.seen["/in"] == ANY


def test_a_netrc_that_is_there_and_cannot_be_read_is_named(monkeypatch):
    with Scratch() as root, Noting() as server:
        monkeypatch.setenv("HOME", root)
        assert check("--netrc", server.url + "/").status == 0
        os.mkdir(root + "/.netrc")
        run = check("--netrc", server.url + "/")
        assert run.status == 2 and "/.netrc': Is a directory" in run.stderr, run.stderr


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_an_entry_is_for_the_servers_that_were_named(name):
    """Whoever can listen on another port of the host is somebody else."""
    text = "machine %s login ann password secret\n" % name
    with Scratch() as root, Noting() as other, Noting() as server:
        url, elsewhere = (x.url.replace("127.0.0.1", name) for x in (server, other))
        server.answers["/"] = page("/in", elsewhere + "/out", elsewhere.replace("//", "//x@") + "/user")
        file = netrc(root, text)
        check("--netrc-file", file, url + "/")
        assert (server.seen["/in"], other.seen["/out"]) == (ANN, None)
        assert other.seen["/user"] != ANN
        check("--netrc-file", file, "--no-recursive", url + "/", elsewhere + "/out")
        assert other.seen["/out"] == ANN, "it is a start as well"


def test_a_redirect_carries_no_password_away():
    text = "machine 127.0.0.1 login ann password secret\ndefault login anybody password guest\n"
    with Scratch() as root, Noting() as other, Noting() as server:
        server.answers["/"] = page("/in", "/away")
        server.answers["/away"] = (302, {"Location": other.url + "/there"}, b"")
        check("--netrc-file", netrc(root, text), "--netrc-default", server.url + "/")
        assert (server.seen["/in"], other.seen["/there"]) == (ANN, None)


def test_what_was_given_for_a_server_wins():
    text = "machine 127.0.0.1 login ann password secret\n"
    with Scratch() as root, Noting() as server:
        server.answers["/"] = page("/in")
        check("--netrc-file", netrc(root, text), "--auth", "anybody:guest", server.url + "/")
        assert server.seen["/in"] in (ANY, None) and server.seen["/in"] != ANN


def test_a_netrc_that_is_not_there():
    with Scratch() as root, Server({"/": page()}) as server:
        os.environ["HOME"], before = root, os.environ["HOME"]
        try:
            assert check("--netrc", server.url + "/").status == 0
        finally:
            os.environ["HOME"] = before
        run = check("--netrc-file", root + "/none", server.url + "/")
        assert run.status == 2 and "cannot open" in run.stderr
