"""Runs of `davit check` that end early: killed, interrupted, cut; going on with them, and comparing them."""

import os
import random
import signal
import subprocess
import threading
import time

import pytest
from checker import Scratch, Server, check, page
from davit import BINARY

PAGES = 120


def site(delay=0.0):
    """Pages with links of all kinds, some of them bad. What is asked for is answered after a while."""
    def answer(status, fields, body):
        def slowly(_):
            time.sleep(delay)
            return (status, fields, body)
        return slowly
    answers = {"/robots.txt": (200, {}, "User-agent: *\nDisallow: /private\nSitemap: /map.xml\n"),
               "/map.xml": (200, {"Content-Type": "text/xml"}, "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
                            "<url><loc>/alone</loc></url></urlset>"),
               "/alone": page("/p1#here"), "/a.css": (200, {"Content-Type": "text/css"}, "a{background:url(/img.png)}"),
               "/img.png": (200, {"Content-Type": "image/png"}, b"x")}
    for n in range(PAGES):
        links = ["/p%d" % ((n * 7 + k) % PAGES) for k in range(4)]
        links += ["/p%d#%s" % ((n + 3) % PAGES, "here" if n % 3 else "gone"), "/none%d" % (n % 5), "/r%d" % (n % 4),
                  "/private/%d" % n, "http://[bad%d/" % (n % 3), "mailto:x@y.example", "/p%d?q=%d" % (n, n), "/m%d" % (n % 2)]
        body = "<title>%d</title><p id=here>\n" % n + "\n".join("<a href='%s'>x</a>" % x for x in links)
        answers["/p%d" % n] = answer(200, {}, "<link rel=stylesheet href=/a.css>" + body)
        answers["/p%d?q=%d" % (n, n)] = answer(200, {}, "<p>page %d" % n)
    for n in range(4):
        answers["/r%d" % n] = (301 if n % 2 else 302, {"Location": "/p%d%s" % (n, "#gone" if n == 3 else "")}, b"")
    members = "".join("<response><href>/x%d</href><status>HTTP/1.1 %s</status></response>" % (n, status)
                      for n, status in enumerate(("200 OK", "423 Locked", "424 Failed Dependency")))
    for n in range(2):
        answers["/m%d" % n] = answer(207, {"Content-Type": "text/xml"}, "<multistatus xmlns='DAV:'>%s</multistatus>" % members)
    answers["/"] = page("/p0", "/p1", "/p2")
    return answers


def rows(run):
    """What a report says, without what each run has of its own."""
    own = ("ms", "bad_since", "note")
    return sorted(str(sorted((key, value) for key, value in row.items() if key not in own)) for row in run.links + run.members)


def counts(run):
    return {key: run.summary[key] for key in ("links", "addresses", "fetched", "pages", "left_by_robots", "links_by_verdict",
                                              "addresses_by_verdict") if key in run.summary}


def start(root, *args):
    command = [BINARY, "check", "--progress", "off", "-o", "jsonl", "-v", "--history", root + "/h.db"]
    return subprocess.Popen(command + [str(arg) for arg in args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def kill(process):
    process.kill()
    process.communicate()


def wait_for(what, process=None):
    while not what():
        assert process is None or process.poll() is None, "it ended by itself"
        time.sleep(0.01)


def bad_of(root):
    """What the history has of each link."""
    done = subprocess.run(["sqlite3", root + "/h.db", "SELECT url, verdict, status, bad_runs FROM link ORDER BY url"],
                          check=True, capture_output=True, text=True)
    return done.stdout


def test_killed_at_any_moment_a_run_goes_on():
    """In small pieces, each killed after another while; what all found together is what one finds alone."""
    with Scratch() as root, Scratch() as other, Server(site(0.02)) as server:
        whole = check("--history", other + "/h.db", server.url + "/", "--per-host", 4)
        history = bad_of(other)
        seed = int.from_bytes(os.urandom(4), "big")
        chance = random.Random(seed)
        args = ["--per-host", "4", server.url + "/"]
        for turn in range(5):
            for name in os.listdir(root):
                os.unlink(root + "/" + name)
            process = start(root, *args)
            for _ in range(4):
                enough = len(server.requests) + chance.randrange(80)
                while len(server.requests) < enough and process.poll() is None:
                    time.sleep(0.005)
                time.sleep(chance.random() * 0.3)
                kill(process)
                if not os.path.exists(root + "/h.db-run"):
                    break
                process = start(root, "--resume", *args)
            process.kill()
            process.wait()
            assert subprocess.run(["sqlite3", root + "/h.db", "PRAGMA integrity_check"], check=True,
                                  capture_output=True).stdout == b"ok\n"
            resumes = os.path.exists(root + "/h.db-run") and os.path.getsize(root + "/h.db-run")
            run = check("--history", root + "/h.db", *(["--resume"] if resumes else []), *args)
            if run.status == 2:  # it was killed between its end and its farewell
                assert "has no run that was not finished" in run.stderr, (seed, turn, run.stderr)
                continue
            if resumes:
                assert rows(run) == rows(whole), (seed, turn)
                assert counts(run) == counts(whole) and run.status == whole.status, (seed, turn)
                assert bad_of(root) == history, (seed, turn)
            assert not os.path.exists(root + "/h.db-run")


def held(server, path):
    """From now on that path is answered when it is let go."""
    gate, before = threading.Event(), server.answers[path]

    def wait(handler):
        gate.wait(60)
        return before(handler) if callable(before) else before
    server.answers[path] = wait
    return gate


def saved(root, word):
    def has():
        try:
            with open(root + "/h.db-run", "rb") as file:
                return word.encode() in file.read()
        except OSError:
            return False
    return has


def test_what_is_left_is_asked_for_and_only_that():
    answers = {"/": page("/a", "/b#x", "/hangs", "/none"), "/a": (200, {}, b""), "/b": (200, {}, b"<p id=x>"), "/c": (200, {}, b""),
               "/hangs": page("/c")}
    with Scratch() as root, Server(answers) as server:
        gate = held(server, "/hangs")
        process = start(root, server.url + "/")
        wait_for(lambda: server.count("/none") >= 1 and server.count("/hangs") == 1, process)
        size = os.path.getsize(root + "/h.db-run")
        wait_for(lambda: os.path.getsize(root + "/h.db-run") > size, process)
        kill(process)
        gate.set()
        asked = len(server.requests)
        run = check("--history", root + "/h.db", "--resume", server.url + "/")
        again = {path for _, path in server.requests[asked:]}
        assert again == {"/hangs", "/c", "/robots.txt"}, again
        assert run.status == 1 and {row["raw"]: row["verdict"] for row in run.links} == {
            server.url + "/": "ok", "/a": "ok", "/b#x": "ok", "/hangs": "ok", "/none": "broken", "/c": "ok"}
        assert run.summary["fetched"] == 6, run.summary
        assert "4 are done" in run.stderr or "5 are done" in run.stderr, run.stderr


def test_an_interrupted_run_goes_on_and_counts_once():
    answers = {"/": page("/gone", "/hangs"), "/hangs": page("/gone#x", "/late")}
    with Scratch() as root, Server(answers) as server:
        for _ in range(2):
            check("--history", root + "/h.db", server.url + "/")
        gate = held(server, "/hangs")
        process = start(root, server.url + "/")
        wait_for(lambda: server.count("/gone") >= 3 and server.count("/hangs") >= 3, process)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 3
        process.communicate()
        gate.set()
        run = check("--history", root + "/h.db", "--resume", server.url + "/")
        bad = {row["raw"]: row["bad_runs"] for row in run.links if row["verdict"] == "broken"}
        assert bad == {"/gone": 3, "/gone#x": 3, "/late": 3}
        assert check("--history", root + "/h.db", "--compare", form="text").stdout.startswith("still")


@pytest.mark.parametrize("case", ["finished", "none", "foreign", "settings", "starts", "busy", "damaged"])
def test_what_cannot_be_gone_on_with_is_an_error(case):
    with Scratch() as root, Server({"/": page("/a"), "/a": (200, {}, b"")}) as server:
        history, args = ["--history", root + "/h.db"], ["--exclude", "x", server.url + "/"]
        if case == "finished":
            check(*history, *args)
        elif case != "none":
            gate = held(server, "/a")
            process = start(root, *args)
            wait_for(lambda: server.count("/a"), process)
            if case != "busy":
                kill(process)
        if case == "foreign":
            args = ["http://127.0.0.1:1/"]
        elif case == "settings":
            args = ["--exclude", "y", server.url + "/"]
        elif case == "starts":
            args = []
        elif case == "damaged":
            with open(root + "/h.db-run", "r+b") as file:
                file.seek(30)
                file.write(b"\0\0\0\0")
        run = check(*history, "--resume", *args)
        words = {"finished": "has no run that was not finished", "none": "has no run that was not finished",
                 "foreign": "it has 'start = %s/', not 'start = http://127.0.0.1:1/'" % server.url,
                 "settings": "it has 'exclude = x', not 'exclude = y'", "starts": "--resume needs the starts",
                 "busy": "another davit is at the run", "damaged": "damaged"}
        assert run.status == 2 and words[case] in run.stderr, run.stderr
        if case not in ("finished", "none"):
            gate.set()
        if case == "busy":
            assert process.wait(60) == 0
            process.communicate()
        elif case in ("foreign", "settings"):
            assert check(*history, "--resume", "--exclude", "x", server.url + "/").status == 0, "it is still there"
    assert check("--resume", "http://127.0.0.1:1/").status == 2, "without a history"


def test_another_run_leaves_nothing_of_a_killed_one_behind():
    """What it found until then is recorded, and it cannot be gone on with any more."""
    with Scratch() as root, Server({"/": page("/none", "/hangs"), "/hangs": (200, {}, b"")}) as server:
        gate = held(server, "/hangs")
        process = start(root, server.url + "/")
        wait_for(lambda: server.count("/none") and server.count("/hangs"), process)
        size = os.path.getsize(root + "/h.db-run")
        wait_for(lambda: os.path.getsize(root + "/h.db-run") > size, process)
        kill(process)
        gate.set()
        history = ["--history", root + "/h.db"]
        run = check(*history, server.url + "/")
        assert {row["raw"]: row.get("bad_runs") for row in run.links}["/none"] == 2, "the killed one saw it, too"
        assert check(*history, "--resume", server.url + "/").status == 2
        compared = check(*history, "--compare", form="text")
        assert compared.stdout.endswith("0 new, 0 fixed, 1 still bad\n")


def test_a_run_that_had_looked_at_nothing_is_compared_with_none():
    with Scratch() as root, Server({"/": page("/none")}) as server:
        history = ["--history", root + "/h.db", server.url + "/"]
        check(*history)
        gate = held(server, "/")
        process = start(root, server.url + "/")
        wait_for(saved(root, server.url), process)
        kill(process)
        gate.set()
        run = check(*history, "--compare", form="text")
        assert run.stdout.endswith("0 new, 0 fixed, 1 still bad\n"), run.stdout


def test_two_runs_at_a_time_have_one_history():
    with Scratch() as root, Server({"/": page("/hangs"), "/hangs": (200, {}, b"")}) as server, Server({"/": page("/no")}) as other:
        gate = held(server, "/hangs")
        process = start(root, server.url + "/")
        wait_for(lambda: server.count("/hangs"), process)
        run = check("--history", root + "/h.db", other.url + "/")
        assert run.status == 1 and "this run cannot be gone on with" in run.stderr
        kill(process)
        gate.set()
        assert check("--history", root + "/h.db", "--resume", server.url + "/").status == 0


@pytest.mark.parametrize("text", ["my own notes\n", "x"])
def test_a_file_that_is_no_log_is_left_alone(text):
    with Scratch() as root, Server({"/": page("/a"), "/a": (200, {}, b"")}) as server:
        with open(root + "/h.db-run", "w", encoding="utf-8") as file:
            file.write(text)
        run = check("--history", root + "/h.db", server.url + "/")
        assert run.status == 0 and "is no log of davit check, and is left alone" in run.stderr, run.stderr
        with open(root + "/h.db-run", encoding="utf-8") as file:
            assert file.read() == text


def test_a_log_of_another_version_makes_room_and_that_is_said():
    with Scratch() as root, Server({"/": page("/a"), "/a": (200, {}, b"")}) as server:
        gate = held(server, "/a")
        process = start(root, server.url + "/")
        wait_for(lambda: server.count("/a"), process)
        kill(process)
        gate.set()
        with open(root + "/h.db-run", "r+b") as file:
            file.seek(30)
            file.write(b"\0\0\0\0")
        run = check("--history", root + "/h.db", server.url + "/")
        assert run.status == 0 and "another version's: what is in it is not recorded" in run.stderr, run.stderr
        assert not os.path.exists(root + "/h.db-run")


def test_a_history_is_its_owners():
    with Scratch() as root, Server({"/": page()}) as server:
        check("--history", root + "/h.db", server.url.replace("://", "://user:secret@") + "/")
        assert os.stat(root + "/h.db").st_mode & 0o777 == 0o600


def test_limits_can_be_raised():
    answers = {"/": page("/a", "/b"), "/a": page("/c"), "/b": page("/d"), "/c": (200, {}, b""), "/d": (200, {}, b"")}
    with Scratch() as root, Server(answers) as server:
        history = ["--sitemap", "off", "--history", root + "/h.db", server.url + "/"]
        assert check("--max-pages", 2, *history).status == 3
        run = check("--resume", "--max-pages", 9, *history)
        assert run.status == 0 and {row["raw"] for row in run.links} == {server.url + "/", "/a", "/b", "/c", "/d"}
        assert server.count("/") == 1 and server.count("/a") + server.count("/b") == 3
        assert run.summary["pages"] == 5 and run.summary["fetched"] == 5
        assert check("--max-links", 3, *history).status == 3
        run = check("--resume", *history)
        assert run.status == 0 and run.summary["fetched"] == 5


def test_folders_and_lists_go_on():
    with Scratch() as root, Scratch() as docs, Server({"/hangs": (200, {}, b"")}) as server:
        for n in range(30):
            with open("%s/%d.html" % (docs, n), "w", encoding="utf-8") as file:
                file.write("<p id=n><a href='%d.html#n'>x</a> <a href='/%d.html#m'>x</a> <a href='%s/hangs'>x</a>" % (n + 1, n, server.url))
        whole = check(docs)
        gate = held(server, "/hangs")
        process = start(root, docs)
        wait_for(lambda: server.count("/hangs") == 2, process)
        size = os.path.getsize(root + "/h.db-run")
        wait_for(lambda: os.path.getsize(root + "/h.db-run") > size, process)
        kill(process)
        gate.set()
        run = check("--history", root + "/h.db", "--resume", docs)
        assert [row.get("raw") for row in run.links] == [row.get("raw") for row in whole.links]
        assert counts(run) == counts(whole) and run.status == whole.status == 1


def test_a_folder_can_be_interrupted():
    with Scratch() as docs:
        for n in range(3000):
            with open("%s/%d.html" % (docs, n), "w", encoding="utf-8") as file:
                file.write("<p id=n>" + "<a href='%d.html'>x</a>" % (n + 1) * 300)
        process = subprocess.Popen([BINARY, "check", "-o", "jsonl", "--progress", "on", docs], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        process.stderr.read(10)  # it reads, and says so
        process.send_signal(signal.SIGINT)
        process.communicate()
        assert process.returncode == 3


def test_a_run_has_its_time():
    with Server({"/": page("/a", "/hangs"), "/a": (200, {}, b""), "/hangs": (200, {}, b"")}) as server:
        gate = held(server, "/hangs")
        run = check("--max-time", "5s", server.url + "/")
        gate.set()
        assert run.status == 3 and run.summary["why"] == "beyond --max-time"
        assert run.verdict("/a") == "ok" and run.verdict("/hangs") == "not-checked"


# --- comparing ---

def compare(root, *args):
    run = check("--history", root + "/h.db", "--compare", *args, form="text")
    lines = [line.split() for line in run.stdout.splitlines() if line.startswith(("new", "fixed", "still"))]
    return run, sorted((line[0], line[3].rsplit("/", 1)[1]) for line in lines)


@pytest.mark.parametrize("how", ["interrupt", "kill", "max-time", "max-pages", "max-links"])
def test_nothing_is_new_or_fixed_that_was_not_looked_at(how):
    """/1 is bad in both, /2 becomes good, /5 bad; /3 and /4 stay bad and good, but are not come to."""
    first = page("/1", "/2", "/5", "/r", "/2page#x")
    answers = {"/": first, "/5": (200, {}, b""), "/r": page("/hangs"), "/hangs": page("/3", "/4", "/2page#y"), "/4": (200, {}, b""),
               "/2page": (200, {}, b"<p id=x>")}
    with Scratch() as root, Server(answers) as server:
        history = ["--sitemap", "off", "--per-host", 1, "--history", root + "/h.db", server.url + "/"]
        assert check(*history).status == 1
        server.answers.update({"/2": (200, {}, b""), "/5": (404, {}, b""), "/2page": (200, {}, b"")})
        if how in ("max-pages", "max-links"):
            check("--" + how, {"max-pages": 2, "max-links": 6}[how], *history)
        elif how == "max-time":
            gate = held(server, "/hangs")
            check("--max-time", "10s", *history)
            gate.set()
        else:
            gate = held(server, "/hangs")
            process = start(root, *history)
            wait_for(lambda: server.count("/hangs") == 2, process)
            size = os.path.getsize(root + "/h.db-run")
            wait_for(lambda: os.path.getsize(root + "/h.db-run") > size, process)
            process.send_signal(signal.SIGINT if how == "interrupt" else signal.SIGKILL)
            process.communicate()
            gate.set()
        run, lines = compare(root)
        assert ("still", "1") in lines and ("fixed", "2") in lines and ("new", "5") in lines and ("new", "2page#x") in lines
        assert not {line for line in lines if line[1] in ("3", "4", "2page#y")}, lines
        assert "could not be compared" in run.stdout and run.status == 3, run.stdout
        # the whole again: what the cut one did not look at is neither new nor fixed
        assert check(*history).status == 1
        run, lines = compare(root)
        assert not {line for line in lines if line[0] == "fixed" or line[1] in ("3", "4")}, lines
        assert "could not be compared" in run.stdout and run.status == 3


def test_complete_runs_compare_as_ever():
    with Scratch() as root, Server({"/": page("/1", "/2")}) as server:
        history = ["--history", root + "/h.db", server.url + "/"]
        check(*history)
        server.answers["/"] = page("/2", "/3")
        run, lines = compare(root, server.url + "/")
        assert lines == [("fixed", "1"), ("new", "3"), ("still", "2")] and run.status == 1
        assert "could not" not in run.stdout


def test_a_history_of_an_earlier_version_is_taken():
    with Scratch() as root, Server({"/": page("/1", "/2")}) as server:
        old = """CREATE TABLE run (id INTEGER PRIMARY KEY, started INTEGER, ended INTEGER);
            CREATE TABLE link (url TEXT PRIMARY KEY, verdict TEXT, status INTEGER, first_seen INTEGER, checked INTEGER,
                               last_good INTEGER, bad_since INTEGER, bad_runs INTEGER, cycle INTEGER) WITHOUT ROWID;
            CREATE TABLE bad (run INTEGER, url TEXT, verdict TEXT, status INTEGER, PRIMARY KEY (run, url)) WITHOUT ROWID;
            CREATE TABLE pending (url TEXT, depth INTEGER, flags INTEGER); CREATE TABLE cycle (id INTEGER);
            INSERT INTO run VALUES (1, 1000, 2000); INSERT INTO cycle VALUES (1);
            INSERT INTO link VALUES ('%s/1', 'broken', 404, 1000, 1000, NULL, 1000, 4, 1);
            INSERT INTO bad VALUES (1, '%s/1', 'broken', 404);""" % (server.url, server.url)
        subprocess.run(["sqlite3", root + "/h.db", old], check=True)
        run = check("--history", root + "/h.db", server.url + "/")
        assert {row["raw"]: row.get("bad_runs") for row in run.links}["/1"] == 5
        assert compare(root)[1] == [("new", "2"), ("still", "1")]
        subprocess.run(["sqlite3", root + "/h.db", "PRAGMA user_version = 99"], check=True)
        run = check("--history", root + "/h.db", server.url + "/")
        assert run.status == 2 and "later version" in run.stderr
