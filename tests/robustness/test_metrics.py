"""The metrics listener: what is counted moves when it happens, the pages are what Prometheus reads, and the listener
does nothing else."""

import contextlib
import os
import re
import shutil
import socket
import subprocess

import davit
import metrics
import pytest
from metrics import Page, ask, read, until

OPEN = "application/openmetrics-text"


@pytest.fixture
def server():
    with davit.Davit(args=["--durability", "lazy", "--metrics", "0"]) as running:
        yield running


def test_requests_by_method_and_status(server):
    server.request("PUT", "/a", body="content")
    for _ in range(3):
        server.request("GET", "/a")
    server.request("GET", "/none")
    server.request("FROB", "/a")
    until(server, 1, "davit_http_requests_total", method="PUT", status="201")
    until(server, 3, "davit_http_requests_total", method="GET", status="200")
    until(server, 1, "davit_http_requests_total", method="GET", status="404")
    until(server, 1, "davit_http_requests_total", method="other", status="501")


def test_requests_that_cannot_be_read(server):
    with server.connect() as connection:
        connection.send("nonsense\r\n\r\n")
        assert connection.read().status == 400
    until(server, 1, "davit_http_requests_total", method="other", status="400")


def test_members_of_207s(server):
    for name in ("a", "b"):
        server.request("PUT", "/" + name, body="x")
    assert server.request("PROPFIND", "/", {"Depth": "1"}).status == 207
    until(server, 3, "davit_multistatus_responses_total", method="PROPFIND", status="2xx")
    body = ('<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:getetag>x</D:getetag></D:prop></D:set>'
            "</D:propertyupdate>")
    assert server.request("PROPPATCH", "/a", body=body).status == 207
    until(server, 1, "davit_multistatus_responses_total", method="PROPPATCH", status="403")


def test_durations(server):
    for _ in range(4):
        server.request("GET", "/")
    page = until(server, 4, "davit_http_request_duration_seconds_count", method="GET")
    assert page.value("davit_http_request_duration_seconds_sum", method="GET") > 0
    assert page.value("davit_http_request_duration_seconds_bucket", method="GET", le="+Inf") == 4


def test_bytes(server):
    before = read(server)
    server.request("PUT", "/large", body=b"x" * 3000000)
    server.request("GET", "/large")
    for name in ("davit_received_bytes_total", "davit_sent_bytes_total"):
        until(server, lambda value, name=name: value >= before.value(name) + 3000000, name)


def test_answers_that_are_cut_off(server):
    server.request("PUT", "/large", body=b"x" * 30000000)
    with server.connect() as connection:
        connection.send(f"GET /large HTTP/1.1\r\nHost: {server.host}\r\n\r\n")
        connection.socket.recv(1)
    until(server, 1, "davit_http_requests_cut_off_total", method="GET")


def test_connections(server):
    page = read(server)
    assert page.value("davit_connections") == 1  # this page's own
    accepted = page.value("davit_connections_accepted_total")
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(server.connect())
        until(server, 6, "davit_connections")
    page = until(server, 1, "davit_connections")
    assert page.value("davit_connections_accepted_total") >= accepted + 5


def test_connections_that_are_refused():
    with davit.Davit(args=["--metrics", "0", "--limit", "connections=3", "--limit", "address_connections=2"]) as server, \
            contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(server.connect())
        with server.connect() as connection:
            assert connection.read().status == 503
        until(server, 1, "davit_connections_refused_total", reason="address")
        for number in range(2, 8):
            stack.enter_context(server.connect(source=f"127.0.0.{number}"))
        until(server, lambda value: value >= 3, "davit_connections_refused_total", reason="limit")


def test_threads_sum_up():
    with davit.Davit(args=["--threads", "4", "--metrics", "0"]) as server, contextlib.ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in range(8)]
        for count in range(1, 4):
            for connection in connections:
                connection.send(f"GET / HTTP/1.1\r\nHost: {server.host}\r\n\r\n")
                assert connection.read().status == 200
            until(server, 8 * count, "davit_http_requests_total", method="GET", status="200")


def test_nobody_who_asks_counts(server):
    for _ in range(3):
        page = read(server)
    assert not any(name == "davit_http_requests_total" for name, _ in page.samples)


def test_clients_make_no_series(server):
    before = len(read(server).samples)
    for number in range(30):
        server.request(f"X{number}", f"/{number}", {"User-Agent": f"agent {number}"})
    page = until(server, 30, "davit_http_requests_total", method="other", status="501")
    assert len(page.samples) < before + 40
    assert not any("agent" in str(key) for key in page.samples)


def test_both_formats(server):
    server.request("PUT", "/a", body="x")
    server.request("PROPFIND", "/", {"Depth": "1"})
    plain = until(server, 1, "davit_http_requests_total", method="PROPFIND", status="207")
    done = ask(server, fields=[("Accept", f"{OPEN};version=1.0.0,text/plain;q=0.5")])
    assert done.field("Content-Type") == f"{OPEN}; version=1.0.0; charset=utf-8"
    same = Page(done.body.decode(), is_openmetrics=True)
    varies = ("davit_received", "davit_sent", "davit_connections")
    assert {key for key in plain.samples} == {key for key in same.samples}
    assert all(value == same.samples[key] for key, value in plain.samples.items() if not key[0].startswith(varies))


def test_what_prometheus_says(server):
    server.request("PUT", "/a", body="x")
    until(server, 1, "davit_http_requests_total", method="PUT", status="201")
    if not shutil.which("promtool"):
        pytest.skip("promtool is not there (package prometheus)")
    done = subprocess.run(["promtool", "check", "metrics"], input=ask(server).body, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_recipe_is_taken_by_prometheus(tmp_path):
    if not shutil.which("promtool"):
        pytest.skip("promtool is not there (package prometheus)")
    with open(os.path.join(os.path.dirname(__file__), "../../docs/recipes.md"), encoding="utf-8") as file:
        blocks = re.findall(r"```yaml\n(.*?)```", file.read(), re.S)
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.yml"
        path.write_text(block)
        what = "config" if block.startswith("scrape_configs") else "rules"
        done = subprocess.run(["promtool", "check", what, str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    names = set(re.findall(r"\bdavit_[a-z_]+", "".join(blocks)))
    with davit.Davit(args=["--metrics", "0"]) as running:
        told = ask(running).body.decode()
    assert all(f"# TYPE {name} " in told for name in names if not name.startswith("davit_origin"))


def test_what_a_parser_of_openmetrics_says(server):
    parser = pytest.importorskip("prometheus_client.openmetrics.parser", reason="python3-prometheus-client")
    server.request("PUT", "/a", body="x")
    until(server, 1, "davit_http_requests_total", method="PUT", status="201")
    text = ask(server, fields=[("Accept", OPEN)]).body.decode()
    families = {family.name: family for family in parser.text_string_to_metric_families(text)}
    assert families["davit_http_requests"].type == "counter" and families["davit_received_bytes"].unit == "bytes"


@pytest.mark.parametrize("path, status, body", [
    ("/livez", 200, b"ok\n"), ("/readyz", 200, b"ok\n"), ("/origins", 200, b"no mount has an origin\n"),
    ("/origins.json", 200, b'{"down":0,"origins":[]}\n'), ("/a", 404, None), ("/metrics/", 404, None), ("/", 200, None)])
def test_pages(server, path, status, body):
    server.request("PUT", "/a", body="content")
    done = ask(server, path)
    assert done.status == status and body in (None, done.body) and b"content" not in done.body
    assert done.field("Cache-Control") == "no-store"
    head = ask(server, path, "HEAD")
    assert (head.status, head.body, head.field("Content-Type")) == (status, b"", done.field("Content-Type"))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PROPFIND", "OPTIONS", "POST"])
def test_nothing_can_be_done_there(server, method):
    server.request("PUT", "/metrics", body="x")
    done = ask(server, "/metrics", method)
    assert (done.status, done.field("Allow")) == (405, "GET, HEAD")
    assert server.request("GET", "/metrics").body == b"x"


def test_no_page_of_another_name_reads_it(server):
    done = ask(server, fields=[("Host", "evil.example")])
    assert done.status == 400  # two of them
    with davit.Davit(args=["--metrics", "0", "--public-url", "http://dav.example/"]) as named:
        for host, status in (("evil.example", 421), ("dav.example:9180", 200), ("localhost", 200)):
            [(address, port)] = metrics_addresses(named)
            with davit.Connection((address, port)) as connection:
                connection.send(f"GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n")
                assert connection.read().status == status


def metrics_addresses(server):
    return [(line.split("://")[1].split(":")[0], int(line.split("://")[1].split(":")[1].split("/")[0]))
            for line in server.stderr().splitlines() if line.endswith(" to tell metrics")]


def test_off_unless_asked_for():
    with davit.Davit() as server:
        assert not metrics_addresses(server)
        assert server.request("GET", "/metrics").status == 404


def test_a_port_alone_is_of_this_machine(server):
    assert metrics_addresses(server)[0][0] == "127.0.0.1"
    assert "metrics can be read" not in server.stderr()


def test_other_machines_are_told_of():
    with davit.Davit(args=["--metrics", "0.0.0.0:0"]) as server:
        server.says("warn: metrics can be read from other machines, without signing in")
        assert len(metrics_addresses(server)) == 1


def test_beside_tls_it_is_in_the_clear(tmp_path):
    subprocess.run([davit.BINARY, "cert", "self-signed", "--out", str(tmp_path)], check=True, capture_output=True)
    with davit.Davit(args=["--metrics", "0", "--tls-cert", str(tmp_path / "cert.pem"),
                           "--tls-key", str(tmp_path / "key.pem")]) as server:
        assert server.url.startswith("https") and read(server).value("davit_connections") == 1


def test_it_is_no_address_to_serve_on(tmp_path):
    """Then there is still the default one. Port 8080 may be somebody's: what counts is what is tried."""
    done = subprocess.run([davit.BINARY, "serve", "--metrics", "x", str(tmp_path)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 2 and "--metrics: " in done.stderr
    config = tmp_path / "davit.conf"
    config.write_text(f"[server]\nroot = {tmp_path}\nmetrics = 9180\n")
    done = subprocess.run([davit.BINARY, "config", "show", str(config)], capture_output=True, text=True, check=True)
    assert "\nlisten = 127.0.0.1:8080\n" in done.stdout and "\nmetrics = 127.0.0.1:9180\n" in done.stdout


def test_counters_outlive_a_reload(server):
    server.request("PUT", "/a", body="x")
    until(server, 1, "davit_http_requests_total", method="PUT", status="201")
    server.process.send_signal(1)
    server.says("reloaded")
    assert read(server).value("davit_http_requests_total", method="PUT", status="201") == 1


def test_bytes_that_are_no_request(server):
    [(address, port)] = metrics_addresses(server)
    for data in (b"\x00" * 100 + b"\r\n\r\n", b"GET /metrics HTTP/1.1\r\n" + b"a: b\r\n" * 1000 + b"\r\n", b"\x16\x03\x01\x00\x05hello\r\n\r\n"):
        with davit.Connection((address, port)) as connection:
            connection.send(data)
            assert connection.read().status in (400, 431)
    with davit.Connection((address, port)) as connection:
        connection.send(f"GET /livez HTTP/1.1\r\nHost: {address}\r\n\r\n", byte_by_byte=True)
        assert connection.read().body == b"ok\n"


def test_by_http_2(server):
    if not shutil.which("curl"):
        pytest.skip("curl is not there")
    [(address, port)] = metrics_addresses(server)
    done = subprocess.run(["curl", "-s", "--http2-prior-knowledge", f"http://{address}:{port}/metrics"],
                          capture_output=True, text=True, check=True)
    assert Page(done.stdout).value("davit_connections") == 1


def test_while_it_stops(server):
    """Nobody is let in any more, who watches neither."""
    server.request("PUT", "/large", body=b"x" * 30000000)
    address = metrics_addresses(server)[0]
    with server.connect() as slow:
        slow.send(f"GET /large HTTP/1.1\r\nHost: {server.host}\r\n\r\n")
        slow.socket.recv(1)
        server.process.send_signal(15)
        server.says("stopping")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        while slow.socket.recv(1 << 20):
            pass
