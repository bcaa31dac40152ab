"""What the long suites share: a client on a kept-alive connection, Multi-Status read as data, the
memory of a running server, scratch file systems."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

import davit
import pytest

DAV = "{DAV:}"
IS_SANITIZED, IS_RACE_CHECKED = (name in open(davit.BINARY, "rb").read()
                                 for name in (b"__asan_init", b"__tsan_init"))


def quote(path):
    """A path as bytes or text, encoded for a request target."""
    return urllib.parse.quote(path, safe="/")


class Session:
    """Requests on one connection, opened again when the server closed it. What a server that dies
    makes of a request is an OSError or EOFError."""

    def __init__(self, server, timeout=60):
        self.address, self.host, self.timeout = server.address, server.host, timeout
        self.connection = None

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def request(self, method, target, fields=None, body=None):
        if self.connection is None:
            self.connection = davit.Connection(self.address, self.timeout)
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
        if body is not None:
            body = body.encode() if isinstance(body, str) else body
            lines.append(f"Content-Length: {len(body)}")
        try:
            self.connection.send("\r\n".join(lines) + "\r\n\r\n")
            if body:
                self.connection.send(body)
            response = self.connection.read(method)
        except (OSError, AssertionError):
            self.close()
            raise
        if response is None or not response.is_complete:
            self.close()
            raise EOFError(f"no complete answer to {method} {target}")
        if (response.field("Connection") or "").lower() == "close":
            self.close()
        return response

    def expect(self, status, method, target, fields=None, body=None):
        response = self.request(method, target, fields, body)
        allowed = status if isinstance(status, tuple) else (status,)
        assert response.status in allowed, f"{method} {target}: {response}"
        return response

    def propfind(self, target, depth="0", body=None):
        """{path: {property: element}} of the properties with status 200; paths as bytes, decoded."""
        response = self.expect(207, "PROPFIND", target, {"Depth": depth}, body)
        return {path: found for path, _, found in members(response.body)}

    def lock(self, target, depth="0", scope="exclusive", timeout="Second-3600", owner="test"):
        """The token, or the answer that says why not."""
        body = (f'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:{scope}/></D:lockscope><D:locktype>'
                f"<D:write/></D:locktype><D:owner>{owner}</D:owner></D:lockinfo>")
        response = self.request("LOCK", target, {"Depth": depth, "Timeout": timeout}, body)
        if response.status in (200, 201):
            return response.field("Lock-Token").strip("<>")
        return response


def members(body):
    """(path, status or None, {property: element of a propstat with 200}) of each response."""
    result = []
    for response in ElementTree.fromstring(body).iter(DAV + "response"):
        href = response.find(DAV + "href").text
        status = response.find(DAV + "status")
        found = {}
        for propstat in response.iter(DAV + "propstat"):
            if " 200 " in propstat.find(DAV + "status").text:
                found.update({prop.tag: prop for prop in propstat.find(DAV + "prop")})
        code = int(status.text.split()[1]) if status is not None else None
        result.append((urllib.parse.unquote_to_bytes(href), code, found))
    return result


def statuses(response):
    """{path: status} of a 207 whose responses have one status each."""
    return {path.decode("utf-8", "surrogateescape"): code
            for path, code, _ in members(response.body)}


def wait_for(condition, what, seconds=30):
    """What `condition` returns, once that is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def reload(server, word="the settings have been reloaded"):
    """SIGHUP, until the log says that."""
    before = server.stderr().count(word)
    server.process.send_signal(signal.SIGHUP)
    server.says(word, before + 1)


def watch_count(server):
    """How many inodes the server watches: so much is remembered."""
    folder, count = f"/proc/{server.process.pid}/fdinfo", 0
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            with open(os.path.join(folder, name), encoding="ascii") as info:
                count += sum(line.startswith("inotify") for line in info)
    return count


@contextlib.contextmanager
def traced(server, calls, inject=None, log="/dev/null", path=None, more=()):
    """strace notes some of the server's system calls from now on, or does something to them; `path`:
    only to those on this file; `more`: its further options."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    command = ["strace", "-f", "-o", log, "-e", f"trace={calls}", "-p", str(server.process.pid)]
    if inject:
        command += ["-e", f"inject={calls}:{inject}"]
    if path:
        command += ["-P", path]
    command += more
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stderr.readline()
        if "attached" not in line:
            pytest.skip(f"strace cannot trace here: {line.strip()}")
        yield process
    finally:
        process.kill()  # it would not hear SIGTERM while it delays
        process.communicate()


# --- memory ---

def count_no_freed_memory():
    """Of servers that start from now on: what AddressSanitizer keeps to find its misuse would look
    like growth."""
    os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [
        os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1:thread_local_quarantine_size_kb=16"]))


def peak_bytes(pid):
    """The most that was ever resident."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def forget_peak(pid):
    """From now on peak_bytes() tells of what comes."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as clear:
        clear.write("5")


def pss_bytes(pid):
    """What the process costs now, shared pages counted by share."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as rollup:
        return next(int(line.split()[1]) * 1024 for line in rollup if line.startswith("Pss:"))


# --- file systems ---

def need_root(what):
    if os.geteuid() != 0:
        pytest.skip(f"{what} needs root")


@contextlib.contextmanager
def mounted(*options, source="none"):
    """A new mount point with `mount OPTIONS source` on it; skips where that is not permitted."""
    need_root("mounting a file system")
    point = tempfile.mkdtemp(prefix="davit-mount-")
    run = subprocess.run(["mount", *options, source, point], capture_output=True, text=True,
                         check=False)
    if run.returncode:
        os.rmdir(point)
        pytest.skip(f"mount {' '.join(options)}: {run.stderr.strip()}")
    try:
        yield point
    finally:
        subprocess.run(["umount", point], check=True)
        os.rmdir(point)


def tmpfs(size):
    return mounted("-t", "tmpfs", "-o", f"size={size}")


def fill_disk(folder, left=0):
    """Takes what space there is, less `left` bytes; returns the file that has it."""
    path = os.path.join(folder, ".fill")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    for size in (1 << 20, 4096, 1):
        try:
            while os.write(fd, bytes(size)) == size:
                pass
        except OSError:
            pass
    if left:
        os.truncate(path, max(0, os.fstat(fd).st_size - left))
    os.close(fd)
    return path


def litter(root):
    """What of davit's staging is left in a served directory."""
    found = []
    staging = os.path.join(os.fsencode(root), b".davit", b"staging")
    if os.path.isdir(staging):
        found += [os.path.join(staging, name) for name in os.listdir(staging)]
    for folder, folders, files in os.walk(os.fsencode(root)):
        found += [os.path.join(folder, name) for name in folders + files
                  if name.startswith(b".davit-staged-")]
    return sorted(set(found))


def descriptors(server):
    """What the server's descriptors lead to."""
    links = []
    for fd in os.listdir(f"/proc/{server.process.pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # it was closed meanwhile
            links.append(os.readlink(f"/proc/{server.process.pid}/fd/{fd}"))
    return links


def staged(server):
    """Uploads under way: files that have no name yet."""
    return [link for link in descriptors(server)
            if link.startswith(server.root) and link.endswith("(deleted)")]
