"""How an app gets a password of its own: begun, granted on a page, fetched once, revoked; and what becomes of it
for whoever would like to have somebody else's."""

import base64
import concurrent.futures
import contextlib
import errno
import hashlib
import html.parser
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import urllib.parse
import xml.etree.ElementTree as ElementTree

import davit
import pytest
from session import need_root, wait_for

APP = "Mozilla/5.0 (Linux) mirall/3.7.3"
FORM = "application/x-www-form-urlencoded"
# What `davit user add` makes for alice and "pencil", which is slow by intention.
USERS = "alice:$y$j9T$1qf8yFFaIuljQjiaqSikI0$VdsFQZYyk4370HWYwlw6kGWX9j1s2civtsiqVyxfGx7\n"
KEYS = (":salts=_cJCa92p902FVekDjIUG-O3Zysou7ZWbiXiaQ-7-Bxk\n"
        "alice:38246eb576ab0115fc0707b52cd02efe:realm=ZGF2aXQ "
        "sha256=b57d620309617d74ff86ebe7115dbd79912e19a9849bfa1b1f77f90ca00b52c9\n")
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
CONFIG = """[server]
users = {folder}/users
tokens = {folder}/tokens
app-passwords = {folder}/own/apps
access-log = {folder}/access.log
others-write = no
{more}
[mount "/cloud"]
root = {folder}/cloud
sync-clients = yes
others-write = no
{mount}
[rule "/"]
allow = all for users
"""


def add_alice(folder):
    (folder / "users").write_text(USERS)
    (folder / "users.keys").write_text(KEYS)


class Site(davit.Davit):
    def __init__(self, folder, more="", mount="", **options):
        self.folder = folder
        for name in ("cloud", "own"):
            os.makedirs(folder / name, exist_ok=True)
        if not (folder / "users").exists():
            add_alice(folder)
        (folder / "conf").write_text(CONFIG.format(folder=folder, more=more, mount=mount), encoding="utf-8")
        super().__init__(root=str(folder / "none"), args=["-c", str(folder / "conf")], **options)

    def operands(self):
        return []

    def restart(self):
        self.stop()
        self.start()

    def davit(self, *words):
        done = subprocess.run([davit.BINARY, *words, "-c", str(self.folder / "conf")], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout + done.stderr

    def ask(self, method, target, source=None, fields=None, body=None):
        """From another address of this machine, perhaps."""
        lines = {"Host": self.host, **(fields or {})}
        if body is not None:
            lines["Content-Length"] = str(len(body))
        with self.connect(source=source) as connection:
            connection.send(f"{method} {target} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in lines.items())
                            + "\r\n" + (body or ""))
            return connection.read(method)

    def begin(self, source=None, agent=APP):
        """What the app is told: the text that fetches its password, and the path of the page."""
        response = self.ask("POST", "/cloud/index.php/login/v2", source, {"User-Agent": agent}, "")
        assert response.status == 200, response
        said = json.loads(response.body)
        assert said["poll"]["endpoint"] == self.url + "/cloud/index.php/login/v2/poll"
        assert said["login"].startswith(self.url + "/cloud/index.php/login/v2/flow/")
        return said["poll"]["token"], said["login"][len(self.url):]

    def poll(self, text):
        return self.ask("POST", "/cloud/index.php/login/v2/poll", None, {"Content-Type": FORM}, "token=" + text)

    def page(self, path, **more):
        response = self.ask("GET", path, **more)
        assert response.status == 200, response
        return Page(response.body.decode())

    def send(self, path, form, **more):
        more.setdefault("fields", {})
        more["fields"] = {"Content-Type": FORM, "Origin": self.url, **more["fields"]}
        return self.ask("POST", path, body=urllib.parse.urlencode(form), **more)

    def grant(self, path, user="alice", password="pencil", **more):
        form = {**self.page(path).hidden, "user": user, "password": password, "mine": "yes", "answer": "yes", **more}
        return self.send(path, form)

    def password(self):
        text, path = self.begin()
        assert self.grant(path).status == 200
        return json.loads(self.poll(text).body)["appPassword"]

    def status(self, password, user="alice"):
        return self.request("PROPFIND", "/cloud/remote.php/dav/files/alice/", {**basic(user, password), "Depth": "0"}).status


class Page(html.parser.HTMLParser):
    """Its hidden inputs, the names of others, and its text."""

    def __init__(self, text):
        super().__init__()
        self.hidden, self.inputs, self.tags, self.text, self.is_styled = {}, [], [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        self.is_styled = tag == "style"
        if tag == "input" and attrs.get("type") == "hidden":
            self.hidden[attrs["name"]] = attrs["value"]
        elif tag == "input":
            self.inputs.append(attrs["name"])

    def handle_data(self, data):
        self.text += "" if self.is_styled else data


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture(name="folder")
def folder_fixture():
    """That costs no flush to the disk."""
    with tempfile.TemporaryDirectory(prefix="davit-login-", dir=MEMORY) as folder:
        yield pathlib.Path(folder)


@pytest.fixture(name="own")
def own_fixture(folder):
    with Site(folder) as running:
        yield running


@pytest.fixture(name="site", scope="module")
def site_fixture():
    """For what leaves nothing behind that another test would see."""
    with tempfile.TemporaryDirectory(prefix="davit-login-", dir=MEMORY) as folder:
        with Site(pathlib.Path(folder)) as running:
            yield running


def refused(response, status, text):
    assert response.status == status and text in response.body.decode(), response


# --- the way it goes ---


def test_an_app_gets_a_password_of_its_own_once(site):
    text, path = site.begin()
    first = site.poll(text)
    assert first.status == 404 and first.field("Cache-Control") == "no-store"
    assert site.grant(path).status == 200
    got = site.poll(text)
    assert got.status == 200 and got.field("Cache-Control") == "no-store"
    said = json.loads(got.body)
    assert said["server"] == site.url + "/cloud" and said["loginName"] == "alice"
    assert site.poll(text).status == 404
    assert site.status(said["appPassword"]) == 207 and site.status(text) == 401
    bearer = {"Authorization": "Bearer " + said["appPassword"], "Depth": "0"}
    assert site.request("PROPFIND", "/cloud/", bearer).status == 207
    assert site.status(said["appPassword"], "bob") == 401


def test_the_text_may_come_in_the_query(site):
    """As a phone app has it."""
    text, path = site.begin()
    site.grant(path)
    assert site.request("POST", "/cloud/index.php/login/v2/poll?token=" + text, body="").status == 200


def test_what_is_begun_or_granted_outlives_a_restart_and_a_crash(own):
    text, path = own.begin()
    own.restart()
    assert own.grant(path).status == 200
    own.kill()
    own.start()
    got = own.poll(text)
    assert got.status == 200
    own.kill()  # after the answer: what was told is there
    own.start()
    assert own.status(json.loads(got.body)["appPassword"]) == 207 and own.poll(text).status == 404


def test_what_nobody_grants_or_fetches_in_time_is_over(folder):
    with Site(folder) as site:
        text, path = site.begin()
        granted, other = site.begin()
        assert site.grant(other).status == 200
        site.stop()
        site.args += ["--limit", "login_seconds=1"]
        site.start()
        wait_for(lambda: site.ask("GET", path).status == 404, "the end of a link")
        assert b"is over" in site.ask("GET", path).body
        refused(site.send(path, {"answer": "yes"}), 404, "is over")
        assert site.poll(text).status == 404
        # what was granted is held to the time that there was when it was granted
        assert site.poll(granted).status == 200
        text, path = site.begin()
        response = site.send(path, {**{"answer": "yes", "user": "alice", "password": "pencil"},
                                    "proof": ""})
        assert response.status in (403, 404) and site.poll(text).status == 404


def test_version_1_leads_back_to_the_app(site):
    page = site.page("/cloud/index.php/login/flow", fields={"User-Agent": "phone"})
    assert "phone" in page.text
    form = {**page.hidden, "user": "alice", "password": "pencil", "answer": "yes"}
    response = site.send("/cloud/index.php/login/flow", form)
    assert response.status == 303
    match = re.fullmatch(r"nc://login/server:(.*)&user:(.*)&password:(.*)", response.field("Location"))
    assert match[1] == site.url + "/cloud" and match[2] == "alice"
    assert site.status(urllib.parse.unquote(match[3])) == 207
    refused(site.send("/cloud/index.php/login/flow", form), 409, "was sent before")
    # neither kind of link is good for the other
    _, path = site.begin()
    form["login"] = path.rsplit("/", 1)[1]
    refused(site.send("/cloud/index.php/login/flow", form), 404, "is over")
    assert site.ask("GET", path.rsplit("/", 1)[0] + "/" + page.hidden["login"]).status == 404


def test_an_app_changes_a_password_for_its_own_and_gives_it_back(site):
    asks = {"OCS-APIRequest": "true", "User-Agent": "an app"}
    target = "/cloud/ocs/v2.php/core/getapppassword"
    got = site.request("GET", target, {**basic("alice", "pencil"), **asks})
    assert got.status == 200, got
    xml = ElementTree.fromstring(got.body)
    password = xml.findtext("data/apppassword")
    assert xml.findtext("meta/statuscode") == "200" and site.status(password) == 207
    got = site.request("GET", target + "?format=json", {**basic("alice", "pencil"), **asks})
    other = json.loads(got.body)["ocs"]["data"]["apppassword"]
    # not by one, and not by a page elsewhere
    assert site.request("GET", target, {**basic("alice", password), **asks}).status == 403
    assert site.request("GET", target, basic("alice", "pencil")).status == 412
    assert site.request("GET", target, asks).status == 401
    count = len(site.davit("token", "list")[1].splitlines())
    assert site.request("HEAD", target, {**basic("alice", "pencil"), **asks}).status == 200
    assert len(site.davit("token", "list")[1].splitlines()) == count
    # given back
    target = "/cloud/ocs/v2.php/core/apppassword"
    assert site.request("DELETE", target, {**basic("alice", "pencil"), **asks}).status == 403
    assert site.request("DELETE", target, basic("alice", password)).status == 412
    assert site.request("DELETE", target, {**basic("alice", password), **asks}).status == 200
    assert site.status(password) == 401 and site.status(other) == 207
    assert site.request("DELETE", target, {**basic("alice", password), **asks}).status == 401


# --- who may grant ---


def test_nobody_grants_by_a_wrong_password_or_a_token(site):
    text, path = site.begin()
    refused(site.grant(path, password="pen"), 403, "not right")
    refused(site.grant(path, user="bob"), 403, "not right")
    refused(site.grant(path, user=""), 403, "not right")
    refused(site.grant(path, user="alice:x"), 403, "not right")
    token = site.davit("token", "add", "alice")[1].strip()
    app = site.password()
    site.process.send_signal(signal.SIGHUP)
    wait_for(lambda: site.status(token) == 207, "the token")
    refused(site.grant(path, password=token), 403, "cannot be granted")
    refused(site.grant(path, password=app), 403, "cannot be granted")
    refused(site.ask("GET", path, fields=basic("alice", app)), 403, "cannot be granted")
    refused(site.ask("GET", path, fields={"Authorization": "Bearer " + app}), 403, "cannot be granted")
    assert site.poll(text).status == 404


def test_wrong_passwords_on_the_page_are_slowed(own):
    _, path = own.begin()
    page = own.page(path)
    statuses = []
    for i in range(12):
        form = {**page.hidden, "user": "alice", "password": f"wrong{i}", "mine": "yes", "answer": "yes"}
        response = own.send(path, form)
        statuses.append(response.status)
    assert statuses[0] == 403 and statuses[-1] == 429 and int(response.field("Retry-After")) > 0


def test_no_is_no(site):
    text, path = site.begin()
    refused(site.grant(path, answer="no"), 200, "Nothing was given")
    assert site.poll(text).status == 404


def test_a_form_that_is_not_ours_grants_nothing(site):
    """The browser has signed in and sends its password by itself."""
    text, path = site.begin()
    signed_in = basic("alice", "pencil")
    page = site.page(path, fields=signed_in)
    assert "You are signed in as alice" in page.text and "password" not in page.inputs
    form = {**page.hidden, "mine": "yes", "answer": "yes"}
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert site.send(path, form, fields={**signed_in, **elsewhere}).status == 403
    assert site.send(path, form, fields={**signed_in, "Origin": "https://evil.example"}).status == 403
    assert site.send(path, form, fields={**signed_in, "Origin": "null"}).status == 403
    refused(site.send(path, {"answer": "yes"}, fields=signed_in), 403, "not sent by this page")
    # what a stranger's page can get is the proof for nobody, or of a login of his
    refused(site.send(path, {**site.page(path).hidden, "answer": "yes"}, fields=signed_in), 403, "not sent by this")
    _, other = site.begin()
    form["proof"] = site.page(other, fields=signed_in).hidden["proof"]
    refused(site.send(path, form, fields=signed_in), 403, "not sent by this page")
    # nor does GET, or a form that says two things
    assert site.ask("GET", path + "?answer=yes", fields=signed_in).status == 200
    twice = urllib.parse.urlencode({**page.hidden, "answer": "no"}) + "&answer=yes"
    assert site.ask("POST", path, fields={**signed_in, "Origin": site.url, "Content-Type": FORM}, body=twice).status == 200
    assert site.poll(text).status == 404
    assert site.send(path, {**page.hidden, "mine": "yes", "answer": "yes"}, fields=signed_in).status == 200
    assert site.poll(text).status == 200


def test_a_page_that_the_mount_lets_in_grants_nothing(folder):
    """What it may do is for that mount, and for as long as it is open."""
    with Site(folder, mount="cors = https://app.example") as site:
        text, path = site.begin()
        let_in = {**basic("alice", "pencil"), "Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}
        assert site.request("PUT", "/cloud/a", let_in, "x").status == 201
        form = {**site.page(path, fields=let_in).hidden, "mine": "yes", "answer": "yes"}
        refused(site.send(path, form, fields=let_in), 403, "another site")
        direct = site.page("/cloud/index.php/login/flow", fields=let_in).hidden
        refused(site.send("/cloud/index.php/login/flow", {**direct, "answer": "yes"}, fields=let_in), 403, "another site")
        asks = {"OCS-APIRequest": "true", **let_in}
        assert site.request("GET", "/cloud/ocs/v2.php/core/getapppassword", asks).status == 403
        assert site.poll(text).status == 404 and site.davit("token", "list") == (0, "")


def test_the_browser_signs_in_where_it_is_asked_to(site):
    _, path = site.begin()
    assert site.ask("GET", path).status == 200
    asked = site.ask("GET", path + "?sign-in")
    assert asked.status == 401 and "Basic" in asked.field("WWW-Authenticate")
    assert "signed in as alice" in site.page(path + "?sign-in", fields=basic("alice", "pencil")).text


def test_an_app_elsewhere_is_told_of_and_asked_about(site):
    text, path = site.begin(source="127.0.0.2")
    page = site.page(path)
    assert "is not where you are" in page.text and "127.0.0.2" in page.text and "mine" in page.inputs
    assert site.grant(path).status == 200
    assert site.poll(text).status == 200


def test_who_has_begun_nothing_grants_nothing(site):
    """An address says nothing where a proxy is not believed, or all are behind one gateway."""
    text, path = site.begin()
    page = site.page(path)
    assert "is not where you are" not in page.text and "the same as yours" in page.text and "mine" in page.inputs
    assert "all that you can on this server" in page.text
    refused(site.grant(path, mine="no"), 403, "Say first")
    assert site.poll(text).status == 404
    assert "mine" not in site.page("/cloud/index.php/login/flow").inputs


def test_a_login_is_granted_once(site):
    text, path = site.begin()
    page = site.page(path)
    form = {**page.hidden, "user": "alice", "password": "pencil", "mine": "yes", "answer": "yes"}
    assert site.send(path, form).status == 200
    refused(site.send(path, form), 409, "was sent before")
    refused(site.ask("GET", path), 409, "has been given")
    site.poll(text)
    refused(site.send(path, form), 409, "was sent before")


def test_it_may_only_read(site):
    text, path = site.begin()
    site.grant(path, **{"read-only": "yes"})
    password = json.loads(site.poll(text).body)["appPassword"]
    assert site.status(password) == 207
    assert site.request("PUT", "/cloud/a", basic("alice", password), "x").status == 403
    listed = [line for line in site.davit("token", "list")[1].splitlines() if line.startswith(text[4:16])]
    assert " read-only app" in listed[0]


# --- what the page is ---


def test_the_page_lets_nothing_run_and_nobody_around_it(site):
    text, path = site.begin()
    response = site.ask("GET", path)
    policy = response.field("Content-Security-Policy")
    style = re.search(r"<style>(.*)</style>", response.body.decode())[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'self'; "
                      "frame-ancestors 'none'")
    assert response.field("Cache-Control") == "no-store" and response.field("Referrer-Policy") == "same-origin"
    assert response.field("X-Content-Type-Options") == "nosniff" and "script" not in Page(response.body.decode()).tags
    for name in ("Set-Cookie", "ETag", "Last-Modified", "Access-Control-Allow-Origin"):
        assert response.field(name) is None
    assert text not in response.body.decode()
    assert site.ask("HEAD", path).status == 200


def test_an_app_cannot_be_part_of_the_page(site):
    for agent, shown in (("<script>alert(1)</script>", "<script>alert(1)</script>"),
                         ('"><img src=x onerror=alert(1)>', '"><img src=x onerror=alert(1)>'),
                         ("a\tb\u202egnp", "a\\x09b\\u202egnp"), ("x" * 5000, "x" * 120 + "…"),
                         ("", "an app that does not give its name")):
        _, path = site.begin(agent=agent)
        page = site.page(path)
        assert shown in page.text and "script" not in page.tags and "img" not in page.tags, agent[:50]
        assert len(path) < 700


def test_links_that_are_not_ours_lead_nowhere(site):
    _, path = site.begin()
    folder, link = path.rsplit("/", 1)
    for wrong in ("", "x", "dvt_", link[:-1], link + "A", link[:20] + "A" + link[21:], "A" * 2000, "%00", "..%2f"):
        if wrong != link:
            assert site.ask("GET", f"{folder}/{wrong}").status in (400, 404), wrong
    assert site.send(path, {"answer": "x" * 20000}).status == 413
    assert site.ask("PUT", path, body="x").status in (401, 405)
    for body in ("", "token", "token=", "token=x", "token=dvt_", "token=" + link):
        assert site.ask("POST", "/cloud/index.php/login/v2/poll", body=body).status == 404


# --- what ends it, and who sees it ---


def test_the_command_lists_and_revokes(own):
    text, path = own.begin()
    own.grant(path)
    assert " app, not fetched yet" in own.davit("token", "list")[1]
    password = json.loads(own.poll(text).body)["appPassword"]
    listed = own.davit("token", "list")[1]
    assert "not fetched" not in listed and "mirall" in listed and "alice" in listed and password not in listed
    assert own.status(password) == 207
    assert own.davit("token", "revoke", "0" * 12)[0] == 1
    assert own.davit("token", "revoke", listed.split()[0]) == (0, "")
    wait_for(lambda: own.status(password) == 401, "the end of an app password")
    assert own.davit("token", "list") == (0, "")
    password = own.password()  # the server goes on from what the command left
    assert own.status(password) == 207


def test_who_is_removed_takes_his_apps_along(own):
    password = own.password()
    lines = (own.folder / "users").read_text()
    (own.folder / "users").write_text("# nobody\n")
    own.process.send_signal(signal.SIGHUP)
    wait_for(lambda: own.status(password) == 401, "the end of a user's apps")
    (own.folder / "users").write_text(lines)
    own.process.send_signal(signal.SIGHUP)
    wait_for(lambda: own.status(password) == 207, "the user again")
    assert own.davit("user", "del", "alice")[0] == 0
    assert own.davit("token", "list") == (0, "")


def test_secrets_are_in_no_log_and_no_file(own):
    text, path = own.begin()
    own.grant(path)
    own.request("POST", "/cloud/index.php/login/v2/poll?token=" + text, body="")
    password = own.password()
    own.stop()
    logs = (own.folder / "access.log").read_text() + own.stderr()
    kept = (own.folder / "own/apps").read_text()
    for secret in (text, password):
        assert secret[16:] not in logs and secret[16:] not in kept and secret[4:16] in kept
    assert path[-60:] not in logs and f"dvt_{text[4:16]}***" in logs and " alice " in logs
    assert oct(os.stat(own.folder / "own/apps").st_mode & 0o777) == "0o600"


def test_each_user_has_so_many(folder):
    with Site(folder, more="[limits]\napp_passwords = 2") as site:
        site.password()
        site.password()
        _, path = site.begin()
        refused(site.grant(path), 403, "too many apps")
        asks = {"OCS-APIRequest": "true", **basic("alice", "pencil")}
        assert site.request("GET", "/cloud/ocs/v2.php/core/getapppassword", asks).status == 403


def test_where_basic_is_not_offered_apps_use_it_all_the_same(folder):
    with Site(folder, more="schemes = digest") as site:
        text, path = site.begin()
        page = site.page(path)
        assert "password" not in page.inputs
        asked = site.ask("GET", path + "?sign-in")
        assert asked.status == 401 and "Basic" not in asked.field("WWW-Authenticate")
        refused(site.send(path, {**page.hidden, "proof": "x", "answer": "yes"}), 403, "not sent by this page")
        done = subprocess.run(["curl", "-s", "--digest", "-u", "alice:pencil", site.url + path + "?sign-in"],
                              capture_output=True, text=True, check=True)
        form = {**Page(done.stdout).hidden, "mine": "yes", "answer": "yes"}
        done = subprocess.run(["curl", "-s", "--digest", "-u", "alice:pencil", "-d", urllib.parse.urlencode(form),
                               site.url + path + "?sign-in"], capture_output=True, text=True, check=True)
        assert "Access is given" in done.stdout
        password = json.loads(site.poll(text).body)["appPassword"]
        assert site.status(password) == 207 and site.status("pencil") == 401
        # its clients are told of it where they come, and nobody else
        def challenge(path):
            return site.request("PROPFIND", path, {"Depth": "0"}).field("WWW-Authenticate")
        assert "Basic" in challenge("/cloud/remote.php/webdav/") and "Basic" not in challenge("/cloud/")


def test_without_a_file_there_are_none(folder):
    for name in ("cloud", "own"):
        os.makedirs(folder / name)
    with Site(folder) as site:
        site.stop()
        conf = (folder / "conf").read_text().replace("app-passwords", "# app-passwords")
        (folder / "conf").write_text(conf)
        site.start()
        for method, target in (("POST", ""), ("GET", "/flow/x"), ("POST", "/poll")):
            assert site.ask(method, "/cloud/index.php/login/v2" + target, body="").status == 404
        asks = {"OCS-APIRequest": "true", **basic("alice", "pencil")}
        assert site.request("GET", "/cloud/ocs/v2.php/core/getapppassword", asks).status == 404


@pytest.fixture(name="open_path")
def open_path_fixture():
    """Another user may come there, as not to pytest's own."""
    need_root("files of another user")
    with tempfile.TemporaryDirectory(prefix="davit-login-", dir=MEMORY) as folder:
        os.chmod(folder, 0o755)
        os.mkdir(os.path.join(folder, "own"), 0o755)
        yield pathlib.Path(folder)


def test_a_server_that_cannot_write_says_so_at_the_start(open_path):
    add_alice(open_path)
    with pytest.raises(AssertionError, match="cannot lock .*own/apps"):
        Site(open_path, more="user = nobody")


def test_root_changes_them_as_their_owner(open_path):
    """Whoever has taken over the server leads no command of root's elsewhere."""
    secret = open_path / "secret"
    secret.write_text("root's\n")
    secret.chmod(0o600)
    with Site(open_path) as site:
        password = site.password()
    os.chown(open_path / "own", 65534, 65534)
    for name in os.listdir(open_path / "own"):
        os.chown(open_path / "own" / name, 65534, 65534)
    assert site.davit("token", "revoke", password)[0] == 0
    for name in ("apps", "apps.lock"):
        assert os.stat(open_path / "own" / name).st_uid == 65534
    os.unlink(open_path / "own/apps")
    os.symlink(secret, open_path / "own/apps")
    status, text = site.davit("token", "list")
    assert status == 1 and "root's" not in text
    os.unlink(open_path / "own/apps.lock")
    os.symlink(open_path / "made", open_path / "own/apps.lock")
    assert site.davit("token", "revoke", "0" * 12)[0] == 1 and not (open_path / "made").exists()


@contextlib.contextmanager
def locked(site):
    """As by a command that was stopped in the middle."""
    with subprocess.Popen(["flock", str(site.folder / "own/apps.lock"), "sh", "-c", "echo; exec sleep 600"],
                          stdout=subprocess.PIPE, start_new_session=True) as holder:
        holder.stdout.readline()
        yield
        os.killpg(holder.pid, signal.SIGKILL)


@contextlib.contextmanager
def slow(site):
    """The file is a pipe, which whoever reads it waits for: the server, when it is to read all again."""
    apps = site.folder / "own/apps"
    pipes = []
    os.mkfifo(site.folder / "pipe")
    os.rename(site.folder / "pipe", apps)

    def is_read():
        try:
            pipes.append(os.open(apps, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as problem:
            assert problem.errno == errno.ENXIO
        return pipes
    site.process.send_signal(signal.SIGHUP)
    wait_for(is_read, "the server to read the file")
    yield
    apps.unlink()
    os.close(pipes[0])


def test_who_is_in_the_way_holds_up_only_who_waits_for_him(own):
    """And him not for long; nobody else, and no loop."""
    with Site(own.folder / "other") as other, concurrent.futures.ThreadPoolExecutor() as pool:
        password, others = own.password(), other.password()
        paths = own.begin()[1], other.begin()[1]
        with locked(own), slow(other):
            answers = [pool.submit(own.grant, paths[0]), pool.submit(other.grant, paths[1])]
            other.process.send_signal(signal.SIGHUP)
            other.says("the settings have been reloaded", 2)
            for _ in range(2):
                assert own.status(password) == 207 and other.status(others) == 207
                own.begin()
                other.begin()
            for answer in answers:
                refused(answer.result(), 503, "cannot keep it")
        text, path = own.begin()
        assert own.grant(path).status == 200 and own.poll(text).status == 200
        own.says("an app password could not be kept: cannot lock")
        other.says("an app password could not be kept: somebody else")
