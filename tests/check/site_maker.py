#!/usr/bin/python3
"""Makes a web site of which everything is known: each link, where it stands, and what is wrong with it.

`site.py DIR --pages 500 --port 8000 --seed 1` writes the pages below DIR/www, nginx's configuration, and
DIR/truth.jsonl with a line for each link: page, line, column, element, attribute, url, fragment, verdict.
Nothing in it is left to chance but by the seed.

A link to trouble (`TROUBLE`) is a path that nginx answers in its own way; traps are what looks like a
link and is none.
"""

import argparse
import gzip
import json
import os
import random
import urllib.parse

from nginx_conf import configuration

DAV = '<?xml version="1.0"?><D:multistatus xmlns:D="DAV:">%s</D:multistatus>'


def response(href, status):
    return "<D:response><D:href>%s</D:href><D:status>HTTP/1.1 %s</D:status></D:response>" % (href, status)


def propstat(href, *groups):
    stats = "".join(
        "<D:propstat><D:prop><D:%s/></D:prop><D:status>HTTP/1.1 %s</D:status></D:propstat>" % group
        for group in groups)
    return "<D:response><D:href>%s</D:href>%s</D:response>" % (href, stats)


# Bodies of 207s, by name: the verdict, the body, its media type, and the members that failed.
INSIDE = {
    "fine": ("ok", DAV % response("/m/1", "200 OK"), "application/xml", []),
    "empty": ("ok", DAV % "", "text/xml", []),
    "absent": ("ok", DAV % propstat("/m/1", ("getetag", "200 OK"), ("quota", "404 Not Found")),
               "application/xml", []),
    "prefix": ("ok", '<multistatus xmlns="DAV:"><response><href>/m/1</href><status>HTTP/1.1 204 No '
               'Content</status></response></multistatus>', "application/xml", []),
    "missing": ("failed-inside", DAV % (response("/m/1", "200 OK") + response("/m/2", "404 Not Found")),
                "application/xml", [("/m/2", 404)]),
    "locked": ("failed-inside",
               DAV % (response("/m/1", "423 Locked") + response("/m/", "424 Failed Dependency")),
               "application/xml", [("/m/1", 423), ("/m/", 424)]),
    "full": ("failed-inside", DAV % response("/m/1", "507 Insufficient Storage"), "application/xml",
             [("/m/1", 507)]),
    "forbidden": ("failed-inside",
                  DAV % propstat("/m/1", ("getetag", "200 OK"), ("displayname", "403 Forbidden")),
                  "application/xml", [("/m/1", 403)]),
    "cut": ("malformed-inside", (DAV % (response("/m/1", "200 OK") * 3))[:180], "application/xml", []),
    "html": ("malformed-inside", "<html><body>fine</body></html>", "text/html", []),
    "plain": ("malformed-inside", DAV % response("/m/1", "200 OK"), "text/plain", []),
    "other": ("malformed-inside", '<multistatus xmlns="urn:other"/>', "application/xml", []),
    "nohref": ("malformed-inside", DAV % "<D:response><D:status>HTTP/1.1 200 OK</D:status></D:response>",
               "application/xml", []),
}

# Paths that nginx answers in its own way: the verdict, and what stands in its location.
TROUBLE = {
    "gone": ("broken", "return 410;"),
    "error": ("broken", "return 500;"),
    "teapot": ("broken", "return 418;"),
    "busy": ("throttled", "add_header Retry-After 0 always; return 429;"),
    "down": ("throttled", "add_header Retry-After 1 always; return 503;"),
    "denied": ("blocked", "return 403;"),
    "signin": ("blocked", 'add_header WWW-Authenticate "Basic realm=x" always; return 401;'),
    "headyes": ("broken", "if ($request_method = HEAD) { return 200; } return 404;"),
    "headno": ("ok", 'if ($request_method = HEAD) { return 404; } return 200 "x";'),
    "post": ("broken", "if ($request_method = GET) { return 405; } return 200;"),
    "r301": ("permanent", "return 301 /p/0.html;"),
    "r302": ("temporary", "return 302 /p/0.html;"),
    "r303": ("temporary", "return 303 /p/0.html;"),
    "r307": ("temporary", "return 307 /p/0.html;"),
    "r308": ("permanent", "return 308 /p/0.html;"),
    "rother": ("to-other-host", "return 302 http://localhost:$server_port/other/page.html;"),
    "rgone": ("broken", "return 302 /gone/x;"),
    "rnowhere": ("broken", "return 302;"),
    "slow": ("ok", "limit_rate 400;"),
}

PROSE = ("the quick brown fox jumps over a lazy dog while seven wizards watch from their tower and count "
         "clouds that drift slowly past in long grey rows above quiet hills").split()


class Page:
    """Text that knows where it is."""

    def __init__(self, site, path, encoding="utf-8"):
        self.site = site
        self.path = path
        self.encoding = encoding
        self.base = None
        self.lines = [""]

    def add(self, text):
        parts = text.split("\n")
        self.lines[-1] += parts[0]
        self.lines.extend(parts[1:])

    def link(self, before, raw, after, target, element="a", attribute="href"):
        """`before` ends where the value begins. `target` is (URL, fragment, verdict)."""
        self.add(before)
        url, fragment, verdict = target
        self.site.truth.append({
            "page": self.site.url(self.path), "line": len(self.lines), "column": len(self.lines[-1]) + 1,
            "element": element, "attribute": attribute, "url": url, "fragment": fragment,
            "verdict": verdict})
        self.add(raw + after)

    def save(self):
        self.site.save(self.path, "\n".join(self.lines).encode(self.encoding))


class Site:
    def __init__(self, root, pages, port, seed, host="127.0.0.1", dynamic=True):
        self.root = root
        self.count = pages
        self.port = port
        self.host = host
        self.dynamic = dynamic  # whether the server can answer TROUBLE and INSIDE
        self.random = random.Random(seed)
        self.truth = []
        self.members = []
        self.traps = []

    def url(self, path):
        return "http://%s:%d%s" % (self.host, self.port, urllib.parse.quote(path, safe="/?=&%#"))

    def save(self, path, data):
        path = os.path.join(self.root, "www", path.lstrip("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)

    def page_path(self, number):
        return "/p/%d.html" % number

    # --- targets: (raw, (URL, fragment, verdict)) ---

    def good(self):
        path = self.page_path(self.random.randrange(self.count))
        return path, (self.url(path), "", "ok")

    def good_fragment(self):
        path = self.page_path(self.random.randrange(self.count))
        name = self.random.choice(["top-of-page", "named", "b\u00fccher", "s1", "s2", "top"])
        return path + "#" + urllib.parse.quote(name), (self.url(path), name, "ok")

    def bad_fragment(self):
        path = self.page_path(self.random.randrange(self.count))
        name = "nothing%d" % self.random.randrange(50)
        return path + "#" + name, (self.url(path), name, "fragment-missing")

    def missing(self):
        path = "/missing/%d.html" % self.random.randrange(max(4, self.count // 15))
        return path, (self.url(path), "", "broken")

    def asset(self):
        path = "/assets/%d.png" % self.random.randrange(20)
        return path, (self.url(path), "", "ok")

    def bad_url(self):
        raw = "http://[bad-%d/" % self.random.randrange(10)
        return raw, (raw, "", "bad-url")

    def mail(self):
        return "mailto:a@example.org", ("mailto:a@example.org", "", "skipped")

    def folder(self):
        return "/folder", (self.url("/folder"), "", "slash-only")

    def private(self):
        path = "/private/%d.html" % self.random.randrange(5)
        return path, (self.url(path), "", "robots")

    def soft(self):
        path = "/soft/%d.html" % self.random.randrange(max(2, self.count // 40))
        return path, (self.url(path), "", "soft-404")

    def trouble(self):
        name = self.random.choice(sorted(TROUBLE))
        path = "/%s/%d" % (name, self.random.randrange(max(1, self.count // 100)))
        return path, (self.url(path), "", TROUBLE[name][0])

    def loop(self):
        path = self.random.choice(["/loop/a", "/loop/b", "/loop/self", "/into-loop"])
        return path, (self.url(path), "", "loop")

    def chain(self):
        path, verdict = self.random.choice([("/chain/0", "too-many-redirects"), ("/chain/12", "temporary")])
        return path, (self.url(path), "", verdict)

    def inside(self):
        name = self.random.choice(sorted(INSIDE))
        path = "/inside/%s/%d" % (name, self.random.randrange(max(1, self.count // 100)))
        return path, (self.url(path), "", INSIDE[name][0])

    def external_lie(self):
        """HEAD is asked there first, and lies."""
        path = "http://localhost:%d/headno/%d.pdf" % (self.port, self.random.randrange(5))
        return path, (path, "", "ok")

    def any_target(self):
        kinds = [(self.good, 60), (self.good_fragment, 10), (self.bad_fragment, 3), (self.missing, 6),
                 (self.asset, 4), (self.bad_url, 1), (self.mail, 2), (self.folder, 2)]
        if self.dynamic:
            kinds += [(self.trouble, 8), (self.loop, 1), (self.chain, 1), (self.inside, 4),
                      (self.private, 1), (self.soft, 2), (self.external_lie, 1)]
        functions, weights = zip(*kinds)
        return self.random.choices(functions, weights)[0]()

    # --- pages ---

    def prose(self, page):
        words = [self.random.choice(PROSE) for _ in range(self.random.randrange(5, 30))]
        page.add("<p>%s.</p>\n" % " ".join(words))

    def trap(self, page):
        self.traps.append("/trap/%d" % len(self.traps))
        link = '<a href="%s">trap</a>' % self.traps[-1]
        page.add(self.random.choice([
            "<!-- %s -->", "<textarea>%s</textarea>", "<script>var x='%s';</script>",
            "<style>/* %s */</style>", "<title>%s</title>", "<template>%s</template>",
            "<script><!-- <script>%s</script> --></script>", "<xmp>%s</xmp>",
            "<p title='%s'>", "<noframes>%s</noframes>",
        ]) % link.replace("'", "") + "\n")

    def one_link(self, page):
        raw, target = self.any_target()
        text = self.random.choice(PROSE)
        escaped = raw.replace("&", "&amp;")
        style = self.random.randrange(6)
        if style == 0:
            page.link("<a class=k href='", escaped, "'>%s</a>\n" % text, target)
        elif style == 1:
            page.link("<A\n  HREF = ", escaped, " >%s</A>\n" % text, target)
        elif style == 2 and target[2] in ("ok", "broken") and not target[1]:
            page.link('<img alt="x" src="', escaped, '">\n', target, "img", "src")
        elif style == 3 and target[2] in ("ok", "broken") and not target[1]:
            page.link('<link rel=alternate href="', escaped, '">\n', target, "link", "href")
        else:
            page.link('<a href="', escaped, '"><b>%s</b></a>\n' % text, target)

    def srcset(self, page):
        first, second = self.asset(), self.missing()
        start = '<img srcset="'
        page.add(start)
        at = (len(page.lines), len(page.lines[-1]) + 1)
        for raw, (url, fragment, verdict) in (first, second):
            self.truth.append({"page": self.url(page.path), "line": at[0], "column": at[1],
                               "element": "img", "attribute": "srcset", "url": url,
                               "fragment": fragment, "verdict": verdict})
        page.add("%s 1x, %s 2x\">\n" % (first[0], second[0]))

    def style(self, page):
        raw, target = self.random.choice([self.asset, self.missing])()
        page.link("<style>\n .k { background: url(", raw, ") }\n</style>\n", target, "css", "url")

    def make_page(self, number):
        page = Page(self, self.page_path(number))
        page.add("<!doctype html>\n<html><head><meta charset=utf-8><title>page %d</title>\n" % number)
        page.link('<link rel=stylesheet href="', "/style.css", '">\n',
                  (self.url("/style.css"), "", "ok"), "link", "href")
        page.add("</head>\n<body id=top-of-page>\n<a name=named></a><h1 id=b\u00fccher>\u00e4\u20ac</h1>\n"
                 "<h2 id=s1>one</h2><h2 id='s2'>two</h2>\n")
        neighbours = (number * 2 + 1, number * 2 + 2, (number + 1) % self.count)
        for other in sorted({n for n in neighbours if n < self.count}):
            path = self.page_path(other)
            page.link('<a href="', "%d.html" % other, '">next</a>\n', (self.url(path), "", "ok"))
        for _ in range(self.random.randrange(8, 26)):
            self.prose(page)
            self.one_link(page)
        for maker, chance in ((self.trap, 4), (self.srcset, 8), (self.style, 10)):
            if self.random.randrange(chance) == 0:
                maker(page)
        page.add("</body></html>\n")
        page.save()

    def make_start(self):
        page = Page(self, "/index.html")
        page.path = "/"
        page.add("<h1>start</h1>\n")
        for path in ("/p/0.html", "/base.html", "/cyrillic.html", "/japanese.html", "/folder/"):
            page.link("<a href=", path, ">x</a>\n", (self.url(path), "", "ok"))
        page.link("<a href=", "/orphans.html", ">x</a>\n", (self.url("/orphans.html"), "", "ok"))
        if self.dynamic:
            page.link("<form method=post action='", "/post/0", "'></form>\n",
                      (self.url("/post/0"), "", "ok"), "form", "action")
            page.link("<a href=", "/soft/real.html", ">x</a>\n", (self.url("/soft/real.html"), "", "ok"))
        page.path = "/index.html"
        page.save()

    def make_specials(self):
        page = Page(self, "/base.html")
        page.link("<a href=", "sub/a.html", ">before the base</a>\n<base href='/deep/'>\n",
                  (self.url("/deep/sub/a.html"), "", "ok"))
        page.link("<a href=", "nope.html", ">x</a>\n", (self.url("/deep/nope.html"), "", "broken"))
        page.save()
        self.save("/deep/sub/a.html", b"<p>deep")

        name = "\u043f\u0440\u0438\u0432\u0435\u0442.html"
        page = Page(self, "/cyrillic.html", "windows-1251")
        page.add("<meta charset=windows-1251>\n")
        page.link('<a href="', name, '">x</a>\n', (self.url("/" + name), "", "ok"))
        page.link('<a href="', name + "?\u0434", '">x</a>\n', (self.url("/" + name) + "?%E4", "", "ok"))
        page.save()
        self.save("/" + name, "<p>\u0434\u0430".encode())

        page = Page(self, "/japanese.html", "shift_jis")
        page.add("<meta http-equiv=Content-Type content='text/html; charset=sjis'>\n")
        page.link('<a href="', "\u65e5\u672c.html", '">x</a>\n', (self.url("/\u65e5\u672c.html"), "", "ok"))
        page.save()
        self.save("/\u65e5\u672c.html", b"<p>ja")

        self.save("/folder/index.html", b"<p>folder")
        self.save("/orphans.html", b"<p>nothing here")
        for number in range(20):
            self.save("/assets/%d.png" % number, b"\x89PNG" + bytes(200))
        page = Page(self, "/style.css")
        page.link("body { background: url(", "/assets/0.png", ") }\n", (self.url("/assets/0.png"), "", "ok"),
                  "css", "url")
        page.link(".x { background: url('", "/missing/css.png", "') }\n",
                  (self.url("/missing/css.png"), "", "broken"), "css", "url")
        page.save()
        self.save("/soft/real.html", ("<h1>A real page</h1><p>" + " ".join(PROSE * 3)).encode())
        self.save("/soft-page.html", ("<h1>Nothing here</h1><p>We looked everywhere, " +
                                      " ".join(reversed(PROSE)) + " but no such page was found.").encode())
        for number in range(max(1, self.count // 100)):
            self.save("/slow/%d" % number, b"so slow " * 100)  # some two seconds
        self.save("/other/page.html", b"<p>elsewhere")
        self.save("/private/index.html", b"<p>secret")

    def make_sitemap(self):
        page = Page(self, "/sitemap-1.xml")
        page.add('<?xml version="1.0"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n')
        for number in range(3):
            path = "/orphan/%d.html" % number
            self.save(path, b"<p>orphan <a href=/orphan/%d.html>x</a>" % number)
            self.truth.append({"page": self.url(path), "line": 1, "column": 19, "element": "a",
                               "attribute": "href", "url": self.url(path), "fragment": "", "verdict": "ok"})
            page.link("<url>", "<loc>", self.url(path) + "</loc></url>\n", (self.url(path), "", "ok"),
                      "sitemap", "loc")
        page.link("<url>", "<loc>", self.url("/orphan/nope.html") + "</loc></url>\n",
                  (self.url("/orphan/nope.html"), "", "broken"), "sitemap", "loc")
        page.add("</urlset>\n")
        page.path = "/sitemap-1.xml.gz"
        for row in self.truth:
            if row["page"] == self.url("/sitemap-1.xml"):
                row["page"] = self.url("/sitemap-1.xml.gz")
        self.save(page.path, gzip.compress("\n".join(page.lines).encode(), mtime=0))
        index = Page(self, "/sitemap.xml")
        index.add('<?xml version="1.0"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
                  "\n")
        index.link("<sitemap>", "<loc>", self.url("/sitemap-1.xml.gz") + "</loc></sitemap>\n",
                   (self.url("/sitemap-1.xml.gz"), "", "ok"), "sitemap", "sitemap")
        index.add("</sitemapindex>\n")
        index.save()
        self.save("/robots.txt", b"User-agent: *\nDisallow: /private/\n")

    def make(self):
        self.make_specials()
        for number in range(self.count):
            self.make_page(number)
        self.make_start()
        self.make_sitemap()
        for name, (_, _, _, failed) in INSIDE.items():
            for href, status in failed:
                self.members.append((name, href, status))
        with open(os.path.join(self.root, "truth.jsonl"), "w", encoding="utf-8") as file:
            for row in self.truth:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        with open(os.path.join(self.root, "nginx.conf"), "w", encoding="utf-8") as file:
            file.write(self.nginx())

    def nginx(self):
        locations = ["location /%s/ { default_type text/plain; %s }" % (name, rule)
                     for name, (_, rule) in sorted(TROUBLE.items())]
        for name, (_, body, media_type, _) in sorted(INSIDE.items()):
            locations.append("location /inside/%s/ { default_type %s; return 207 '%s'; }"
                             % (name, media_type, body.replace("'", "\\'")))
        locations += ["location = /loop/a { return 302 /loop/b; }", "location = /loop/b { return 302 /loop/a; }",
                      "location = /loop/self { return 301 /loop/self; }",
                      "location = /into-loop { return 302 /loop/a; }",
                      "location /soft/ { try_files $uri /soft-page.html; }"]
        for number in range(20):
            to = "/p/0.html" if number == 19 else "/chain/%d" % (number + 1)
            locations.append("location = /chain/%d { return 302 %s; }" % (number, to))
        root = os.path.abspath(self.root)
        types = "text/html html; text/css css; application/xml xml; image/png png; application/gzip gz;"
        return configuration(root, self.port, types, "root %s/www;\n    %s" % (root, "\n    ".join(locations)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root")
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    site = Site(options.root, options.pages, options.port, options.seed)
    site.make()
    urls = {row["url"] for row in site.truth}
    print("%d links to %d addresses" % (len(site.truth), len(urls)))


if __name__ == "__main__":
    main()
