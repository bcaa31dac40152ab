"""Starts the real davit for a black-box test, and speaks raw HTTP/1.1 to it.

The binary is named by the environment variable DAVIT (meson sets it)."""

import functools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BINARY = os.environ.get("DAVIT", os.path.join(os.path.dirname(__file__), "../../build/davit"))


@functools.lru_cache(maxsize=None)
def user_lines(name, password):
    """What `davit user` writes into the two files for a new user: made once, since that is slow by
    intention."""
    with tempfile.TemporaryDirectory(prefix="davit-users-") as folder:
        path = os.path.join(folder, "users")
        subprocess.run([BINARY, "user", "add", name, "--users", path, "--password-file", "-",
                        "--digest-md5"], input=password + "\n", text=True, check=True)
        lines = []
        for part in (path, path + ".keys"):
            with open(part, encoding="utf-8") as file:
                lines.append(file.readlines())
        return lines


def add_user(path, name, password):
    """A user with all that `davit user` gives him."""
    for part, lines in zip((path, path + ".keys"), user_lines(name, password)):
        is_new = not os.path.exists(part)
        with open(part, "a", encoding="utf-8") as file:
            file.writelines(line for line in lines if is_new or not line.startswith(":"))
        os.chmod(part, 0o644)


class Response:
    """A parsed answer: status, reason, fields (a list of name, value), body, is_complete."""

    def __init__(self, version, status, reason, fields, body, is_complete):
        self.version = version
        self.status = status
        self.reason = reason
        self.fields = fields
        self.body = body
        self.is_complete = is_complete

    def field(self, name, default=None):
        values = [v for n, v in self.fields if n.lower() == name.lower()]
        return ", ".join(values) if values else default

    def __repr__(self):
        return f"<{self.status} {self.reason} {self.fields} {self.body[:200]!r}>"


class Connection:
    """A TCP connection to the server; reads answers strictly."""

    def __init__(self, address, timeout=20, source=None):
        """`source`: an address of this machine to come from."""
        self.socket = socket.create_connection(address, timeout, source and (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data, byte_by_byte=False):
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        if not byte_by_byte:
            self.socket.sendall(data)
            return
        for i in range(len(data)):
            self.socket.sendall(data[i:i + 1])

    def _fill(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def _line(self):
        while b"\r\n" not in self.buffer:
            if not self._fill():
                return None
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _exactly(self, length):
        data, self.buffer = bytearray(self.buffer), b""
        while len(data) < length and self._fill():
            data += self.buffer
            self.buffer = b""
        self.buffer = bytes(data[length:])
        return bytes(data[:length]), len(data) >= length

    def _trailers(self):
        """The fields behind the last chunk; False: they are cut off."""
        self.trailers = []
        while True:
            line = self._line()
            if not line:
                return line is not None
            name, value = line.decode("latin-1").split(":", 1)
            self.trailers.append((name, value.strip()))

    def _chunked(self):
        body = bytearray()
        while True:
            line = self._line()
            if line is None:
                return bytes(body), False
            size = int(line.split(b";")[0], 16)
            if size == 0:
                return bytes(body), self._trailers()
            data, is_complete = self._exactly(size)
            body += data
            if not is_complete or self._line() is None:
                return bytes(body), False

    def read(self, method="GET"):
        """The next answer; None when the connection ended instead."""
        line = self._line()
        if line is None:
            return None
        version, status, reason = line.decode("latin-1").split(" ", 2)
        fields, self.trailers = [], []
        while True:
            line = self._line()
            assert line is not None, "the answer's head is cut off"
            if not line:
                break
            name, value = line.decode("latin-1").split(":", 1)
            fields.append((name, value.strip()))
        status = int(status)
        known = {n.lower(): v for n, v in fields}
        if method == "HEAD" or status < 200 or status in (204, 304):
            body, is_complete = b"", True
        elif known.get("transfer-encoding", "") == "chunked":
            body, is_complete = self._chunked()
        elif "content-length" in known:
            body, is_complete = self._exactly(int(known["content-length"]))
        else:
            while self._fill():
                pass
            body, self.buffer, is_complete = self.buffer, b"", True
        return Response(version, status, reason, fields + self.trailers, body, is_complete)

    def is_closed(self):
        """The server has closed its side, and sends nothing more."""
        while self._fill():
            pass
        return self.buffer == b""


class Logged:
    """A running `process` whose log is `stderr()`."""

    def says(self, text, count=1):
        """Waits until the log holds this that often: a line may be written after the answer that it tells of."""
        deadline = time.monotonic() + 60
        is_running = True
        while self.stderr().count(text) < count:
            assert is_running and time.monotonic() < deadline, f"davit does not say '{text}' but:\n{self.stderr()}"
            is_running = self.process.poll() is None
            time.sleep(0.01)


class Davit(Logged):
    """A running server on a directory."""

    def __init__(self, root=None, args=(), wrapper=(), check=True):
        self.is_own_root = root is None
        self.root = root or tempfile.mkdtemp(prefix="davit-test-")
        self.args = list(args)
        self.wrapper = list(wrapper)
        self.check = check
        self.process = None
        self.start()

    def start(self):
        self.log = tempfile.TemporaryFile()
        command = self.wrapper + [BINARY, "serve", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command + self.args + self.operands(), stderr=self.log,
                                        stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            match = re.search(r"listening on (https?)://([0-9.]+):(\d+)/\n", self.stderr())
            if match:
                self.address = (match.group(2), int(match.group(3)))
                self.host = f"{match.group(2)}:{match.group(3)}"
                self.url = f"{match.group(1)}://{self.host}"
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("davit did not start:\n" + self.stderr())
            time.sleep(0.01)

    def operands(self):
        return [self.root]

    def stderr(self):
        """The log so far, read without seek(): the server writes at the same offset of this open file."""
        descriptor = self.log.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode("utf-8", "replace")

    def kill(self):
        """As a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """Ends it politely; a sanitizer's report or a bad exit status fails the test."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        text = self.stderr()
        assert "ERROR: AddressSanitizer" not in text and "runtime error" not in text, text
        assert "LeakSanitizer" not in text, text
        if self.check:
            assert status == 0, f"exit status {status}\n{text}"
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            if self.is_own_root:
                shutil.rmtree(self.root, ignore_errors=True)

    def connect(self, timeout=20, source=None):
        return Connection(self.address, timeout, source)

    def request(self, method, target, fields=None, body=None, version="HTTP/1.1"):
        """One request on a connection of its own."""
        fields = list((fields or {}).items()) if isinstance(fields, dict) else list(fields or [])
        names = {name.lower() for name, _ in fields}
        if "host" not in names:
            fields.insert(0, ("Host", self.host))
        if isinstance(body, str):
            body = body.encode()
        if body is not None and not names & {"content-length", "transfer-encoding"}:
            fields.append(("Content-Length", str(len(body))))
        head = f"{method} {target} {version}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
        with self.connect() as connection:
            connection.send(head.encode("utf-8", "surrogateescape") + (body or b""))
            response = connection.read(method)
            while response is not None and response.status == 100:
                response = connection.read(method)
            return response

    def path(self, *parts):
        return os.path.join(self.root, *parts)
