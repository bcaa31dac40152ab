"""curl, as people use it in scripts."""

import json
import os
import shutil
import subprocess

import davit
import pytest
from session import Session

if not shutil.which("curl"):
    pytest.skip("curl is not installed", allow_module_level=True)

DATA = os.urandom(500000)


@pytest.fixture
def server():
    with davit.Davit() as running:
        yield running


@pytest.fixture
def curl(server, tmp_path):
    """Runs curl in tmp_path; returns what --write-out says, with the body as `body`."""
    def run(*args, path="/f", data=None):
        done = subprocess.run(["curl", "-sS", "-m", "60", "-w", "%{stderr}%{json}", *args,
                               server.url + path], cwd=tmp_path, input=data or b"",
                              capture_output=True, check=False)
        text = done.stderr.decode()
        each = [line for line in text.replace("}{", "}\n{").splitlines() if line.startswith("{")]
        told = json.loads(each[-1]) if each else {}  # of several transfers, the last
        told.update(body=done.stdout, exit=done.returncode, text=text)
        return told
    return run


def content(server, name="f"):
    with open(server.path(name), "rb") as file:
        return file.read()


def test_upload_of_a_file(server, curl, tmp_path):
    (tmp_path / "data").write_bytes(DATA)
    assert curl("-T", "data")["response_code"] == 201
    assert content(server) == DATA
    assert curl("-T", "data")["response_code"] == 204


def test_upload_from_a_pipe_is_chunked(server, curl):
    assert curl("-T", "-", data=DATA)["response_code"] == 201
    assert content(server) == DATA


def test_upload_with_http_1_0(server, curl, tmp_path):
    (tmp_path / "data").write_bytes(DATA)
    assert curl("-0", "-T", "data")["response_code"] == 201
    assert content(server) == DATA
    assert curl("-0")["body"] == DATA


def test_an_upload_that_is_refused_is_not_sent(server, curl, tmp_path):
    """curl asks first when the body is large: Expect: 100-continue."""
    (tmp_path / "data").write_bytes(bytes(5 << 20))
    os.mkdir(server.path("d"))
    for path, fields, status in (
            ("/none/f", [], 409), ("/d", [], 405), ("/f", ["-H", 'If-Match: "x"'], 412),
            ("/f", ["-H", "Content-Range: bytes 0-1/3"], 400)):
        told = curl("-T", "data", "-H", "Expect: 100-continue", "--expect100-timeout", "30", *fields,
                    path=path)
        assert told["response_code"] == status, told
        assert told["size_upload"] == 0, "the body was sent for nothing"


def test_several_uploads_on_one_connection(server, curl, tmp_path):
    for name in "abc":
        (tmp_path / name).write_bytes(DATA[:1000])
    told = curl("-T", "{a,b,c}", path="/")
    assert told["exit"] == 0 and told["num_connects"] == 0, told["text"]
    assert all(content(server, name) == DATA[:1000] for name in "abc")


def test_ranges(server, curl):
    server.request("PUT", "/f", body=DATA)
    assert curl("-r", "10-19")["body"] == DATA[10:20]
    assert curl("-r", "499990-")["body"] == DATA[499990:]
    assert curl("-r", "-7")["body"] == DATA[-7:]
    several = curl("-r", "0-4,100-104", "-i")
    assert several["response_code"] == 206 and b"multipart/byteranges" in several["body"]
    assert DATA[:5] in several["body"] and DATA[100:105] in several["body"]
    assert curl("-r", "500000-")["response_code"] == 416


def test_a_download_is_resumed(server, curl, tmp_path):
    server.request("PUT", "/f", body=DATA)
    (tmp_path / "out").write_bytes(DATA[:123456])
    told = curl("-C", "-", "-o", "out")
    assert told["response_code"] == 206 and told["size_download"] == len(DATA) - 123456
    assert (tmp_path / "out").read_bytes() == DATA


def test_conditional_requests(server, curl, tmp_path):
    server.request("PUT", "/f", body=DATA)
    assert curl("--etag-save", "tag", "-o", "out")["response_code"] == 200
    assert curl("--etag-compare", "tag")["response_code"] == 304
    assert curl("-z", "out")["response_code"] == 304, "not modified since the download"
    assert curl("-z", "Mon, 01 Jan 2001 00:00:00 GMT")["response_code"] == 200
    server.request("PUT", "/f", body=b"changed")
    assert curl("--etag-compare", "tag")["body"] == b"changed"
    tag = (tmp_path / "tag").read_text().strip()
    assert curl("-T", "out", "-H", f"If-Match: {tag}")["response_code"] == 412
    assert curl("-T", "out", "-H", "If-None-Match: *")["response_code"] == 412
    assert curl("-T", "out", "-H", "If-None-Match: *", path="/new")["response_code"] == 201


def test_head_and_time(server, curl, tmp_path):
    server.request("PUT", "/f", {"X-OC-Mtime": "1000000000"}, DATA)
    assert curl("-I")["response_code"] == 200
    assert curl("-R", "-o", "out")["exit"] == 0
    assert (tmp_path / "out").stat().st_mtime == 1000000000


def test_webdav_methods(server, curl):
    assert curl("-X", "MKCOL", path="/d")["response_code"] == 201
    assert curl("-X", "MKCOL", path="/d")["response_code"] == 405
    curl("-T", "-", data=b"x")
    destination = f"Destination: {server.url}/d/%C3%A9"
    assert curl("-X", "MOVE", "-H", destination)["response_code"] == 201
    told = curl("-X", "PROPFIND", "-H", "Depth: 1", path="/d/")
    assert told["response_code"] == 207 and b"/d/%C3%A9" in told["body"]
    assert curl("-X", "DELETE", path="/d")["response_code"] == 204


def test_a_directory_that_curl_makes_on_its_way(server, curl):
    """--ftp-create-dirs is FTP's: over HTTP the parent must be there."""
    assert curl("-T", "-", data=b"x", path="/a/b")["response_code"] == 409


def test_an_index_of_names_that_need_encoding(server, curl):
    names = ["a b", "ü", "100%", "a&b", "a'b", "<x>", "#", "?"]
    with Session(server) as client:
        for name in names:
            with open(server.path(name), "w", encoding="utf-8") as file:
                file.write(name)
        client.expect(200, "GET", "/")
    import re
    import html
    page = curl(path="/")["body"].decode()
    links = [html.unescape(link) for link in re.findall(r'href="(/.*?)"', page)]
    assert len(links) == len(names)
    assert sorted(curl(path=link)["body"].decode() for link in links) == sorted(names)
