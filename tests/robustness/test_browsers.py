"""What stored pages may do in a browser, and where."""

import base64
import hashlib
import os
import re
import subprocess

import davit
import pytest

CONFIG = """[server]
tokens = {folder}/tokens
users = {folder}/users
[mount "/"]
root = {folder}/all
[mount "/shared"]
root = {folder}/shared
cors = https://app.example
[mount "/site"]
root = {folder}/site
active = yes
[mount "/site/uploads"]
root = {folder}/uploads
[mount "/shared/caf\u00e9"]
root = {folder}/coffee
[mount "/site/caf\u00e9"]
root = {folder}/more
[rule "/"]
allow = all for everyone
"""

class Site(davit.Davit):
    def __init__(self, folder):
        for name in ("all", "site", "uploads", "shared", "coffee", "more"):
            os.mkdir(folder / name)
            (folder / name / "page.html").write_text("<script>")
        davit.add_user(str(folder / "users"), "alice", "pencil")
        (folder / "conf").write_text(CONFIG.format(folder=folder), encoding="utf-8")
        super().__init__(root=str(folder / "none"), args=["-c", str(folder / "conf")])

    def operands(self):
        return []


@pytest.fixture(name="site")
def site_fixture(tmp_path):
    with Site(tmp_path) as running:
        yield running


def is_confined(response):
    assert response.status == 200 and response.field("X-Content-Type-Options") == "nosniff"
    policy = response.field("Content-Security-Policy", "")
    is_download = response.field("Content-Disposition", "").startswith("attachment")
    assert policy.startswith("sandbox;") == is_download
    return is_download


def test_only_an_active_mount_is_a_site(site):
    assert is_confined(site.request("GET", "/page.html"))
    assert not is_confined(site.request("GET", "/site/page.html"))
    assert is_confined(site.request("GET", "/site/uploads/page.html")), "the longest path decides"
    assert site.request("GET", "/sitemap").status == 404


def test_a_shared_link_is_never_one(site, tmp_path):
    done = subprocess.run([davit.BINARY, "token", "add", "alice", "--link", "--path", "/site", "--tokens",
                           str(tmp_path / "tokens")], capture_output=True, text=True, check=True)
    site.process.send_signal(1)
    for _ in range(600):
        response = site.request("GET", done.stdout.strip() + "page.html")
        if response.status == 200:
            break
    assert is_confined(response)
    assert response.field("Content-Disposition") == 'attachment; filename="page.html"'


def test_the_policy_of_the_index_names_its_style(site):
    response = site.request("GET", "/site/")
    style = re.search(rb"<style>(.*?)</style>", response.body, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert f"'sha256-{digest}'" in response.field("Content-Security-Policy")


def ask(site, method, path, **fields):
    return site.request(method, path, fields={"Origin": "https://app.example", **fields})


def test_a_page_that_is_let_into_a_mount_stays_in_it(site):
    assert ask(site, "GET", "/shared/page.html").field("Access-Control-Allow-Origin") == "https://app.example"
    elsewhere = ask(site, "GET", "/page.html")
    assert elsewhere.status == 200 and elsewhere.field("Access-Control-Allow-Origin") is None
    assert elsewhere.field("Vary") is None
    for path in ("/page.html", "/site/page.html", "/sharedx"):
        assert ask(site, "PUT", path).status == 403
        assert ask(site, "COPY", "/shared/page.html", Destination=path).status == 403
        assert ask(site, "MOVE", "/shared/page.html", Destination=path).status == 403
        assert ask(site, "COPY", path, Destination="/shared/copy").status == 403
    assert ask(site, "COPY", "/shared/page.html", Destination="/shared/copy").status == 201


@pytest.mark.parametrize("name", ["caf%C3%A9", "cafe%CC%81"])
def test_a_mount_is_told_in_each_form_of_unicode(site, name):
    """A store finds it in both: what holds in the mount above does not hold in it."""
    assert is_confined(site.request("GET", f"/site/{name}/page.html"))
    answer = ask(site, "GET", f"/shared/{name}/page.html")
    assert answer.status == 200 and answer.field("Access-Control-Allow-Origin") is None
    assert ask(site, "PUT", f"/shared/{name}/new").status == 403
    assert ask(site, "COPY", "/shared/page.html", Destination=f"/shared/{name}/copy").status == 403


@pytest.mark.parametrize("value", ["app.example", "https://app.example/path", "https://*.example", "null", "https://"])
def test_what_is_no_origin_is_refused(tmp_path, value):
    done = subprocess.run([davit.BINARY, "serve", "--cors", value, str(tmp_path)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 2 and "is neither an origin (for example https://app.example) nor *" in done.stderr
