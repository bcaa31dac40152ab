"""What is told of each origin: its metrics move with what happens, the pages of origins say the same, and the access log
says what its 207s held."""

import json
import re
import socket
import struct
import subprocess
import threading

import davit
import metrics
import pytest
from metrics import read, until
from origins import HOST, Gateway, Scripted, answer, free_port, multistatus, xml

KEYS = "origin-failures = 3\norigin-retry = 1h"


@pytest.fixture
def behind(started):
    """A gateway that is watched, and what says how it counts: a function of a metric's name and more labels."""
    def start(origin, keys="", mount="/team", server="", rest=""):
        url = origin if isinstance(origin, str) else origin.url
        gateway = started(Gateway({mount: f"origin = {url}\n{keys}"}, f"metrics = 0\n{server}", rest=rest))
        labels = {"mount": mount.rstrip("/") + "/", "origin": url}

        def counts(expected, name, **more):
            return until(gateway, expected, "davit_origin_" + name, **labels, **more)
        return gateway, counts
    return start


def origins(gateway):
    return json.loads(metrics.ask(gateway, "/origins.json").body)["origins"]


def test_statuses(started, behind):
    origin = started(Scripted(lambda request: answer(int(request.target[-3:]))))
    gateway, counts = behind(origin)
    for status in (200, 204, 302, 404, 423, 500, 503):
        gateway.request("GET", f"/team/{status}")
    counts(2, "requests_total", outcome="2xx")
    counts(1, "requests_total", outcome="3xx")
    counts(2, "requests_total", outcome="4xx")
    counts(2, "requests_total", outcome="5xx")
    page = counts(7, "head_seconds_count")
    [told] = origins(gateway)
    assert told["requests"] == 7 and told["failed"] == 0 and not told["down"]
    assert told["outcomes"] == {"2xx": 2, "3xx": 1, "4xx": 2, "5xx": 2}
    assert told["head_median_seconds"] > 0 and told["head_last_seconds"] > 0 and "last_failure" not in told
    assert page.value("davit_http_requests_total", method="GET", status="404") == 1


def test_nobody_listens_and_the_circuit(behind):
    down = f"http://{HOST}:{free_port()}/"
    gateway, counts = behind(down, KEYS)
    counts(1, "circuit", state="closed")
    for _ in range(5):
        assert gateway.request("GET", "/team/a").status == 503
    counts(3, "requests_total", outcome="refused")
    counts(2, "requests_total", outcome="let_alone")
    counts(1, "circuit_opened_total")
    counts(3, "failures_in_a_row")
    counts(1, "circuit", state="open")
    counts(0, "circuit", state="closed")
    counts(lambda value: value > 1e9, "last_failure_timestamp_seconds")
    [told] = origins(gateway)
    assert (told["down"], told["circuit"], told["circuit_opened"], told["failed"]) == (True, "open", 1, 3)
    assert told["last_failure"]["outcome"] == "refused" and "onnect" in told["last_failure"]["text"]
    assert "head_median_seconds" not in told


def test_half_open_and_closed_again(started, behind):
    came, go, is_sick = threading.Event(), threading.Event(), True

    def act(peer, request):
        peer.body(request)
        if is_sick:
            raise EOFError
        came.set()
        go.wait(60)
        peer.send(answer(200))
    gateway, counts = behind(started(Scripted(act=act)), "origin-failures = 2\norigin-retry = 50ms")
    for _ in range(2):
        gateway.request("GET", "/team/a")
    counts(2, "requests_total", outcome="cut_off")
    is_sick = False
    tries = threading.Thread(target=lambda: [gateway.request("GET", "/team/a") for _ in range(1000) if not go.is_set()])
    tries.start()
    assert came.wait(60)
    counts(1, "circuit", state="half-open")
    go.set()
    tries.join()
    counts(1, "circuit", state="closed")
    counts(0, "failures_in_a_row")
    counts(1, "circuit_opened_total")
    assert not origins(gateway)[0]["down"]


def test_answers_that_break_off(started, behind):
    def act(peer, request):
        peer.body(request)
        peer.send(answer(200, b"x" * 1000, length=2000))
        raise EOFError
    gateway, counts = behind(started(Scripted(act=act)))
    assert not gateway.request("GET", "/team/a").is_complete
    counts(1, "answers_cut_off_total")
    counts(1, "requests_total", outcome="2xx")
    assert origins(gateway)[0]["cut_off"] == 1


def test_requests_that_nobody_waits_for(started, behind):
    came, go = threading.Event(), threading.Event()

    def act(peer, request):
        peer.body(request)
        came.set()
        go.wait(60)
        peer.send(answer(204))
    gateway, counts = behind(started(Scripted(act=act)))
    for method, outcome in (("DELETE", "goes_on"), ("GET", "given_up")):
        came.clear()
        with gateway.connect() as connection:
            connection.send(f"{method} /team/a HTTP/1.1\r\nHost: {gateway.host}\r\n\r\n")
            assert came.wait(60)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        counts(1, "requests_total", outcome=outcome)
    go.set()
    assert origins(gateway)[0]["requests"] == 2


def test_uploads_that_break_off(started, behind):
    gateway, counts = behind(started(Scripted(answer(201))))
    with gateway.connect() as connection:
        connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nContent-Length: 100\r\n\r\nabc")
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.read().status == 400
    counts(1, "requests_total", outcome="upload")
    counts(0, "failures_in_a_row")


def test_members_of_207s(started, behind):
    members = [f"<D:href>/in/ner/{name}</D:href><D:status>HTTP/1.1 {status} X</D:status>"
               for name, status in (("a", 200), ("b", 423), ("c", 423), ("d", 507), ("e", 299))]
    gateway, counts = behind(started(Scripted(xml(207, multistatus(*members)))))
    assert gateway.request("DELETE", "/team/a").status == 207
    counts(2, "multistatus_responses_total", status="2xx")
    counts(2, "multistatus_responses_total", status="423")
    page = counts(1, "multistatus_responses_total", status="507")
    assert page.value("davit_multistatus_responses_total", method="DELETE", status="423") == 2
    assert origins(gateway)[0]["multistatus_responses"] == {"2xx": 2, "423": 2, "507": 1}
    gateway.says_of_access("207(ok=2,423=2,507=1)")
    assert re.search(r'207\(ok=2,423=2,507=1\) \d+ [0-9.]+ "[^"]*" http\S+ 207 [0-9.]+$', gateway.logged()[-1])


def test_propstats_of_a_207_count_as_one(started, behind):
    """As in a 207 of our own: a property that is not there is no failure, another is."""
    def member(name, *statuses):
        return f"<D:href>/in/ner/{name}</D:href>" + "".join(
            f"<D:propstat><D:prop/><D:status>HTTP/1.1 {status} X</D:status></D:propstat>" for status in statuses)
    body = multistatus(member("a", 200, 404), member("b", 200, 403), member("c", 403, 424))
    gateway, counts = behind(started(Scripted(xml(207, body))))
    gateway.request("PROPFIND", "/team/", {"Depth": "1"})
    gateway.says_of_access("207(ok=1,403=2)")
    counts(2, "multistatus_responses_total", status="403")


def test_a_207_that_is_cut_off_is_not_summed_up(started, behind):
    whole = multistatus("<D:href>/in/ner/a</D:href><D:status>HTTP/1.1 423 X</D:status>").encode()
    fields = [("Content-Type", "application/xml")]

    def act(peer, request):
        peer.send(answer(207, whole[:-9], fields, length=len(whole)))
        raise EOFError
    gateway, counts = behind(started(Scripted(act=act)))
    gateway.request("PROPFIND", "/team/", {"Depth": "1"})
    gateway.says_of_access("PROPFIND /team/")
    assert "207(" not in gateway.logged()[-1]
    counts(0, "multistatus_responses_total", status="423")


def test_members_that_may_not_be_seen(started, behind):
    """The log has what the client is told: those that are named with a 403 count, those that are hidden do not."""
    members = [f"<D:href>/in/ner/{name}</D:href><D:propstat><D:prop/><D:status>HTTP/1.1 200 X</D:status></D:propstat>"
               for name in ("", "a", "refused", "hidden")]
    rules = ('[rule "/"]\nallow = all for everyone\n[rule "/team/refused"]\ndeny = all for everyone\n'
             '[rule "/team/hidden"]\nhidden = yes\ndeny = all for everyone')
    gateway, _ = behind(started(Scripted(xml(207, multistatus(*members)))), server="anonymous = yes", rest=rules)
    done = gateway.request("PROPFIND", "/team/", {"Depth": "1"})
    told = re.findall(rb"/team/(\w*)</D:href>.*?HTTP/1.1 (\d+)", done.body)
    refused = {status for name, status in told if name == b"refused"}
    assert b"hidden" not in done.body and refused in ({b"403"}, {b"401"})
    gateway.says_of_access("207(ok=2," + refused.pop().decode() + "=1)")


def test_a_head_that_is_no_number_of_ours(started, behind):
    """Whatever statuses an origin makes up, they are a few labels."""
    gateway, counts = behind(started(Scripted(lambda request: answer(int(request.target[-3:])))))
    for status in (299, 298, 466, 599):
        gateway.request("GET", f"/team/{status}")
    page = counts(1, "requests_total", outcome="5xx")
    assert {dict(labels)["status"] for name, labels in page.samples if name == "davit_http_requests_total"} <= {
        "2xx", "4xx", "5xx", "502"}


def test_counts_outlive_a_reload(started, behind):
    origin = started(Scripted(answer(200)))
    gateway, counts = behind(origin)
    gateway.request("GET", "/team/a")
    counts(1, "requests_total", outcome="2xx")
    gateway.process.send_signal(1)
    gateway.says("reloaded")
    counts(1, "requests_total", outcome="2xx")
    gateway.request("GET", "/team/a")
    counts(2, "requests_total", outcome="2xx")
    with open(gateway.config, encoding="utf-8") as file:
        text = file.read()
    with open(gateway.config, "w", encoding="utf-8") as file:
        file.write(text.replace("/team", "/other"))
    gateway.process.send_signal(1)
    gateway.says("reloaded", 2)
    page = read(gateway)
    mounts = {dict(labels)["mount"] for name, labels in page.samples if name.startswith("davit_origin_")}
    assert mounts == {"/other/"}


def test_loops_sum_up(started, behind):
    gateway, counts = behind(started(Scripted(answer(200))), server="threads = 4")
    connections = [gateway.connect() for _ in range(8)]
    for connection in connections:
        connection.send(f"GET /team/a HTTP/1.1\r\nHost: {gateway.host}\r\n\r\n")
        assert connection.read().status == 200
    counts(8, "requests_total", outcome="2xx")
    for connection in connections:
        connection.close()


def test_several_and_odd_names(started):
    one, other = started(Scripted(answer(200))), started(Scripted(answer(500)))
    gateway = started(Gateway({"/a": f"origin = {one.url}", "/b": f"origin = {one.url}",
                               '/%22q%5C%0A': f"origin = {other.url}"}, "metrics = 0"))
    for target in ("/a/x", "/b/x", "/b/x", "/%22q%5C%0A/x"):
        gateway.request("GET", target)
    page = until(gateway, 2, "davit_origin_requests_total", mount="/b/", origin=one.url, outcome="2xx")
    assert page.value("davit_origin_requests_total", mount="/a/", origin=one.url, outcome="2xx") == 1
    assert [told["requests"] for told in sorted(origins(gateway), key=lambda told: told["mount"])] in ([1, 1, 2], [1, 2, 1])
    text = metrics.ask(gateway, "/origins").body.decode()
    assert text.startswith("MOUNT ") and text.count("closed for") == 3


def test_a_mount_is_one_however_it_is_written(tmp_path):
    """Or its series would be there twice, which Prometheus takes for no page at all."""
    for other in ("/a/", "/%61", "//a", "/b/../a"):
        config = tmp_path / "davit.conf"
        config.write_text("".join(f'[mount "{path}"]\norigin = http://{HOST}:9/\n' for path in ("/a", other)))
        done = subprocess.run([davit.BINARY, "config", "check", str(config)], capture_output=True, text=True, check=False)
        assert done.returncode == 1 and "already mounted in line 1" in done.stderr, other


def test_no_credentials_are_told(started, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    origin = started(Scripted(answer(200)))
    gateway = started(Gateway({"/team": f"origin = {origin.url}\norigin-user = ann\norigin-password-file = {secret}"},
                              "metrics = 0"))
    gateway.request("GET", "/team/a")
    for path in ("/metrics", "/origins", "/origins.json"):
        body = metrics.ask(gateway, path).body
        assert b"s3cret" not in body and b"ann" not in body


def test_metrics_are_not_needed(started):
    gateway = started(Gateway({"/team": f"origin = {started(Scripted(answer(200))).url}"}))
    assert gateway.request("GET", "/team/a").status == 200 and "metrics" not in gateway.stderr()


