"""Many clients change the same few trees at once. Nobody waits for ever, nobody hears of a failure,
and whatever the order was, the result is one that some order explains:

- the content of a file is never changed once it is made, and a property that names the content is
  only set under the entity tag of that content. Copies and moves carry both. So wherever a file has
  that property, it speaks of the content that is there;
- of what is gone, nothing is left in the database.

DAVIT_CONCURRENCY_SECONDS: how long (default 6); DAVIT_CRASH_SEED repeats the choice of requests."""

import contextlib
import hashlib
import os
import random
import sqlite3
import threading
import time
import xml.etree.ElementTree as ElementTree

import crash_client
import davit
import pytest
from session import DAV, Session, litter, members, wait_for

SECONDS = float(os.environ.get("DAVIT_CONCURRENCY_SECONDS", "6"))
SEED = os.environ.get("DAVIT_CRASH_SEED") or str(random.randrange(10 ** 9))
CLIENTS = 12
ROOTS = ["/x", "/y"]  # these stay
FOLDERS = [f"{root}/{name}" for root in ROOTS for name in "pq"]
FILES = [f"{folder}/{name}" for folder in ROOTS + FOLDERS for name in "123"]
ALLOWED = {
    "GET": {200, 308, 404}, "PROPFIND": {207, 404}, "PUT": {201, 405, 409, 412, 423},
    "MKCOL": {201, 405, 409, 423}, "DELETE": {204, 207, 404, 423},
    "COPY": {201, 204, 207, 403, 404, 409, 412, 423},
    "MOVE": {201, 204, 207, 403, 404, 409, 412, 423},
    "PROPPATCH": {207, 404, 412, 423}, "LOCK": {200, 201, 207, 409, 412, 423},
    "UNLOCK": {204, 409},
}


class Client:
    def __init__(self, server, number):
        self.session = Session(server)
        self.random = random.Random(f"{SEED} {number}")
        self.tokens = {}
        self.counts = {}

    def request(self, method, target, fields=None, body=None):
        response = self.session.request(method, target, fields, body)
        assert response.status in ALLOWED[method], f"{method} {target}: {response}"
        if response.status == 207 and method in ("DELETE", "COPY", "MOVE"):
            codes = {code for _, code, _ in members(response.body)}
            assert codes <= {423, 403, 404, 409, 412}, f"{method} {target}: {response.body}"
        self.counts[method, response.status] = self.counts.get((method, response.status), 0) + 1
        return response

    def submitted(self):
        lists = "".join(f" (<{token}>)" for token in self.tokens)
        return {"If": "(Not <DAV:no-lock>)" + lists} if self.random.random() < 0.7 else {}

    def step(self):
        method = self.random.choices(list(ALLOWED), [5, 3, 25, 20, 5, 14, 14, 14, 4, 6])[0]
        kind = FOLDERS if method == "MKCOL" or self.random.random() < 0.25 else FILES
        kind = FILES if method == "PUT" else kind
        other = kind if self.random.random() < 0.8 else FOLDERS + FILES
        getattr(self, method.lower())(self.random.choice(kind), self.random.choice(other))

    def get(self, path, _):
        response = self.request("GET", path)
        if response.field("ETag") and response.body:
            assert crash_client.is_whole(response.body)

    def propfind(self, path, _):
        response = self.request("PROPFIND", path, {"Depth": "infinity"})
        if response.status == 207:
            ElementTree.fromstring(response.body)

    def put(self, path, _):
        fields = {"If-None-Match": "*", **self.submitted()}
        self.request("PUT", path, fields, crash_client.content(self.random))

    def mkcol(self, path, _):
        self.request("MKCOL", path, self.submitted())

    def delete(self, path, _):
        self.request("DELETE", path, self.submitted())

    def copy(self, path, other):
        self.request("COPY", path, {"Destination": other, **self.overwrite(), **self.submitted()})

    def move(self, path, other):
        self.request("MOVE", path, {"Destination": other, **self.overwrite(), **self.submitted()})

    def overwrite(self):
        return {"Overwrite": self.random.choice("TTF")}

    def proppatch(self, path, _):
        """Says what the content is, if it is still that."""
        got = self.session.request("GET", path)
        etag = got.field("ETag")
        if got.status != 200 or not etag:
            return
        digest = hashlib.sha256(got.body).hexdigest()
        lists = " ".join(f"(<{token}> [{etag}])" for token in self.tokens)
        body = ('<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><id xmlns="urn:crash">'
                f"{digest}</id></D:prop></D:set></D:propertyupdate>")
        self.request("PROPPATCH", path, {"If": f"([{etag}]) {lists}"}, body)

    def lock(self, path, _):
        if len(self.tokens) > 1:
            return self.unlock(None, None)
        body = (f'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:{self.random.choice(SCOPES)}/>'
                "</D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>")
        fields = {"Depth": self.random.choice(["0", "infinity"]), **self.submitted()}
        response = self.request("LOCK", path, fields, body)
        if response.status in (200, 201):
            self.tokens[response.field("Lock-Token").strip("<>")] = path

    def unlock(self, _path, _other):
        if self.tokens:
            token, path = self.tokens.popitem()
            self.request("UNLOCK", path, {"Lock-Token": f"<{token}>"})


SCOPES = ["exclusive", "exclusive", "shared"]


def work(client, until, complaints):
    try:
        while time.monotonic() < until and not complaints:
            client.step()
    except Exception as error:  # pylint: disable=broad-except
        complaints.append(f"{type(error).__name__}: {error}")


def check_end(server, tokens):
    with Session(server) as session:
        found = session.propfind("/", "infinity")
        body = session.expect(207, "PROPFIND", "/", {"Depth": "infinity"}).body
    on_disk = {b"/"}
    for folder, folders, files in os.walk(os.fsencode(server.root)):
        if b".davit" in folders:
            folders.remove(b".davit")
        at = folder[len(server.root):] + b"/"
        on_disk.update([at + name + b"/" for name in folders] + [at + name for name in files])
    assert set(found) == on_disk
    for path, props in found.items():
        if path.endswith(b"/") or "{urn:crash}id" not in props:
            continue
        with open(os.fsencode(server.root) + path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        assert props["{urn:crash}id"].text == digest, f"{path}: another file's property"
    for response in ElementTree.fromstring(body).iter(DAV + "response"):
        active = list(response.iter(DAV + "activelock"))
        exclusive = [a for a in active if a.find(f"{DAV}lockscope/{DAV}exclusive") is not None]
        assert not exclusive or len(active) == 1, "locks that exclude each other"
        assert {a.find(f"{DAV}locktoken/{DAV}href").text for a in active} <= tokens
    assert litter(server.root) == []


def check_database(server):
    """Nothing is kept of what is gone."""
    with sqlite3.connect(server.path(".davit", "state.db")) as database:
        for path, in database.execute("SELECT DISTINCT path FROM prop"):
            full = os.path.join(os.fsencode(server.root), path or b".")
            assert os.path.lexists(full), f"properties of {path}, which is gone"
        assert database.execute("SELECT count(*) FROM intent").fetchone() == (0,)
    database.close()


@pytest.mark.parametrize("durability", ["flush", "lazy"])
def test_clients_that_change_the_same_trees_at_once(durability):
    print(f"DAVIT_CRASH_SEED={SEED}")
    complaints = []
    args = ["--durability", durability, "--depth-infinity", "allow", "--threads", "4"]
    with davit.Davit(args=args) as server:
        clients = [Client(server, i) for i in range(CLIENTS)]
        for root in ROOTS:
            clients[0].request("MKCOL", root)
        until = time.monotonic() + SECONDS / 2
        threads = [threading.Thread(target=work, args=(c, until, complaints)) for c in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS + 120)
            assert not thread.is_alive(), "a request hangs"
        assert not complaints, "\n".join(complaints) + "\n" + server.stderr()
        check_end(server, {token for c in clients for token in c.tokens})
        totals = {}
        for client in clients:
            for key, count in client.counts.items():
                totals[key] = totals.get(key, 0) + count
        print(sum(totals.values()), "requests:", dict(sorted(totals.items())))
        for method in ("PUT", "COPY", "MOVE", "DELETE", "PROPPATCH", "LOCK"):
            assert any(name == method and code < 300 for name, code in totals), method
        server.stop()
        check_database(server)


def link_of(descriptor):
    try:
        return os.readlink(descriptor)
    except FileNotFoundError:
        return ""  # it was closed meanwhile


def connections_of_loops(server):
    """How many connections each loop has: what its epoll instance watches and no other does."""
    proc = f"/proc/{server.process.pid}"
    watched = []
    for fd in os.listdir(f"{proc}/fd"):
        if link_of(f"{proc}/fd/{fd}") != "anon_inode:[eventpoll]":
            continue
        with open(f"{proc}/fdinfo/{fd}", encoding="ascii") as file:
            targets = {line.split()[1] for line in file if line.startswith("tfd:")}
        watched.append({target for target in targets if link_of(f"{proc}/fd/{target}").startswith("socket:")})
    shared = {fd for fds in watched for fd in fds if sum(fd in other for other in watched) > 1}
    return sorted(count for count in (len(fds - shared) for fds in watched) if count)


def test_connections_that_come_at_once_are_shared_out():
    """The kernel wakes the same loop for all of them."""
    with davit.Davit(args=["--threads", "3"]) as server, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(davit.Connection(server.address)) for _ in range(60)]
        for client in clients:
            client.send("OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for client in clients:
            assert client.read().status == 200
        counts = connections_of_loops(server)
        assert sum(counts) == 60 and len(counts) == 3, counts
        assert counts[-1] - counts[0] <= 2, counts
        for client in clients[:30]:
            client.close()
        wait_for(lambda: sum(connections_of_loops(server)) == 30, "the connections to be closed")
        later = [stack.enter_context(davit.Connection(server.address)) for _ in range(30)]
        for client in later:
            client.send("OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.read().status == 200
        counts = connections_of_loops(server)
        assert len(counts) == 3 and counts[-1] - counts[0] <= 4, counts


@pytest.mark.parametrize("number", range(3))
def test_a_stop_while_connections_are_shared_out(number):
    """Whoever is on the way from one loop to another is answered or closed, and the server ends."""
    with davit.Davit(args=["--threads", "4"]) as server, contextlib.ExitStack() as stack:
        clients = []
        for i in range(80):
            clients.append(stack.enter_context(davit.Connection(server.address)))
            if i == 20 + 20 * number:
                server.process.terminate()
                break
        assert server.process.wait(20) == 0
