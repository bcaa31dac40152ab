"""A server of two for a client that knows of one: each request goes to both, and whoever asks gets what the first one
says. What the second says otherwise is noted, once what stands for the same in both has been told apart: paths below
two prefixes, and names that each server makes up (lock tokens, entity tags)."""

import re
import subprocess

import davit
from origins import Scripted

TAG = re.compile(rb"<(?:\w+:)?getetag>([^<]+)<")
# They are of when it was done, and of how long a lock has yet to live: the two are not done at once.
TIMES = re.compile(rb"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|(?<=Second-)\d+")
LOCK = re.compile(rb"<(\w+:)?activelock\b.*?</\1activelock>", re.DOTALL)
WEAK = re.compile(rb'W/(?="|&quot;)')  # Apache's tags are weak for a second
FRAMING = {"transfer-encoding", "content-length", "connection", "keep-alive"}
OF_CONNECTION = FRAMING | {"via"}  # a body is compared, and complete
NAMES_URL = {"destination", "if", "referer"}


class Plain:
    """HTTP/1.1, on a connection that is opened anew when it was closed."""

    def __init__(self, address):
        self.address = address
        self.connection = None

    def ask(self, method, target, fields, body):
        self.connection = self.connection or davit.Connection(self.address, 60)
        lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in fields]
        self.connection.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
        while (response := self.connection.read(method)) and response.status < 200:
            pass
        if response is None or "close" in (response.field("Connection") or "").lower():
            self.close()
        return response

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Second:
    """HTTP/2: a transport of .wire conversations."""

    def __init__(self, transport):
        self.transport = transport

    def ask(self, method, target, fields, body):
        has_body = any(name.lower() in ("content-length", "transfer-encoding") for name, _ in fields)
        fields = [(name, value.encode("latin-1").decode("utf-8", "surrogateescape")) for name, value in fields
                  if name.lower() not in FRAMING | {"te"}]
        self.transport.send(method, target, fields, body if has_body else None)
        while (response := self.transport.receive()) and response.status < 200:
            pass
        return response

    def close(self):
        self.transport.close_all()


class Twin(Scripted):
    """`first` and `second` ask the servers, where its tree is below such a prefix. `excuses`: of a difference that
    is right, why; see is_excused()."""

    def __init__(self, first, second, prefixes, excuses=()):
        super().__init__(act=self.ask_both)
        self.first, self.second = first, second
        self.first_prefix, self.second_prefix = prefixes
        self.url = self.url.replace("/in/ner/", self.first_prefix + "/")
        self.names = {}  # of the second, as the first one calls them
        self.excuses = excuses
        self.differences = []
        self.pairs = []  # of Multi-Status bodies
        self.methods = set()
        self.asked = self.compared = 0

    def __exit__(self, *args):
        super().__exit__(*args)
        self.first.close()
        self.second.close()

    def ask_both(self, peer, request):
        if request.field("Expect"):
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = request.body = peer.body(request)
        self.asked += 1
        framing = [("Content-Length", str(len(body)))] if request.field("Content-Length") or body else []
        fields = [(name, value) for name, value in request.fields if name.lower() not in FRAMING] + framing
        answers = [self.first.ask(request.method, request.target, fields, body),
                   self.second.ask(request.method, self.to_second(request.target),
                                   [(name, self.field_to_second(name, value)) for name, value in fields], body)]
        assert answers[0], f"the first server does not answer {request.method} {request.target}"
        self.methods.add(request.method)
        self.compare(request, *answers)
        peer.send(self.text_of(request, answers[0]))

    def to_second(self, text):
        return text.replace(self.first_prefix, self.second_prefix)

    def field_to_second(self, name, value):
        value = self.to_second(value) if name.lower() in NAMES_URL else value
        for theirs, ours in self.names.items():
            value = value.replace(ours.decode(), theirs.decode())
        return value

    @staticmethod
    def text_of(request, response):
        fields = [(name, value) for name, value in response.fields if name.lower() not in FRAMING]
        length = len(response.body)
        if request.method == "HEAD":
            length = response.field("Content-Length")
        if response.status not in (204, 304) and length is not None:
            fields.append(("Content-Length", length))
        lines = [f"HTTP/1.1 {response.status} {response.reason}"] + [f"{name}: {value}" for name, value in fields]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + response.body

    # --- what is the same ---

    def learn(self, first, second):
        """What is made up stands in the same fields and, of tags, in the same order."""
        def found(response):
            fields = [value.strip("<>") for name, value in response.fields if name.lower() in ("etag", "lock-token")]
            return [WEAK.sub(b"", tag) for tag in [value.encode("latin-1") for value in fields] + TAG.findall(response.body)]
        ours, theirs = found(first), found(second)
        if len(ours) == len(theirs):
            self.names.update(zip(theirs, ours))

    def plain(self, text, is_second):
        if is_second:
            for theirs, ours in self.names.items():
                text = text.replace(theirs, ours)
        return WEAK.sub(b"", TIMES.sub(b"TIME", text))

    def body_of(self, response, is_second=False):
        body = self.plain(response.body, is_second)
        locks = sorted(found.group() for found in LOCK.finditer(body))  # they have no order
        body = LOCK.sub(lambda _: locks.pop(0), body)
        if is_second:
            body = re.sub(rb"(<(?:\w+:)?href>)" + self.second_prefix.encode() + rb"(?=[/<])",
                          rb"\1" + self.first_prefix.encode(), body)
        return body

    def fields_of(self, response, is_second=False):
        found = {}
        for name, value in response.fields:
            if name.lower() in OF_CONNECTION:
                continue
            value = self.plain(value.encode("latin-1"), is_second).decode("latin-1")
            if is_second and name.lower() in ("location", "content-location"):
                value = value.replace(self.second_prefix, self.first_prefix)
            found.setdefault(name.lower(), []).append(value)
        return {name: ", ".join(values) for name, values in found.items()}

    def compare(self, request, first, second):
        where = f"{request.method} {request.target}: "
        if second is None or not second.is_complete:
            self.differences.append(where + "no complete answer")
            return
        self.learn(first, second)
        found = [("status", first.status, second.status), ("body", self.body_of(first), self.body_of(second, True))]
        ours, theirs = self.fields_of(first), self.fields_of(second, True)
        found += [(name, ours.get(name), theirs.get(name)) for name in sorted(ours.keys() | theirs.keys())]
        if self.first_prefix.encode() in second.body:
            found.append(("inner path", None, second.body))
        found += [("inner path", None, line) for line in second.fields if self.first_prefix in line[1]]
        self.differences += [f"{where}{what}: {one!r}, and {other!r}" for what, one, other in found
                             if one != other and not self.is_excused(request, first, what, one, other)]
        self.compared += 1
        if first.status == 207 and second.status == 207:
            self.pairs.append((where, found[1][1], found[1][2]))

    def is_excused(self, request, response, what, one, other):
        return any(excuse(request, response, what, one, other) for excuse in self.excuses)

    # --- member by member ---

    def diff_multistatus(self, folder):
        """What `davit read --diff` says of each pair."""
        said = []
        for number, (where, *bodies) in enumerate(self.pairs):
            files = [folder / f"{number}-{side}.xml" for side in ("first", "second")]
            for file, body in zip(files, bodies):
                file.write_bytes(body)
            done = subprocess.run([davit.BINARY, "read", "--diff", *files], capture_output=True, text=True, check=False)
            if done.returncode:
                said.append(where + done.stdout + done.stderr)
        return said
