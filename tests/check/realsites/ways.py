"""A folder of documentation, which `davit check` reads both ways: where it lies, and from a web server.

The server's start page names every document that was read in the folder, so that both ways read the
same. What they say of a link may differ only as a row of EXPLAINED says.
"""

import collections
import html
import json
import os
import posixpath
import re
import subprocess
import urllib.parse

from davit import BINARY
from nginx_conf import configuration

COMMAND = [BINARY, "check", "--no-config", "-q", "--external", "off", "-o", "jsonl"]
TYPES = """text/html html htm; application/xhtml+xml xhtml; text/css css; text/javascript js; text/plain txt;
  text/markdown md; text/xml xml; image/svg+xml svg; image/png png; image/gif gif;"""
STARTS = ("start", "robots", "sitemap")

Link = collections.namedtuple("Link", "page line column element attribute raw")
Said = collections.namedtuple("Said", "verdict path fragment")


class Difference(collections.namedtuple("Difference", "link folder http")):
    """What only one of the two ways says of a link."""

    def __str__(self):
        said = ["%s: %s" % (way, ", ".join(" ".join(filter(None, one)) for one in of_way) or "nothing")
                for way, of_way in (("folder", self.folder), ("http", self.http))]
        return "%s:%d:%d <%s %s> %s: %s" % (*self.link, "; ".join(said))

    def verdicts(self):
        return [said.verdict for said in self.folder], [said.verdict for said in self.http]

    def climbs_out(self):
        """Whether the link leads above the root, as it is written."""
        path = posixpath.dirname(self.link.page.lstrip("/")) + "/" + self.link.raw
        return posixpath.normpath("./" + path).startswith("..")


EXPLAINED = [
    ("a server has a page once for each query, and a folder beside its index.html; a disk has it once",
     lambda it: re.search(r"/$|\?", it.link.page) and not it.folder),
    ("nothing is above a server's root (URL Standard 4.4); on a disk there is",
     Difference.climbs_out),
    ("a page from a server opens no local files",
     lambda it: it.link.raw.startswith("file:") and it.verdicts()[1] == ["skipped"]),
    ("a server redirects to a folder's name with a slash",
     lambda it: it.verdicts() == (["ok"], ["redirected"])),
]


class Way:
    """What a run said: of each link that stands on a page, and which documents it began with."""

    def __init__(self, base, start, *options):
        run = subprocess.run([*COMMAND, "-v", *options, base + start], stdout=subprocess.PIPE, check=False)
        assert run.returncode in (0, 1), (base, run.returncode)
        self.base = base
        self.start = start
        self.links = collections.Counter()
        self.documents = []
        for row in map(json.loads, run.stdout.splitlines()):
            if row["type"] == "link" and row["element"] in STARTS:
                self.documents.append(self.path(row["url"]))
            elif row["type"] == "link":
                self.note(row)

    def note(self, row):
        link = Link(self.path(row["page"]), row["line"], row["column"], row["element"], row["attribute"], row["raw"])
        said = Said(row["verdict"], self.path(row["url"]).split("?")[0], row.get("fragment", ""))
        if link.page != self.start:
            self.links[link, said] += 1

    def path(self, url):
        return urllib.parse.unquote(url.removeprefix(self.base), errors="surrogateescape")


def by_folder(folder):
    return Way("file://" + urllib.parse.quote(os.path.realpath(folder)), "/")


def by_http(url, start="/"):
    """`start`: where the start page is; its links are left out."""
    return Way(url, start, "-r")


def differences(folder, http):
    """Each Difference, and why it is no fault, or None."""
    only = collections.defaultdict(lambda: Difference(None, [], []))
    for which, one, other in (("folder", folder, http), ("http", http, folder)):
        for link, said in (one.links - other.links).elements():
            getattr(only[link], which).append(said)
    for link, found in sorted(only.items()):
        found = found._replace(link=link)
        yield found, next((why for why, holds in EXPLAINED if holds(found)), None)


# --- the server ---

def start_page(documents):
    links = ["<a href='%s'>x</a>" % html.escape(urllib.parse.quote(file), quote=True) for file in documents]
    return "<!doctype html><title>every document</title>\n%s\n" % "\n".join(links)


def configure_nginx(root, port, folder, documents):
    """`root` is for what it writes, and for the start page."""
    with open(root + "/start", "w", encoding="utf-8") as file:
        file.write(start_page(documents))
    start = "location = / { types { } default_type text/html; root %s; try_files /start =404; }" % root
    server = "root %s; add_header LinkChecker yes; %s" % (os.path.realpath(folder), start)
    with open(root + "/nginx.conf", "w", encoding="utf-8") as file:
        file.write(configuration(root, port, TYPES, server))
