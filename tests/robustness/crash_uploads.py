"""Uploads that go on later (tus), for a client of the crash tests: what it has begun, and whether that is found
again. No offset is told above what is kept or below what was acknowledged, what is kept is what was sent, one that
was committed is its content, and of one that is over nothing is left: no file, no room, no row in `davit upload list`.

What is promised of the tree is the client's affair (crash_client.py): the last part of an upload is a PUT there."""

import base64
import glob
import hashlib
import json
import subprocess

import davit
from session import quote

TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}
OPEN_MAX = 3  # of one client
ROOM = 1 << 25  # what all of them may have: less than the disk has


class Upload:
    """One that was begun. `told`: an offset that was acknowledged; `sent`: no byte behind it was ever sent."""

    def __init__(self, path, data, is_deferred):
        self.path, self.data, self.is_deferred = path, data, is_deferred
        self.url = None
        self.told = self.sent = 0

    @property
    def id(self):
        return self.url.rpartition("=")[2]

    def held(self):
        """What it takes of its owner's room."""
        return self.told if self.is_deferred else len(self.data)

    def __repr__(self):
        return f"<upload {self.url} to {self.path}, {self.told} of {len(self.data)}>"


def listed(server):
    """Those that are not done, by id."""
    done = subprocess.run([davit.BINARY, "upload", "list", "--format", "json", "--state", server.root],
                          capture_output=True, text=True, check=True)
    return {u["id"]: u for u in json.loads(done.stdout)["uploads"] if u["state"] != "done"}


def on_disk(server):
    """Where the bytes are of those that are not over, by id."""
    return {path.split("/")[-2]: path for path in glob.glob(f"{server.root}/.davit/uploads/*/*/content")}


class Uploads:
    def __init__(self, client):
        self.client, self.random = client, client.random
        self.open = []
        self.under_way = None  # what the last request was about; done if it is None
        self.over = []  # committed: who repeats the last request is told so again
        self.begun = self.made = self.ended = self.found = 0

    # --- requests ---

    def ask(self, method, upload, fields, body=None):
        return self.client.session.request(method, upload.url or quote(upload.path),
                                           self.client.fields(**fields), body)

    def step(self):
        """One request, or none where nothing can be done."""
        steps = [(self.create, 4 if len(self.open) < OPEN_MAX else 0)]
        steps += [(self.append, 5), (self.finish, 4), (self.end, 2)] if self.open else []
        chosen, = self.random.choices([s for s, _ in steps], [w for _, w in steps])
        chosen()

    def create(self):
        path = self.client.pick(True) if self.random.random() < 0.4 else None
        self.create_at(path or self.client.new_name())

    def create_at(self, path):
        upload = Upload(path, self.client.content(), self.random.random() < 0.2)
        fields = {**TUS, "Upload-Defer-Length": "1"} if upload.is_deferred else {
            **TUS, "Upload-Length": len(upload.data)}
        if self.random.random() < 0.5:
            fields["OC-Checksum"] = "SHA1:" + hashlib.sha1(upload.data).hexdigest()
        self.under_way = upload
        self.client.begin(f"POST {path}", self.client.after())
        answer = self.ask("POST", upload, fields, b"")
        self.client.end(answer, 201)
        upload.url = answer.field("Location")
        self.open.append(upload)
        self.begun += 1
        self.under_way = None

    def pick(self):
        return self.random.choice(self.open)

    def part(self, upload, until):
        """The answer to a PATCH from where it is, up to there."""
        body = upload.data[upload.told:until]
        fields = {**PART, "Upload-Offset": upload.told}
        if upload.is_deferred and until == len(upload.data):
            fields["Upload-Length"] = len(upload.data)
        if self.random.random() < 0.2:
            fields["Upload-Checksum"] = "sha1 " + base64.b64encode(hashlib.sha1(body).digest()).decode()
        self.under_way = upload
        upload.sent = max(upload.sent, until)
        return self.ask("PATCH", upload, fields, body)

    def append(self):
        """Anything but the last part."""
        upload = self.pick()
        if upload.told < len(upload.data) - 1:
            self.append_to(upload, self.random.randrange(upload.told, len(upload.data)))

    def append_to(self, upload, until):
        self.client.begin(f"PATCH {upload}", self.client.after())
        self.client.end(self.part(upload, until), 204)
        upload.told = until
        self.under_way = None

    def finish(self):
        """What is left of it, which makes it visible; or its end, where it has no place any more."""
        upload = self.pick()
        parent, tree = self.client.tree.get(upload.path.rpartition("/")[0]), self.client.tree
        has_place = parent and parent.digest is None and (
            upload.path not in tree or tree[upload.path].digest is not None)
        if has_place:
            self.finish_at(upload)
        else:
            self.end_at(upload)

    def finish_at(self, upload):
        self.client.begin(f"the last PATCH {upload}", self.client.after_put(upload.path, upload.data))
        self.client.end(self.part(upload, len(upload.data)), 204)
        self.open.remove(upload)
        self.over = [upload]
        self.made += 1
        self.under_way = None

    def end(self):
        self.end_at(self.pick())

    def end_at(self, upload):
        self.under_way = upload
        self.client.begin(f"DELETE {upload}", self.client.after())
        self.client.end(self.ask("DELETE", upload, TUS), 204)
        self.open.remove(upload)
        self.ended += 1
        self.under_way = None

    # --- after a crash ---

    def adopt(self):
        """The one whose making was interrupted may be there: then it is one as any other."""
        upload = self.under_way
        if not upload or upload.url or not self.client.pending:
            return  # none, or it was refused
        known = {u.id for u in self.open}
        for name, row in listed(self.client.server).items():
            if "/" + row["target"] == upload.path and name not in known:
                upload.url = f"{quote(upload.path)}?davit-upload={name}"
        if upload.url:
            self.open.append(upload)

    def check_bytes(self, upload, offset, file):
        """What is told of it is what was sent, and is in the file."""
        if not upload.told <= offset <= upload.sent:
            return [f"{upload}: {offset} is told, {upload.sent} were sent"]
        with open(file, "rb") as content:
            is_kept = content.read(offset) == upload.data[:offset]
        upload.told = offset
        return [] if is_kept else [f"{upload}: what is kept up to {offset} is not what was sent"]

    def check_one(self, upload, answer, row, file):
        """By what is told to its client, by its row in the list, by its content; None: there is none."""
        is_under_way = upload is self.under_way
        what = self.client.pending.what if self.client.pending else "what was refused"
        if answer.status == 200 and row and file:
            upload.is_deferred = "size" not in row  # what was interrupted may have said it
            return self.check_bytes(upload, int(answer.field("Upload-Offset")), file)
        self.open.remove(upload)
        if row or file or not is_under_way:
            return [f"{upload}: {answer}, its row {row}, its file {file}; under way: {what}"]
        if answer.status == 404 and what.startswith("DELETE"):
            return []
        if answer.status != 200 or int(answer.field("Upload-Offset")) != len(upload.data):
            return [f"{upload}: {answer}; under way: {what}"]
        self.made += 1
        self.client.finished(upload.path, upload.data)
        return []

    def check_over(self, upload):
        """Who has not had the answer asks again."""
        answer = self.ask("PATCH", upload, {**PART, "Upload-Offset": len(upload.data)}, b"")
        return [] if answer.status == 204 else [f"{upload} was committed: {answer}"]

    def check(self):
        """Complains about each broken promise. What was whole when the server died is visible after this."""
        self.adopt()
        known = [(upload, self.ask("HEAD", upload, TUS)) for upload in self.open]
        rows, files = listed(self.client.server), on_disk(self.client.server)
        complaints = []
        for upload, answer in known:
            complaints += self.check_one(upload, answer, rows.get(upload.id), files.get(upload.id))
        self.found += len(self.open)
        ids = {upload.id for upload, _ in known}
        complaints += [f"there is an upload that is nobody's: {row}" for name, row in rows.items()
                       if name not in ids and ("/" + row["target"]).startswith(self.client.home + "/")]
        for upload in self.over:
            complaints += self.check_over(upload)
        self.over, self.under_way = [], None
        return complaints


def check_room(server, session, clients):
    """All of them together hold what they have begun, and not a byte more."""
    held = sum(upload.held() for client in clients for upload in client.uploads.open)
    assert set(listed(server)) == set(on_disk(server)) == {u.id for c in clients for u in c.uploads.open}
    fields = {**TUS, "Upload-Length": ROOM - held + 1}
    session.expect(507, "POST", "/room", fields, b"")
    fields["Upload-Length"] = ROOM - held
    url = session.expect(201, "POST", "/room", fields, b"").field("Location")
    session.expect(204, "DELETE", url, TUS)
