"""How `davit check` asks: not too fast, not only once, and not where it is not wanted."""

import threading
import time

from checker import Server, check, page

NO_ROBOTS = (404, {}, b"")


def test_the_last_try_is_made_alone():
    lock = threading.Lock()
    seen, now = {}, [0]

    def fails(handler):
        with lock:
            now[0] += 1
            others = now[0]
        time.sleep(0.05)
        seen.setdefault(handler.path, []).append(others)
        with lock:
            now[0] -= 1
        return (500, {}, b"")
    with Server({"/": page(*["/%d" % n for n in range(8)]), "/robots.txt": NO_ROBOTS, "/sitemap.xml": NO_ROBOTS,
                 "*": fails}) as server:
        run = check("--retries", 1, server.url + "/")
    assert run.summary["links_by_verdict"]["broken"] == 8
    assert all(len(tries) == 3 and tries[-1] == 1 for tries in seen.values()), seen
    assert any(tries[0] > 1 for tries in seen.values()), "the first ones are made together"


def test_what_only_fails_under_load_is_not_broken():
    lock, now = threading.Lock(), [0]

    def overloaded(_):
        with lock:
            now[0] += 1
            is_busy = now[0] > 1
        time.sleep(0.2)
        with lock:
            now[0] -= 1
        return (500, {}, b"") if is_busy else (200, {}, b"")
    with Server({"/": page("/1", "/2", "/3", "/4"), "/robots.txt": NO_ROBOTS, "/sitemap.xml": NO_ROBOTS,
                 "*": overloaded}) as server:
        run = check("--retries", 0, server.url + "/")
    assert run.status == 0, run.summary


def test_one_bad_moment_does_not_close_a_host():
    tries = []

    def robots(_):
        tries.append(1)
        rules = "User-agent: *\nDisallow: /no\n"
        return (503, {}, b"") if len(tries) < 3 else (200, {"Content-Type": "text/plain"}, rules)
    with Server({"/robots.txt": robots, "/": page("/no", "/yes"), "/yes": (200, {}, b"")}) as server:
        run = check(server.url + "/")
    assert run.verdict("/no") == "robots" and run.verdict("/yes") == "ok" and run.status == 0


def test_a_start_that_is_left_out_is_no_success():
    rules = (200, {"Content-Type": "text/plain"}, "User-agent: davit\nDisallow: /\n")
    with Server({"/robots.txt": rules, "/": page()}) as server:
        run = check(server.url + "/")
        assert run.status == 3 and run.summary["complete"] is False
        assert "asks robots to stay away" in run.summary["why"] and server.count("/") == 0


def test_delays_that_the_user_wants_hold_everywhere():
    answers = {"/": page("/a", "/b"), "*": (200, {}, b""), "/robots.txt": NO_ROBOTS}
    for option in (["--crawl-delay", "0.3"], ["--rate", "4/s"]):
        times = []

        def note(_):
            times.append(time.monotonic())
            return (200, {}, b"")
        with Server(dict(answers, **{"*": note})) as server:
            check(*option, "--sitemap", "off", server.url + "/")
        assert len(times) == 2 and times[1] - times[0] > 0.2, option


def test_proxies_of_the_environment_do_not_hide_private_addresses(monkeypatch):
    with Server({"*": (200, {}, b"")}) as server:
        monkeypatch.setenv("http_proxy", server.url)
        run = check("--public-only", "http://127.0.0.1:9/x")
        assert run.verdict("/x") == "private" and not server.requests
