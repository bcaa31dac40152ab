"""The page that a browser shows of a collection: read as a browser reads it."""

import base64
import html.parser
import os
import subprocess

import davit
import pytest

EVIL = [b"<script>alert(1)<b>", b"\"quoted\" & 'so'", b"  leading", b" ", "gnp.\u202eexe.txt".encode(),
        "שלום.txt".encode(), b"n" * 255, "€".encode() * 85, b"line\nend", b"bad\xff", b"?a=b#c", b"%41", b"a:b"]


class Page(html.parser.HTMLParser):
    """The rows of the table: of each the link, the text in <bdi>, and the cells' texts and titles."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.tags, self.in_bdi = [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.in_bdi += tag == "bdi"
        if tag == "tr":
            self.rows.append({"cells": [], "name": "", "titles": [], "href": None})
        elif self.rows and tag == "td":
            self.rows[-1]["cells"].append("")
            self.rows[-1]["titles"].append(dict(attrs).get("title"))
        elif self.rows and tag == "a":
            self.rows[-1]["href"] = dict(attrs)["href"]
        elif self.rows and tag == "time":
            self.rows[-1]["titles"][-1] = dict(attrs)["title"]

    def handle_endtag(self, tag):
        self.in_bdi -= tag == "bdi"

    def handle_data(self, data):
        if self.rows and self.rows[-1]["cells"]:
            self.rows[-1]["cells"][-1] += data
            if self.in_bdi:
                self.rows[-1]["name"] += data


def page_of(server, path, **more):
    response = server.request("GET", path, **more)
    assert response.status == 200, response.status
    return Page(response.body.decode())


def rows_of(server, path, **more):
    return page_of(server, path, **more).rows[1:]


def test_names_are_what_they_are(tmp_path):
    root = os.fsencode(tmp_path)
    for name in EVIL:
        with open(os.path.join(root, name), "wb"):
            pass
    with davit.Davit(root=str(tmp_path)) as server:
        page = page_of(server, "/")
        assert "script" not in page.tags and page.in_bdi == 0
        assert len(page.rows) == 1 + len(EVIL)
        names = {row["name"] for row in page.rows[1:]}
        assert {"<script>alert(1)<b>", "\"quoted\" & 'so'", "  leading", " ", "שלום.txt"} <= names
        assert {"gnp.\\u202eexe.txt", "line\\x0aend", "bad\\xff"} <= names, "nothing turns or breaks a line"
        for row in page.rows[1:]:
            assert server.request("GET", row["href"]).status == 200, row["href"]


def test_sizes_and_dates_are_for_people(tmp_path):
    (tmp_path / "half").write_bytes(b"x" * 1536)
    (tmp_path / "dir").mkdir()
    os.utime(tmp_path / "half", (784111777, 784111777))
    with davit.Davit(root=str(tmp_path)) as server:
        folder, row = rows_of(server, "/")
        assert [cell.strip() for cell in row["cells"][1:]] == ["1.5 KiB", "1994-11-06 08:49"]
        assert row["titles"][1:] == ["1,536 bytes", "Sun, 06 Nov 1994 08:49:37 GMT"]
        assert folder["cells"][:2] == ["dir/", ""] and folder["name"] == "dir", "the slash is not the name's"


def test_there_is_a_way_up_where_it_leads_somewhere(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    with davit.Davit(root=str(tmp_path)) as server:
        assert rows_of(server, "/")[0]["href"] == "/a/"
        assert rows_of(server, "/a/")[0]["href"] == "/"
        assert rows_of(server, "/a/b/")[0]["href"] == "/a/"


class Configured(davit.Davit):
    """All that it serves is in its configuration."""

    def operands(self):
        return []


ALICE = "Basic " + base64.b64encode(b"alice:pencil").decode()
RULES = """[server]
users = {folder}/users
[mount "{at}"]
root = {folder}/all
[rule "{rule}"]
allow = all for alice
"""


@pytest.mark.parametrize("at,rule,path,up", [
    ("/", "/a/b", "/a/b/", "/a/"),          # the one above may not be read, but leads here
    ("/", "/*/b", "/a/b/", None),           # and here nobody says that it does
    ("/", "/a", "/a/b/", "/a/"),
    ("/m/n", "/m/n", "/m/n/", "/m/"),       # made up, and leads here
    ("/", "/", "/a/", "/"),
])
def test_there_is_none_to_what_may_not_be_seen(tmp_path, at, rule, path, up):
    (tmp_path / "all" / "a" / "b").mkdir(parents=True)
    davit.add_user(str(tmp_path / "users"), "alice", "pencil")
    (tmp_path / "conf").write_text(RULES.format(folder=tmp_path, at=at, rule=rule))
    with Configured(args=["-c", str(tmp_path / "conf")]) as server:
        fields = {"Authorization": ALICE}
        ups = [row["href"] for row in rows_of(server, path, fields=fields) if row["cells"][0] == ".."]
        assert ups == ([up] if up else [])
        for href in ups:
            assert server.request("GET", href, fields=fields).status == 200


def test_mounts_that_may_be_seen_are_listed_where_nothing_else_may(tmp_path):
    for name in ("one", "two", "all"):
        (tmp_path / name / "inner").mkdir(parents=True)
    davit.add_user(str(tmp_path / "users"), "alice", "pencil")
    text = f"[server]\nusers = {tmp_path}/users\n"
    for at, name in (("/team/one", "one"), ("/team/two", "two"), ("/", "all")):
        text += f'[mount "{at}"]\nroot = {tmp_path}/{name}\n'
    (tmp_path / "conf").write_text(text + '[rule "/team/one"]\nallow = all for alice\n')
    with Configured(args=["-c", str(tmp_path / "conf")]) as server:
        fields = {"Authorization": ALICE}
        assert [row["href"] for row in rows_of(server, "/", fields=fields)] == ["/team/"]
        assert [row["href"] for row in rows_of(server, "/team/", fields=fields)] == ["/", "/team/one/"]
        assert [row["href"] for row in rows_of(server, "/team/one/", fields=fields)] == ["/team/", "/team/one/inner/"]
        assert server.request("GET", "/inner/", fields=fields).status == 403
        assert server.request("GET", "/gone", fields=fields).status == 403, "what is there is not told"


def test_a_token_is_led_nowhere_but_to_what_it_is_for(tmp_path):
    for name in ("a/b", "x/pub-1"):
        (tmp_path / "all" / name).mkdir(parents=True)
    davit.add_user(str(tmp_path / "users"), "alice", "pencil")
    text = (RULES + '[rule "/x/pub-*"]\nallow = read for users\n').format(folder=tmp_path, at="/", rule="/a")
    (tmp_path / "conf").write_text(f"{text}[server]\ntokens = {tmp_path}/tokens\n")
    done = subprocess.run([davit.BINARY, "token", "add", "alice", "--path", "/a/b", "--tokens", str(tmp_path / "tokens")],
                          capture_output=True, text=True, check=True)
    token = {"Authorization": f"Bearer {done.stdout.strip()}"}
    with Configured(args=["-c", str(tmp_path / "conf")]) as server:
        assert [row["href"] for row in rows_of(server, "/", fields={"Authorization": ALICE})] == ["/a/", "/x/"]
        assert [row["href"] for row in rows_of(server, "/", fields=token)] == ["/a/"]
        assert [row["href"] for row in rows_of(server, "/a/", fields=token)] == ["/", "/a/b/"]
        assert server.request("GET", "/x/", fields=token).status == 403
