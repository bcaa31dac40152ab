"""The process: signals, shutdown, logs, several servers, read-only, the place of the state."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import davit
import pytest
from session import Session, fill_disk, mounted, need_root, tmpfs, traced, wait_for

LINE = re.compile(r'^(\S+) - \[\S+\] "(.*)" (\d{3})(\(\S+\))? (\d+)( aborted)? \d+\.\d{6} "(.*)"$')


def begin_upload(server, path="/f", length=600000, sent=300000):
    connection = server.connect()
    connection.send(f"PUT {path} HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: {length}\r\n"
                    "Expect: 100-continue\r\n\r\n")
    assert connection.read().status == 100
    connection.send(bytes(sent))
    return connection


def stop_begins(server, how=signal.SIGTERM):
    server.process.send_signal(how)
    server.says("stopping")


# --- the end ---

@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_what_is_under_way_is_finished(how):
    with davit.Davit() as server:
        idle = server.connect()
        idle.send(f"GET / HTTP/1.1\r\nHost: {server.host}\r\n\r\n")
        assert idle.read().status == 200
        uploads = [begin_upload(server, f"/{i}") for i in range(4)]
        stop_begins(server, how)
        assert idle.is_closed(), "an idle connection goes at once"
        for upload in uploads:
            upload.send(bytes(300000))
            response = upload.read()
            assert response.status == 201 and response.field("Connection") == "close"
            assert upload.is_closed()
            upload.close()
        idle.close()
        assert server.process.wait(20) == 0
        for i in range(4):
            assert os.path.getsize(server.path(str(i))) == 600000


def test_clients_that_hold_idle_connections_do_not_hold_up_the_end():
    """As a mounted file system or an open page does: nobody there looks at the connection."""
    with davit.Davit() as server:
        held = [server.connect() for _ in range(20)]
        for connection in held:
            connection.send(f"GET / HTTP/1.1\r\nHost: {server.host}\r\n\r\n")
            assert connection.read().status == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(4) == 0, "sooner than a connection lingers"
        for connection in held:
            assert connection.is_closed()
            connection.close()


def test_nobody_new_is_let_in_while_it_stops():
    with davit.Davit() as server:
        upload = begin_upload(server)
        stop_begins(server)

        def is_refused():
            try:
                socket.create_connection(server.address, timeout=5).close()
                return False
            except ConnectionRefusedError:
                return True

        wait_for(is_refused, "connections to be refused", 5)
        upload.send(bytes(300000))
        assert upload.read().status == 201
        upload.close()


def test_a_request_that_has_come_is_answered_although_it_stops():
    """Also those that wait behind another one's claim."""
    with davit.Davit(args=["--limit", "shutdown_ms=20000"]) as server:
        connections = [server.connect() for _ in range(30)]
        for i, connection in enumerate(connections):
            connection.send(f"PUT /same HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: 300000"
                            f"\r\n\r\n")
            connection.send(bytes([65 + i]) * 300000)
        wait_for(lambda: os.path.exists(server.path("same")), "the first upload")
        server.process.send_signal(signal.SIGTERM)
        answers = [connection.read() for connection in connections]
        assert {a.status for a in answers if a} <= {201, 204}
        for connection in connections:
            connection.close()
        assert server.process.wait(20) == 0
        with open(server.path("same"), "rb") as file:
            assert len(set(file.read())) == 1


def test_a_second_signal_cuts_off():
    with davit.Davit(args=["--limit", "shutdown_ms=600000"]) as server:
        upload = begin_upload(server)
        stop_begins(server)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        assert upload.is_closed()
        assert os.listdir(server.root) == [".davit"], "half an upload is none"


def test_many_signals_at_once():
    with davit.Davit(args=["--threads", "4"]) as server:
        upload = begin_upload(server)
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) * 20:
            if server.process.poll() is None:
                server.process.send_signal(how)
        assert server.process.wait(20) == 0
        assert upload.is_closed()


def test_who_does_not_finish_in_time_is_cut_off():
    with davit.Davit(args=["--limit", "shutdown_ms=300"]) as server:
        upload = begin_upload(server)
        begun = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        assert 0.25 < time.monotonic() - begun
        assert upload.is_closed()
        server.says("cutting off 1 connection")


def test_a_worker_that_does_not_end_is_not_waited_for():
    """Here a COPY hangs in a system call, as on a dead network file system."""
    with davit.Davit(args=["--limit", "shutdown_ms=200"]) as server, Session(server) as client:
        client.expect(201, "MKCOL", "/big")
        client.expect(201, "PUT", "/big/f", None, b"x" * 3000000)
        with traced(server, "copy_file_range", "delay_enter=120000000"):
            connection = server.connect()
            connection.send("COPY /big HTTP/1.1\r\nHost: localhost\r\nDestination: /copy\r\n\r\n")
            staging = server.path(".davit", "staging")
            wait_for(lambda: os.listdir(staging), "the copy to begin")
            server.process.send_signal(signal.SIGTERM)
            server.says("leaving 1 request")
            connection.close()
        assert server.process.wait(20) == 0
        server.start()
        assert os.listdir(staging) == []
        assert sorted(os.listdir(server.root)) == [".davit", "big"]


# --- two at a time ---

def refused(root, *args):
    done = subprocess.run([davit.BINARY, "serve", "--listen", "127.0.0.1:0", *args, root],
                          capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 1, done
    return done.stderr


def test_a_second_server_on_the_directory_is_refused(tmp_path):
    with davit.Davit() as server:
        assert "another davit" in refused(server.root)
        assert "another davit" in refused(server.root, "--state", str(tmp_path / "s"))
        assert server.request("PUT", "/f", body="x").status == 201
        with davit.Davit(root=server.root, args=["--read-only"]) as reader:
            assert reader.request("GET", "/f").body == b"x"
    with davit.Davit(root=str(tmp_path)) as server:
        assert server.request("GET", "/").status == 200


def test_a_second_server_on_the_state_is_refused(tmp_path):
    (tmp_path / "other").mkdir()
    with davit.Davit(args=["--state", str(tmp_path / "s")]):
        assert "another davit" in refused(str(tmp_path / "other"), "--state", str(tmp_path / "s"))


# --- read-only ---

WRITES = [("PUT", {}, b"x"), ("DELETE", {}, None), ("MKCOL", {}, None),
          ("COPY", {"Destination": "/g"}, None), ("MOVE", {"Destination": "/g"}, None),
          ("PROPPATCH", {}, b"<x/>"), ("LOCK", {}, b"<x/>"),
          ("UNLOCK", {"Lock-Token": "<urn:x>"}, None)]

PATCH = ('<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a xmlns="urn:x">kept</a></D:prop>'
         "</D:set></D:propertyupdate>")


def prepare(root, has_crashed=False):
    """A directory with content, a property and a lock."""
    with davit.Davit(root=root, check=not has_crashed) as server, Session(server) as client:
        client.expect(201, "PUT", "/f", None, b"content")
        client.expect(207, "PROPPATCH", "/f", None, PATCH)
        token = client.lock("/f")
        if has_crashed:
            server.kill()
        return token


def check_read_only(server, token):
    with Session(server) as client:
        for method, fields, body in WRITES:
            response = client.expect(405, method, "/f", fields, body)
            assert "GET" in response.field("Allow") and "PUT" not in response.field("Allow")
        assert client.expect(200, "GET", "/f").body == b"content"
        found = client.propfind("/f")[b"/f"]
        assert found["{urn:x}a"].text == "kept"
        assert token in [e.text for e in found["{DAV:}lockdiscovery"].iter("{DAV:}href")]


def test_read_only_refuses_every_change(tmp_path):
    token = prepare(str(tmp_path))
    with davit.Davit(root=str(tmp_path), args=["--read-only"]) as server:
        check_read_only(server, token)
        assert sorted(os.listdir(tmp_path)) == [".davit", "f"]


def test_read_only_makes_nothing_in_the_directory(tmp_path):
    (tmp_path / "f").write_text("content")
    with davit.Davit(root=str(tmp_path), args=["--read-only"]) as server:
        assert server.request("GET", "/f").status == 200
        assert server.request("PROPFIND", "/", {"Depth": "1"}).status == 207
    assert os.listdir(tmp_path) == ["f"]


@pytest.mark.parametrize("has_crashed", [False, True])
def test_a_file_system_that_is_mounted_read_only(tmp_path, has_crashed):
    token = prepare(str(tmp_path), has_crashed)
    with mounted("--bind", source=str(tmp_path)) as point:
        subprocess.run(["mount", "-o", "remount,bind,ro", point], check=True)
        with davit.Davit(root=point, args=["--read-only"]) as server:
            check_read_only(server, token)
        assert "--read-only" in refused(point)


def test_a_file_system_that_becomes_read_only_meanwhile(tmp_path):
    (tmp_path / "root").mkdir()
    state = str(tmp_path / "state")  # open for writing, it would keep the mount from changing
    with mounted("--bind", source=str(tmp_path / "root")) as point:
        with davit.Davit(root=point, args=["--state", state]) as server, Session(server) as client:
            client.expect(201, "PUT", "/f", None, b"content")
            client.expect(201, "MKCOL", "/d")
            subprocess.run(["mount", "-o", "remount,bind,ro", point], check=True)
            for method, fields, body in WRITES[:5]:
                target = "/new" if method == "MKCOL" else "/f"
                answer = client.expect(403, method, target, fields, body)
                assert b"read-only" in answer.body, method
            answer = client.expect(207, "PROPPATCH", "/f", None, PATCH)
            assert b"403" in answer.body and b"200 OK" not in answer.body
            assert client.expect(200, "GET", "/f").body == b"content"
            subprocess.run(["mount", "-o", "remount,bind,rw", point], check=True)
            client.expect(204, "PUT", "/f", None, b"again")


def break_file_system(point):
    """What ext4 does when it finds an error: it becomes read-only, with files open for writing."""
    device = subprocess.run(["findmnt", "-no", "SOURCE", point], check=True, text=True,
                            capture_output=True).stdout.strip()
    trigger = f"/sys/fs/ext4/{os.path.basename(device)}/trigger_fs_error"
    try:
        with open(trigger, "w", encoding="ascii") as file:
            file.write("1")
    except OSError as error:
        pytest.skip(f"no error can be triggered here: {error}")


def test_a_file_system_with_an_error_has_one_answer_for_all_changes(tmp_path):
    need_root("mounting a file system")
    image = tmp_path / "image"
    image.write_bytes(b"")
    os.truncate(image, 32 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    with mounted("-o", "loop,errors=remount-ro", source=str(image)) as point:
        with davit.Davit(root=point, check=False) as server, Session(server) as client:
            client.expect(201, "PUT", "/f", None, b"content")
            client.expect(201, "MKCOL", "/d")
            break_file_system(point)
            for method, fields, body in WRITES[:5]:
                target = "/new" if method == "MKCOL" else "/f"
                answer = client.expect(403, method, target, fields, body)
                assert b"read-only" in answer.body, method
            answer = client.expect(207, "PROPPATCH", "/f", None, PATCH)
            assert b"403" in answer.body and b"200 OK" not in answer.body
            answer = client.lock("/f")
            assert answer.status == 403 and b"read-only" in answer.body
            assert client.expect(200, "GET", "/f").body == b"content"
            server.kill()


# --- clocks and stops ---

def seconds_left(client, path):
    found = client.propfind(path)[path.encode()]["{DAV:}lockdiscovery"]
    return [int(e.text[len("Second-"):]) for e in found.iter("{DAV:}timeout")]


@pytest.mark.parametrize("step", ["+2h", "-2h"])
@pytest.mark.parametrize("is_crash", [False, True], ids=["stop", "crash"])
def test_a_clock_that_is_set_frees_no_lock_and_prolongs_none(tmp_path, step, is_crash):
    """faketime reads the file again and again: the wall clock steps while davit runs."""
    if not shutil.which("faketime"):
        pytest.skip("faketime is not installed")
    clock = tmp_path / "clock"
    clock.write_text("+0h\n")
    found = subprocess.run(["faketime", "-f", "+0h", "printenv", "LD_PRELOAD"], text=True,
                           capture_output=True, check=False)
    wrapper = ["env", f"LD_PRELOAD={found.stdout.strip()}", f"FAKETIME_TIMESTAMP_FILE={clock}",
               "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1",
               "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0"]
    (tmp_path / "root").mkdir()
    with davit.Davit(root=str(tmp_path / "root"), wrapper=wrapper) as server:
        with Session(server) as client:
            client.expect(201, "PUT", "/f", None, b"x")
            before = client.expect(200, "GET", "/f").field("Date")
            client.lock("/f", timeout="Second-600")
            clock.write_text(step + "\n")
            if client.expect(200, "GET", "/f").field("Date")[:22] == before[:22]:
                pytest.skip("faketime does not step this program's clock")
            client.expect(423, "PUT", "/f", None, b"y")
            assert 300 < seconds_left(client, "/f")[0] <= 600
        (server.kill if is_crash else server.stop)()
        server.start()
        with Session(server) as client:
            client.expect(423, "PUT", "/f", None, b"y")
            assert 300 < seconds_left(client, "/f")[0] <= 600


def test_a_stop_kills_no_request_whose_bytes_have_come():
    """Limits of four seconds, and a stop of nine."""
    limits = [arg for name in ("head_ms", "progress_ms", "idle_ms")
              for arg in ("--limit", f"{name}=4000")]
    with davit.Davit(args=["--threads", "1", *limits]) as server:
        with contextlib.ExitStack() as stack:
            idle, head, body = (stack.enter_context(server.connect()) for _ in range(3))
            idle.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert idle.read().status == 200
            head.send("GET / HTTP/1.1\r\nHo")
            body.send("PUT /f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nabc")
            time.sleep(0.2)
            server.process.send_signal(signal.SIGSTOP)
            try:
                idle.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                head.send("st: localhost\r\n\r\n")
                body.send("def")
                time.sleep(9)
            finally:
                server.process.send_signal(signal.SIGCONT)
            assert idle.read().status == 200
            assert head.read().status == 200
            assert body.read().status == 201
        assert server.request("GET", "/f").body == b"abcdef"


# --- the state elsewhere ---

def use_state(server):
    with Session(server) as client:
        client.expect(201, "PUT", "/f", None, bytes(500000))
        client.expect(204, "PUT", "/f", None, b"new")
        client.expect(207, "PROPPATCH", "/f", None, PATCH)
        token = client.lock("/f")
        client.expect(201, "COPY", "/f", {"Destination": "/g"})
        client.expect(201, "MKCOL", "/d")
        client.expect(201, "MOVE", "/g", {"Destination": "/d/g"})
    server.kill()
    server.start()
    with Session(server) as client:
        assert client.propfind("/d/g")[b"/d/g"]["{urn:x}a"].text == "kept"
        client.expect(423, "PUT", "/f", None, b"x")
        client.expect(204, "PUT", "/f", {"If": f"(<{token}>)"}, b"x")


def test_state_elsewhere_on_the_file_system(tmp_path):
    with davit.Davit(args=["--state", str(tmp_path / "s")]) as server:
        use_state(server)
        assert sorted(os.listdir(server.root)) == ["d", "f"], "nothing of davit's is in there"


def test_state_on_another_file_system():
    with tmpfs("16m") as state, davit.Davit(args=["--state", state]) as server:
        use_state(server)
        assert os.listdir(server.path(".davit", "staging")) == []
        assert os.path.exists(os.path.join(state, "state.db"))


def test_the_state_cannot_be_reached_over_http(tmp_path):
    with davit.Davit() as server, Session(server) as client:
        client.expect(201, "PUT", "/f", None, b"x")
        client.expect(207, "PROPPATCH", "/f", None, PATCH)
        for target in ("/.davit", "/.davit/", "/.davit/state.db", "/%2edavit/state.db"):
            for method in ("GET", "PROPFIND", "DELETE"):
                assert client.request(method, target, {"Depth": "0"}).status in (403, 404), target
            for method, body in (("PUT", b"x"), ("MKCOL", None)):
                assert client.request(method, target, None, body).status in (403, 404, 405, 409)
            client.expect((403, 404, 409), "MOVE", "/f", {"Destination": target})
        assert set(client.propfind("/", "1")) == {b"/", b"/f"}
    inside = str(tmp_path / "inside")
    text = refused(str(tmp_path), "--state", inside)
    assert "state" in text and "inside" in text


# --- the access log ---

def log_lines(path):
    with open(path, "rb") as file:
        return file.read().decode("ascii").splitlines()


def test_a_line_for_each_request(tmp_path):
    log = tmp_path / "log"
    with davit.Davit(args=["--access-log", str(log)]) as server, Session(server) as client:
        client.expect(201, "PUT", "/f", {"User-Agent": "test/1 (\"x\" \\)"}, b"12345")
        client.expect(200, "GET", "/f")
        client.expect(404, "GET", "/%C3%A9?q=%22")
        client.expect(207, "PROPFIND", "/", {"Depth": "1"})
        for i in range(3):
            client.expect(201, "PUT", "/d" if i < 0 else f"/x{i}", None, b"")
        os.mkdir(server.path("d"))
        for name in ("a", "b", "c"):
            client.expect(201, "PUT", f"/d/{name}", None, b"")
        for name in ("a", "b"):
            assert isinstance(client.lock(f"/d/{name}"), str)
        client.expect(207, "DELETE", "/d")
        with server.connect() as connection:
            connection.send(b"GET /\x01\x7f\xff HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.read().status == 400
        with server.connect() as connection:
            connection.send("GET /esc HTTP/1.1\r\nHost: localhost\r\nUser-Agent: \x1b[31mred\r\n\r\n")
            connection.read()
        wait_for(lambda: len(log_lines(log)) >= 15, "the log")
    lines = [LINE.match(line) for line in log_lines(log)]
    assert all(lines), log_lines(log)
    put, get, missing, listing, delete = lines[0], lines[1], lines[2], lines[3], lines[12]
    assert put.group(1, 2, 3, 7) == ("127.0.0.1", "PUT /f HTTP/1.1", "201",
                                     "test/1 (\\x22x\\x22 \\x5c)")
    assert get.group(2, 3, 5) == ("GET /f HTTP/1.1", "200", "5")
    assert missing.group(2, 3) == ("GET /%C3%A9?q=%22 HTTP/1.1", "404")
    assert listing.group(3, 4) == ("207", "(ok=2)")
    assert delete.group(2, 3, 4) == ("DELETE /d HTTP/1.1", "207", "(ok=0,423=2)")
    assert not any(re.search(r"[\x00-\x1f\x7f-\xff]", line) for line in log_lines(log))


def test_what_a_207_held_stands_in_the_log(tmp_path):
    log = tmp_path / "log"
    args = ["--access-log", str(log), "--depth-infinity", "allow", "--limit", "walk_depth=2"]
    with davit.Davit(args=args) as server:
        os.makedirs(server.path("a", "b", "c", "d", "e"))
        server.request("PROPFIND", "/", {"Depth": "infinity"})
        wait_for(lambda: log_lines(log), "the log")
    assert re.search(r"207\(ok=\d,507=1\)", log_lines(log)[0]), log_lines(log)


def test_a_download_that_ended_early_says_so(tmp_path):
    log = tmp_path / "log"
    with davit.Davit(args=["--access-log", str(log)]) as server:
        with open(server.path("f"), "wb") as file:
            file.truncate(64 << 20)
        with server.connect() as connection:
            connection.send("GET /f HTTP/1.1\r\nHost: localhost\r\n\r\n")
            connection.socket.recv(1000)
        line = wait_for(lambda: log_lines(log), "the log")[0]
        assert LINE.match(line).group(6) == " aborted" and int(LINE.match(line).group(5)) < 64 << 20


def test_sighup_opens_the_log_again(tmp_path):
    log, old = tmp_path / "log", tmp_path / "old"
    with davit.Davit(args=["--access-log", str(log)]) as server:
        server.request("GET", "/before")
        wait_for(lambda: log_lines(log), "the first line")
        os.rename(log, old)
        server.process.send_signal(signal.SIGHUP)
        wait_for(log.exists, "the new log")
        server.request("GET", "/after")
        wait_for(lambda: log_lines(log), "the second line")
        assert len(log_lines(old)) == 1 and "/before" in log_lines(old)[0]
        assert len(log_lines(log)) == 1 and "/after" in log_lines(log)[0]
        os.unlink(log)
        os.mkdir(log)  # it cannot be opened: the old one goes on, and the server with it
        server.process.send_signal(signal.SIGHUP)
        server.says("open the access log")
        assert server.request("GET", "/").status == 200


def test_the_log_on_standard_output():
    process = subprocess.Popen([davit.BINARY, "serve", "--listen", "127.0.0.1:0", "--access-log",
                                "-", "/usr/share/doc/adduser", "--read-only"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = ""
        while "listening" not in line:
            line = process.stderr.readline()
        port = int(re.search(r":(\d+)/", line).group(1))
        with davit.Connection(("127.0.0.1", port)) as connection:
            connection.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.read().status == 200
        assert LINE.match(process.stdout.readline().rstrip("\n")).group(3) == "200"
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_full_disk_under_the_log_stops_nobody():
    need_root("a small file system")
    with tmpfs("64k") as point:
        fill_disk(point)
        with davit.Davit(args=["--access-log", os.path.join(point, "log")]) as server:
            for _ in range(100):
                assert server.request("GET", "/").status == 200


def test_a_client_cannot_forge_lines_of_the_error_log():
    with davit.Davit() as server, Session(server) as client:
        client.expect(201, "PUT", "/f", None, b"x")
        client.expect((400, 502), "MOVE", "/f",
                      {"Destination": "http://evil\x1b[31m.example/%0adavit: error: forged"})
        assert "\x1b" not in server.stderr() and "\ndavit: error: forged" not in server.stderr()
