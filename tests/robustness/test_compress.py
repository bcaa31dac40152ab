"""Answers in a content coding, unpacked by curl; what must not be compressed; tags of what is."""

import os
import subprocess

import davit
import pytest
import tls

PROPFIND = b'<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:getcontentlength/></D:prop></D:propfind>'
LOCKS = b'<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:lockdiscovery/></D:prop></D:propfind>'
CODINGS = ["gzip", "br", "zstd"]
TEXT = "".join(f"line {i}\n" for i in range(30000)).encode()


def fill(server):
    os.mkdir(server.path("d"))
    for i in range(200):
        with open(server.path("d", f"a file with a name {i}"), "wb") as file:
            file.write(b"x" * i)
    for name, content in (("big.txt", TEXT), ("short.txt", b"short\n"), ("big.jpg", TEXT)):
        with open(server.path(name), "wb") as file:
            file.write(content)


@pytest.fixture(name="server", scope="module")
def fixture_server():
    with davit.Davit() as server:
        fill(server)
        yield server


@pytest.fixture(name="files", scope="module")
def fixture_files():
    with davit.Davit(args=["--compress", "files"]) as server:
        fill(server)
        yield server


def curl(*args):
    done = subprocess.run(["curl", "-s", "-S", "--compressed", *args], capture_output=True, check=True)
    return done.stdout


def propfind(server, coding, body=PROPFIND, **fields):
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    return server.request("PROPFIND", "/d/", {"Depth": "1", "Accept-Encoding": coding, **fields}, body)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_listing_is_unpacked_to_what_it_is(server, coding):
    plain = propfind(server, "identity")
    packed = propfind(server, coding)
    assert plain.field("Content-Encoding") is None
    assert packed.field("Content-Encoding") == coding and packed.field("Content-Length") is None
    assert len(packed.body) < len(plain.body) / 5
    ask = ["-X", "PROPFIND", "-H", "Depth: 1", "-H", f"Accept-Encoding: {coding}", "-d", PROPFIND.decode(),
           server.url + "/d/"]
    assert curl(*ask) == plain.body
    assert curl("--http2-prior-knowledge", *ask) == plain.body


@pytest.mark.parametrize("coding", CODINGS)
def test_the_page_of_a_collection(server, coding):
    plain = server.request("GET", "/d/")
    packed = server.request("GET", "/d/", {"Accept-Encoding": coding})
    assert plain.field("Vary") == packed.field("Vary") == "Accept-Encoding"
    assert packed.field("Content-Encoding") == coding
    assert curl("-H", f"Accept-Encoding: {coding}", server.url + "/d/") == plain.body
    head = server.request("HEAD", "/d/", {"Accept-Encoding": coding})
    assert head.field("Content-Encoding") == coding and head.body == b""


def test_over_tls(tmp_path):
    with tls.Server([tls.make_pair(tmp_path / "p")]) as server:
        os.mkdir(server.path("d"))
        for i in range(2000):
            os.close(os.open(server.path("d", f"member-{i}"), os.O_CREAT))
        plain = subprocess.run(["curl", "-sk", server.url + "/d/"], capture_output=True, check=True).stdout
        assert b"member-1999" in plain and curl("-k", server.url + "/d/") == plain


def test_a_secret_is_not_compressed(server):
    """Lock tokens; and a page of another site that has its reader's browser ask again and again."""
    assert propfind(server, "gzip", LOCKS).field("Content-Encoding") is None
    assert propfind(server, "gzip", b"").field("Content-Encoding") is None  # allprop has them
    assert propfind(server, "gzip", Sec_Fetch_Site="cross-site").field("Content-Encoding") is None
    assert propfind(server, "gzip", Sec_Fetch_Site="same-origin").field("Content-Encoding") == "gzip"


def test_each_link_of_a_shared_collection_has_a_secret(tmp_path):
    davit.add_user(str(tmp_path / "users"), "alice", "pencil")
    (tmp_path / "root").mkdir()
    for i in range(100):
        (tmp_path / "root" / f"member-{i}").write_text("x")
    done = subprocess.run([davit.BINARY, "token", "add", "alice", "--link", "--tokens", str(tmp_path / "tokens"), "--path",
                           "/"], capture_output=True, text=True, check=True)
    (tmp_path / "tokens").chmod(0o644)
    with davit.Davit(root=str(tmp_path / "root"), args=["--users", str(tmp_path / "users"), "--tokens",
                                                        str(tmp_path / "tokens")]) as server:
        target = done.stdout.strip() + "/"
        page = server.request("GET", target, {"Accept-Encoding": "gzip"})
        assert page.status == 200 and b"member-99" in page.body, page
        assert page.field("Content-Encoding") is None


def test_what_is_short_or_failed_is_sent_as_it_is(server):
    fields = {"Depth": "0", "Accept-Encoding": "gzip"}
    assert server.request("PROPFIND", "/short.txt", fields, PROPFIND).field("Content-Encoding") is None
    assert server.request("PROPFIND", "/none", fields, PROPFIND).field("Content-Encoding") is None


def test_files_are_left_alone_unless_told_otherwise(server):
    got = server.request("GET", "/big.txt", {"Accept-Encoding": "gzip"})
    assert got.field("Content-Encoding") is None and got.field("Vary") is None and got.body == TEXT


@pytest.mark.parametrize("coding", CODINGS)
def test_a_file_and_its_tags(files, coding):
    fields = {"Accept-Encoding": coding}
    plain = files.request("GET", "/big.txt")
    packed = files.request("GET", "/big.txt", fields)
    tag = plain.field("ETag")
    assert packed.field("Content-Encoding") == coding and len(packed.body) < len(TEXT) / 2
    assert packed.field("ETag") == tag[:-1] + f'-{coding}"' and packed.field("Accept-Ranges") == "none"
    assert plain.field("Vary") == packed.field("Vary") == "Accept-Encoding"
    assert curl("-H", f"Accept-Encoding: {coding}", files.url + "/big.txt") == TEXT
    again = files.request("GET", "/big.txt", fields)
    assert again.body == packed.body, "a strong tag promises the same bytes"
    for accepted, known, status in ((coding, packed, 304), ("identity", plain, 304), ("identity", packed, 200),
                                    (coding, plain, 200)):
        got = files.request("GET", "/big.txt", {"Accept-Encoding": accepted, "If-None-Match": known.field("ETag")})
        assert got.status == status
        assert status != 304 or got.field("ETag") == known.field("ETag")


@pytest.mark.parametrize("condition", ["If-Match", "If"])
def test_a_change_may_name_any_of_the_tags(files, condition):
    for coding in ["identity", *CODINGS]:
        tag = files.request("GET", "/big.txt", {"Accept-Encoding": coding}).field("ETag")
        value = tag if condition == "If-Match" else f"([{tag}])"
        assert files.request("PUT", "/big.txt", {condition: value}, TEXT).status == 204
        assert files.request("PUT", "/big.txt", {condition: value}, TEXT).status == 412


def test_a_part_of_a_file_is_of_the_file(files):
    fields = {"Accept-Encoding": "gzip", "Range": "bytes=5-9"}
    got = files.request("GET", "/big.txt", fields)
    assert got.status == 206 and got.body == TEXT[5:10] and got.field("Vary") == "Accept-Encoding"
    packed = files.request("GET", "/big.txt", {"Accept-Encoding": "gzip"})
    got = files.request("GET", "/big.txt", {**fields, "If-Range": packed.field("ETag")})
    assert got.status == 200 and got.field("Content-Encoding") is None and got.body == TEXT


def test_only_text_that_is_long_enough(files):
    for name in ("/big.jpg", "/short.txt"):
        got = files.request("GET", name, {"Accept-Encoding": "gzip"})
        assert got.field("Content-Encoding") is None and not got.field("ETag").endswith('-gzip"')


def test_a_hash_that_is_asked_for_is_of_what_is_sent(files):
    got = files.request("GET", "/big.txt", {"Accept-Encoding": "gzip", "Want-Repr-Digest": "sha-256=5"})
    assert got.field("Repr-Digest") and got.field("Content-Encoding") is None and got.body == TEXT
