"""`davit explain`: every code there is, what people type, and examples that davit really produces."""

import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import davit
import pytest

SOURCE = os.path.join(os.path.dirname(__file__), "..", "..", "src")

# https://www.iana.org/assignments/http-status-codes, as of 2026: code and phrase.
REGISTERED = """100 Continue;101 Switching Protocols;102 Processing;103 Early Hints
104 Upload Resumption Supported;200 OK;201 Created;202 Accepted;203 Non-Authoritative Information
204 No Content;205 Reset Content;206 Partial Content;207 Multi-Status;208 Already Reported;226 IM Used
300 Multiple Choices;301 Moved Permanently;302 Found;303 See Other;304 Not Modified;305 Use Proxy
306 (Unused);307 Temporary Redirect;308 Permanent Redirect;400 Bad Request;401 Unauthorized
402 Payment Required;403 Forbidden;404 Not Found;405 Method Not Allowed;406 Not Acceptable
407 Proxy Authentication Required;408 Request Timeout;409 Conflict;410 Gone;411 Length Required
412 Precondition Failed;413 Content Too Large;414 URI Too Long;415 Unsupported Media Type
416 Range Not Satisfiable;417 Expectation Failed;418 (Unused);421 Misdirected Request
422 Unprocessable Content;423 Locked;424 Failed Dependency;425 Too Early;426 Upgrade Required
428 Precondition Required;429 Too Many Requests;431 Request Header Fields Too Large
451 Unavailable For Legal Reasons;500 Internal Server Error;501 Not Implemented;502 Bad Gateway
503 Service Unavailable;504 Gateway Timeout;505 HTTP Version Not Supported
506 Variant Also Negotiates;507 Insufficient Storage;508 Loop Detected;510 Not Extended
511 Network Authentication Required"""


def explain(*args):
    return subprocess.run([davit.BINARY, "explain", *args], capture_output=True, text=True,
                          timeout=60, check=False, stdin=subprocess.DEVNULL)


def known(*args):
    done = explain("--json", *args)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def all_codes():
    return [code for group in known() for code in group["codes"]]


def test_every_registered_code_is_there():
    expected = dict(entry.split(" ", 1) for line in REGISTERED.splitlines()
                    for entry in line.split(";"))
    expected["460"] = "Checksum Mismatch"  # tus' own
    assert {str(code["code"]): code["name"] for code in all_codes()} == expected


def test_every_code_says_all_that_is_asked_for():
    codes = all_codes()
    numbers = {code["code"] for code in codes}
    for code in codes:
        for key in ("means", "when", "body", "client", "source", "cache", "class"):
            assert len(code[key]) > 2, (code["code"], key)
        for key in ("means", "when", "body", "client"):
            assert code[key].endswith("."), (code["code"], key, code[key])
        assert re.match(r"RFC \d{4}|draft-|tus ", code["source"]), code["source"]
        assert code["related"] and set(code["related"]) <= numbers - {code["code"]}, code["code"]
    for code in (207, 208, 401, 403, 404, 409, 412, 423, 424, 507):  # what WebDAV is about
        assert "mistakes" in next(one for one in codes if one["code"] == code) or code == 208


def test_207_is_set_right():
    one = known("207")[0]
    assert "registered with IANA" in one["mistakes"] and "RFC 4918 §11.1" in one["mistakes"]
    assert "proxy" in one["mistakes"] and "nothing about success" in one["means"]
    assert [example["name"] for example in one["examples"]] == [
        "listing", "partial-failure", "all-or-nothing", "sign-in", "gateway", "http2", "batch"]


@pytest.mark.parametrize("argument, code", [
    ("207", 207), ("HTTP/1.1 207 Multi-Status", 207), ("HTTP/2 207", 207), ("multi-status", 207),
    ("Multistatus", 207), ("MULTI_STATUS", 207), (" 404 ", 404), ("404 Not Found", 404),
    ("not found", 404), ("failed-dependency", 424), ("ok", 200), ("im used", 226),
    ("HTTP/1.1 299 Whatever", 299),
])
def test_what_people_type(argument, code):
    assert known(argument)[0]["code"] == code


@pytest.mark.parametrize("argument", [
    "lock-token-submitted", "D:lock-token-submitted", "<D:lock-token-submitted/>",
    "LOCK-TOKEN-SUBMITTED"])
def test_preconditions(argument):
    one = known(argument)[0]
    assert one["condition"] == "lock-token-submitted" and one["status"] == 423
    shown = explain(argument).stdout
    assert "423 Locked" in shown and "<D:lock-token-submitted/>" in shown


def test_every_precondition_of_davit_is_known():
    with open(os.path.join(SOURCE, "exchange/conditions.def"), encoding="utf-8") as file:
        elements = re.findall(r'^DAVI?T?_CONDITION\(\w+, \d+, "([a-z-]+)"', file.read(), re.M)
    assert len(elements) > 20
    for one, element in zip(sum((known(*elements[i:i + 8]) for i in range(0, len(elements), 8)), []),
                            elements):
        assert one["condition"] == element and one["means"].endswith(".") and one["client"]


def test_classes():
    done = explain("2xx")
    assert done.returncode == 0
    assert re.findall(r"^  (\d{3}) ", done.stdout, re.M) == [
        "200", "201", "202", "203", "204", "205", "206", "207", "208", "226"]
    everything = explain()
    assert everything.returncode == 0
    assert len(re.findall(r"^  \d{3} ", everything.stdout, re.M)) == len(all_codes())


def test_codes_side_by_side():
    done = explain("207", "200", "201", "202", "204")
    assert done.returncode == 0
    first = done.stdout.splitlines()[0]
    places = [first.index(text) for text in ("207 Multi", "200 OK", "201 Cre", "202 Acc", "204 No")]
    assert places == sorted(places)
    for title in ("MEANING", "USE", "CONTENTS OF THE ANSWER", "ERRORS THAT ARE OFTEN MADE"):
        assert f"\n{title}\n" in done.stdout
    narrow = explain("--width", "60", "207", "200", "201", "202", "204")
    assert all(len(line) <= 60 for line in narrow.stdout.splitlines())
    assert narrow.stdout.count("  201 Created\n") == 6  # once for each aspect


@pytest.mark.parametrize("argument, meant", [
    ("lock-token-submited", "lock-token-submitted"), ("Forbiden", "Forbidden"),
    ("propfind-finite-dept", "propfind-finite-depth")])
def test_what_is_mistyped_gets_a_suggestion(argument, meant):
    done = explain(argument)
    assert done.returncode == 1 and f"did you mean '{meant}'?" in done.stderr


@pytest.mark.parametrize("argument", ["", "banana split sundae", "99", "600", "1000", "9xx", "2x",
                                      "HTTP/1.1", "-1e9 207", "2O7", "HTTP/1.1 20 No"])
def test_nonsense_is_told_kindly(argument):
    done = explain("--", argument)
    assert done.returncode == 1 and "unknown status or condition" in done.stderr and not done.stdout
    assert json.loads(explain("--json", "--", argument).stdout)[0]["error"] == "unknown"


def test_a_code_that_is_not_registered_is_explained_by_its_class():
    done = explain("499")
    assert done.returncode == 0
    assert "not registered" in done.stdout and "Treat it as 400 Bad Request" in done.stdout


def test_one_unknown_does_not_hide_the_others():
    done = explain("204", "banana")
    assert done.returncode == 1 and "204 No Content" in done.stdout


@pytest.mark.parametrize("args, text", [
    (("--jsn",), "did you mean --json?"), (("--width", "3"), "not a number from 40"),
    (("--width",), "--width needs COLUMNS"), (tuple(str(i) for i in range(200, 217)), "more than 16"),
])
def test_a_wrong_command_line_is_explained(args, text):
    done = explain(*args)
    assert done.returncode == 2 and text in done.stderr and not done.stdout


# --- the examples ---

def canonical(body):
    done = subprocess.run([davit.BINARY, "read", "--format", "xml"], input=body.encode(),
                          capture_output=True, check=False)
    assert done.returncode in (0, 1), done
    return done.stdout.decode()


def send(server, request):
    head, _, body = request.partition("\n\n")
    line, *fields = head.split("\n")
    method, target, _ = line.split(" ")
    return server.request(method, target, [tuple(field.split(": ", 1)) for field in fields],
                          body or None)


def send_over_http2(server, request):
    """The answer as curl sees it: the lines of the head, and the body."""
    head, _, body = request.partition("\n\n")
    line, *fields = head.split("\n")
    method, target, _ = line.split(" ")
    done = subprocess.run(
        ["curl", "-sS", "-i", "--http2-prior-knowledge", "-X", method, "--data-binary", body,
         *(arg for field in fields for arg in ("-H", field)), server.url + target],
        capture_output=True, text=True, timeout=60, check=True)
    head, _, body = done.stdout.partition("\r\n\r\n") if "\r\n\r\n" in done.stdout else \
        done.stdout.partition("\n\n")
    return [line.strip() for line in head.splitlines()], body


def prepare(server, name):
    """What the text of each example takes for granted."""
    os.mkdir(server.path("photos"))
    with open(server.path("photos", "cat.jpg"), "wb") as file:
        file.write(b"12345")
    if name == "partial-failure":
        with open(server.path("photos", "dog.jpg"), "wb"):
            pass
        answer = server.request("LOCK", "/photos/cat.jpg", {"Depth": "0"}, (
            '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
            '<D:locktype><D:write/></D:locktype></D:lockinfo>'))
        assert answer.status == 200
    if name == "sign-in":
        os.mkdir(server.path("private"))


def arguments(name, folder):
    """The command line of a server that can answer as in the example."""
    args = ["--durability", "lazy", "--depth-infinity", "allow"]
    if name != "sign-in":
        return args
    davit.add_user(str(folder / "users"), "ann", "pencil")
    (folder / "conf").write_text(f"[server]\nusers = {folder}/users\nschemes = basic\n"
                                 '[rule "/"]\nallow = read for everyone\n'
                                 '[rule "/private"]\ndeny = all for everyone\nallow = all for ann\n')
    return [*args, "-c", str(folder / "conf")]


@pytest.mark.parametrize("example", [
    pytest.param(example, id=example["name"]) for example in known("207")[0]["examples"]])
def test_davit_produces_its_examples(example, tmp_path):
    ElementTree.fromstring(example["body"])
    if not example["produced"]:
        assert example["needs"] == "gateway"
        shown = explain("207").stdout
        assert f"{example['title']} (this davit cannot produce it yet)" in shown
        return
    with davit.Davit(args=arguments(example["name"], tmp_path)) as server:
        prepare(server, example["name"])
        if example["request"].split("\n")[0].endswith("HTTP/2"):
            head, body = send_over_http2(server, example["request"])
            assert set(example["head"].split("\n")) <= set(head)
            assert canonical(body) == canonical(example["body"])
            return
        answer = send(server, example["request"])
        line, *fields = example["head"].split("\n")
        assert f"HTTP/1.1 {answer.status} {answer.reason}" == line
        for field in fields:
            name, value = field.split(": ", 1)
            assert answer.field(name) == value
        assert canonical(answer.body.decode()) == canonical(example["body"])
