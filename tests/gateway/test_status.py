"""`davit gateway status`: what an administrator types to see how the origins are."""

import json
import socket
import subprocess
import threading

import davit
import metrics
import pytest
from origins import HOST, Gateway, Scripted, answer, free_port


def run(*args):
    done = subprocess.run([davit.BINARY, "gateway", *args], capture_output=True, text=True, timeout=60, check=False)
    assert "AddressSanitizer" not in done.stderr and "runtime error" not in done.stderr
    return done


def url_of(gateway):
    [line] = [line for line in gateway.stderr().splitlines() if line.endswith(" to tell metrics")]
    return line.split()[2]


@pytest.fixture
def pair(started):
    """A gateway before an origin that answers and one that does not; how many mounts, and their URLs."""
    good, down = started(Scripted(answer(200))), f"http://{HOST}:{free_port()}/"
    gateway = started(Gateway({"/good": f"origin = {good.url}", "/down": f"origin = {down}"}, "metrics = 0"))
    return gateway, good.url, down


def test_all_is_well(pair):
    gateway, good, _ = pair
    gateway.request("GET", "/good/a")
    metrics.until(gateway, 1, "davit_origin_requests_total", mount="/good/", origin=good, outcome="2xx")
    done = run("status", url_of(gateway))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["MOUNT", "ORIGIN", "CIRCUIT", "REQUESTS", "FAILED", "MEDIAN", "LAST"]
    [row] = [line.split() for line in lines if line.startswith("/good/")]
    assert row[:4] == ["/good/", good, "closed", "for"] and row[6:8] == ["1", "0"] and row.count("ms") == 2
    assert "    outcomes  1 2xx" in lines


def test_some_are_down(pair):
    gateway, _, down = pair
    for _ in range(6):
        gateway.request("GET", "/down/a")
    metrics.until(gateway, 1, "davit_origin_requests_total", mount="/down/", origin=down, outcome="let_alone")
    done = run("status", url_of(gateway))
    assert done.returncode == 1 and not done.stderr
    assert "open for" in done.stdout and "outcomes  5 refused, 1 let_alone" in done.stdout
    assert "no answer to the last 5" in done.stdout and "1 times opened" in done.stdout
    assert "ago), refused: " in done.stdout


def test_one_failure_is_down_until_it_answers(pair):
    gateway, _, _ = pair
    gateway.request("GET", "/down/a")
    assert run("status", url_of(gateway)).returncode == 1


def test_json(pair):
    gateway, good, down = pair
    gateway.request("GET", "/down/a")
    for option in (["--format", "json"], ["-f", "json"], ["--format=json"]):
        done = run("status", *option, url_of(gateway))
        told = json.loads(done.stdout)
        assert done.returncode == 1 and told["down"] == 1
        assert sorted(origin["origin"] for origin in told["origins"]) == sorted([good, down])


def test_of_a_configuration(started, tmp_path):
    port = free_port()
    config = tmp_path / "davit.conf"
    text = f"[server]\nmetrics = {port}\nlisten = {HOST}:0\n[mount \"/a\"]\norigin = http://{HOST}:1/\n"
    config.write_text(text)
    gateway = started(Gateway({"/a": f"origin = http://{HOST}:1/"}, f"metrics = {port}"))
    assert run("status", str(config)).returncode == 0
    assert run("status", gateway.config).returncode == 0
    for address in (f"0.0.0.0:{port}", f"127.0.0.1:{port}"):
        config.write_text(text.replace(f"metrics = {port}", f"metrics = {address}"))
        assert run("status", str(config)).returncode == 0


def test_no_proxy_is_asked_for_a_server_of_this_machine(started, monkeypatch):
    """What the environment names leads to other machines: a listener that the configuration names is on this one."""
    gateway = started(Gateway({"/a": f"origin = http://{HOST}:1/"}, f"metrics = {free_port()}"))
    monkeypatch.setenv("http_proxy", f"http://{HOST}:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    assert run("status", gateway.config).returncode == 0
    done = run("status", url_of(gateway))  # as whoever gives it says
    assert done.returncode == 3 and "http_proxy" in done.stderr


@pytest.mark.parametrize("text, says", [
    ("[server]\nlisten = 127.0.0.1:0\n", "no metrics = in [server]"), ("[server]\nmetrics = 0\n", "port 0"),
    ("[server]\nfrob = 1\n", "frob"), (None, "cannot")])
def test_configurations_that_say_nothing(tmp_path, text, says):
    config = tmp_path / "davit.conf"
    if text:
        config.write_text(text)
    done = run("status", str(config))
    assert done.returncode == 3 and says in done.stderr and not done.stdout and str(config) in done.stderr


def test_urls(pair):
    gateway, _, _ = pair
    url = url_of(gateway).rstrip("/")
    for text in (url, url + "/", url + "//", url.replace("http", "HTTP")):
        assert run("status", text).returncode == 0
    for text in (url + "/metrics", f"http://{gateway.host}/", f"http://{HOST}:{free_port()}/"):
        done = run("status", text)
        assert done.returncode == 3 and text.rstrip("/") in done.stderr


@pytest.mark.parametrize("args", [[], ["frob"], ["status", "a", "b"], ["status", "--frob"], ["status", "-f", "xml"]])
def test_wrong_usage(args):
    done = run(*args)
    assert done.returncode == 2 and done.stderr.startswith("davit: ")


def test_help():
    done = run("--help")
    assert done.returncode == 0 and "status [FILE|URL]" in done.stdout and "--format" in done.stdout


PAGE = b"HTTP/1.1 200 OK\r\nDavit-Origins-Down: 2\r\nContent-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize("reply, status, byte_by_byte", [
    (PAGE, 1, False), (PAGE, 1, True), (PAGE.replace(b": 2", b": 0"), 0, True), (PAGE.replace(b": 2", b": x"), 3, False),
    (PAGE.replace(b": 2", b": 99999999999999999999999"), 3, False), (PAGE.replace(b": 2", b": -1"), 3, False),
    (PAGE.replace(b"200", b"404"), 3, False), (PAGE.replace(b"200", b"20"), 3, False), (PAGE[:-1], 3, False),
    (PAGE.replace(b"Davit-Origins-Down: 2", b"A: b"), 3, False), (b"\0" * 1000, 3, False), (b"", 3, False),
    (PAGE.replace(b"hello", b"\x1b[2Jx"), 1, False)])
def test_answers_of_somebody_else(started, reply, status, byte_by_byte):
    """Whatever is there instead: what it says ends in no terminal's commands."""
    listener = started(socket.create_server((HOST, 0)))

    def serve():
        peer, _ = listener.accept()
        with peer:
            peer.recv(65536)
            for part in ([reply[i:i + 1] for i in range(len(reply))] if byte_by_byte else [reply]):
                peer.sendall(part)
    thread = threading.Thread(target=serve)
    thread.start()
    done = run("status", f"http://{HOST}:{listener.getsockname()[1]}")
    thread.join()
    assert done.returncode == status and "\x1b" not in done.stdout and bool(done.stderr) == (status == 3)


def test_output_that_cannot_be_written(pair):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([davit.BINARY, "gateway", "status", url_of(pair[0])], stdout=full, stderr=subprocess.PIPE,
                              check=False, timeout=60)
    assert done.returncode == 3 and b"cannot write" in done.stderr
