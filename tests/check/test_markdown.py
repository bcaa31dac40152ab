"""Markdown as a user has it: files, names that fragments lead to, and documents that mean harm."""

import os

from checker import Scratch, Server, check, page


def files(root, **texts):
    for name, text in texts.items():
        with open("%s/%s" % (root, name.replace("_", ".")), "w", encoding="utf-8") as file:
            file.write(text)


def verdicts(run):
    return {row["raw"]: row["verdict"] for row in run.links if row["element"] != "start"}


def test_fragments_find_headings_as_github_names_them():
    with Scratch() as root:
        files(root, a_md="# \u00dcber `x` & y!\n# Twice\n# Twice\nLine\n---\n<a name=Own></a>\n<h2>In HTML</h2>\n\n# A {#b}\n",
              b_md="[1](a.md#%C3%9Cber-x--y) [2](a.md#twice-1) [3](a.md#LINE) [4](a.md#own) [5](a.md#in-html)\n"
                   "[6](a.md#b) [7](a.md#user-content-twice) [8](a.md#L3-L5) [no](a.md#twice-2)\n")
        found = verdicts(check(root + "/b.md"))
    assert found.pop("a.md#twice-2") == "fragment-missing"
    assert set(found.values()) == {"ok"} and len(found) == 8


def test_wikilinks_are_links_on_request():
    with Scratch() as root:
        files(root, a_md="[[Some Page]] [[none]]\n")
        with open(root + "/Some-Page.md", "w", encoding="utf-8"):
            pass
        assert verdicts(check(root + "/a.md")) == {}
        found = verdicts(check("--wikilinks", "github", root + "/a.md"))
    assert found == {"Some-Page.md": "ok", "none.md": "broken"}


def test_markup_that_is_not_read_has_its_addresses():
    with Scratch() as root:
        files(root, a_rst="`x <file:///none>`_ `y <http://127.0.0.1:1/>`_\n")
        run = check("--exclude", "http:", root + "/a.rst")
    assert verdicts(run) == {"http://127.0.0.1:1/": "skipped"}
    assert run.links[0]["note"] == "of its links only the addresses in its text were read"
    assert "of 1 files (reStructuredText, AsciiDoc, Org) only the addresses" in run.stderr


def test_fragments_of_pages():
    target = ("<p id=user-content-x>1<p id='a%20b'>2<p id='c d'>3<p id=L1>4<p id=L7>5"
              "<p id='user-content-Big'>")
    links = ["x", "a%20b", "c%20d", "L1-L7", "L7C2-L9C1", "/route", "!/route", "user-content-x",
             "Big", "L8", "x%20", "big"]
    with Server({"/": page(*("/t#" + link for link in links)), "/t": (200, {}, target),
                 "/plain": page("/js#L10-L20", "/js#L5", "/js#Lx"), "/js": (200, {}, "<p>")}) as server:
        found = verdicts(check(server.url + "/"))
        plain = verdicts(check(server.url + "/plain"))
    missing = {raw[3:] for raw, verdict in found.items() if verdict != "ok"}
    assert missing == {"L8", "x%20", "big"} and len(found) == len(links)
    assert plain == {"/js#L10-L20": "ok", "/js#L5": "ok", "/js#Lx": "fragment-missing"}


def test_no_document_takes_long_or_much():
    """Each of these took a parser, ours or the library's, time or memory by the square."""
    pieces = ["](", "|-", "a@", "mailto:a@b.c ", "<?", "a <![CDATA[", "* ", "> ", "[a](", "<b>", "[a]: b\n[a] "]
    table = "|a" * 400 + "\n" + "|-" * 400 + "\n" + "|\n" * 90000
    deep = "".join("  " * i + "* a\n" for i in range(300)) + "\n" * 100000
    texts = [piece * (200000 // len(piece)) for piece in pieces] + ["a\n" + pieces[1] * 100000, table, deep]
    for text in texts:
        with Scratch() as root:
            files(root, a_md=text)
            run = check("--exclude", "^(http|mailto)", root + "/a.md", verbose=False, timeout=60)
            assert run.status in (0, 1), text[:20]


def test_long_documents_are_read_whole():
    part = "# Part %d\n\n" + "word " * 2000 + "\n\n[x](#part-%d) [y](none-%d)\n\n"
    with Scratch() as root:
        files(root, a_md="".join(part % (n, n, n) for n in range(500)))
        assert os.path.getsize(root + "/a.md") > 4 << 20
        run = check(root + "/a.md")
    ok = [row for row in run.links if row["raw"].startswith("#part")]
    assert len(ok) == 500 and {row["verdict"] for row in ok} == {"ok"}
    last = next(row for row in run.links if row["raw"] == "none-499")
    assert (last["line"], last["column"]) == (6 * 499 + 5, 20)
