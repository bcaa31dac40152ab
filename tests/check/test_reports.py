"""What reports look like to people: blocks of text, Markdown, lists of links, and counts."""

import html.parser
import os
import shutil
import subprocess

import pytest

from checker import Scratch, Server, check, page


def site():
    return Server({
        "/": page("/gone", "/gone#a", "/gone#b", "/there#x", "/there#y", "/there", "/two#one", "/two"),
        "/two": page("/gone#a", "/there#x", "/gone"),
        "/there": (200, {}, "<p id=z>z"),
        "/robots.txt": (404, {}, b"")})


def blocks(text):
    """The lines of each block; its head is not indented."""
    found = []
    for line in text.splitlines():
        if line.startswith(" "):
            found[-1].append(line)
        else:
            found.append([line])
    return found


def test_a_missing_page_is_one_block():
    with site() as server:
        run = check(server.url + "/", form="text", verbose=False)
    found = {block[0].split("  [")[0].replace(server.url, ""): block[1:] for block in blocks(run.stdout)}
    gone = next(lines for head, lines in found.items() if head.startswith("broken") and head.endswith("/gone"))
    there = next(lines for head, lines in found.items() if head.startswith("fragment-missing"))
    names = [line.split()[0] for line in gone if line.strip().startswith("#")]
    assert names == ["#a", "#b"]
    assert sum("<a href>" in line for line in gone) == 5
    # Those of the page itself come first, and those of a fragment stand below it.
    assert [line.strip().startswith("#") for line in gone] == [False, False, True, False, False, True, False]
    assert [line.strip().split()[0] for line in there if "#" in line] == ["#x", "#y"]
    assert sum("<a href>" in line for line in there) == 3
    assert "#one" in run.stdout and len([head for head in found if "/gone" in head]) == 1


def markdown(server, *args):
    return check(*args, server.url + "/", form="markdown", verbose=False).stdout


def test_markdown_has_what_is_bad_and_counts():
    with site() as server:
        text = markdown(server)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert any("broken" in row and "/gone" in row and "404" in row for row in rows)
    assert any("fragment-missing" in row and "x" in row for row in rows)
    assert any(row.replace(" ", "").startswith("|404|1|") for row in rows), rows
    assert text.count("](<%s/gone>)" % server.url) == 1


NASTY = ["/a|b", "/`x`", "/<img src=x>", "/*bold*_under_", "/[x](javascript:alert(1))", "javascript:alert(1)",
         "/x\\|y", "http://[bad|<b>", "/%0a# head", "/~~s~~", "/|| a | b |", "/&lt;b&gt;", "/!!@someone"]


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []
        self.cells = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.cells.append(0) if tag == "tr" else None
        if tag in ("td", "th"):
            self.cells[-1] += 1
        for name, value in attrs:
            assert name in ("href", "align", "style") and not value.startswith("javascript:"), (tag, name, value)


@pytest.mark.skipif(not shutil.which("cmark-gfm"), reason="needs cmark-gfm")
def test_markdown_is_what_it_says_whatever_pages_hold():
    links = "".join('<a href="%s">%s</a>' % (x.replace("&", "&amp;").replace('"', "&quot;"), x.replace("<", "&lt;"))
                    for x in NASTY)
    with Server({"/": (200, {}, links + "<a href='#a|b<i>'>x</a>")}) as server:
        text = markdown(server)
    done = subprocess.run(["cmark-gfm", "--unsafe", "-e", "table", "-e", "strikethrough", "-e", "autolink"], input=text.encode(),
                          capture_output=True, check=True)
    tags = Tags()
    tags.feed(done.stdout.decode())
    assert set(tags.seen) <= {"h1", "h2", "h3", "p", "a", "table", "thead", "tbody", "tr", "th", "td", "strong", "br", "code"}
    assert set(tags.cells) == {2, 3, 4} and tags.seen.count("a") >= 8


def bad_members(*hrefs):
    rows = "".join("<response><href>%s</href><status>HTTP/1.1 403 No</status></response>" % href for href in hrefs)
    return (207, {"Content-Type": "text/xml"}, "<multistatus xmlns='DAV:'>%s</multistatus>" % rows)


@pytest.mark.parametrize("form", ["markdown", "github", "text"])
def test_a_member_is_no_more_than_a_word(form):
    """An href that is no URL stands in a report as it came."""
    with Server({"/": bad_members("http://[bad&#10;&#10;# HEAD&#10;[x](http://evil.test/)&#x85;&#x9b;31m")}) as server:
        text = check(server.url + "/", form=form).stdout
    assert "HEAD" in text.replace("\\", "") and "\x9b" not in text and "\x85" not in text
    lines = [line for line in text.splitlines() if "HEAD" in line]
    assert len(lines) == 1 and "[bad" in lines[0], "one line has all of it"
    assert form != "markdown" or lines[0].startswith("| 403 | ")


def test_annotations_have_no_escapes_of_terminals():
    with Server({"/": (200, {}, "<a href='http://[x\x1b[31m'>t</a><a href='/x#a\x1b]0;x\x07'>y</a>"), "/x": (200, {}, "x")}) as server:
        text = check(server.url + "/", form="github").stdout
    assert "bad-url" in text and "\x1b" not in text and "\x07" not in text, text


def test_markdown_is_bounded_with_members_too():
    answers = {"/": page("/m", *["/%s/%d" % ("x" * 500, n) for n in range(4000)]),
               "/m": bad_members(*["/%s/%d" % ("y" * 1500, n) for n in range(150)])}
    with Server(answers) as server:
        text = markdown(server)
    assert len(text.encode()) < 1 << 20 and "and 150 more members" in text


def test_markdown_is_bounded():
    with Server({"/": page(*["/%s/%d" % ("x" * 500, n) for n in range(4000)])}) as server:
        text = markdown(server)
    assert len(text.encode()) < 1 << 20
    assert "more" in text.splitlines()[-1] or any("more" in line for line in text.splitlines()[-15:])


def test_markdown_says_that_all_is_well_or_was_not_looked_at():
    with Server({"/": page("/a"), "/a": page()}) as server:
        assert "No link is bad" in markdown(server)
        text = markdown(server, "--max-pages", "1")
        assert "No link is bad" not in text and "max-pages" in text.replace("\\", "")


def test_dump_asks_for_nothing():
    with Scratch() as root, Server({"/": page("/a#x", "/b?c=d", "mailto:a@b"), "/a": page("/c")}) as server:
        os.makedirs(root + "/docs")
        with open(root + "/docs/one.md", "w", encoding="utf-8") as file:
            file.write("# One\n\n[x](two.md#y) <http://site.invalid/z> [bad](http://[x)\n")
        run = check("--dump", root + "/docs", form="links", verbose=False)
        lines = [line.split("\t") for line in run.stdout.splitlines()]
        assert [line[0].rsplit("/", 1)[1] for line in lines] == ["two.md#y", "z", "[x"], run.stdout
        assert lines[0][1].endswith("/docs/one.md:3:5") and run.status == 0
        run = check("--dump", server.url + "/", form="links", verbose=False)
        assert {path for _, path in server.requests} <= {"/", "/robots.txt"}
        assert [line.split("\t")[0].replace(server.url, "") for line in run.stdout.splitlines()] == [
            "/a#x", "/b?c=d", "mailto:a@b"]
        run = check("--dump", "-r", "--sitemap", "off", server.url + "/", form="links", verbose=False)
        assert server.url + "/c\t" in run.stdout and server.count("/a") == 1
        # The form is the default one of --dump, and others may be had.
        command = [os.environ["DAVIT"], "check", "--dump", root + "/docs"]
        assert subprocess.run(command, capture_output=True, check=True).stdout.decode().startswith("file:///")
        rows = check("--dump", root + "/docs").links
        assert {row["verdict"] for row in rows if "page" in row} == {"skipped", "bad-url"}
        run = check("--dump", server.url + "/missing", form="links")
        assert run.status == 3 and "was not read" in run.stderr


def test_counts_by_status_and_kind():
    with site() as server:
        server.answers["/"] = (200, {}, server.answers["/"][2] + "<img src=/gone><img src=http://127.0.0.1:1/x>")
        run = check("--retries", 0, server.url + "/")
        assert run.summary["addresses_by_status"] == {"200": 3, "404": 1, "none": 1}
        kinds = run.summary["links_by_kind"]
        assert kinds["a href"]["links"] == 11 and kinds["img src"] == {"links": 2, "bad": 2}
        text = check("--retries", 0, "--stats", server.url + "/", form="text", verbose=False).stdout
        assert [line.split() for line in text.splitlines() if line.split()[:1] in (["404"], ["200"], ["none"])] == [
            ["200", "3"], ["404", "1"], ["none", "1"]]
        assert ["img", "src", "2", "2"] in [line.split() for line in text.splitlines()]
