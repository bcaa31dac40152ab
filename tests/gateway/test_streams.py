"""Bodies of any size through a gateway, over both versions of HTTP on both sides."""

import gzip
import hashlib
import os
import shutil
import subprocess
import zlib

import pytest
import tls
from origins import Apache, DavitOrigin, Gateway, Scripted, answer, multistatus

SIZE = 24 << 20


def curl(*args):
    done = subprocess.run(["curl", "-sS", "--cacert", *map(str, args)], capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def pair(tmp_path):
    return tls.make_pair(tmp_path / "pair", "localhost")


@pytest.mark.parametrize("origin_version", ["1.1", "2", "auto"])
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_round_trip(version, origin_version, started, pair, tmp_path):
    """TLS on both sides."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    origin = started(DavitOrigin(args=pair.args()))
    url = origin.url.replace("127.0.0.1", "localhost")
    gateway = started(Gateway({"/team": f"origin = {url}\norigin-ca = {pair.certificate}\norigin-http = {origin_version}"},
                              args=pair.args()))
    at = gateway.url.replace("127.0.0.1", "localhost") + "/team/large"
    data = os.urandom(1 << 20) * (SIZE >> 20)
    (tmp_path / "data").write_bytes(data)
    assert curl(pair.certificate, version, "-T", tmp_path / "data", at, "-w", "%{http_code}") == b"201"
    with open(tmp_path / "data", "rb") as file:
        done = subprocess.run(["curl", "-sS", "--cacert", pair.certificate, version, "-T", "-", at, "-w", "%{http_code}"],
                              stdin=file, capture_output=True, check=True, timeout=120)
    assert done.stdout in (b"201", b"204")
    got = curl(pair.certificate, version, at)
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()
    part = curl(pair.certificate, version, "-r", "1000000-1999999", at)
    assert part == data[1000000:2000000]


def test_certificate_that_is_not_trusted(started, pair):
    origin = started(DavitOrigin(args=pair.args()))
    gateway = started(Gateway({"/team": f"origin = {origin.url.replace('127.0.0.1', 'localhost')}"}))
    done = gateway.request("GET", "/team/")
    assert done.status == 502 and b"certificate" in done.body


def test_packed_answers(started):
    """An origin that packs its XML although it was asked not to."""
    body = multistatus("<D:href>/in/ner/a</D:href>").encode()
    packed = {"gzip": gzip.compress(body), "deflate": zlib.compress(body), "x-gzip": gzip.compress(body[:9]) + gzip.compress(body[9:])}

    def reply(request):
        coding = request.target.rsplit("/", 1)[1]
        return answer(207, packed.get(coding, body), [("Content-Type", "text/xml"), ("Content-Encoding", coding)])
    gateway = started(Gateway({"/team": f"origin = {started(Scripted(reply)).url}"}))
    for coding in packed:
        done = gateway.request("PROPFIND", f"/team/{coding}")
        assert done.body == body.replace(b"/in/ner/", b"/team/") and done.field("Content-Encoding") is None
    assert gateway.request("PROPFIND", "/team/br").status == 502
    packed["gzip"] = packed["gzip"][:-9]
    done = gateway.request("PROPFIND", "/team/gzip")
    assert done.status == 502 or not done.is_complete
    gateway.says("the packed body is cut off")


def test_apache_answers_as_it_does_directly(started):
    """Member by member, after mapping."""
    if not Apache.path():
        pytest.skip("apache2 is not installed")
    origin = started(Apache())
    gateway = started(Gateway({"/team": f"origin = {origin.url}"}))
    for i in range(20):
        assert gateway.request("PUT", f"/team/a%20{i}%7e", body="x" * i).status == 201
    assert gateway.request("MKCOL", "/team/c").status == 201
    through = gateway.request("PROPFIND", "/team/", {"Depth": "1"})
    direct = subprocess.run(["curl", "-sS", "-X", "PROPFIND", "-H", "Depth: 1", origin.url], capture_output=True,
                            check=True).stdout
    assert through.body == direct.replace(b"<D:href>/dav/inner/", b"<D:href>/team/")
