"""Runs `davit check`, and a web server that does as a test says."""

import http.server
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from davit import BINARY

NGINX = shutil.which("nginx") or ("/usr/sbin/nginx" if os.path.exists("/usr/sbin/nginx") else None)


class Run:
    """A run that has ended: status, stderr, and the rows of its JSON lines by type."""

    def __init__(self, status, stdout, stderr):
        self.status = status
        self.stdout = stdout
        self.stderr = stderr
        rows = [json.loads(line) for line in stdout.splitlines() if line.startswith("{")]
        self.links = [row for row in rows if row.get("type") == "link"]
        self.members = [row for row in rows if row.get("type") == "member"]
        self.summary = next((row for row in rows if row.get("type") == "summary"), None)

    def verdict(self, part):
        """Of the one address that ends so."""
        found = {row["verdict"] for row in self.links if row["url"].endswith(part)}
        assert len(found) == 1, (part, found, self.stderr)
        return found.pop()


def check(*args, form="jsonl", stdin=None, timeout=120, preexec=None, verbose=True):
    command = [BINARY, "check", "--progress", "off", "-o", form] + (["-v"] if verbose else [])
    done = subprocess.run(command + [str(arg) for arg in args], capture_output=True, timeout=timeout,
                          input=stdin, preexec_fn=preexec, check=False)
    stderr = done.stderr.decode("utf-8", "replace")
    assert "AddressSanitizer" not in stderr and "runtime error" not in stderr, stderr
    return Run(done.returncode, done.stdout.decode("utf-8", "replace"), stderr)


class Server:
    """Answers by `answers`: path -> function(handler), or (status, fields, body). Counts requests."""

    def __init__(self, answers=None, host="127.0.0.1", context=None):
        self.answers = dict(answers or {})
        self.requests = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # a page of two writes would take 40 ms

            def any_method(self):
                length = int(self.headers.get("Content-Length") or 0)
                self.sent = self.rfile.read(length) if length else b""
                server.requests.append((self.command, self.path))
                answer = server.answers.get(self.path) or server.answers.get("*")
                if callable(answer):
                    answer = answer(self)
                if answer is None:
                    answer = (404, {}, b"no")
                if answer != "done":
                    self.answer(*answer)

            def answer(self, status, fields=None, body=b""):
                if isinstance(body, str):
                    body = body.encode()
                self.send_response(status)
                fields = dict(fields or {})
                fields.setdefault("Content-Type", "text/html")
                fields.setdefault("Content-Length", str(len(body)))
                for name, value in fields.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PROPFIND = any_method

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass

        self.server = Quiet((host, 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = "http%s://%s:%d" % ("s" if context else "", host, self.port)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def count(self, path, method=None):
        return sum(1 for m, p in self.requests if p == path and method in (None, m))


def page(*links, head=""):
    return (200, {}, "<!doctype html>%s\n%s" % (head, "\n".join("<a href='%s'>x</a>" % x for x in links)))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    def __init__(self, root, port):
        for name in ("t1", "t2", "t3", "t4", "t5"):
            os.makedirs(os.path.join(root, name), exist_ok=True)
        self.process = subprocess.Popen([NGINX, "-e", os.path.join(root, "error.log"), "-c",
                                         os.path.join(root, "nginx.conf")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None and time.monotonic() < deadline, "nginx did not start"
                time.sleep(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


class Scratch:
    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="davit-check-")
        os.chmod(self.path, 0o755)  # nginx reads it as another user
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)
