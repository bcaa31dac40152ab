"""What `davit check` begins with: a run that read nothing never says that all is well."""

import os

from checker import Scratch, Server, check, page

PDF = (200, {"Content-Type": "application/pdf"}, b"%PDF")
NOTHING = {"/robots.txt": (404, {}, b""), "/sitemap.xml": (404, {}, b"")}


def write(path, text=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def is_unread(run, part):
    """Named on standard error and in the summary, and the exit status is 3."""
    told = "%s was not read for links: " % part
    assert run.status == 3 and told in run.stderr, (run.status, run.stderr)
    assert run.summary["complete"] is False and "was not read for links" in run.summary["why"]
    return run.stderr.split(told, 1)[1].split("\n", 1)[0]


# --- over HTTP ---

def test_a_start_that_has_no_links_by_its_type_is_named():
    answers = {"/x.pdf": PDF, "/j": (200, {"Content-Type": "application/json"}, b"{}"),
               "/none": (200, {"Content-Type": ""}, b"x"), "/t": (200, {"Content-Type": "text/plain"}, b"a b\n"),
               "/": page("/x.pdf"), **NOTHING}
    with Server(answers) as server:
        assert is_unread(check(server.url + "/x.pdf"), "/x.pdf") == "davit finds no links in application/pdf"
        assert is_unread(check(server.url + "/j"), "/j") == "davit finds no links in application/json"
        assert "no Content-Type" in is_unread(check(server.url + "/none"), "/none")
        assert "no list" in is_unread(check(server.url + "/t"), "/t")
        assert check(server.url + "/").status == 0, "a link to such a thing is fine"
        both = check(server.url + "/", server.url + "/x.pdf", server.url + "/j")
        is_unread(both, "/x.pdf")
        is_unread(both, "/j")
        assert "1 other start" in both.summary["why"]


def test_markdown_that_is_sent_as_text_and_lists_are_read():
    with Server() as server:
        server.answers = {"/a.md": (200, {"Content-Type": "text/plain; charset=utf-8"}, "[x](/gone)"),
                          "/list": (200, {"Content-Type": "text/plain"}, "# list\n%s/no\n" % server.url), **NOTHING}
        assert check(server.url + "/a.md").verdict("/gone") == "broken"
        assert check(server.url + "/list").verdict("/no") == "broken"


def test_a_start_that_is_left_out_is_named():
    with Server({"/": page("/a"), "/a": page(), **NOTHING}) as server:
        assert "--exclude" in is_unread(check("--exclude", ".", server.url + "/"), "/")
        assert "ftp://" in check("ftp://127.0.0.1/").stderr
        server.answers["/"] = (401, {"WWW-Authenticate": "Basic"}, b"")
        assert is_unread(check(server.url + "/"), "/") == "it answers with status 401"
        server.answers["/"] = (404, {}, b"")
        run = check(server.url + "/")
        assert run.status == 1 and "not read" not in run.stderr, "its verdict says it"
        run = check("--sitemap", "only", server.url + "/")
        assert run.status == 3 and "not read" in run.stderr


def test_where_a_start_is_redirected_to_is_the_scope():
    with Server({"*": page("/deep/1"), "/deep/1": page("/gone"), "/gone": (404, {}, b""), **NOTHING}) as site:
        with Server({"/": (301, {"Location": "http://localhost:%d/" % site.port}, b""), **NOTHING}) as old:
            for options in ([], ["--external", "off"]):
                run = check(*options, old.url + "/")
                assert run.status == 1 and run.verdict("/gone") == "broken", run.stderr
                assert "leads to http://localhost:%d/" % site.port in run.stderr
            run = check("--scope", "^" + old.url, old.url + "/")
            assert "what --scope holds" in is_unread(run, old.url + "/")


def test_robots_of_where_a_start_is_redirected_to():
    closed = {"/robots.txt": (200, {"Content-Type": "text/plain"}, "User-agent: *\nDisallow: /\n"), "/": page()}
    with Server(closed) as site, Server({"/": (302, {"Location": site.url.replace("127.0.0.1", "localhost") + "/"},
                                               b""), **NOTHING}) as old:
        assert "robots.txt asks" in is_unread(check(old.url + "/"), old.url + "/")


def test_max_pages_that_cut_the_crawl_is_said():
    links = {"/": page("/1", "/2"), "/1": page("/3"), "/2": page("/4"), "/3": page(), "/4": page(), **NOTHING}
    with Server(links) as server:
        run = check("--max-pages", 1, server.url + "/")
        assert run.status == 3 and "2 pages are beyond --max-pages" in run.summary["why"]
        assert check("--max-pages", 5, server.url + "/").status == 0
    with Scratch() as root:
        for name in "abc":
            write(root + "/%s.html" % name, "<a href=no>")
        run = check("--max-pages", 1, root)
        assert run.status == 3 and "2 pages are beyond --max-pages" in run.summary["why"]


def test_empty_input_is_named():
    assert is_unread(check("-", stdin=b""), "standard input") == "it names no address"
    assert is_unread(check("-", stdin=b"# nothing\n\n"), "standard input")


# --- local files ---

def test_local_files_are_never_external():
    with Scratch() as root:
        write(root + "/a.html", "<a href='b.html'>x</a> <a href='gone.html'>x</a> <a href='http://127.0.0.1:1/'>x</a>")
        write(root + "/b.html", "<a href='missing.html'>x</a>")
        run = check("--external", "off", root + "/a.html")
        assert run.verdict("gone.html") == "broken" and run.verdict("b.html") == "ok"
        assert run.verdict(":1/") == "skipped" and "missing.html" not in run.stdout
        assert check("-r", "--external", "off", root + "/a.html").verdict("missing.html") == "broken"


def test_files_of_another_kind_are_named():
    with Scratch() as root:
        for name in ("x.pdf", "x.ipynb", "x.json"):
            write(root + "/sub/" + name, "{}")
            assert "files of this kind" in is_unread(check(root + "/sub/" + name), name)
        assert is_unread(check(root + "/sub"), "sub") == "no document is in it"
        os.mkdir(root + "/empty")
        assert is_unread(check(root + "/empty"), "empty") == "no document is in it"
        write(root + "/.hidden/a.html", "<a href=gone>")
        os.mkdir(root + "/only")
        write(root + "/only/.hidden/a.html", "<a href=gone>")
        assert is_unread(check(root + "/only"), "only") == "no document is in it; hidden, and left out: 1"
        assert check(root + "/only/.hidden").verdict("gone") == "broken", "it was named"


def test_names_of_all_kinds_are_read():
    with Scratch() as root:
        for name in ("UPPER.HTML", "100%25 a?b#c.html", "x.mdx", "back\\slash.htm", "\u00e4\u0301.md"):
            write("%s/%s" % (root, name), "<a href='gone-%d'>x</a>" % len(name))
        run = check(root)
        assert {row["raw"] for row in run.links if row["verdict"] == "broken"} == {
            "gone-10", "gone-17", "gone-5", "gone-14"}
        assert run.summary["links_by_verdict"]["broken"] == 5
        run = check("file://" + root + "/100%2525%20a%3Fb%23c.html")
        assert run.verdict("gone-17") == "broken"


def test_links_to_folders_are_followed_once():
    with Scratch() as root:
        write(root + "/real/a.html", "<a href=gone>")
        write(root + "/start/b.html", "<a href='api/a.html'>x</a>")
        os.symlink("../real", root + "/start/api")
        os.symlink("..", root + "/start/up")
        os.symlink(".", root + "/start/self")
        run = check(root + "/start")
        assert [row["verdict"] for row in run.links if row["raw"] == "gone"] == ["broken"]
        assert run.verdict("api/a.html") == "ok" and run.status == 1


def test_text_and_packed_files_in_folders():
    import gzip
    with Scratch() as root:
        write(root + "/prose.txt", "?what is this\nsee other.html\n")
        write(root + "/urls.txt", "# mine\r\n\r\nhttp://127.0.0.1:1/\r\n")
        write(root + "/a.html", "<a href='a.html?x=1'>x</a> <a href='?y'>x</a> <a href='prose.txt?z'>x</a>")
        with gzip.open(root + "/data.gz", "wb") as file:
            file.write(b"no/link\n")
        with gzip.open(root + "/sitemap-1.xml.gz", "wb") as file:
            file.write(b"<urlset><url><loc>http://127.0.0.1:1/map</loc></url></urlset>")
        run = check("--retries", 0, root)
        assert {row["raw"] for row in run.links if row["verdict"] != "ok"} == {
            "http://127.0.0.1:1/", "http://127.0.0.1:1/map"}
        assert not [row["url"] for row in run.links if "?" in row["url"]], "a file has no query"
        assert check(root + "/prose.txt").verdict("other.html") in ("broken", "bad-url"), "a list, as it was named"


def test_ignored_files_and_suffixes_and_patterns():
    with Scratch() as root:
        write(root + "/a.html", "<a href=gone-a>")
        write(root + "/doc/b.md", "[x](gone-b)")
        write(root + "/node_modules/x/README.md", "[x](gone-n)")
        write(root + "/doc/build/c.html", "<a href=gone-c>")
        write(root + "/doc/.gitignore", "/build/\n")

        def broken(run):
            return {row["raw"] for row in run.links if row["verdict"] == "broken"}
        run = check(root)
        assert broken(run) == {"gone-a", "gone-b"}
        assert "left out by .gitignore or as node_modules: 2" in run.stderr
        assert broken(check("--no-ignore", root)) == {"gone-a", "gone-b", "gone-n", "gone-c"}
        assert broken(check("--suffix", ".html", root)) == {"gone-a"}
        assert broken(check(root + "/doc/*.md", root + "/*.html")) == {"gone-a", "gone-b"}
        assert "no file matches" in check(root + "/*.none").stderr


def test_a_built_site_is_checked_from_disk():
    with Scratch() as root:
        write(root + "/index.html", "<a href='/guide'>x</a> <a href='/guide/#a'>x</a> <a href='/none'>x</a>"
                                    "<a href='/'>x</a> <img src=/img/x.png> <a href='/page'>x</a> <a href='/page/#p'>y</a>")
        write(root + "/guide/index.html", "<p id=a><a href='../'>x</a> <a href='b.html'>x</a> <a href='/guide/b.html'>")
        write(root + "/guide/b.html", "<a href='gone.html'>x</a>")
        write(root + "/page.html", "<p id=p>")
        write(root + "/img/x.png")

        def bad(run):
            return sorted(row["raw"] for row in run.links if row["verdict"] != "ok")
        assert bad(check(root)) == ["/none", "/page", "/page/#p", "gone.html"]
        assert bad(check("--fallback-ext", "html", root)) == ["/none", "gone.html"]
        assert bad(check("--fallback-ext", ".html", "--root-dir", root, root + "/guide")) == ["gone.html"]
        assert "/guide/b.html" in bad(check(root + "/guide")), "the folder that is named is the root"
        assert "--root-dir" in check("--root-dir", root + "/none", root).stderr
        write(root + "/from.html", "<a href='guide'>x</a>")
        run = check("-r", "--root-dir", root, root + "/from.html")
        assert "b.html" not in bad(run) and "gone.html" in bad(run), "links of a folder are relative to it"


def test_addresses_in_a_folder_are_what_they_will_be_on_its_site():
    with Scratch() as root:
        links = "".join("<a href='%s'>x</a>" % link for link in (
            "/y.html", "\\y.html", "y.html", "&#1;/y.html", "/none", "//127.0.0.1:1/x.js", "\\\\127.0.0.1:1\\y"))
        write(root + "/sub/a.html", "<base href='/'><style>p { background: url(/y.html) }</style>" + links)
        write(root + "/b.html", "<base href='/sub/'><a href='c.html'>x</a><a href='../y.html'>x</a><a href='d'>x</a>")
        write(root + "/sub/c.html", "<base href='//127.0.0.1:1/'><a href='e'>x</a>")
        write(root + "/y.html")
        run = check("--retries", 0, root)
        bad = {row["raw"]: row["url"] for row in run.links if row["verdict"] != "ok"}
        assert bad == {"/none": "file://" + root + "/none", "//127.0.0.1:1/x.js": "https://127.0.0.1:1/x.js",
                       "\\\\127.0.0.1:1\\y": "https://127.0.0.1:1/y", "d": "file://" + root + "/sub/d",
                       "e": "https://127.0.0.1:1/e"}
        run = check("--retries", 0, root + "/sub/c.html", root + "/b.html")
        assert run.verdict("127.0.0.1:1/e") == "refused", "of a file that is named, too"


def test_base_is_for_each_file_of_a_folder():
    with Scratch() as root, Server({"/docs/sub/x": page(), "/docs/y": page(), **NOTHING}) as server:
        write(root + "/sub/a.html", "<a href='x'>x</a> <a href='../y'>y</a> <a href='../z'>z</a>")
        run = check("--base", server.url + "/docs/", root)
        assert run.verdict("/docs/sub/x") == run.verdict("/docs/y") == "ok" and run.verdict("/docs/z") == "broken"


# --- what may not be opened, or told ---

def test_a_page_from_http_never_opens_a_local_file():
    with Scratch() as root:
        write(root + "/here.html", "<a href='inner-gone'>")
        links = ["file://%s/%s" % (root, name) for name in ("here.html", "gone.html")]
        robots = (200, {"Content-Type": "text/plain"}, "Sitemap: %s\n" % links[0])
        answers = {"/": page(*links), "/robots.txt": robots, "/r": (302, {"Location": links[0]}, b""),
                   "/j": (302, {"Location": "javascript:alert(1)"}, b"")}
        with Server(answers) as server:
            for options in ([], ["-r", "--scope", "."], ["--method", "get"]):
                run = check(*options, server.url + "/")
                assert run.verdict("here.html") == run.verdict("gone.html") == "skipped"
                assert "inner-gone" not in run.stdout
            server.answers["/"] = page("/r", "/j")
            run = check(server.url + "/")
            assert run.verdict("/r") == run.verdict("/j") == "broken"
            write(root + "/mine.html", "<a href='%s'>x</a> <a href='%s'>y</a>" % tuple(links))
            server.answers["/"] = page(*links)
            run = check(server.url + "/", root + "/mine.html")
            found = {(row["page"][:4], row["raw"]): row["verdict"] for row in run.links if "page" in row}
            assert found["file", links[0]] == "ok" and found["file", links[1]] == "broken"


def test_passwords_in_urls_are_masked():
    with Server({"*": page("/gone"), "/gone": (404, {}, b"")}) as server:
        url = server.url.replace("://", "://me:s3cret@")
        server.answers["/"] = page(url + "/gone?a@b:c", url + "/x")
        for form in ("text", "json", "jsonl", "csv", "html", "junit", "sarif", "github", "sitemap", "multistatus"):
            with Scratch() as root:
                run = check(url + "/", form=form + ":" + root + "/report")
                with open(root + "/report", encoding="utf-8") as file:
                    report = file.read()
            assert "s3cret" not in report + run.stderr, form
            assert "127.0.0.1" in report
        assert "me:***@" in check(url + "/", form="text").stdout
        server.answers["*"] = (200, {"Content-Type": "a/b"}, b"")
        run = check(url + "/other")
        assert "me:***@" in run.stderr and "s3cret" not in run.stderr + run.stdout


def test_passwords_are_masked_wherever_they_stand():
    with Scratch() as root:
        url = "127.0.0.1:1/x"
        write(root + "/a.html", "<a href='http://me:s3cret@%s'>see and/or http://me:s3cret@%s</a>"
                                "<a href='http:\\\\me:s3cret@%s'>y</a>" % (url, url, url))
        for form in ("text", "jsonl", "csv", "html", "junit", "sarif", "github"):
            run = check("--retries", 0, "--archive", root + "/a.html", form=form + ":" + root + "/report")
            with open(root + "/report", encoding="utf-8") as file:
                report = file.read()
            assert "s3cret" not in report + run.stderr and "127.0.0.1" in report, form
        write(root + "/b.html")
        history = ("--retries", 0, "--history", root + "/h.db", "--compare")
        check(*history, root + "/b.html", form="json:/dev/null")
        run = check(*history, root + "/a.html", form="json:/dev/null")
        assert "s3cret" not in run.stdout and "me:***@127.0.0.1" in run.stdout, run.stdout


# --- what looks as if it were read ---

def test_a_start_that_is_no_address_is_named():
    for start in ("javascript://x", "data://x"):
        is_unread(check(start), start)
    assert is_unread(check("-", stdin=b"data:,x\n"), "standard input") == "it names no address"


def test_a_start_in_a_ring_is_bad():
    with Server({"/a": (302, {"Location": "/b"}, b""), "/b": (302, {"Location": "/a"}, b""), **NOTHING}) as server:
        run = check(server.url + "/a")
        assert run.status == 1 and run.verdict("/a") == "loop" and "not read" not in run.stderr, run.stderr


def test_a_folder_that_is_read_in_part_is_named():
    with Scratch() as root:
        write(root + "/a.html", "<a href=gone>")
        write(root + "/s/" + "d/" * 70 + "b.html", "")
        run = check(root)
        assert run.status == 3 and run.verdict("gone") == "broken" and "too deep a folder" in run.stderr
        assert "too deep a folder" in run.summary["why"]


def test_a_folder_that_may_not_be_read_is_named():
    if os.geteuid() != 0:
        return

    def drop():
        os.setgid(65534)
        os.setuid(65534)
    with Scratch() as root:
        write(root + "/a.html", "<a href=gone>")
        for name in ("x", "y"):
            os.mkdir("%s/%s" % (root, name), 0o000)
        os.chmod(root, 0o755)
        run = check("--no-config", root, preexec=drop)
        assert run.status == 3 and run.verdict("gone") == "broken", run.stderr
        assert "Permission denied; and 1 other folder" in run.summary["why"]


def test_links_to_what_the_start_is_in_are_not_followed():
    with Scratch() as root:
        write(root + "/beside/b.html", "<a href=gone-b>")
        write(root + "/start/sub/a.html", "<a href=gone-a>")
        os.symlink("..", root + "/start/up")
        os.symlink("/", root + "/start/sub/all")
        run = check(root + "/start")
        assert "gone-b" not in run.stdout and run.verdict("gone-a") == "broken"


def test_base_of_a_folder_may_lack_its_slash():
    with Scratch() as root, Server({"/docs/sub/x": page(), **NOTHING}) as server:
        write(root + "/sub/a.html", "<a href='x'>x</a>")
        assert check("--base", server.url + "/docs", root).verdict("/docs/sub/x") == "ok"
        os.makedirs(root + "/elsewhere/with/a/longer/name/than/the/other/one/has/itself/for/sure")
        run = check("--base", server.url + "/docs/sub/", "--root-dir",
                    root + "/elsewhere/with/a/longer/name/than/the/other/one/has/itself/for/sure", root)
        assert run.verdict("/docs/sub/x") == "ok"


def test_a_report_may_go_to_a_pipe():
    import threading
    with Scratch() as root:
        write(root + "/a.html", "<a href=gone>")
        os.mkfifo(root + "/pipe")
        read = []

        def take():
            with open(root + "/pipe", encoding="utf-8") as pipe:
                read.append(pipe.read())
        reader = threading.Thread(target=take, daemon=True)
        reader.start()
        run = check(root + "/a.html", form="text:" + root + "/pipe", timeout=30)
        reader.join(30)
        assert run.status == 1 and "gone" in read[0]


def test_ignored_by_files_above_up_to_the_root_of_the_repository():
    with Scratch() as root:
        write(root + "/.gitignore", "*.md\n")  # of nobody's repository
        os.makedirs(root + "/work/.git")
        write(root + "/work/.gitignore", "/docs/draft/\nbuild/\n*.tmp.md\n/other/x.md\n")
        write(root + "/work/docs/.gitignore", "!kept.tmp.md\n")
        for name in ("a", "draft/b", "c.tmp", "kept.tmp", "deep/d.tmp", "deep/build/e", "deep/f"):
            write(root + "/work/docs/%s.md" % name, "[x](gone-%s)\n" % name.replace("/", "-"))

        def broken(run):
            return {row["raw"][5:] for row in run.links if row["verdict"] == "broken"}
        assert broken(check(root + "/work/docs")) == {"a", "kept.tmp", "deep-f"}
        assert "node_modules: 4" in check(root + "/work/docs").stderr
        assert broken(check(root + "/work/docs/deep")) == {"deep-f"}
        assert broken(check(root + "/work")) == {"a", "kept.tmp", "deep-f"}
        # What is named is meant, though it is ignored.
        assert broken(check(root + "/work/docs/draft")) == {"draft-b"}
        assert broken(check(root + "/work/docs/deep/build")) == {"deep-build-e"}
        assert broken(check(root + "/work/docs/c.tmp.md")) == {"c.tmp"}
        assert len(broken(check("--no-ignore", root + "/work/docs"))) == 7
        # A worktree has a file in place of the folder.
        os.rmdir(root + "/work/.git")
        assert not broken(check(root + "/work/docs")) - {"a", "kept.tmp", "deep-f", "draft-b", "c.tmp", "deep-d.tmp",
                                                         "deep-build-e"}
        assert "deep-d.tmp" in broken(check(root + "/work/docs"))
        write(root + "/work/.git", "gitdir: /elsewhere\n")
        assert broken(check(root + "/work/docs")) == {"a", "kept.tmp", "deep-f"}


def test_the_index_of_a_folder_can_have_other_names():
    with Scratch() as root:
        write(root + "/start.html", "<a href='x/#a'>x</a> <a href='y/#b'>x</a> <a href='z/#c'>x</a> <a href='e/'>x</a>")
        write(root + "/x/README.md", "# A\n")
        write(root + "/y/default.htm", "<p id=b>")
        write(root + "/z/index.html", "<p id=c>")
        os.makedirs(root + "/e")

        def missing(*args):
            run = check(*args, root + "/start.html")
            assert run.verdict("/e/") == "ok"
            return {row["fragment"] for row in run.links if row["verdict"] == "fragment-missing"}
        assert missing() == set()  # a folder that is there, and is not looked into
        write(root + "/y/index.html", "<p>")
        assert missing() == {"b"}
        assert missing("--index", "default.htm,index.html") == set()
        write(root + "/x/default.htm", "<p>")
        assert missing("--index", "README.md, default.htm") == set()
        assert missing("--index", "default.htm,README.md") == {"a"}
        for bad in ("", "a,,b", "../x", "a/b", ".."):
            assert check("--index", bad, root).status == 2, bad
        assert "index = README.md,index.html" in check("--index", "README.md,index.html", "--print-config").stdout


def test_what_is_cut_off_is_said():
    """A page that is too long: its links and names behind that are not known."""
    long = b"<p>" + b"a" * (65 << 20) + b"<p id=late><a href=/late>x</a>"
    with Server({"/": (200, {}, "<a href=/long#late>x</a>"), "/long": (200, {}, long)}) as server:
        run = check("-r", server.url + "/")
    assert run.status == 3 and "1 pages are too long" in run.summary["why"], run.summary
    assert run.verdict("/long") == "ok", "whether it has the name is not known"
    assert next(row for row in run.links if row["url"].endswith("/long"))["note"] == "too long: only its beginning was read"
