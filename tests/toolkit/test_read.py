"""`davit read`: its options, its exit statuses, its requests."""

import http.server
import json
import os
import re
import ssl
import subprocess
import threading

import davit
import pytest

SOURCE = os.path.join(os.path.dirname(__file__), "..", "..", "src")
HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">'
TAIL = "</D:multistatus>\n"


def response(href, status, inside=""):
    return f"<D:response><D:href>{href}</D:href><D:status>HTTP/1.1 {status}</D:status>{inside}</D:response>"


def propstats(href, *pairs):
    return f"<D:response><D:href>{href}</D:href>" + "".join(
        f"<D:propstat><D:prop>{props}</D:prop><D:status>HTTP/1.1 {status}</D:status></D:propstat>"
        for props, status in pairs) + "</D:response>"


BODY = HEAD + propstats("/a/", ("<D:resourcetype><D:collection/></D:resourcetype>", "200 OK"),
                        ("<D:getcontentlength/>", "404 Not Found")) + \
    propstats("/a/x.txt", ("<D:getcontentlength>7</D:getcontentlength><D:resourcetype/>", "200 OK"),
              ("<x:author xmlns:x='urn:x'/>", "403 Forbidden")) + \
    response("/a/locked", "423 Locked", "<D:error><D:lock-token-submitted/></D:error>"
             "<D:responsedescription>Ann has it</D:responsedescription>") + TAIL


def read(*args, body=BODY, env=None):
    data = body.encode("utf-8") if isinstance(body, str) else body
    return subprocess.run([davit.BINARY, "read", *args], input=data, capture_output=True,
                          timeout=120, check=False, env={**os.environ, **(env or {})})


def text(*args, **kwargs):
    done = read(*args, **kwargs)
    return done.stdout.decode() + done.stderr.decode()


def hrefs(*args, **kwargs):
    done = read("--format", "jsonl", *args, **kwargs)
    return [json.loads(line)["hrefs"][0] for line in done.stdout.splitlines()]


# --- exit statuses ---

@pytest.mark.parametrize("body, status", [
    (HEAD + response("/a", "200 OK") + TAIL, 0),
    (HEAD + TAIL, 0),
    (HEAD + propstats("/a", ("<D:a/>", "200 OK"), ("<D:b/>", "404 Not Found")) + TAIL, 0),
    (HEAD + response("/a", "404 Not Found") + TAIL, 1),
    (HEAD + response("/a", "302 Found") + TAIL, 1),
    (HEAD + propstats("/a", ("<D:a/>", "200 OK"), ("<D:b/>", "401 Unauthorized")) + TAIL, 1),
    (HEAD + "<D:response><D:href>/a</D:href></D:response>" + TAIL, 1),
    (HEAD + response("/a", "200 OK"), 3),
    ("", 3),
    ("<html/>", 3),
    ("HTTP/1.1 200 OK\r\n\r\n<html/>", 3),
    ("HTTP/1.1 202 Accepted\r\n\r\n", 3),
    ("HTTP/1.1 207 Multi-Status\r\n\r\n", 3),
    ("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n<html/>", 3),
    ("\x1f\x8b", 3),
])
def test_the_exit_status_says_what_was_inside(body, status):
    for form in ("table", "json", "jsonl", "csv", "summary", "xml"):
        done = read("--format", form, body=body)
        assert done.returncode == status, (form, done)
        assert bool(done.stderr) == (status == 3)


@pytest.mark.parametrize("head,status", [
    ("HTTP/1.1 204 No Content", 0), ("HTTP/1.1 201 Created", 0),
    ("DELETE /old HTTP/1.1\r\nHost: a\r\n\r\nHTTP/1.1 200 OK", 0),
    ("HTTP/1.1 404 Not Found", 1), ("HTTP/1.1 423 Locked", 1), ("HTTP/1.1 302 Found", 1),
    ("HTTP/1.1 503 Service Unavailable", 1),
    ("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\nHTTP/1.1 404 Not Found", 1),
])
def test_a_status_may_say_all_there_is(head, status):
    code = head.split("HTTP/1.1 ")[-1]
    body = head + "\r\nContent-Length: 0\r\n\r\n"
    for form in ("table", "json", "jsonl", "csv", "summary", "xml"):
        done = read("--format", form, body=body)
        assert done.returncode == status, (form, done)
        assert (code.encode() in done.stderr) == bool(status)
    assert read("--format", "summary", body=body).stdout.decode() == code[:3] + "\n"
    verdict = json.loads(read("--format", "json", body=body).stdout)["verdict"]
    assert verdict["summary"] == code[:3] and verdict["complete"]
    assert read("--lint", body=body).returncode == 3, "there is nothing to lint"


def test_the_body_that_tutorials_show():
    body = HEAD + response("/file1.txt", "200 OK") + response("/file2.txt", "403 Forbidden") + TAIL
    done = read(body=body)
    assert done.returncode == 1
    assert done.stdout.decode() == ("STATUS         HREF\n200 OK         /file1.txt\n"
                                    "403 Forbidden  /file2.txt\n"
                                    "207(ok=1,403=1): 2 members, 1 failed\n")


def test_a_missing_property_is_a_failure_only_where_one_says_so():
    body = HEAD + propstats("/a", ("<D:a/>", "200 OK"), ("<D:b/>", "404 Not Found")) + TAIL
    assert read(body=body).returncode == 0
    done = read("--strict", "--format", "summary", body=body)
    assert (done.returncode, done.stdout) == (1, b"207(ok=0,404=1)\n")


def test_a_filter_does_not_change_the_exit_status():
    for args in (("--status", "200"), ("--href", "/a/"), ("--prop", "nothing")):
        assert read(*args).returncode == 1


@pytest.mark.parametrize("args, text_", [
    (("--formt", "x"), "did you mean --format?"),
    (("--format", "yaml"), "--format: 'yaml' is none of table, json, jsonl, csv, summary and xml"),
    (("--status", "4x"), "not a list of statuses (for example 423, 4xx"),
    (("--prop", ""), "not a property (for example getetag"),
    (("--as", "nautilus"), "none of finder, windows"),
    (("--depth", "2"), "none of 0, 1 and infinity"),
    (("--header", "x"), "not NAME: VALUE"),
    (("--header", "x: y\r\nz: a"), "not NAME: VALUE"),
    (("-X", "BAD METHOD"), "not a method"),
    (("--http", "3"), "neither 1.1 nor 2"),
    (("--timeout", "0"), "not a number from 1"),
    (("--target", "x"), "neither a URL nor a path"),
    (("--color", "blue"), "none of auto, always and never"),
    (("--lint", "--as", "finder"), "give one at a time"),
    (("--lint", "--format", "csv"), "not csv"),
    (("--diff", "a"), "needs two bodies"),
    (("a", "b"), "more than one input"),
    (("-Z",), "no option '-Z'"),
    (("-X",), "--method needs METHOD"),
])
def test_a_wrong_command_line_is_explained(args, text_):
    done = read(*args)
    assert done.returncode == 2 and not done.stdout
    assert text_ in done.stderr.decode() and done.stderr.startswith(b"davit: ")


def test_help_tells_of_every_option():
    done = read("--help")
    with open(os.path.join(SOURCE, "cli/read_options.def"), encoding="utf-8") as file:
        names = re.findall(r'^READ_OPTION\("([a-z-]+)"', file.read(), re.M)
    assert done.returncode == 0 and len(names) > 15
    for name in names:
        assert f"--{name}" in done.stdout.decode()


def test_what_cannot_be_read_is_4(tmp_path):
    for args in ((str(tmp_path / "none"),), (str(tmp_path),), ("http://127.0.0.1:1/",),
                 ("http://no.such.host.invalid/",), ("--body", str(tmp_path / "none"),
                                                     "http://127.0.0.1:1/")):
        done = read(*args)
        assert done.returncode == 4 and done.stderr.startswith(b"davit: "), done


def test_a_full_disk_is_not_success():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([davit.BINARY, "read"], input=BODY.encode(), stdout=full,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == 4 and b"cannot write" in done.stderr


# --- views ---

def test_the_table_shows_what_failed_and_why():
    lines = text().splitlines()
    assert re.fullmatch(r"STATUS +HREF +FAILED +CONDITION +DESCRIPTION", lines[0])
    assert re.fullmatch(r"200 OK +/a/ +getcontentlength 404", lines[1])
    assert re.fullmatch(r"403 Forbidden +/a/x.txt +\{urn:x\}author 403", lines[2])
    assert re.fullmatch(r"423 Locked +/a/locked +lock-token-submitted +Ann has it", lines[3])
    assert lines[4] == "207(ok=1,403=1,423=1): 3 members, 2 failed"


def test_filters():
    assert hrefs("--failed") == ["/a/x.txt", "/a/locked"]
    assert hrefs("--status", "423") == ["/a/locked"]
    assert hrefs("--status", "4xx") == ["/a/", "/a/x.txt", "/a/locked"]
    assert hrefs("--status", "403,423") == ["/a/x.txt", "/a/locked"]
    assert hrefs("--href", "*.txt") == ["/a/x.txt"]
    assert hrefs("--href", "/a/?????d") == ["/a/locked"]
    assert hrefs("--prop", "author") == ["/a/x.txt"]
    assert hrefs("--prop", "{DAV:}author") == []
    assert hrefs("--prop", "{urn:x}author", "--failed") == ["/a/x.txt"]
    encoded = HEAD + response("/%C3%A4%20b", "200 OK") + TAIL
    assert hrefs("--href", "*ä b", body=encoded) == ["/%C3%A4%20b"]


def test_prop_shows_values():
    lines = text("--prop", "getcontentlength", "--prop", "resourcetype").splitlines()
    assert re.fullmatch(r"STATUS +HREF +FAILED +getcontentlength +resourcetype", lines[0])
    assert "7" in lines[2].split()
    csv = read("--format", "csv", "-p", "getcontentlength").stdout.decode().splitlines()
    assert csv[0].endswith(",getcontentlength") and csv[2].endswith(",7")


def test_json_is_one_document_and_jsonl_one_for_each_member():
    document = json.loads(read("--format", "json").stdout)
    lines = [json.loads(line) for line in read("--format", "jsonl").stdout.splitlines()]
    assert document["members"] == lines and len(lines) == 3
    assert document["verdict"] == {
        "summary": "207(ok=1,403=1,423=1)", "complete": True, "members": 3, "ok": 1, "worst": 423,
        "failures": [{"status": 403, "count": 1}, {"status": 423, "count": 1}]}
    assert lines[2] == {"hrefs": ["/a/locked"], "status": 423, "ok": False, "conditions": [
        {"ns": "DAV:", "name": "lock-token-submitted"}], "description": "Ann has it"}
    empty = json.loads(read("--format", "json", body=HEAD + TAIL).stdout)
    assert empty["members"] == []
    cut = json.loads(read("--format", "json", body=BODY[:-20]).stdout)
    assert cut["verdict"]["complete"] is False


def test_csv_quotes():
    body = HEAD + response('/a,"b"', "200 OK", "<D:responsedescription>1\n2</D:responsedescription>") + TAIL
    assert read("--format", "csv", body=body).stdout == \
        b'status,href,failed,condition,description\r\n200,"/a,""b""",,,"1\n2"\r\n'


def test_colours_only_where_they_are_wanted():
    assert "\033" not in text()
    assert "\033[31m" in text("--color", "always")


def test_nothing_inside_can_steer_the_terminal():
    body = HEAD + response("/a\u009b31m\u007f", "200 OK",
                           "<D:responsedescription>x\u0085y\nz</D:responsedescription>") + TAIL
    for args in ((), ("--lint",), ("--as", "finder"), ("--format", "json"), ("--format", "jsonl")):
        shown = text(*args, body=body)
        assert not re.search("[\x7f-\x9f]", shown), args


def pty_text(width, *args):
    """What a terminal of that width gets."""
    pty = pytest.importorskip("pty")
    import fcntl
    import struct
    import termios
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    with subprocess.Popen([davit.BINARY, "read", *args], stdin=subprocess.PIPE, stdout=slave) as process:
        process.stdin.write(BODY.replace("/a/locked", "/a/" + 300 * "long" + "-end").encode())
        process.stdin.close()
        os.close(slave)
        data = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            data += piece
    os.close(master)
    return data.decode()


def test_the_table_fits_the_terminal():
    shown = pty_text(90, "--color", "never").replace("\r\n", "\n").splitlines()
    assert all(len(line) <= 90 for line in shown), shown
    assert "…" in shown[3] and "-end" in shown[3]
    assert "\033[32m" in pty_text(90)


# --- lint, as, diff ---

def test_lint_says_rule_place_and_reason():
    body = HEAD + "\n" + response("/a b", "200 OK") + TAIL
    done = read("--lint", body=body)
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 1
    assert lines[0] == "(standard input):3:13: error L404: an href with characters that must be " \
        "encoded: /a b (RFC 3986 §2; byte 82)"
    assert lines[1].startswith("    ")
    assert lines[-1] == "(standard input): 1 errors, 0 warnings, 0 notes"
    finding = json.loads(read("--lint", "-f", "jsonl", body=body).stdout)
    assert (finding["rule"], finding["line"], finding["column"], finding["byte"]) == (404, 3, 13, 82)


def test_lint_needs_the_target_for_what_is_about_it():
    body = HEAD + response("/b/x", "200 OK") + TAIL
    assert read("--lint", body=body).returncode == 0
    assert "L414" in text("--lint", "--target", "/a/", body=body)
    assert "L415" in text("--lint", "--target", "https://a/", body=HEAD + response(
        "http://b/", "200 OK") + TAIL)


def test_notes_are_no_failure():
    body = HEAD + propstats("/a", ("<D:displayname/>", "404 Not Found")) + TAIL
    done = read("--lint", body=body)
    assert done.returncode == 0 and b"L311" in done.stdout


def test_lint_of_many_tells_of_each_and_ends_with_the_worst(tmp_path):
    (tmp_path / "good").write_text(HEAD + response("/a", "200 OK") + TAIL)
    (tmp_path / "bad").write_text(HEAD + response("a", "200 OK") + TAIL)
    (tmp_path / "cut").write_text(HEAD)
    files = [str(tmp_path / name) for name in ("good", "bad", "cut")]
    assert read("--lint", files[0], files[0]).returncode == 0
    assert read("--lint", files[0], files[1]).returncode == 1
    done = read("--lint", *files)
    assert done.returncode == 3 and done.stdout.count(b" errors, ") == 3


def test_lint_of_a_rule_that_is_broken_often_is_short():
    body = HEAD + "".join(response(f"r{i}", "200 OK") for i in range(1000)) + TAIL
    lines = text("--lint", body=body).splitlines()
    assert len(lines) < 50 and any("L402: 980 more" in line for line in lines)


def test_what_clients_make_of_it():
    finder = text("--as", "finder")
    assert "macOS Finder (webdavfs): 3 entries, 1 folder, 1 file, 1 of them a phantom file" in finder
    assert "phantom  /a/locked" in finder and "It makes a file of a response" in finder
    assert "gives up with an error" in text("--as", "joplin")
    rclone = text("--as", "rclone", "--target", "http://h/b/")
    assert "0 entries" in rclone and "leaves out, without a word" in rclone
    big = HEAD + "".join(response(f"/{i:0>200}", "200 OK") for i in range(4000)) + TAIL
    assert "shows nothing" in text("--as", "windows", body=big)
    done = json.loads(read("--as", "finder", "-f", "json").stdout)
    assert [entry["kind"] for entry in done["entries"]] == ["folder", "file", "phantom"]


def test_each_client_reads_each_body():
    for client in ("finder", "windows", "gvfs", "davfs2", "rclone", "joplin", "zotero"):
        done = read("--as", client)
        assert done.returncode == 1 and not done.stderr
        assert len(done.stdout.splitlines()) >= 1


def test_diff(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text(HEAD + response("/gone", "200 OK") +
                 propstats("/same", ("<D:getetag>\"1\"</D:getetag>", "200 OK")) +
                 propstats("/x", ("<D:getetag>\"1\"</D:getetag><D:old/>", "200 OK")) + TAIL)
    b.write_text("<m:multistatus xmlns:m='DAV:'>" +
                 (propstats("/x", ("<D:getetag>\"2\"</D:getetag>", "200 OK"),
                            ("<D:new/>", "403 Forbidden")) + response("/added", "200 OK") +
                  propstats("/%73ame", ("<D:getetag>\"1\"</D:getetag>", "200 OK"))
                  ).replace("D:", "m:") + "</m:multistatus>")
    done = read("--diff", str(a), str(b))
    assert done.returncode == 1
    assert done.stdout.decode().splitlines() == [
        "+ /added", "- /gone", "~ /x", '    ~ getetag: "1" -> "2"',
        "    + new: (403 Forbidden) ", "    - old"]
    assert read("--diff", str(a), str(a)).returncode == 0
    assert read("--diff", str(a), str(tmp_path / "none")).returncode == 4
    (tmp_path / "cut").write_text(HEAD)
    assert read("--diff", str(a), str(tmp_path / "cut")).returncode == 3


# --- requests ---

@pytest.fixture(scope="module")
def server():
    with davit.Davit(args=["--durability", "lazy"]) as one:
        os.mkdir(one.path("d"))
        with open(one.path("d", "f.txt"), "w", encoding="utf-8") as file:
            file.write("12345")
        yield one


def test_a_url_is_asked(server):
    done = read(server.url + "/d/", "--format", "jsonl")
    assert [json.loads(line)["hrefs"][0] for line in done.stdout.splitlines()] == ["/d/", "/d/f.txt"]
    assert hrefs("--depth", "0", server.url + "/d/") == ["/d/"]
    assert read("--lint", server.url + "/d/").returncode == 0
    assert hrefs(server.url + "/d") == ["/d/", "/d/f.txt"]


def test_the_body_of_a_request(server, tmp_path):
    body = tmp_path / "body"
    body.write_text('<D:propfind xmlns:D="DAV:"><D:prop><D:getcontentlength/></D:prop></D:propfind>')
    done = read("--body", str(body), "--prop", "getcontentlength", "-f", "csv", server.url + "/d/")
    assert done.stdout.decode().splitlines()[-1].endswith(",5")


def test_other_methods_and_answers_that_are_none(server):
    done = read("-X", "OPTIONS", server.url + "/")
    assert done.returncode == 0 and not done.stderr
    done = read("-X", "GET", server.url + "/none")
    assert done.returncode == 1 and b"the answer is 404 Not Found" in done.stderr
    done = read("-X", "PROPFIND", "-d", "infinity", server.url + "/")
    assert done.returncode == 1 and b"403 Forbidden" in done.stderr


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the path; notes what came."""

    protocol_version = "HTTP/1.1"
    seen = []

    def log_message(self, *_):
        pass

    def answer(self, status, fields, body):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PROPFIND(self):  # pylint: disable=invalid-name
        self.seen.append((self.command, self.path, dict(self.headers.items())))
        body = (HEAD + response("/x/", "200 OK") + TAIL).encode()
        xml = [("Content-Type", "application/xml; charset=utf-8")]
        if self.path == "/moved":
            self.answer(302, [("Location", "/x/")], b"")
        elif self.path == "/away":
            self.answer(302, [("Location", "file:///etc/passwd")], b"")
        elif self.path == "/secret/" and "Authorization" not in self.headers:
            self.answer(401, [("WWW-Authenticate", 'Basic realm="x"')], b"no")
        elif self.path == "/short":
            self.send_response(207)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(body[:-20])
            self.close_connection = True
        else:
            self.answer(207, xml, body)

    do_DELETE = do_PROPFIND


@pytest.fixture(scope="module")
def other():
    server_ = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server_.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server_.server_address[1]}"
    server_.shutdown()


def test_fields_user_and_redirects(other):
    Handler.seen.clear()
    assert read("-H", "X-One: 1", "--header", "X-Two: 2", other + "/x/").returncode == 0
    _, _, fields = Handler.seen[-1]
    assert fields["X-One"] == "1" and fields["X-Two"] == "2" and fields["Depth"] == "1"
    assert read("--user", "ann:secret", other + "/secret/").returncode == 0
    assert Handler.seen[-1][2]["Authorization"] == "Basic YW5uOnNlY3JldA=="
    assert read("-u", "ann", other + "/secret/", env={"DAVIT_PASSWORD": "secret"}).returncode == 0
    assert Handler.seen[-1][2]["Authorization"] == "Basic YW5uOnNlY3JldA=="
    done = read(other + "/secret/")
    assert done.returncode == 1 and b"401 Unauthorized" in done.stderr
    assert read(other + "/moved").returncode == 0
    done = read(other + "/away")
    assert done.returncode in (3, 4) and b"root:" not in done.stdout


def test_what_changes_something_is_not_sent_elsewhere(other):
    Handler.seen.clear()
    done = read("-X", "DELETE", other + "/moved")
    assert done.returncode == 1 and b"302 Found" in done.stderr
    assert [(method, path) for method, path, _ in Handler.seen] == [("DELETE", "/moved")]
    assert "Depth" not in Handler.seen[0][2]


def test_an_answer_that_breaks_off_is_cut_off(other):
    done = read(other + "/short")
    assert done.returncode == 3
    assert b"cut off" in done.stderr


def test_http2_with_prior_knowledge(server):
    done = read("--http", "2", "-f", "summary", server.url + "/d/")
    assert (done.returncode, done.stdout) == (0, b"207(ok=2)\n"), done.stderr
    done = read("--http", "1.1", "-f", "summary", server.url + "/d/")
    assert (done.returncode, done.stdout) == (0, b"207(ok=2)\n"), done.stderr


def secret(path, text, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_secrets_come_from_files(other, tmp_path):
    basic = "Basic YW5uOnNlY3JldA=="
    netrc = secret(tmp_path / "netrc", "machine 127.0.0.1 login ann password secret\n")
    secret(tmp_path / ".netrc", "machine 127.0.0.1 login ann password secret\n")
    token = secret(tmp_path / "token", "abc.def\n")
    Handler.seen.clear()
    assert read("--netrc-file", netrc, other + "/secret/").returncode == 0
    assert Handler.seen[-1][2]["Authorization"] == basic
    assert read("--netrc", other + "/secret/", env={"HOME": str(tmp_path)}).returncode == 0
    assert Handler.seen[-1][2]["Authorization"] == basic
    read("--bearer-file", token, other + "/x/")
    assert Handler.seen[-1][2]["Authorization"] == "Bearer abc.def"
    read("--netrc-file", secret(tmp_path / "elsewhere", "machine example.test login ann password secret\n"), other + "/x/")
    assert "Authorization" not in Handler.seen[-1][2]
    # who says it himself, says it
    read("--netrc-file", netrc, "--bearer-file", token, other + "/x/")
    assert Handler.seen[-1][2]["Authorization"] == "Bearer abc.def"


def test_secrets_go_to_their_origin_only(other, tmp_path):
    """Another port of the same host is another origin."""
    token = secret(tmp_path / "token", "abc.def")
    server_ = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Redirect)
    Redirect.target = other + "/x/"
    threading.Thread(target=server_.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server_.server_address[1]}/"
    everywhere = secret(tmp_path / "everywhere", "default login ann password secret\n")
    for options in (["--bearer-file", token], ["--user", "ann:secret"], ["--netrc-file", everywhere],
                    ["-H", "Authorization: Bearer abc.def"], ["-H", "Cookie: a=b", "-H", "X-Key: abc", "-H", "Prefer: x"]):
        Handler.seen.clear()
        assert read(*options, url).returncode == 0
        assert len(Handler.seen) == 1
        fields = Handler.seen[0][2]
        assert not {"Authorization", "Cookie", "X-Key"} & set(fields.keys()), options
        assert fields["Depth"] == "1" and ("Prefer" in fields) == ("Prefer: x" in options)
    server_.shutdown()


class Redirect(http.server.BaseHTTPRequestHandler):
    target = None

    def do_PROPFIND(self):
        self.send_response(302)
        self.send_header("Location", self.target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("text,complaint", [
    ("", b"there is no token in"), (" \n", b"there is no token in"), ("a b", b"holds more than a token"),
    ("a\r\nX-Evil: 1", b"holds more than a token"), (None, b"cannot open"),
])
def test_files_that_hold_no_secret(other, tmp_path, text, complaint):
    path = tmp_path / "token"
    if text is not None:
        secret(path, text)
    done = read("--bearer-file", str(path), other + "/x/")
    assert done.returncode == 2 and complaint in done.stderr


def test_a_secret_that_everybody_can_read_is_named(other, tmp_path):
    for option, text in (("--bearer-file", "abc"), ("--netrc-file", "machine x login y password z\n")):
        done = read(option, secret(tmp_path / "secret", text, 0o644), other + "/x/")
        assert done.returncode == 0 and b"can be read by every user of this machine (mode 0644)" in done.stderr
        assert read(option, secret(tmp_path / "secret", text), other + "/x/").stderr == b""


def test_no_file_and_two_ways_to_sign_in(other, tmp_path):
    assert b"cannot open" in read("--netrc-file", str(tmp_path / "none"), other + "/x/").stderr
    token = secret(tmp_path / "token", "abc")
    assert read("--user", "a:b", "--bearer-file", token, other + "/x/").returncode == 2


def test_a_certificate_is_trusted_by_ca_file(tmp_path):
    made = subprocess.run([davit.BINARY, "cert", "self-signed", "--out", str(tmp_path / "tls")],
                          capture_output=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls/cert.pem", tmp_path / "tls/key.pem")
    server_ = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server_.socket = context.wrap_socket(server_.socket, server_side=True)
    threading.Thread(target=server_.serve_forever, daemon=True).start()
    url = f"https://localhost:{server_.server_address[1]}/x/"
    assert read("--ca-file", str(tmp_path / "tls/cert.pem"), url).returncode == 0
    assert read(url).returncode == 4
    assert read("--ca-file", str(tmp_path / "none"), url).returncode == 4
    server_.shutdown()
