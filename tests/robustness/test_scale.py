"""What must not grow with what there is: the work of a start with the number of dead properties, that of
a restart for each lock; and what a server does that has no descriptor left. Counted, not timed."""

import os
import re
import resource
import shutil
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import time

import davit
import pytest
from session import IS_SANITIZED, Session, count_no_freed_memory, traced, wait_for

LOCKINFO = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/>'
            "</D:locktype></D:lockinfo>")

count_no_freed_memory()


# --- dead properties ---

def fill(server, count):
    """Properties of `count` files, ten each, as davit would have written them."""
    with sqlite3.connect(server.path(".davit", "state.db")) as database:
        database.executemany("INSERT INTO prop VALUES(?, ?, ?, ?)", (
            (b"f%d" % (i // 10), b"urn:x", b"p%d" % (i % 10), b"<p%d xmlns='urn:x'>v</p%d>" % (i % 10, i % 10))
            for i in range(count)))
    database.close()


def bytes_read_at_start(server):
    """By its first thread, with all that it has read since."""
    pid = server.process.pid
    with open(f"/proc/{pid}/task/{pid}/io", encoding="ascii") as file:
        return int(re.search(r"rchar: (\d+)", file.read()).group(1))


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_start_reads_no_more_for_more_properties(is_killed):
    read = []
    for count in (40000, 200000):
        with davit.Davit() as server:
            server.request("PUT", "/f7", body="x")
            server.stop()
            fill(server, count)
            for _ in range(2):
                server.start()
                read.append(bytes_read_at_start(server))
                found = server.request("PROPFIND", "/f7", {"Depth": "0"})
                assert found.status == 207 and found.body.count(b">v</") == 10
                (server.kill if is_killed else server.stop)()
            server.start()
    assert max(read) - min(read) < 256 << 10, read


# --- locks ---

def test_a_restart_looks_at_each_locked_file_once():
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    count = 1000
    with davit.Davit(check=False) as server, tempfile.NamedTemporaryFile("r") as log:
        with Session(server) as client:
            for name in "abc":
                client.expect(201, "MKCOL", f"/{name}")
            for i in range(count):
                client.expect(201, "LOCK", f"/{'abc'[i % 3]}/f{i}", {"Timeout": "Second-3600"}, LOCKINFO)
        server.kill()
        os.remove(server.path("a", "f3"))
        # -D: the server stays our child. It must not end under strace where a sanitizer looks for leaks.
        server.wrapper = ["strace", "-D", "-f", "-o", log.name, "-e", "trace=open,openat,openat2,stat,newfstatat,statx"]
        server.start()
        calls = sum("(" in line and '"/proc/' not in line for line in log)  # looks at neighbours are as many as these
        server.kill()
        server.wrapper = []
        server.start()
        assert server.request("PUT", "/a/f3", body="x").status == 201, "its lock went with it"
        assert server.request("PUT", "/a/f6", body="x").status == 423
    assert count <= calls < 2 * count, calls


# --- descriptors ---

def make_cert(folder):
    paths = str(folder / "cert.pem"), str(folder / "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "30", "-subj", "/CN=localhost", "-out", paths[0], "-keyout", paths[1]],
                   check=True, capture_output=True)
    return paths


def test_few_descriptors_are_told_at_the_start():
    with davit.Davit(wrapper=["prlimit", "--nofile=200:200"]) as server:
        server.says("at most 100 connections at a time, not 10000: a process may have 200 descriptors")
    with davit.Davit(args=["--limit", "connections=50"], wrapper=["prlimit", "--nofile=200:200"]) as server:
        assert "descriptors" not in server.stderr()


def test_connections_beyond_the_limit_are_told_in_few_lines():
    with davit.Davit(args=["--limit", "connections=2"]) as server:
        with server.connect() as first, server.connect() as second:
            for connection in (first, second):
                connection.send("OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert connection.read().status == 200
            for _ in range(30):
                with server.connect() as refused:
                    assert refused.read().status == 503
        told = re.findall(r"connections refused: too many are open", server.stderr())
        assert 1 <= len(told) <= 3
    with davit.Davit(args=["--limit", "address_connections=1"]) as server:
        with server.connect() as first:
            for _ in range(2):  # the loops accept in any order: it has its place once it is answered
                first.send("OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert first.read().status == 200
                with server.connect() as refused:
                    assert refused.read().status == 503
        server.says("refused: too many of one address")


def test_a_server_without_descriptors_waits_for_some():
    """They go while it runs. Who is connected is answered, who comes is refused, and nothing spins."""
    with davit.Davit(args=["--threads", "1"]) as server, Session(server) as client:
        client.expect(201, "PUT", "/f", None, b"x")
        client.expect(200, "GET", "/f")
        pid = server.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = max(int(name) for name in os.listdir(f"/proc/{pid}/fd")) + 1
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, before[1]))
        with tempfile.NamedTemporaryFile("r") as log:
            with traced(server, "epoll_wait,accept4", log=log.name), server.connect() as refused:
                answer = refused.read()
                assert answer is None or answer.status == 503
                client.expect(200, "OPTIONS", "/f")
                client.expect((200, 503), "GET", "/f")
                time.sleep(2)  # what is counted is what happens by itself
            calls = sum("(" in line and '"/proc/' not in line for line in log)  # looks at neighbours are as many as these
        assert calls < 150, calls
        server.says("connections refused: Too many open files")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        assert wait_for(lambda: server.request("GET", "/f").status == 200, "the server to recover")


def resident_kib(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read()).group(1))


@pytest.mark.skipif(IS_SANITIZED, reason="a sanitizer's allocator gives nothing back")
def test_memory_of_a_crowd_is_given_back(tmp_path):
    cert, key = make_cert(tmp_path)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with davit.Davit(args=["--threads", "1", "--tls-cert", cert, "--tls-key", key]) as server:
        held = [context.wrap_socket(socket.create_connection(server.address)) for _ in range(600)]
        assert held[-1].version()
        with_crowd = resident_kib(server)
        for connection in held:
            connection.close()
        wait_for(lambda: resident_kib(server) < with_crowd / 2, "the memory to be given back")


def test_idle_connections_cost_little_memory():
    """KiB each of a thousand that have asked once and wait, as the kernel counts what is resident."""
    count = 800
    with davit.Davit(args=["--threads", "1"]) as server:
        server.request("PUT", "/f", body="x")
        held = []

        def hold():
            connection = server.connect()
            held.append(connection)
            connection.send("GET /f HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.read().status == 200

        for _ in range(20):
            hold()
        before = resident_kib(server)
        for _ in range(count):
            hold()
        grown = resident_kib(server) - before
        for connection in held:
            connection.close()
    assert grown < 4 * count, grown  # with a sanitizer's red zones
