"""Many HTTP/2 clients with many streams each, that read, write, list, lock and remove the same few
resources; some vanish. What a request is answered with depends on the others: that it is answered at
all, with nothing that says 5xx, is asserted; and what the sanitizers see."""

import os
import shutil
import subprocess

import pytest
import tls
from session import Session, litter, wait_for

REQUESTS = int(os.environ.get("DAVIT_LOAD_REQUESTS", "100"))  # of each kind
PATCH = ('<D:propertyupdate xmlns:D="DAV:" xmlns:x="urn:x"><D:set><D:prop><x:a>1</x:a></D:prop>'
         "</D:set></D:propertyupdate>")
LOCK = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/>'
        "</D:locktype></D:lockinfo>")
KINDS = {
    "get": ["/small"],
    "get-large": ["/large"],
    "propfind": ["-H", ":method: PROPFIND", "-H", "depth: 1", "/folder/"],
    "put": ["-H", ":method: PUT", "-d", "{body}", "/up"],
    "put-others": ["-H", ":method: PUT", "-d", "{body}", "/none/up"],
    "proppatch": ["-H", ":method: PROPPATCH", "-d", "{patch}", "/small"],
    "lock": ["-H", ":method: LOCK", "-H", "timeout: Second-1", "-d", "{lock}", "/folder/7"],
    "mkcol": ["-H", ":method: MKCOL", "/new"],
    "delete": ["-H", ":method: DELETE", "/up"],
    "copy": ["-H", ":method: COPY", "-H", "destination: {url}/copy", "/folder/"],
    "move": ["-H", ":method: MOVE", "-H", "destination: {url}/moved", "/up"],
    "get-http1": ["--h1", "/small"],
}


@pytest.fixture
def server(tmp_path):
    if not shutil.which("h2load"):
        pytest.skip("h2load is not installed")
    pair = tls.make_pair(tmp_path / "p")
    args = ["--durability", "lazy", "--threads", "2", "--listen-plain", "127.0.0.1:0",
            "--limit", f"locks_per_resource={REQUESTS * 4}"]
    with tls.Server([pair], args) as running:
        for name, size in (("small", 3), ("large", 300000)):
            with open(running.path(name), "wb") as file:
                file.write(bytes(size))
        os.mkdir(running.path("folder"))
        for i in range(30):
            os.close(os.open(running.path("folder", str(i)), os.O_CREAT))
        (tmp_path / "body").write_bytes(os.urandom(200000))
        (tmp_path / "patch").write_text(PATCH)
        (tmp_path / "lock").write_text(LOCK)
        running.files = {name: str(tmp_path / name) for name in ("body", "patch", "lock")}
        running.urls = [running.url, f"http://127.0.0.1:{running.ports[1]}"]
        yield running


def h2load(server, url, kind, count=REQUESTS):
    *args, path = [word.format(url=url, **server.files) if "{" in word else word for word in KINDS[kind]]
    return subprocess.Popen(["h2load", "-n", str(count), "-c", "4", "-m", "16", *args, url + path],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_everything_at_once(server):
    running = {(url, kind): h2load(server, url, kind) for url in server.urls for kind in KINDS}
    for (url, kind), process in running.items():
        told, _ = process.communicate(timeout=500)
        assert f"{REQUESTS} done" in told and "0 errored, 0 timeout" in told, f"{url} {kind}\n{told}"
        assert " 0 5xx" in told, f"{url} {kind}\n{told}"
        if kind.startswith("get") or kind == "propfind":
            assert f"{REQUESTS} succeeded" in told, f"{url} {kind}\n{told}"
    assert not [line for line in server.stderr().splitlines() if "closed:" in line]
    assert not litter(server.root)


def test_clients_that_vanish(server):
    processes = [h2load(server, url, kind, 1000000) for url in server.urls
                 for kind in ("get-large", "put", "propfind")]
    server.address = ("127.0.0.1", server.ports[1])
    with Session(server) as client:
        for process in processes:
            wait_for(lambda: os.path.exists(server.path("up")), "uploads to be under way")
            client.expect(200, "GET", "/small")
            process.kill()
            process.communicate()
            client.expect(200, "GET", "/small")
        client.expect(204, "DELETE", "/up")
