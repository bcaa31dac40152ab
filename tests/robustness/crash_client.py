"""A client of the crash tests: it works in a folder of its own, remembers what was acknowledged, and
after a crash says whether what it finds is what it was promised.

A request may fail, too, where system calls do: what was refused has not been made.

`tree` is what must be there: {path: Entry}. Before each request `pending` says what the tree may be
as well: the request that the crash interrupted may have been carried out, or not. Requests on trees
may have been carried out in part, member by member. What it uploads in several requests is in
crash_uploads.py; and where the server keeps a log of changes, it syncs by token now and then."""

import copy
import hashlib
import os
import random
import stat
import xml.etree.ElementTree as ElementTree

import crash_batches
from crash_batches import Refused
from crash_uploads import Uploads
from session import DAV, Session, quote
from sync_mirror import Failed, Mirror

NS = "{urn:crash}"
SIZES = (0, 1, 100, 4096, 40000, 300000, 1500000)
MEMBERS_MAX = 40
ANY = "any token"
UNKNOWN = b"not known whether it will last"  # the change was made, and may go with the power


def content(generator):
    """Bytes that say themselves whether they are whole."""
    size = generator.choice(SIZES)
    body = random.Random(generator.random()).randbytes(size)
    return b"davit-crash %d %s\n" % (size, hashlib.sha256(body).hexdigest().encode()) + body


def is_whole(data):
    head, _, body = data.partition(b"\n")
    words = head.split(b" ")
    return (len(words) == 3 and words[0] == b"davit-crash" and int(words[1]) == len(body)
            and words[2].decode() == hashlib.sha256(body).hexdigest())


class Entry:
    """A resource. digest: of a file's content, None for a collection."""

    def __init__(self, digest, props=None, lock=None):
        self.digest = digest
        self.props = dict(props or {})
        self.lock = lock  # (token, depth)

    def __eq__(self, other):
        return (other is not None and self.digest == other.digest and self.props == other.props
                and self._locks_alike(other))

    def _locks_alike(self, other):
        if not self.lock or not other.lock:
            return self.lock == other.lock
        return self.lock[1] == other.lock[1] and (
            self.lock[0] == other.lock[0] or ANY in (self.lock[0], other.lock[0]))

    def __repr__(self):
        return f"<{'dir' if self.digest is None else self.digest[:8]} {self.props} {self.lock}>"


class Pending:
    def __init__(self, what, after, is_atomic=True):
        self.what, self.after, self.is_atomic = what, after, is_atomic
        self.more = {}  # path: entries that are acceptable as well
        self.batch = None  # that is under way


class CrashClient:
    def __init__(self, name, seed, may_fail=False, syncs=False, repeats=False):
        self.may_fail, self.syncs = may_fail, syncs
        self.repeats = repeats  # a batch that was cut off is sent again
        self.is_too_late = lambda: False  # what is answered now may have been said by a dead disk
        self.home = f"/{name}"
        self.random = random.Random(f"{seed} {name}")
        self.tree = {}
        self.pending = None
        self.count = 0
        self.acknowledged = 0
        self.server = self.session = None
        self.uploads = Uploads(self)
        self.mirror = Mirror(home=self.home)
        self.deleted, self.going = set(), {}
        self.batches = crash_batches.Batches(self)

    # --- requests ---

    def connect(self, server):
        self.server, self.session = server, Session(server)
        if self.home not in self.tree:
            self.begin(f"MKCOL {self.home}", {**self.tree, self.home: Entry(None)})
            self.end(self.session.request("MKCOL", self.home), 201)

    def fields(self, **more):
        """With all tokens submitted."""
        lists = ["(Not <DAV:no-lock>)"]
        lists += [f"(<{entry.lock[0]}>)" for entry in self.tree.values() if entry.lock]
        return {"If": " ".join(lists), **{name.replace("_", "-"): v for name, v in more.items()}}

    def begin(self, what, after, is_atomic=True):
        self.pending = Pending(what, after, is_atomic)

    def end(self, response, *statuses):
        if self.is_too_late():
            raise EOFError(f"{self.pending.what} was answered when the power had gone")
        if self.may_fail and response.status not in statuses and (
                response.status >= 500 or response.status == 207):
            if self.pending.is_atomic and UNKNOWN not in response.body:
                self.pending = None  # nothing has changed; of trees, what is named
            raise Refused(response)
        assert response.status in statuses, f"{self.pending.what}: {response}"
        self.tree = self.pending.after
        self.pending = None
        self.acknowledged += 1

    def step(self):
        """One request; the server may die under it."""
        steps = [(self.put_new, 20), (self.put_over, 18), (self.patch, 18), (self.mkcol, 6),
                 (self.move_file, 9), (self.move_folder, 7), (self.copy_file, 6),
                 (self.copy_folder, 4), (self.delete_file, 6), (self.delete_folder, 3),
                 (self.batches.step, 12), (self.lock, 8), (self.lock_new, 3), (self.unlock, 4), (self.uploads.step, 25),
                 (self.sync, 3 if self.syncs else 0)]
        if len(self.tree) > MEMBERS_MAX:
            steps = [(self.delete_file, 5), (self.delete_folder, 5), (self.put_over, 1)]
        chosen, = self.random.choices([s for s, _ in steps], [w for _, w in steps])
        chosen()

    # --- choosing ---

    def pick(self, is_file):
        found = [path for path, entry in self.tree.items()
                 if (entry.digest is not None) == is_file and path != self.home]
        return self.random.choice(found) if found else None

    def folder(self):
        return self.random.choice([p for p, e in self.tree.items() if e.digest is None])

    def new_name(self, folder=None):
        self.count += 1
        suffix = self.random.choice(["", " b", "é", "%", "&<>", "#?"])
        return f"{folder or self.folder()}/n{self.count}{suffix}"

    def within(self, path):
        return [p for p in self.tree if p == path or p.startswith(path + "/")]

    def after(self):
        return copy.deepcopy(self.tree)

    def is_lockable(self, path, is_deep):
        if is_deep and any(self.tree[p].lock for p in self.within(path)):
            return False
        if path in self.tree and self.tree[path].lock:
            return False
        while path != "":
            path = path.rpartition("/")[0]
            entry = self.tree.get(path)
            if entry and entry.lock and entry.lock[1] == "infinity":
                return False
        return True

    # --- steps ---

    def content(self):
        return content(self.random)

    def after_put(self, path, data):
        after = self.after()
        old = self.tree.get(path)
        after[path] = Entry(hashlib.sha256(data).hexdigest(), old.props if old else None,
                            old.lock if old else None)
        return after

    def put(self, path):
        data = self.content()
        old = self.tree.get(path)
        self.begin(f"PUT {path}", self.after_put(path, data))
        if self.random.random() < 0.3:
            chunks = [data[i:i + 70000] for i in range(0, len(data), 70000)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + b"0\r\n\r\n"
            response = self.chunked(path, body)
        else:
            response = self.session.request("PUT", quote(path), self.fields(), data)
        self.end(response, 204 if old else 201)

    def chunked(self, path, body):
        session = self.session
        if session.connection is None:
            session.request("OPTIONS", "/")
        lines = [f"PUT {quote(path)} HTTP/1.1", f"Host: {session.host}",
                 "Transfer-Encoding: chunked"]
        lines += [f"{name}: {value}" for name, value in self.fields().items()]
        session.connection.send("\r\n".join(lines) + "\r\n\r\n")
        session.connection.send(body)
        response = session.connection.read("PUT")
        if response is None:
            raise EOFError("no answer")
        return response

    def put_new(self):
        self.put(self.new_name())

    def put_over(self):
        path = self.pick(True)
        if path:
            self.put(path)

    def patch(self):
        """Several properties at once, all of one generation: a mixture would not be atomic."""
        self.patch_at(self.pick(self.random.random() < 0.7) or self.home,
                      self.random.sample("abcdef", 3))

    def patch_at(self, path, names):
        self.count += 1
        after = self.after()
        xml = ""
        for name in names:
            if self.random.random() < 0.2:
                after[path].props.pop(name, None)
                xml += f"<D:remove><D:prop><c:{name}/></D:prop></D:remove>"
            else:
                after[path].props[name] = f"{path} {self.count}"
                text = f"{path} {self.count}".replace("&", "&amp;").replace("<", "&lt;")
                xml += f"<D:set><D:prop><c:{name}>{text}</c:{name}></D:prop></D:set>"
        self.begin(f"PROPPATCH {path}", after)
        body = f'<D:propertyupdate xmlns:D="DAV:" xmlns:c="urn:crash">{xml}</D:propertyupdate>'
        response = self.session.request("PROPPATCH", quote(path), self.fields(), body)
        if self.may_fail and response.status == 207 and b" 200 OK" not in response.body:
            self.pending = None
            raise Refused(response)
        assert response.status != 207 or b" 200 OK" in response.body, response
        self.end(response, 207)

    def mkcol(self):
        self.mkcol_at(self.new_name())

    def mkcol_at(self, path):
        after = self.after()
        after[path] = Entry(None)
        self.begin(f"MKCOL {path}", after)
        self.end(self.session.request("MKCOL", quote(path), self.fields()), 201)

    def transfer(self, method, source, target):
        after = self.after()
        old = [p for p in self.tree if p == target or p.startswith(target + "/")]
        moved = self.within(source)
        for path in old:
            del after[path]
        for path in moved:
            entry = self.tree[path]
            if method == "MOVE":
                del after[path]
            after[target + path[len(source):]] = Entry(entry.digest, entry.props)
        if old:
            after[target].lock = self.tree[target].lock  # it is the name's, RFC 4918 §7.6
        is_file = self.tree[source].digest is not None
        is_atomic = is_file and (not old or self.tree[target].digest is not None)
        self.begin(f"{method} {source} -> {target}", after, is_atomic and method == "MOVE")
        for path in moved + old:
            self.pending.more[path] = [None] if path in old else []
        if method == "COPY":  # its properties may not have followed yet
            for path in moved:
                self.pending.more.setdefault(target + path[len(source):], []).append(
                    Entry(self.tree[path].digest))
        response = self.session.request(method, quote(source), self.fields(
            Destination=f"http://{self.session.host}{quote(target)}"))
        self.end(response, 204 if old else 201)

    def target_for(self, source):
        """A new name, or now and then something that is there already."""
        if self.random.random() < 0.3:
            found = [p for p in self.tree if p != self.home and not source.startswith(p)
                     and not p.startswith(source)]
            if found:
                return self.random.choice(found)
        folders = [p for p, e in self.tree.items()
                   if e.digest is None and p != source and not p.startswith(source + "/")]
        return self.new_name(self.random.choice(folders))

    def transfer_some(self, method, is_file):
        source = self.pick(is_file)
        if source and len(self.within(source)) < MEMBERS_MAX // 2:
            self.transfer(method, source, self.target_for(source))

    def move_file(self):
        self.transfer_some("MOVE", True)

    def move_folder(self):
        self.transfer_some("MOVE", False)

    def copy_file(self):
        self.transfer_some("COPY", True)

    def copy_folder(self):
        self.transfer_some("COPY", False)

    def delete(self, path):
        if not path:
            return
        after = self.after()
        gone = self.within(path)
        for member in gone:
            del after[member]
        self.begin(f"DELETE {path}", after, len(gone) == 1)
        self.going = {member: self.tree[member].digest for member in gone}
        self.end(self.session.request("DELETE", quote(path), self.fields()), 204)
        self.note_gone({})

    def note_gone(self, found):
        """What a DELETE has been about and is there no more must have been kept."""
        self.deleted.update(digest for path, digest in self.going.items() if digest and path not in found)
        self.going = {}

    def delete_file(self):
        self.delete(self.pick(True))

    def delete_folder(self):
        self.delete(self.pick(False))

    def lock_at(self, path, depth, status):
        if not path or not self.is_lockable(path, depth == "infinity"):
            return
        after = self.after()
        after.setdefault(path, Entry(hashlib.sha256(b"").hexdigest()))
        after[path].lock = (ANY, depth)
        self.begin(f"LOCK {path}", after)
        body = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
                "<D:locktype><D:write/></D:locktype><D:owner>crash</D:owner></D:lockinfo>")
        response = self.session.request("LOCK", quote(path), self.fields(Depth=depth), body)
        if response.status == status:
            after[path].lock = (response.field("Lock-Token").strip("<>"), depth)
        self.end(response, status)

    def lock(self):
        is_file = self.random.random() < 0.7
        self.lock_at(self.pick(is_file), self.random.choice(["0", "infinity"]), 200)

    def lock_new(self):
        self.lock_at(self.new_name(), "0", 201)

    def unlock(self):
        locked = [path for path, entry in self.tree.items() if entry.lock]
        if not locked:
            return
        path = self.random.choice(locked)
        after = self.after()
        token = after[path].lock[0]
        after[path].lock = None
        self.begin(f"UNLOCK {path}", after)
        self.end(self.session.request("UNLOCK", quote(path), {"Lock-Token": f"<{token}>"}), 204)

    def sync(self):
        """What it takes a token of is told from then on."""
        try:
            self.mirror.sync(self.session)
        except Failed as answer:
            assert self.may_fail, answer
            raise Refused(answer) from answer

    # --- after a crash ---

    def check(self, server):
        """Complains about each broken promise; from then on what was found is what is promised."""
        self.server, self.session = server, Session(server)
        found = self.look(server)
        self.note_gone(found)
        complaints = self.compare(found)
        self.tree = found
        if self.repeats and self.pending and self.pending.batch:
            complaints += self.batches.check(self.pending)
        complaints += self.uploads.check()
        self.pending = None
        if found is not self.tree:  # a batch, or an upload, has come to its end by being looked at
            found, self.pending = self.look(server), None
            complaints += self.compare(found)
        if self.mirror.token:
            self.mirror.check(self.session)
        return complaints + self.try_locks()

    def finished(self, path, data):
        """An upload has been made visible, if it was not before."""
        self.tree = self.after_put(path, data)

    def look(self, server):
        may_lack = self.home not in self.tree  # the server was killed before it was asked for its home
        answer = self.session.expect((207, 404) if may_lack else 207, "PROPFIND", self.home + "/",
                                     {"Depth": "infinity"})
        found = {}
        responses = ElementTree.fromstring(answer.body).iter(DAV + "response") if answer.status == 207 else ()
        for response in responses:
            path, entry = read_response(response, server.root)
            found[path] = entry
        listed = {os.fsencode(path) for path in found}
        on_disk = set()
        for folder, folders, files in os.walk(os.fsencode(server.root + self.home)):
            on_disk.add(folder[len(server.root):])
            on_disk.update(os.path.join(folder, name)[len(server.root):]
                           for name in files + folders)
        assert listed == on_disk, f"listed and on disk differ: {listed ^ on_disk}"
        return found

    def compare(self, found):
        pending = self.pending
        states = [self.tree] + ([pending.after] if pending else [])
        if any(found == state for state in states):
            return []
        what = pending.what if pending else "nothing"
        complaints = []
        for path in sorted(set(found).union(*states)):
            allowed = [state.get(path) for state in states]
            if pending and not pending.is_atomic:
                allowed += pending.more.get(path, [])
                complaints += [] if found.get(path) in allowed else [
                    f"{path}: {found.get(path)}, not one of {allowed}; under way: {what}"]
            elif found.get(path) != allowed[0] or pending:
                complaints.append(f"{path}: {found.get(path)}; allowed {allowed}; under way: {what}")
        return complaints

    def try_locks(self):
        complaints = []
        for path, entry in self.tree.items():
            if not entry.lock:
                continue
            body = ('<D:propertyupdate xmlns:D="DAV:" xmlns:c="urn:crash"><D:set><D:prop><c:z>no'
                    "</c:z></D:prop></D:set></D:propertyupdate>")
            response = self.session.request("PROPPATCH", quote(path), {}, body)
            if response.status != 423:
                complaints.append(f"{path}: the lock does not protect: {response}")
            response = self.session.request("PROPPATCH", quote(path), self.fields(),
                                            body.replace("c:z>", "c:y>").replace("set", "remove"))
            if response.status != 207:
                complaints.append(f"{path}: the lock's owner is refused: {response}")
        return complaints


def read_response(response, root):
    """What a PROPFIND and the disk say of one resource."""
    import urllib.parse
    path = urllib.parse.unquote(response.find(DAV + "href").text).rstrip("/")
    lock, props = None, {}
    for active in response.iter(DAV + "activelock"):
        at = urllib.parse.unquote(active.find(f"{DAV}lockroot/{DAV}href").text).rstrip("/")
        if at == path:
            lock = (active.find(f"{DAV}locktoken/{DAV}href").text, active.find(DAV + "depth").text)
    for prop in response.iter(DAV + "prop"):
        props.update({e.tag[len(NS):]: e.text for e in prop if e.tag.startswith(NS)})
    mode = os.lstat(root + path).st_mode
    if stat.S_ISDIR(mode):
        return path, Entry(None, props, lock)
    with open(root + path, "rb") as file:
        data = file.read()
    assert not data or is_whole(data), f"{path} is half a file: {data[:80]!r}"
    return path, Entry(hashlib.sha256(data).hexdigest(), props, lock)
