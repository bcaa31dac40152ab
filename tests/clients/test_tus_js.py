"""The real tus-js-client, in all the protocols that it speaks, through a way to the server that breaks once at each kind
of place: it goes on by itself, and what is there in the end is what it was given.

DAVIT_NODE names the folder of node_modules with it (`make npmclients`)."""

import hashlib
import os
import random
import shutil
import socket
import subprocess
import threading

import davit
import pytest

MODULE = os.path.join(os.environ.get("DAVIT_NODE", "."), "node_modules/tus-js-client")
SIZE = 400000
PART = 150000  # of a client that sends parts

PLAY = """
const tus = require(%(module)s);
const fs = require("fs");
const done = new Promise((resolve, reject) => {
    const upload = new tus.Upload(fs.createReadStream("source"), {
        endpoint: process.argv[2], protocol: process.argv[3], retryDelays: [0, 50, 100, 200, 400],
        uploadSize: %(size)d, chunkSize: process.argv[4] === "whole" ? %(size)d + 1 : %(part)d,
        uploadDataDuringCreation: process.argv[5] === "early",
        metadata: { filename: "a b.bin", filetype: "application/x-some" },
        onError: reject, onSuccess: resolve,
    });
    upload.start();
});
done.then(() => console.log("done"), error => { console.error(String(error)); process.exit(1); });
"""


class Way:
    """Passes bytes on to the server, and breaks the connection on which the n-th byte from the client would go; then
    never again. What comes back is passed on, but for the answer to what broke: with `takes_last` that is lost."""

    def __init__(self, address, breaks_at):
        self.address = address
        self.left = breaks_at
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = socket.create_connection(self.address)
        threading.Thread(target=self.back, args=(server, client), daemon=True).start()
        self.forth(client, server)

    def forth(self, client, server):
        is_body = False
        try:
            while data := client.recv(65536):
                keep, breaks, is_body = self.count(data, is_body)
                server.sendall(data[:keep])
                if breaks:
                    break
        except OSError:
            pass
        for end in (client, server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def count(self, data, is_body):
        """How much of it goes on; whether the way breaks behind that. Only bodies are counted, from the first on."""
        with self.lock:
            start = 0 if is_body else data.find(b"\r\n\r\n") + 4
            if self.left is None or (not is_body and start == 3) or (not is_body and b"PATCH" not in data[:5] and
                                                                    b"Upload-Offset" not in data and len(data) == start):
                return len(data), False, False
            body = len(data) - start
            if body < self.left or (body == 0 and self.left == 0 and b"PATCH" not in data[:5]):
                self.left -= body
                return len(data), False, True
            keep = start + self.left
            self.left = None
            return keep, True, True

    def back(self, server, client):
        try:
            while data := server.recv(65536):
                client.sendall(data)
        except OSError:
            pass
        try:
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


@pytest.fixture(scope="module", name="server")
def a_server():
    if not os.path.isdir(MODULE) or not shutil.which("node"):
        pytest.skip("tus-js-client is not there: DAVIT_NODE names the folder of its node_modules")
    with davit.Davit(args=["--durability", "lazy"]) as server:
        yield server


@pytest.mark.parametrize("start", ["early", "late"])
@pytest.mark.parametrize("parts", ["whole", "parts"])
@pytest.mark.parametrize("protocol", ["tus-v1", "ietf-draft-03", "ietf-draft-05"])
def test_tus_js_client(server, tmp_path, protocol, parts, start):
    script = tmp_path / "play.cjs"
    script.write_text(PLAY % {"module": repr(os.path.abspath(MODULE)), "size": SIZE, "part": PART})
    for cut in [None, 0, 1, SIZE - 1, SIZE, random.randrange(SIZE)]:
        source = random.randbytes(SIZE)
        (tmp_path / "source").write_bytes(source)
        way = Way(server.address, cut)
        done = subprocess.run(["node", script, f"http://127.0.0.1:{way.port}/", protocol, parts, start], cwd=tmp_path,
                              capture_output=True, text=True, timeout=120, check=False)
        way.close()
        assert done.stdout == "done\n", (cut, done.stderr)
        with open(server.path("a b.bin"), "rb") as file:
            assert hashlib.sha256(file.read()).digest() == hashlib.sha256(source).digest(), cut
        os.remove(server.path("a b.bin"))
