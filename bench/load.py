"""Load generators. Each gives a Sample: wrk and h2load for rates, curl for large files, a few lines
of Python where one request, or an open connection, is what is measured."""

import json
import os
import re
import socket
import subprocess
import time
from dataclasses import dataclass

HERE = os.path.dirname(os.path.abspath(__file__))
HOST = "127.0.0.1"


@dataclass
class Sample:
    """What one run of a scenario on one server gave. None: not measured."""

    requests: int
    seconds: float
    failed: int = 0
    p50_us: float = None
    p99_us: float = None
    first_ms: float = None
    bytes: int = 0
    pss_mib: float = None
    cpu_s: float = None  # where the scenario measures it itself
    median_s: float = None  # of one request, where they were made one by one
    busiest: float = None  # the part of it that the busiest thread used
    peak_mib: float = None  # of all of the server's processes, resident
    figures: dict = None  # of a scenario's own; report.py knows their names


class Unable(Exception):
    """The server does not do what the scenario asks for."""


def run(command, seconds):
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60,
                          check=False)
    if done.returncode:
        raise Unable((done.stderr or done.stdout).strip()[:200])
    return done.stdout


def wrk(server, seconds, script, args, connections=32, threads=1, is_tls=False):
    scheme, port = ("https", "tls") if is_tls else ("http", "h1")
    out = run(["wrk", "-t", str(threads), "-c", str(connections), "-d", str(seconds),
               "--timeout", "20", "-s", os.path.join(HERE, script),
               f"{scheme}://{HOST}:{server.ports[port]}/", "--", *args], seconds)
    result = json.loads(out[out.rindex("\n{"):])
    if not result["requests"]:
        raise Unable("nothing was answered")
    return Sample(result["requests"], result["us"] / 1e6, result["statuses"] + result["broken"],
                  result["p50"], result["p99"])


def h2load(server, seconds, path, clients, streams, is_tls):
    scheme, port = ("https", "tls") if is_tls else ("http", "h2c")
    out = run(["h2load", "-t", "1", "-c", str(clients), "-m", str(streams), "-D", str(seconds),
               "--warm-up-time", "0", f"{scheme}://{HOST}:{server.ports[port]}{path}"], seconds)
    took = re.search(r"finished in ([\d.]+)(m?s)", out)
    counts = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", out)
    codes = re.search(r"status codes: (\d+) 2xx", out)
    done, good = int(counts.group(1)), int(codes.group(1))
    return Sample(good, float(took.group(1)) / (1000 if took.group(2) == "ms" else 1),
                  done - good + int(counts.group(2)))


def heads(server, seconds, path, connections=8, pipelined=16):
    """HEAD requests, for which wrk waits in vain: it expects a body."""
    request = f"HEAD {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode() * pipelined
    sockets = [socket.create_connection((HOST, server.ports["h1"])) for _ in range(connections)]
    begun, done = time.perf_counter(), 0
    for connection in sockets:
        connection.sendall(request)
    while time.perf_counter() < begun + seconds:
        for connection in sockets:
            answers = b""
            while answers.count(b"\r\n\r\n") < pipelined:
                got = connection.recv(65536)
                if not got:
                    raise Unable("the connection was closed")
                answers += got
            if not answers.startswith(b"HTTP/1.1 200"):
                raise Unable(answers[:12].decode())
            done += pipelined
            connection.sendall(request)
    took = time.perf_counter() - begun
    for connection in sockets:
        connection.close()
    return Sample(done, took)


def curl(url, *options):
    """One transfer: its size, its seconds, and those until the first byte."""
    form = "%{http_code} %{size_download} %{size_upload} %{time_total} %{time_starttransfer}"
    out = run(["curl", "-sk", "-o", "/dev/null", "-w", form, *options, url], 600)
    code, down, up, total, first = out.split()
    if not code.startswith("2"):
        raise Unable(f"status {code}")
    return Sample(1, float(total), first_ms=float(first) * 1000, bytes=int(down) + int(up))


class Connection:
    """A connection that can ask and count what comes: just enough HTTP/1.1."""

    def __init__(self, server):
        self.socket = socket.create_connection((HOST, server.ports["h1"]))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.settimeout(120)
        self.chunk = memoryview(bytearray(1 << 20))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ask(self, method, path, headers=None, body=b""):
        """(status, seconds to the first byte, seconds to the last, bytes of the body)."""
        fields = {"Host": HOST, **(headers or {})}
        if body or method in ("PUT", "PROPPATCH", "LOCK"):
            fields["Content-Length"] = str(len(body))
        if body.startswith(b"<?xml"):
            fields["Content-Type"] = "application/xml"
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        begun = time.perf_counter()
        self.socket.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        got = self.socket.recv_into(self.chunk)
        first = time.perf_counter()
        data = bytes(self.chunk[:got])
        while b"\r\n\r\n" not in data:
            data += self.more()
        head, _, rest = data.partition(b"\r\n\r\n")
        status = int(head[9:12])
        size = self.finish(method, status, head.lower(), rest)
        return status, first - begun, time.perf_counter() - begun, size

    def more(self):
        got = self.socket.recv_into(self.chunk)
        if not got:
            raise Unable("the connection was closed")
        return bytes(self.chunk[:got])

    def finish(self, method, status, head, rest):
        """Reads the body to its end; its bytes on the wire."""
        length = re.search(rb"\r\ncontent-length: *(\d+)", head)
        if method == "HEAD" or status in (204, 304):
            return 0
        if length:
            left = int(length.group(1)) - len(rest)
            while left > 0:
                left -= self.socket.recv_into(self.chunk)
            return int(length.group(1))
        size, tail = len(rest), rest[-5:]
        is_chunked = b"\r\ntransfer-encoding: chunked" in head
        while not (is_chunked and tail == b"0\r\n\r\n"):
            got = self.socket.recv_into(self.chunk)
            if not got and not is_chunked:
                break
            if not got:
                raise Unable("the connection was closed")
            size += got
            tail = (tail + bytes(self.chunk[max(0, got - 5):got]))[-5:]
        return size
