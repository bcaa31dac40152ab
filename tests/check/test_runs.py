"""What `davit check` remembers of runs: faults of links, quotas, and what it names in each form."""

import os
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree

from checker import Scratch, Server, check, page

FINE = (200, {}, b"<p>")


def test_faults_of_links_have_a_history_of_their_own():
    links = "<a href='/a#x'>1</a> <a href='http://[bad/'>2</a> <a href='/gone'>3</a>"
    with Scratch() as root, Server({"/": (200, {}, links), "/a": FINE}) as server:
        def run():
            done = check("--history", root + "/h.db", "--after-bad", 2, "--only-changed", server.url + "/",
                         verbose=False)
            return done.status, {row["raw"]: row["verdict"] for row in done.links}
        assert run() == (0, {}), "held back"
        assert run() == (1, {"/a#x": "fragment-missing", "http://[bad/": "bad-url", "/gone": "broken"})
        assert run() == (0, {}), "no news"
        server.answers["/a"] = (200, {}, b"<p id=x>")
        assert run() == (0, {"/a#x": "ok"})
        compared = check("--history", root + "/h.db", "--compare", form="text").stdout
        assert "fixed  fragment-missing" in compared and "still  bad-url" in compared
        run = check("--history", root + "/h.db", server.url + "/")
        bad = {row["raw"]: (row["bad_runs"], row["bad_since"]) for row in run.links if "bad_runs" in row}
        assert set(bad) == {"http://[bad/", "/gone"} and bad["/gone"][0] == 5


def test_a_run_that_goes_on_names_the_places_that_were_left():
    links = "\n".join("<a href='/%d#n'>link %d</a>" % (n, n) for n in range(6))
    with Scratch() as root, Server({"/": (200, {}, links), "*": (200, {}, b"<p id=n>")}) as server:
        quota = ["--quota", "3/day", "--history", root + "/h.db", server.url + "/"]
        found = {}
        for day in range(3):
            run = check(*quota)
            assert run.summary["fetched"] == (3, 6, 7)[day] and run.status == (3, 3, 0)[day]
            found = {row["raw"]: row for row in run.links if row["verdict"] != "not-checked"}
            assert len(found) == (3, 6, 7)[day], "the report is of the whole"
            subprocess.run(["sqlite3", root + "/h.db",
                            "UPDATE quota SET day = day - 10; UPDATE fetched SET day = day - 10"], check=True)
        for number in range(6):
            row = found["/%d#n" % number]
            assert row["verdict"] == "ok" and row["page"] == server.url + "/"
            assert (row["line"], row["text"]) == (number + 1, "link %d" % number)


def test_a_quota_counts_an_address_once_a_day():
    with Scratch() as root, Server({"/": page("/a", "/b", "/r"), "/a": FINE, "/b": FINE,
                                    "/r": (302, {"Location": "/a"}, b"")}) as server:
        quota = ["--quota", "4/day", "--history", root + "/h.db", server.url + "/"]
        for _ in range(3):  # the hop, robots.txt and the sitemap are free, and so is the second run
            run = check(*quota)
            assert run.status == 0 and run.summary["fetched"] == 4
        server.answers["/"] = page("/a", "/b", "/new")
        server.answers["/new"] = FINE
        assert check(*quota).verdict("/new") == "not-checked"


def test_a_fragment_that_is_found_late_is_looked_up():
    with Server({"/p": (200, {}, b"<p id=here>"), "/r": (302, {"Location": "/p"}, b"")}) as other:
        url = "http://localhost:%d" % other.port

        def late(_):
            assert other.count("/p") == 1, "it must have been fetched before"
            return page(url + "/p#gone", url + "/p#here", url + "/r#gone", url + "/p#here:~:text=x", "#:~:text=x")
        with Server({"/": page(url + "/p", url + "/r", "/1"), "/1": page("/2"), "/2": page("/3"),
                     "/3": late}) as server:
            run = check("-r", "--per-host", 1, server.url + "/")
    by_raw = {row["raw"].replace(url, ""): row["verdict"] for row in run.links}
    assert by_raw["/p#gone"] == by_raw["/r#gone"] == "fragment-missing"
    assert by_raw["/p#here"] == by_raw["/p#here:~:text=x"] == by_raw["#:~:text=x"] == "ok"


def test_a_fragment_that_is_found_while_its_page_is_asked_for():
    """By HEAD, which is under way when the page that has the fragment is read."""
    is_asked, was_found = threading.Event(), threading.Event()

    def slow(request):
        if request.command == "HEAD":
            is_asked.set()
            assert was_found.wait(30)
            time.sleep(0.3)  # until that has been read
        return 200, {}, b"<p id=here>"

    def late(_):
        assert is_asked.wait(30)
        was_found.set()
        return page(url + "/p#gone", url + "/p#here")
    with Server({"/p": slow}) as other:
        url = "http://localhost:%d" % other.port
        with Server({"/": page(url + "/p", "/1"), "/1": late}) as server:
            run = check("-r", "--method", "head", server.url + "/")
    by_raw = {row["raw"].replace(url, ""): row["verdict"] for row in run.links}
    assert by_raw["/p#gone"] == "fragment-missing" and by_raw["/p#here"] == by_raw["/p"] == "ok"


def test_the_answer_to_a_probe_gives_no_page_names():
    """A folder is asked for what is not there: what stands in the answer is no part of its pages."""
    answers = {"/": page("#gone"), "/robots.txt": (404, {}, b""), "/sitemap.xml": (404, {}, b""),
               "*": (200, {}, b"<p id=gone>This page does not exist.")}
    with Server(answers) as server:
        run = check("-r", "--soft404", server.url + "/")
    assert [row["verdict"] for row in run.links if row["raw"] == "#gone"] == ["fragment-missing"]


def test_style_sheets_have_no_names():
    with Server({"/": page("/x.css#name"), "/x.css": (200, {"Content-Type": "text/css"}, b"a{}")}) as server:
        assert check("-r", server.url + "/").verdict("/x.css") == "ok"


def test_junit_counts_its_cases():
    answers = {"/": page("/a#x", "/a#x", "/none", "http://[bad/", "mailto:x@y"), "/a": FINE}
    with Scratch() as root, Server(answers) as server:
        held = ["--history", root + "/h.db", "--after-bad", "2"]
        for args, failures in (([], 4), (held, 0), (["--fail-on", "broken"], 1)):
            run = check(*args, server.url + "/", form="junit", verbose=False)
            suite = ElementTree.fromstring(run.stdout).find("testsuite")
            cases = suite.findall("testcase")
            assert len(cases) == int(suite.get("tests")) == 7
            for name, kind in (("failures", "failure"), ("skipped", "skipped")):
                assert len([case for case in cases if case.find(kind) is not None]) == int(suite.get(name)), args
            assert int(suite.get("failures")) == failures


def test_forms_that_list_addresses_tell_where_they_end():
    answers = {"/": page("/away", "/fine"), "/away": (301, {"Location": "/none"}, b""), "/fine": FINE,
               "/robots.txt": (404, {}, b"")}
    with Server(answers) as server:
        body = check(server.url + "/", form="multistatus").stdout
        status = {response.find("{DAV:}href").text: response.find("{DAV:}status").text
                  for response in ElementTree.fromstring(body).findall("{DAV:}response")}
        assert "404" in status[server.url + "/away"]
        sitemap = ElementTree.fromstring(check("-r", server.url + "/", form="sitemap").stdout)
        assert [loc.text for loc in sitemap.iter() if loc.tag.endswith("loc")] == [server.url + "/",
                                                                                   server.url + "/fine"]


def test_annotations_name_files_from_where_they_are_run():
    with Scratch() as root:
        os.makedirs(root + "/docs")
        with open(root + "/docs/a b.md", "w", encoding="utf-8") as file:
            file.write("\n[x](none.md)\n")
        before = os.getcwd()
        os.chdir(root)
        try:
            run = check("docs", form="github", verbose=False)
        finally:
            os.chdir(before)
    assert run.stdout.startswith("::error file=docs/a b.md,line=2,col=5,title=broken::"), run.stdout


def test_json_says_since_when():
    with Scratch() as root, Server({"/": page("/none")}) as server:
        run = check("--history", root + "/h.db", server.url + "/")
    assert [row["bad_since"][:2] for row in run.links if row["verdict"] == "broken"] == ["20"]
