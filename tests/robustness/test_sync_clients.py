"""Mounts that are served to sync clients by their own protocol: homes, quotas, several at once."""

import hashlib
import json
import os
from xml.etree import ElementTree

import davit
import pytest
from syncing import PASSWORD, SIGNED_IN, USER

CONFIG = """[server]
users = {folder}/users
durability = lazy
[mount "/cloud"]
root = {folder}/homes/%u
others-write = no
sync-clients = yes
quota = 1M
[mount "/team"]
root = {folder}/team
others-write = no
sync-clients = yes
read-only = yes
"""


class Configured(davit.Davit):
    def operands(self):
        return []


@pytest.fixture(name="server", scope="module")
def serve(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    for name in ("homes", "team"):
        (folder / name).mkdir()
    (folder / "team" / "notes").write_text("ours")
    davit.add_user(str(folder / "users"), USER, PASSWORD)
    (folder / "davit.conf").write_text(CONFIG.format(folder=folder))
    with Configured(str(folder), ["-c", str(folder / "davit.conf")]) as server:
        yield server


def ask(server, method, path, body=None, **fields):
    return server.request(method, path, {**SIGNED_IN, **fields}, body)


def properties(server, path, *names):
    body = ('<d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:prop>'
            + "".join(f"<{name}/>" for name in names) + "</d:prop></d:propfind>")
    response = ask(server, "PROPFIND", path, body, Depth="0")
    assert response.status == 207, response
    return response.body.decode()


def test_a_home_is_made_and_its_room_is_told(server):
    def quota():
        answer = ask(server, "GET", "/cloud/ocs/v2.php/cloud/user?format=json")
        data = json.loads(answer.body)["ocs"]["data"]
        assert data["id"] == USER
        return data["quota"]
    assert ask(server, "PUT", f"/cloud/remote.php/dav/files/{USER}/a", "x" * 1000).status == 201
    assert os.path.getsize(server.path("homes", USER, "a")) == 1000
    assert quota()["quota"] == 1 << 20 and quota()["used"] >= 1000
    assert ask(server, "PUT", "/cloud/remote.php/webdav/b", "x" * (2 << 20)).status == 507
    assert ask(server, "GET", "/cloud/a").body == b"x" * 1000


def test_an_app_that_reads_strictly_finds_what_it_needs(server):
    """One for iOS takes an answer for broken where one of these is missing, or of another kind."""
    for version, fine in (("v1", 100), ("v2", 200)):
        answer = server.request("GET", f"/cloud/ocs/{version}.php/cloud/capabilities?format=json")
        ocs = json.loads(answer.body)["ocs"]
        assert answer.status == 200 and ocs["meta"]["statuscode"] == fine
        assert [type(ocs["data"]["version"][name]) for name in ("string", "major", "minor", "micro")] == [str, int, int, int]
        assert ocs["data"]["capabilities"]["files_sharing"] == {"api_enabled": False, "public": {"enabled": False}}
        answer = ask(server, "GET", f"/cloud/ocs/{version}.php/cloud/user?format=json")
        ocs = json.loads(answer.body)["ocs"]
        assert answer.status == 200 and ocs["meta"]["statuscode"] == fine and ocs["data"]["id"] == USER
        assert {type(value) for value in ocs["data"]["quota"].values()} == {int}
        root = ElementTree.fromstring(ask(server, "GET", f"/cloud/ocs/{version}.php/cloud/user").body)
        assert root.tag == "ocs" and root.findtext("meta/statuscode") == str(fine) and root.findtext("data/id") == USER
    for path in ("ocs", "ocs/v2.php", "ocs/v2.php/apps/none", "ocs/v1.php/cloud/users"):
        answer = ask(server, "GET", f"/cloud/{path}?format=json")
        assert answer.status == 404 and json.loads(answer.body)["ocs"]["meta"]["statuscode"] == 998
        answer = ask(server, "GET", f"/cloud/{path}")
        assert ElementTree.fromstring(answer.body).findtext("meta/statuscode") == "998"


def test_mounts_are_served_apart(server):
    for mount in ("cloud", "team"):
        assert server.request("GET", f"/{mount}/status.php").status == 200
    assert ask(server, "GET", "/status.php").status == 404
    assert ask(server, "GET", "/team/remote.php/webdav/notes").body == b"ours"
    assert ask(server, "GET", "/cloud/remote.php/webdav/notes").status == 404
    assert ask(server, "PUT", "/team/remote.php/webdav/notes", "x").status in (403, 405)
    assert ">G</oc:permissions>" in properties(server, "/team/remote.php/webdav/notes", "oc:permissions")


def test_ids_differ_between_trees_and_stay(server):
    def id_of(path):
        text = properties(server, path, "oc:id")
        return text.split("<oc:id>")[1].split("<")[0]
    base = "/cloud/remote.php/webdav"
    assert ask(server, "PUT", f"{base}/one", "1").status == 201
    one = id_of(f"{base}/one")
    assert len(one) <= 32 and one[-12:] != id_of("/team/remote.php/webdav/notes")[-12:]
    assert ask(server, "PUT", f"{base}/one", "2").status == 204
    assert ask(server, "MOVE", f"{base}/one", Destination=f"{server.url}{base}/two").status == 201
    assert id_of(f"{base}/two") == one
    assert ask(server, "PUT", f"{base}/one", "1").status == 201
    assert id_of(f"{base}/one") != one


def test_the_tag_of_the_root_is_another_after_each_change_and_no_other(server):
    base = f"/cloud/remote.php/dav/files/{USER}"
    tag = properties(server, f"{base}/", "d:getetag")
    assert properties(server, f"{base}/", "d:getetag") == tag
    for method, path, fields in (("MKCOL", "/cloud/deep", {}), ("MKCOL", f"{base}/deep/er", {}),
                                 ("PUT", "/cloud/deep/er/f", {}),
                                 ("MOVE", "/cloud/deep/er/f", {"Destination": f"{server.url}/cloud/deep/g"}),
                                 ("DELETE", f"{base}/deep", {})):
        assert ask(server, method, path, "x" if method == "PUT" else None, **fields).status in (201, 204)
        before, tag = tag, properties(server, f"{base}/", "d:getetag")
        assert tag != before, (method, path)


def read_by_prefixes(element, prefixes):
    """As an app for iOS that knows no namespaces: {"d:name": its children or text}."""
    names = {}
    for child in element:
        ns, name = child.tag[1:].split("}")
        names.setdefault(f"{prefixes[ns]}:{name}", []).append(child)
    return names


def test_an_app_that_reads_prefixes_finds_what_it_needs(server):
    base = f"/cloud/remote.php/dav/files/{USER}/"
    hashed = {"OC-Checksum": "SHA1:" + hashlib.sha1(b"jpeg").hexdigest()}
    assert ask(server, "PUT", base + "photo.jpg", "jpeg", **hashed).status == 201
    body = ('<?xml version="1.0"?><d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns" '
            'xmlns:nc="http://nextcloud.org/ns"><d:prop><d:getlastmodified/><d:getetag/><d:getcontenttype/>'
            '<d:resourcetype/><d:quota-available-bytes/><d:getcontentlength/><oc:permissions/><oc:id/><oc:fileid/>'
            '<oc:size/><oc:checksums/><oc:share-types/><oc:favorite/><nc:has-preview/><nc:is-encrypted/></d:prop></d:propfind>')
    response = ask(server, "PROPFIND", base, body, Depth="1")
    assert response.status == 207 and response.field("Content-Type") == "application/xml; charset=utf-8"
    text = response.body.decode()
    prefixes = {"DAV:": "d", "http://owncloud.org/ns": "oc", "http://nextcloud.org/ns": "nc"}
    for tag in ("<d:multistatus ", "<d:response>", "<d:href>", "<d:propstat>", "<d:prop>", "<d:status>", "<d:collection/>",
                "<d:resourcetype/>", "<d:getetag>", "<oc:permissions>", "<oc:id>", "<nc:has-preview/>",
                "<oc:checksums><oc:checksum>SHA1:", "</oc:checksum></oc:checksums>", "<oc:share-types/>"):
        assert tag in text, tag
    assert "<D:" not in text and "<x:" not in text
    for response in ElementTree.fromstring(text):
        children = read_by_prefixes(response, prefixes)
        assert children["d:href"][0].text.startswith(base)
        first = read_by_prefixes(children["d:propstat"][0], prefixes)
        assert first["d:status"][0].text == "HTTP/1.1 200 OK"
        found = read_by_prefixes(first["d:prop"][0], prefixes)
        assert {"d:getetag", "d:resourcetype", "d:getcontentlength", "oc:permissions", "oc:id", "oc:fileid"} <= set(found)
        assert 0 < int(found["oc:fileid"][0].text) < 1 << 63


@pytest.mark.parametrize("keep", [[], ["--keep", "30d"]])
def test_undelete_is_promised_where_something_is_kept(keep):
    with davit.Davit(args=["--sync-clients", "yes", *keep]) as running:
        answer = running.request("GET", "/ocs/v2.php/cloud/capabilities?format=json")
        assert json.loads(answer.body)["ocs"]["data"]["capabilities"]["files"]["undelete"] is bool(keep)
        answer = running.request("PROPFIND", "/remote.php/dav/trashbin/anybody/trash/", {"Depth": "1"})
        assert answer.status == (207 if keep else 404)
