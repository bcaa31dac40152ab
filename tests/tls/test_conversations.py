"""The conversations of tests/wire and tests/clients, and litmus, over TLS: nothing above the channel
may notice. Those that need a plain server of their own making are left out."""

import os
import re
import shutil
import subprocess

import http2
import pytest
import tls
import wire

HERE = os.path.dirname(__file__)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return tls.make_pair(tmp_path_factory.mktemp("pair") / "p")


class Https1(wire.Http1):
    def open(self):
        return tls.Connection(self.address)


class Player(wire.Player):
    """Adds a certificate to the server of a conversation, and TLS to its connections."""

    def __init__(self, conversation, how, pair):
        super().__init__(conversation, how)
        if "user" in conversation.options:
            pytest.skip("the key is not that user's")
        args = conversation.options.get("server", "").split()
        self.options = dict(conversation.options, server=" ".join(args + pair.args()))

    def serve(self):
        mine, self.conversation.options = self.conversation.options, self.options
        try:
            super().serve()
        finally:
            self.conversation.options = mine

    def connect(self):
        super().connect()
        if self.how == "h2":
            self.transport = http2.Http2(self.server.address, tls.context(alpn=["h2"]))
        else:
            self.transport = Https1(self.server.address, self.how == "byte-by-byte")


def is_chosen(case):
    conversation, _ = case.values
    # An end of one side alone is the socket's; TLS has none that Python could make.
    if any(step.kind == "shutdown" for step in conversation.steps):
        return False
    return case.id.startswith("rfc911") or re.match(
        r"davit-(access|long)|rfc4918-(9\.[178]-|9\.10\.1|10\.3|8\.3\.1)", case.id)


CHOSEN = [case for case in wire.cases(os.path.join(HERE, "../wire")) if is_chosen(case)] + \
    wire.cases(os.path.join(HERE, "../clients"))


@pytest.mark.parametrize("conversation,how", CHOSEN)
def test_over_tls(conversation, how, pair):
    text = None
    try:
        Player(conversation, how, pair).play()
    except wire.Failure as failure:
        text = str(failure)
    if text:
        pytest.fail(text, pytrace=False)


@pytest.mark.parametrize("suite", ["basic", "copymove", "props", "locks", "http"])
def test_litmus(suite, pair, tmp_path):
    """litmus trusts whom the system trusts: here, for once, our certificate."""
    if not shutil.which("litmus") or os.geteuid() != 0:
        pytest.skip("needs litmus, and root to change what is trusted")
    trusted = "/etc/ssl/certs/ca-certificates.crt"
    with tls.Server([pair], ["--durability", "lazy"]) as server:
        url = f"https://localhost:{server.address[1]}/"
        script = f"mount --bind {pair.certificate} {trusted} && exec litmus {url}"
        if not os.path.exists(trusted):
            pytest.skip("there is no list of whom the system trusts")
        done = subprocess.run(["unshare", "-m", "sh", "-c", script], cwd=tmp_path, text=True,
                              env={"TESTS": suite, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"},
                              capture_output=True, timeout=120, check=False)
    summary = re.search(r"of (\d+) tests run: (\d+) passed, (\d+) failed", done.stdout)
    assert done.returncode == 0 and summary, done.stdout + done.stderr
    assert summary.group(1) == summary.group(2) and int(summary.group(1)) >= 3, done.stdout
    assert "WARNING" not in done.stdout
