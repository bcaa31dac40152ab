"""Where links stand beside attributes of HTML, and what fragments redirects add."""

import os

from checker import Scratch, Server, check, page

NOTHING = {"/robots.txt": (404, {}, b""), "/sitemap.xml": (404, {}, b"")}


def verdicts(run):
    return {row["raw"]: row["verdict"] for row in run.links if "raw" in row}


def to(location, status=302):
    """A redirect whose Location is sent byte by byte as it is."""
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 %d x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, location))
        return "done"
    return answer


# --- redirects (RFC 9110 §10.2.2) ---

def test_the_fragment_of_a_location_counts():
    answers = {
        "/": page("/own", "/own-gone", "/kept#here", "/kept#gone", "/replaced#gone", "/replaced-gone#here", "/hops", "/empty#gone"),
        "/page": (200, {}, "<p id=here><p id='a b'>"),
        "/own": to(b"/page#here"), "/own-gone": to(b"/page#gone%20too"), "/kept": to(b"/page"),
        "/replaced": to(b"/page#a%20b"), "/replaced-gone": to(b"/page#gone2"), "/hops": to(b"/own-gone"),
        "/empty": to(b"/page#"), **NOTHING,
    }
    with Server(answers) as server:
        run = check(server.url + "/")
        found = verdicts(run)
        assert found.pop(server.url + "/") == "ok"
        missing = {"/own-gone", "/kept#gone", "/replaced-gone#here", "/hops"}
        assert {raw for raw, verdict in found.items() if verdict == "fragment-missing"} == missing, found
        text = check(server.url + "/", form="text", verbose=False).stdout
        assert "no 'gone too' there" in text and "no 'gone2' there" in text, text
        assert set(verdicts(check("--fragments", "off", server.url + "/")).values()) == {"ok", "redirected"}


def test_a_fault_of_a_location_is_remembered():
    with Scratch() as root, Server({"/": page("/a"), "/a": to(b"/b#gone"), "/b": page(), **NOTHING}) as server:
        args = ("--history", root + "/h.db", "--after-bad", 2, server.url + "/")
        assert check(*args).status == 0 and check(*args).status == 1


def test_a_location_in_any_encoding_is_followed():
    seen = []

    def note(handler):
        seen.append(handler.path)
        return page()
    answers = {
        "/": page("/utf8", "/latin1", "/mixed"), "/utf8": to("/grün".encode()), "/latin1": to("/grün".encode("latin-1")),
        "/mixed": to(b"/a\xff%20b?q=\xe9#\xe9"), "*": note, **NOTHING,
    }
    with Server(answers) as server:
        run = check("--fragments", "off", server.url + "/")
    assert sorted(seen) == ["/a%FF%20b?q=%E9", "/gr%C3%BCn", "/gr%FCn"], seen
    assert {verdict for raw, verdict in verdicts(run).items() if raw.startswith("/")} == {"redirected"}


# --- XHTML ---

def xhtml(body, head="", start=""):
    return start + "<html xmlns='http://www.w3.org/1999/xhtml'><head><title/>%s</head><body>%s</body></html>" % (head, body)


def test_xhtml_is_xml_when_its_type_says_so():
    body = xhtml("<p id='n'/><a href='/gone'>a&nbsp;b</a><a href='#n'>x</a><a href='#N'>x</a>", head="<script src='/s.js'/><style/>")
    kinds = {"/x": "application/xhtml+xml; charset=utf-8", "/xml": "application/xml", "/text": "text/xml", "/html": "text/html"}
    answers = {path: (200, {"Content-Type": kind}, body) for path, kind in kinds.items()}
    with Server({"/": page(*kinds), "/s.js": (200, {"Content-Type": "text/javascript"}, b""), **answers, **NOTHING}) as server:
        run = check(server.url + "/")
        for path in kinds:
            found = verdicts(check(server.url + path))
            if path == "/html":
                assert "/gone" not in found, "<title/> is open in HTML"
                continue
            assert found["/gone"] == "broken" and found["/s.js"] == "ok", (path, found)
            assert found["#n"] == "ok" and found["#N"] == "fragment-missing", (path, found)
    assert not [row for row in run.links if row.get("note")]


def test_ill_formed_xhtml_is_read_as_html_and_named():
    with Server({"/": page("/x", "/y"), "/x": (200, {"Content-Type": "application/xhtml+xml"}, "<html><p>\n<a href='/gone'>x</p></html>"),
                 "/y": (200, {"Content-Type": "application/xhtml+xml"}, xhtml("a & b <a href='/gone2'/>")), **NOTHING}) as server:
        run = check(server.url + "/")
    assert run.verdict("/gone") == run.verdict("/gone2") == "broken"
    notes = {row["raw"]: row.get("note", "") for row in run.links}
    assert "line 2, column 18: </p> ends nothing" in notes["/x"] and "read as HTML" in notes["/x"], notes
    assert "'&' that begins no reference" in notes["/y"] and "HTML" not in notes["/y"], notes


def test_files_of_an_epub_are_xml():
    declaration = "<?xml version='1.0' encoding='utf-8'?>\n<!DOCTYPE html>\n"
    with Scratch() as root:
        for name, text in {
                "a.xhtml": xhtml("<a href='gone1'/>"), "b.html": xhtml("<a href='gone2'/>", start=declaration),
                "c.xml": xhtml("<a href='gone3'/>", start=declaration), "d.xht": xhtml("<a href='gone4'/>"),
                "e.html": xhtml("<a href='gone5'/>"), "f.svg": "<svg xmlns='http://www.w3.org/2000/svg'><title/><a href='gone6'/></svg>",
                "g.xhtml": xhtml("x" * 5000 + "<a href='gone7'/>", start=declaration.replace("utf-8", "iso-8859-1"))}.items():
            with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                file.write(text)
        found = verdicts(check(root))
    assert {raw for raw in found if raw.startswith("gone")} == {"gone%d" % n for n in (1, 2, 3, 4, 6, 7)}, found


# --- feeds ---

def test_links_of_feeds_are_relative_to_their_base():
    feed = """<feed xmlns='http://www.w3.org/2005/Atom' xml:base='/a/'><link href='1'/>
        <entry xml:base='b/'><link href='2'/><content xml:base='../c/' src='3'/></entry>
        <entry xml:base='b/'><link href='4'/></entry><entry xml:base='http://['><link href='5'/></entry>
        <link href='6'/><link rel='hub' href='7'/></feed>"""
    rss = """<rss xmlns:slash='http://purl.org/rss/1.0/modules/slash/'><channel><item><guid>tag:x,1</guid><slash:comments>5</slash:comments>
        <guid isPermaLink='false'>/no</guid><guid isPermaLink='true'>/guid</guid></item></channel></rss>"""
    there = {path: page() for path in ("/a/1", "/a/b/2", "/a/c/3", "/a/b/4", "/a/5", "/a/6", "/guid", "/feed")}
    with Server({"/": (200, {"Content-Type": "application/atom+xml"}, feed), "/rss": (200, {"Content-Type": "text/xml"}, rss),
                 "/opml": (200, {"Content-Type": "text/x-opml"}, "<opml><outline xmlUrl='/feed' htmlUrl='/gone'/></opml>"),
                 **there, **NOTHING}) as server:
        found = verdicts(check(server.url + "/", server.url + "/rss", server.url + "/opml"))
    assert {raw for raw, verdict in found.items() if verdict != "ok"} == {"/gone"}, found
    assert {"1", "2", "3", "4", "5", "6", "7", "/guid", "/feed"} <= set(found), found


# --- places in HTML and CSS ---

def test_parts_of_pages_that_browsers_fetch():
    body = """<!doctype html><base href='/b/'><template shadowrootmode=open><img src='shadow'></template>
        <template><img src='inert'></template><iframe srcdoc="<img src='doc'><a href='#inner'>x</a>"></iframe>
        <iframe srcdoc="<base href='/c/'><img src='based'>"></iframe><p style="background:image-set('set' 1x)">
        <svg><linearGradient id=here /><path fill='url(#here)' stroke='url(#gone)' mask='url(m.svg#x)'/></svg>"""
    there = {"/b/shadow": page(), "/b/doc": page(), "/c/based": page(), "/b/set": page()}
    svg = (200, {"Content-Type": "image/svg+xml"}, "<svg xmlns='http://www.w3.org/2000/svg'><mask id='x'/></svg>")
    with Server({"/": (200, {}, body), "/b/m.svg": svg, **there, **NOTHING}) as server:
        run = check(server.url + "/")
        found = verdicts(run)
    assert found.pop(server.url + "/") == "ok"
    assert found == {"shadow": "ok", "doc": "ok", "based": "ok", "set": "ok", "#here": "ok", "#gone": "fragment-missing",
                     "m.svg#x": "ok"}, found
    assert {(row["element"], row["attribute"]) for row in run.links if row["raw"] in ("#gone", "set")} == {
        ("svg", "stroke"), ("css", "image-set")}


# --- scripts and JSON ---

def script(text):
    return (200, {"Content-Type": "text/javascript"}, text)


def test_modules_are_read_and_other_scripts_are_not():
    answers = {
        "/": (200, {}, "<script src=/classic.js></script><script type=module>import '/js/a.js'</script>"
                       "<script type=module src=/js/late.js></script><script src=/js/late.js></script>"),
        "/classic.js": script("import './never.js'"), "/js/a.js": script("import './b.js'; import 'bare'; import('./call.js')"),
        "/js/b.js": script("export * from '../gone.js'"), "/js/late.js": script("import './gone2.js'"), **NOTHING,
    }
    with Server(answers) as server:
        run = check("--concurrency", 1, "-r", server.url + "/")
        found = verdicts(run)
    assert "./never.js" not in found and found["/js/a.js"] == found["./b.js"] == "ok"
    assert found["../gone.js"] == found["./gone2.js"] == "broken", found
    assert found["./call.js"] == "broken-hint", "the call may never come"
    assert {row["url"] for row in run.links if row["raw"] == "./gone2.js"} == {server.url + "/js/gone2.js"}


def test_a_manifest_is_read():
    manifest = '{"start_url": "/", "icons": [{"src": "gone.png"}], "shortcuts": [{"url": "gone.html"}]}'
    for kind in ("application/manifest+json", "application/json"):
        with Server({"/": (200, {}, "<link rel=manifest href=/app/m.json>"), "/app/m.json": (200, {"Content-Type": kind}, manifest),
                     **NOTHING}) as server:
            run = check("-r", server.url + "/")
            assert run.verdict("/app/gone.png") == run.verdict("/app/gone.html") == "broken"
    with Scratch() as root:
        for name, text in {"a.html": "<link rel=manifest href=m.json>", "m.json": manifest, "n.webmanifest": manifest,
                           "o.json": manifest.replace("gone", "never"), "b.html": "<script type=module src=x.js></script>",
                           "x.js": "import './gone.js'", "y.js": "import './never.js'"}.items():
            with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                file.write(text)
        found = verdicts(check(root))
    assert {raw for raw, verdict in found.items() if verdict == "broken"} == {"gone.png", "gone.html", "./gone.js"}, found
    assert not any("never" in raw for raw in found)


def test_what_no_browser_follows_is_noted_and_can_be_left_out():
    body = """<script type=application/ld+json>{"@id": "/no", "url": "/gone1", "sameAs": ["http://[", "/here"],
        "offers": {"availability": "https://schema.org/InStock"}}</script><img data-src='/gone2'><a data-href='/gone3' href='/gone3'>x</a>
        <img data-src='{{gone}}'>"""
    with Server({"/": (200, {}, body), "/here": page(), **NOTHING}) as server:
        run = check("--retries", 0, server.url + "/")
        rows = {(row["element"], row["attribute"], row["raw"]): row["verdict"] for row in run.links}
        assert rows == {("json-ld", "url", "/gone1"): "broken-hint", ("json-ld", "sameAs", "http://["): "broken-hint",
                        ("json-ld", "sameAs", "/here"): "ok", ("img", "data-src", "/gone2"): "broken-hint",
                        ("a", "data-href", "/gone3"): "broken-hint", ("a", "href", "/gone3"): "broken",
                        ("start", "argument", server.url + "/"): "ok"}, rows
        run = check("--exclude-place", "json-ld@*", "--exclude-place", "*@data-*", server.url + "/")
        assert set(verdicts(run)) == {"/gone3", server.url + "/"}
        run = check("--exclude-place", "*", server.url + "/")
        assert set(verdicts(run)) == {server.url + "/"}
        run = check("--exclude-place", "img@scr", server.url + "/")
        assert run.status == 2 and "no kind of place" in run.stderr
    with Scratch() as root, Server({"/": (200, {}, "<img data-src='/gone'>"), **NOTHING}) as server:
        assert check("--history", root + "/h", server.url + "/").status == 0
        done = check("--history", root + "/h", "--fail-on", "broken-hint", server.url + "/", form="junit")
        assert done.status == 1 and "broken-hint" in done.stdout


# --- fields of an answer ---

def test_links_of_fields():
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 23\r\n"
                            b"Link: </gone.css>; rel=preload, <gr\xc3\xbcn>; rel=\"next\"\r\nLink: <https://x.test>; rel=preconnect\r\n"
                            b"link: <\xfc>; rel=pingback\r\nRefresh: 5; url=gone.html\r\n\r\n<base href='/elsewhere'>")
        return "done"
    with Server({"/a/": answer, **NOTHING}) as server:
        run = check("--retries", 0, server.url + "/a/")
        rows = {(row["attribute"], row["url"][len(server.url):]): row["verdict"] for row in run.links}
        assert rows == {("argument", "/a/"): "ok", ("link", "/gone.css"): "broken", ("link", "/a/gr%C3%BCn"): "broken-hint",
                        ("link", "/a/%FC"): "ok", ("refresh", "/a/gone.html"): "broken"}, rows
        text = check("--retries", 0, server.url + "/a/", form="text", verbose=False).stdout
        assert "/a/ <response link>" in text, text
