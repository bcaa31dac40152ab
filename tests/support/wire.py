"""Conversations with davit: reads .wire files and plays them. tests/wire/README.md has the format.

A file is parsed into steps once; a Player then plays them against a server of its own. Requests are
abstract: how they become bytes is the transport's business, so that another wire (HTTP/2) needs
only another transport. Raw steps are bytes of HTTP/1.1 and are sent whole or byte by byte."""

import base64
import glob
import os
import re
import shutil
import stat
import subprocess
import tempfile
import time

import pytest

import davit
import http2
import lint
import tree

PREDEFINED = {
    "D": 'xmlns:D="DAV:"',
    "lock-exclusive": '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
                      '<D:locktype><D:write/></D:locktype></D:lockinfo>',
    "lock-shared": '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:shared/></D:lockscope>'
                   '<D:locktype><D:write/></D:locktype></D:lockinfo>',
}


class Failure(AssertionError):
    """A conversation went otherwise than its file says."""


# --- templates ---

PLACEHOLDER = re.compile(r"\{(~(?:[^{}]|\{[0-9,]+\})*|\*|[0-9]+\*[^{}]*|[A-Za-z][\w-]*)\}")


def unescape(text):
    """\\xHH, \\n, \\r, \\t, \\\\ and \\{; bytes that are no UTF-8 become surrogates."""
    def one(match):
        escape = match.group(1)
        if escape[0] == "x":
            return bytes([int(escape[1:], 16)]).decode("utf-8", "surrogateescape")
        return {"n": "\n", "r": "\r", "t": "\t"}.get(escape, escape)
    text = re.sub(r"\\(x[0-9A-Fa-f]{2}|[nrt\\{])", one, text)
    return to_bytes(text).decode("utf-8", "surrogateescape")


def to_bytes(text):
    return text.encode("utf-8", "surrogateescape")


def fill(template, variables):
    """The text of a template whose variables are all known."""
    def one(match):
        name = match.group(1)
        if name[0].isdigit():
            count, text = name.split("*", 1)
            return int(count) * text
        if name not in variables:
            raise Failure(f"{{{name}}} has no value here")
        return variables[name]
    return PLACEHOLDER.sub(one, template)


def matches(template, actual, variables):
    """Whether `actual` is what the template says; unknown variables take their values from it."""
    names = [match.group(1) for match in PLACEHOLDER.finditer(template)]
    if all(name[0].isdigit() or name in variables for name in names):
        return fill(template, variables) == actual  # which may be megabytes
    pattern, at, captured = "", 0, []
    for match in PLACEHOLDER.finditer(template):
        pattern += re.escape(template[at:match.start()])
        at = match.end()
        name = match.group(1)
        if name == "*":
            pattern += ".*"
        elif name[0] == "~":
            pattern += f"(?:{name[1:]})"
        elif name[0].isdigit() or name in variables:
            pattern += re.escape(fill(match.group(0), variables))
        elif name in captured:
            pattern += f"(?P=v{captured.index(name)})"
        else:
            pattern += f"(?P<v{len(captured)}>.+?)"
            captured.append(name)
    found = re.fullmatch(pattern + re.escape(template[at:]), actual, re.DOTALL)
    if found:
        variables.update({name: found.group(f"v{i}") for i, name in enumerate(captured)})
    return bool(found)


# --- files ---

class Step:
    """One thing that happens: kind is "request", "raw", "answer" or a command's first word."""

    def __init__(self, kind, line, text="", rows=()):
        self.kind = kind
        self.line = line
        self.text = text        # of a command: what stands behind its first word
        self.rows = list(rows)  # of the others: their lines without the mark

    def head_and_body(self):
        """The rows up to the first empty one, and the text behind it (None: there is none)."""
        if "" not in self.rows:
            return self.rows, None
        at = self.rows.index("")
        return self.rows[:at], "\n".join(self.rows[at + 1:])


class Conversation:
    """A parsed .wire file."""

    MARKS = {">": "request", "<": "answer", ">>": "raw"}
    OPTIONS = ("server", "user", "tmpfs", "users", "again")

    def __init__(self, path):
        self.path = path
        self.title = ""
        self.steps = []
        self.options = {}
        with open(path, encoding="utf-8") as file:
            for number, row in enumerate(file.read().split("\n"), 1):
                self.add_row(number, row)
        self.check()

    def add_row(self, number, row):
        mark, _, rest = row.partition(" ")
        last = self.steps[-1] if self.steps else None
        if mark in self.MARKS:
            kind = self.MARKS[mark]
            is_same_block = last and last.kind == kind and last.line + len(last.rows) == number
            if is_same_block:
                last.rows.append(rest)
            else:
                self.steps.append(Step(kind, number, rows=[rest]))
        elif row.startswith("#"):
            self.title = self.title or row.lstrip("# ")
        elif mark == "config":
            self.options[mark] = self.options.get(mark, "") + rest + "\n"
        elif mark in self.OPTIONS:
            self.options[mark] = (self.options.get(mark, "") + " " + rest).strip()
        elif row.strip():
            if not hasattr(Player, "do_" + mark):
                raise Failure(f"{self.path}:{number}: what is '{row}'?")
            self.steps.append(Step(mark, number, text=rest))

    def check(self):
        """A request without an answer would be a test that cannot fail."""
        if not self.title:
            raise Failure(f"{self.path}: the first line says nothing")
        for step, following in zip(self.steps, self.steps[1:] + [Step("end", 0)]):
            if step.kind == "request" and following.kind != "answer":
                raise Failure(f"{self.path}:{step.line}: what is the answer?")
        if not any(step.kind == "answer" for step in self.steps):
            raise Failure(f"{self.path}: nothing is expected")

    def is_raw(self):
        return any(step.kind == "raw" for step in self.steps)


# --- transport ---

class Http1:
    """Requests over HTTP/1.1: named connections, kept alive as long as the server lets them."""

    def __init__(self, address, byte_by_byte):
        self.address = address
        self.byte_by_byte = byte_by_byte
        self.connections = {}
        self.name = ""
        self.methods = {}  # of each connection: of the requests that await their answers
        self.is_ending = set()

    def connection(self):
        if self.name not in self.connections:
            self.connections[self.name] = self.open()
        return self.connections[self.name]

    def open(self):
        return davit.Connection(self.address)

    def send(self, method, target, fields, body):
        if self.name in self.is_ending:
            self.expect_end()
        names = {name.lower(): value for name, value in fields}
        if "host" not in names:
            fields.insert(0, ("Host", "%s:%d" % self.address))
        if "transfer-encoding" in names:
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in
                            (body[i:i + 1000] for i in range(0, len(body), 1000))) + b"0\r\n\r\n"
        elif body is not None and "content-length" not in names:
            fields.append(("Content-Length", str(len(body))))
        head = f"{method} {target} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
        self.methods.setdefault(self.name, []).append(method)
        self.push(to_bytes(head) + (body or b""), False)

    def send_raw(self, data):
        lines = re.findall(rb"([A-Z]+) \S+ HTTP/1\.[01]\r\n", data)
        self.methods.setdefault(self.name, []).extend(line.decode() for line in lines)
        self.push(data, self.byte_by_byte)

    def push(self, data, byte_by_byte):
        try:
            self.connection().send(data, byte_by_byte)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server has answered early and closed; the answer is there to be read

    def receive(self):
        waiting = self.methods.setdefault(self.name, [])
        response = self.connection().read(waiting[0] if waiting else "GET")
        if response is not None and response.status >= 200:
            del waiting[:1]
            if "close" in (response.field("Connection") or "").lower():
                self.is_ending.add(self.name)
        return response

    def expect_end(self):
        """The server closes the connection, and sends nothing more."""
        if not self.connection().is_closed():
            raise Failure(f"bytes behind the last answer: {self.connection().buffer[:200]!r}")
        self.close()

    def close(self):
        self.connections.pop(self.name).close()
        self.methods.pop(self.name, None)
        self.is_ending.discard(self.name)

    def finish(self):
        for name, connection in list(self.connections.items()):
            if connection.buffer:
                raise Failure(f"bytes that no answer was expected for: {connection.buffer[:200]!r}")
            if name in self.is_ending:
                self.name = name
                self.expect_end()

    def close_all(self):
        for connection in self.connections.values():
            connection.close()
        self.connections = {}


# --- what holds for every answer ---

DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT")


CONNECTION_FIELDS = {"connection", "keep-alive", "transfer-encoding", "upgrade"}


def check_always(response, method, is_rootless):
    """RFC rules that no conversation needs to repeat. `is_rootless`: it was asked for members alone."""
    def must(condition, text):
        if not condition:
            raise Failure(f"every answer: {text}: {response!r}")
    fields = {name.lower() for name, _ in response.fields}
    media_type = (response.field("Content-Type") or "").split(";")[0]
    must(response.is_complete, "complete")
    if response.status < 200:
        return
    must(response.version in ("HTTP/1.1", "HTTP/2"), "HTTP/1.1 or HTTP/2")
    must(response.version != "HTTP/2" or not fields & CONNECTION_FIELDS, "none of a connection")
    must(DATE.fullmatch(response.field("Date") or ""), "Date is an IMF-fixdate")
    must(not {"content-length", "transfer-encoding"} <= fields, "one framing")
    must(response.status != 405 or "allow" in fields, "405 has Allow")
    must(response.status not in (204, 304) or "content-length" not in fields, "no length on 204")
    must(method != "GET" or response.status != 207, "GET is never answered by 207")
    must(response.status != 207 or media_type in ("application/xml", "application/json"),
         "207 is XML, or that of a batch")
    must(not response.body or media_type, "content has a type")
    must("etag" not in fields or re.fullmatch(r'"[!#-~]+"', response.field("ETag")), "strong ETag")
    if media_type == "application/xml" and response.body and method not in ("GET", "HEAD"):
        tree.check_dav(response.body, response.status, must, is_rootless)


# --- playing ---

class Player:
    """Plays a conversation against a server on a fresh directory."""

    def __init__(self, conversation, how):
        self.conversation = conversation
        self.how = how
        self.variables = dict(PREDEFINED)
        self.step = None
        self.response = None
        self.method = None
        self.target = None
        self.is_rootless = False

    def play(self):
        options = self.conversation.options
        if ("user" in options or "tmpfs" in options) and os.geteuid() != 0:
            pytest.skip("only root can become another user or mount a file system")
        self.root = tempfile.mkdtemp(prefix="davit-wire-")
        self.owner = 65534 if "user" in options else os.geteuid()
        is_mounted = False
        try:
            if "tmpfs" in options:
                command = ["mount", "-t", "tmpfs", "-o", options["tmpfs"], "tmpfs", self.root]
                done = subprocess.run(command, capture_output=True, check=False)
                is_mounted = done.returncode == 0
                if not is_mounted:
                    pytest.skip("mounting a tmpfs: " + done.stderr.decode().strip())
            os.chown(self.root, self.owner, -1)
            self.serve()
        finally:
            if is_mounted:
                subprocess.run(["umount", "-l", self.root], check=False)
            shutil.rmtree(self.root, ignore_errors=True)

    def serve(self):
        options = self.conversation.options
        args = options.get("server", "").split()
        args += ["--user", options["user"]] if "user" in options else []
        args += [] if "--durability" in args else ["--durability", "lazy"]
        with tempfile.TemporaryDirectory(prefix="davit-conf-") as folder:
            self.serve_with([arg.replace("{beside}", folder) for arg in args] + self.make_access(folder))

    def make_access(self, folder):
        """The configuration and the users that the file names; {as-NAME} signs in with Basic."""
        options = self.conversation.options
        args = []
        os.chmod(folder, 0o755)
        if "config" in options:
            args += ["-c", os.path.join(folder, "davit.conf")]
            with open(args[-1], "w", encoding="utf-8") as file:
                file.write(options["config"])
        if "users" in options:
            args += ["--users", os.path.join(folder, "users")]
        for user in options.get("users", "").split():
            davit.add_user(args[-1], *user.split(":", 1))
            token = base64.b64encode(user.encode()).decode()
            self.variables["as-" + user.split(":")[0]] = "Basic " + token
        return args

    def serve_with(self, args):
        again = self.conversation.options.get("again")
        wrapper = ["env", f"DAVIT_AGAIN={again}"] if again else []
        with davit.Davit(self.root, args, wrapper) as self.server:
            self.connect()
            try:
                for self.step in self.conversation.steps:
                    self.run(self.play_step)
                self.run(self.transport.finish)
            finally:
                self.transport.close_all()
        self.run(self.check_litter)

    def run(self, function, *args):
        try:
            function(*args)
        except (AssertionError, OSError) as error:
            place = f"{self.conversation.path}:{self.step.line}"
            raise Failure(f"{place}: {error}") from None

    def connect(self):
        if self.how == "h2":
            self.transport = http2.Http2(self.server.address)
        else:
            self.transport = Http1(self.server.address, self.how == "byte-by-byte")
        self.variables["version"] = "HTTP/2" if self.how == "h2" else "HTTP/1.1"
        self.variables["host"] = self.server.host
        self.variables["port"] = str(self.server.address[1])

    def play_step(self):
        if self.step.kind == "request":
            self.play_request()
        elif self.step.kind == "raw":
            self.play_raw()
        elif self.step.kind == "answer":
            self.play_answer()
        else:
            getattr(self, "do_" + self.step.kind)(self.step.text)

    def fill(self, template):
        return fill(unescape(template), self.variables)

    def play_request(self):
        head, body = self.step.head_and_body()
        self.method, _, target = self.fill(head[0]).partition(" ")
        self.target = target
        fields = [tuple(part.strip() for part in self.fill(row).split(":", 1)) for row in head[1:]]
        self.is_rootless = self.method == "SEARCH" or any(
            name in ("Depth", "Prefer") and "noroot" in value.lower() for name, value in fields)
        data = None if body is None else to_bytes(self.fill(body))
        self.transport.send(self.method, target, fields, data)

    def play_raw(self):
        """Each row is a line that ends in CR LF, unless it ends in a lone backslash."""
        text = ""
        for row in self.step.rows:
            has_end = not row.endswith("\\") or row.endswith("\\\\")
            text += self.fill(row if has_end else row[:-1]) + ("\r\n" if has_end else "")
        self.method = self.target = None
        self.is_rootless = False
        self.transport.send_raw(to_bytes(text))

    def play_answer(self):
        head, body = self.step.head_and_body()
        status = int(head[0].split()[0])
        response = self.response = self.transport.receive()
        if response is not None and response.status == 100 and status // 100 == 2:
            # Whether it was sent depends on how soon the body came (RFC 9110 §10.1.1).
            response = self.response = self.transport.receive()
        if response is None:
            raise Failure("the connection ended instead of an answer")
        if response.status != status:
            raise Failure(f"not {head[0]}, but {response!r}")
        check_always(response, self.method, self.is_rootless)
        place = f"{os.path.basename(self.conversation.path)}-{self.step.line}"
        if not self.is_rootless:
            lint.keep(place, self.method, self.target, response)
        for row in head[1:]:
            self.check_field(row)
        if body is not None:
            self.check_body(body)

    def check_field(self, row):
        name, _, template = row.partition(":")
        actual = self.response.field(name.lstrip("!"))
        if name[0] == "!":
            if actual is not None:
                raise Failure(f"there is a field {name[1:]}: {actual}")
        elif actual is None:
            raise Failure(f"there is no field {name}: {self.response!r}")
        elif not matches(unescape(template.strip()), actual, self.variables):
            raise Failure(f"{name} is not '{template.strip()}' but '{actual}'")

    def check_body(self, template):
        actual = self.response.body
        if template.startswith("<"):
            error = tree.compare(template, actual, self.variables, matches)
            if error:
                raise Failure(f"{error}\nin {actual.decode('utf-8', 'replace')}")
        elif not matches(unescape(template), actual.decode("utf-8", "surrogateescape"),
                         self.variables):
            raise Failure(f"the body is not {template[:500]!r} but {actual[:500]!r}")

    def check_litter(self):
        """Nothing that was staged is left, whatever happened."""
        found = glob.glob(os.path.join(self.root, ".davit/staging/*"))
        found += glob.glob(os.path.join(self.root, "**/.davit-staged-*"), recursive=True)
        if found:
            raise Failure(f"litter: {found}")

    # --- commands: the server and its connections ---

    def do_let(self, text):
        name, _, value = text.partition(" ")
        self.variables[name] = self.fill(value)

    def do_connection(self, text):
        self.transport.name = text

    def do_closed(self, _):
        self.transport.expect_end()

    def do_open(self, _):
        """The connection is still in step: it takes another request."""
        self.transport.send("OPTIONS", "*", [], None)
        response = self.transport.receive()
        if response is None or response.status != 200 or "close" in response.field("Connection", ""):
            raise Failure(f"the connection cannot go on: {response!r}")

    def do_close(self, _):
        self.transport.close()

    def do_shutdown(self, _):
        """Ends our side of the connection; the other stays open."""
        self.transport.connection().socket.shutdown(1)

    def do_restart(self, _):
        self.transport.close_all()
        self.server.stop()
        self.server.start()
        self.connect()

    def do_kill(self, _):
        self.server.kill()
        self.server.start()
        self.connect()

    def do_wait(self, text):
        time.sleep(float(text))

    def do_log(self, text):
        """Something that the server's log says; it may come a moment after the answer."""
        deadline = time.monotonic() + 5
        while not matches("{*}" + unescape(text) + "{*}", self.server.stderr(), self.variables):
            if time.monotonic() > deadline:
                raise Failure(f"the log does not say that, but: {self.server.stderr()}")
            time.sleep(0.01)

    # --- commands: the disk ---

    def path(self, word):
        return os.path.join(os.fsencode(self.root), to_bytes(unescape(word)).lstrip(b"/"))

    def do_given(self, text):
        what, _, rest = text.partition(" ")
        word, _, rest = rest.partition(" ")
        path = self.path(word)
        getattr(self, "give_" + what)(path, rest)
        if what in ("file", "dir", "fifo"):
            os.chown(path, self.owner, -1)

    def give_file(self, path, content):
        with open(path, "wb") as file:
            file.write(to_bytes(self.fill(content)))

    def give_full(self, path, _):
        """A file that takes all that the disk has left."""
        with open(path, "wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while file.write(size * b"x"):
                        pass
                except OSError:
                    pass

    def give_dir(self, path, _):
        os.makedirs(path)

    def give_fifo(self, path, _):
        os.mkfifo(path)

    def give_link(self, path, target):
        os.symlink(to_bytes(unescape(target)), path)

    def give_mode(self, path, mode):
        os.chmod(path, int(mode, 8))

    def give_owner(self, path, uid):
        os.chown(path, int(uid), -1)

    def give_mtime(self, path, seconds):
        os.utime(path, (int(seconds), int(seconds)))

    def give_no(self, path, _):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.remove(path)

    def do_expect(self, text):
        what, _, rest = text.partition(" ")
        word, _, rest = rest.partition(" ")
        getattr(self, "expect_" + what)(self.path(word), rest)

    def expect_file(self, path, content):
        if not os.path.isfile(path):
            raise Failure(f"{path} is no file")
        with open(path, "rb") as file:
            actual = file.read()
        if actual != to_bytes(self.fill(content)):
            raise Failure(f"{path} holds {actual[:200]!r} ({len(actual)} bytes)")

    def expect_dir(self, path, _):
        if not os.path.isdir(path):
            raise Failure(f"{path} is no directory")

    def expect_link(self, path, target):
        if not os.path.islink(path) or os.readlink(path) != to_bytes(unescape(target)):
            raise Failure(f"{path} is no link to {target}")

    def expect_no(self, path, _):
        if os.path.lexists(path):
            raise Failure(f"{path} is there")

    def expect_mode(self, path, mode):
        actual = stat.S_IMODE(os.stat(path).st_mode)
        if actual != int(mode, 8):
            raise Failure(f"the mode of {path} is {actual:o}")

    def expect_mtime(self, path, seconds):
        actual = os.stat(path).st_mtime_ns // 10**9
        if actual != int(seconds):
            raise Failure(f"{path} was modified at {actual}")

    def expect_members(self, path, names):
        actual = sorted(name for name in os.listdir(path) if name != b".davit")
        if actual != sorted(to_bytes(unescape(name)) for name in names.split()):
            raise Failure(f"the members of {path} are {actual}")


# --- pytest ---

def cases(directory):
    """A pytest parameter for each file and way to play it: raw ones twice, the others over both."""
    params = []
    for path in sorted(glob.glob(os.path.join(directory, "*.wire"))):
        name = os.path.basename(path)[:-len(".wire")]
        conversation = Conversation(path)
        params.append(pytest.param(conversation, "h1", id=name))
        if conversation.is_raw():
            params.append(pytest.param(conversation, "byte-by-byte", id=name + "-byte-by-byte"))
        else:
            params.append(pytest.param(conversation, "h2", id=name + "-h2"))
    return params


def play(conversation, how):
    text = None
    try:
        Player(conversation, how).play()
    except Failure as failure:
        text = str(failure)
    if text:
        pytest.fail(text, pytrace=False)
