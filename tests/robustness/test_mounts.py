"""Several mounts, homes, and shared links."""

import base64
import os
import re
import socket
import subprocess
from xml.etree import ElementTree

import davit
import pytest
import session

CONFIG = """[server]
users = {folder}/users
tokens = {folder}/tokens
[mount "/files"]
root = {folder}/files
[mount "/files/pool"]
root = {folder}/pool
[mount "/home"]
root = {folder}/homes/%u
[mount "/old"]
root = {folder}/old
read-only = yes
[mount "/small"]
root = {folder}/small/%u
quota = 100K
[rule "/"]
allow = all for users
[rule "/files/pool/closed"]
deny = write for alice
"""


def basic(user="alice", password="pencil"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class Mounted(davit.Davit):
    """A server whose directories are all named in its configuration."""

    def __init__(self, folder):
        self.folder = str(folder)
        for name in ("files", "pool", "homes", "old", "small"):
            os.mkdir(folder / name)
        for user in ("alice", "bob"):
            davit.add_user(str(folder / "users"), user, "pencil")
        (folder / "davit.conf").write_text(CONFIG.format(folder=folder))
        super().__init__(root=str(folder / "none"), args=["-c", str(folder / "davit.conf")])

    def operands(self):
        return []


class OfConfig(davit.Davit):
    """A server of the davit.conf in a folder."""

    def __init__(self, folder):
        super().__init__(root=str(folder / "none"), args=["-c", str(folder / "davit.conf")])

    def operands(self):
        return []


@pytest.fixture(name="server")
def server_fixture(tmp_path):
    with Mounted(tmp_path) as running:
        running.client = session.Session(running)
        yield running
        running.client.close()


def write(server, *parts, text="x"):
    with open(os.path.join(server.folder, *parts), "w", encoding="utf-8") as file:
        file.write(text)


def names(server, target, user="alice"):
    response = server.client.expect(207, "PROPFIND", target, {"Depth": "1", **basic(user)})
    return sorted(path.decode() for path, _, _ in session.members(response.body))


def expect(server, status, method, target, user="alice", body=None, **fields):
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    return server.client.expect(status, method, target, {**basic(user), **fields}, body)


def test_mounts_are_seen_where_they_are(server):
    write(server, "files", "a")
    write(server, "pool", "b")
    os.mkdir(os.path.join(server.folder, "files", "pool"))  # the mount stands before it
    assert names(server, "/") == ["/", "/files/", "/home/", "/old/", "/small/"]
    assert names(server, "/files/") == ["/files/", "/files/a", "/files/pool/"]
    assert names(server, "/files/pool/") == ["/files/pool/", "/files/pool/b"]
    expect(server, 200, "GET", "/files/pool/b")
    expect(server, 404, "GET", "/elsewhere")


def test_mount_points_cannot_be_changed(server):
    for target in ("/files/", "/files/pool/", "/home/"):
        expect(server, 403, "DELETE", target)
        expect(server, 403, "MOVE", target, Destination="/files/x/")
    expect(server, 405, "MKCOL", "/files/pool/")
    expect(server, (403, 409), "PUT", "/new", body="x")
    write(server, "files", "a")
    expect(server, 403, "COPY", "/files/a", Destination="/files/pool")
    assert os.path.exists(os.path.join(server.folder, "files", "a"))


UNREACHABLE = "{urn:x-davit}upstream-unavailable"


def statuses(response):
    return {each.findtext("{DAV:}href"): (int(each.findtext("{DAV:}status").split()[1]), each.find("{DAV:}error/*").tag)
            for each in ElementTree.fromstring(response.body)}


def test_what_is_deleted_around_a_mount_leaves_the_mount(tmp_path):
    """RFC 4918 §9.6.1: what stays is named, and why; nothing of a mount goes with what it shows in."""
    for path in ("root/d/e/f/g", "root/d/e/nas/hidden", "root/d/x", "nas/kept", "far/kept"):
        os.makedirs(tmp_path / path)
    (tmp_path / "davit.conf").write_text(f"""[mount "/"]
root = {tmp_path}/root
[mount "/d/e/nas"]
root = {tmp_path}/nas
[mount "/d/far/away"]
root = {tmp_path}/far
[mount "/d/e/nas/within"]
root = {tmp_path}/within
""")
    os.mkdir(tmp_path / "within")
    stays = (403, "{urn:x-davit}cannot-remove-mount")
    with OfConfig(tmp_path) as server, session.Session(server) as client:
        os.rename(tmp_path / "far", tmp_path / "gone")  # whether it is within reach or not
        response = client.expect(207, "DELETE", "/d/")
        assert statuses(response) == {"/d/e/nas/": stays, "/d/far/away/": stays}
        assert os.listdir(tmp_path / "root/d") == ["e"] and os.listdir(tmp_path / "root/d/e") == ["nas"]
        assert os.path.exists(tmp_path / "root/d/e/nas/hidden") and os.path.exists(tmp_path / "nas/kept")
        assert set(client.propfind("/d/", depth="1")) == {b"/d/", b"/d/e/", b"/d/far/"}
        assert statuses(client.expect(207, "DELETE", "/d/far/")) == {"/d/far/away/": stays}  # made up
        assert client.expect(403, "DELETE", "/d/e/nas/").body.count(b"cannot-remove-mount") == 1
        client.expect(403, "MOVE", "/d/", {"Destination": "/new/"})
        client.expect(201, "MKCOL", "/d/e/nas/more")
        client.expect(204, "DELETE", "/d/e/nas/more")


def test_infinity_goes_past_a_mount_that_is_out_of_reach(tmp_path):
    """RFC 4918 §9.1: the rest is complete; what is not known of the mount is said to be not known."""
    for path in ("root/d", "gone", "pool/e"):
        os.makedirs(tmp_path / path)
    (tmp_path / "root/d/f").write_text("x")
    (tmp_path / "davit.conf").write_text(f"""[server]
depth-infinity = allow
[mount "/"]
root = {tmp_path}/root
[mount "/d/gone"]
root = {tmp_path}/gone
[mount "/pool"]
root = {tmp_path}/pool
""")
    with OfConfig(tmp_path) as server, session.Session(server) as client:
        os.rename(tmp_path / "gone", tmp_path / "away")
        response = client.expect(207, "PROPFIND", "/", {"Depth": "infinity"})
        found = {each.findtext("{DAV:}href"): each for each in ElementTree.fromstring(response.body)}
        assert sorted(found) == ["/", "/d/", "/d/f", "/d/gone/", "/pool/", "/pool/e/"]
        told = [each.findtext("{DAV:}status").split()[1] for each in found["/d/gone/"].findall("{DAV:}propstat")]
        assert told == ["200", "503"] and found["/d/gone/"].find(f".//{UNREACHABLE}") is not None


def test_a_mount_that_is_out_of_reach_is_shown_where_it_is(server):
    """A member that is missing is taken for one that was removed, and its copies are; so is an empty one."""
    away = f"{server.folder}/pool.away"
    os.rename(f"{server.folder}/pool", away)
    body = ('<D:propfind xmlns:D="DAV:" xmlns:x="urn:x"><D:prop><D:getlastmodified/><x:p/><D:resourcetype/>'
            "<D:displayname/></D:prop></D:propfind>")
    for asked in (body, None):
        found = expect(server, 207, "PROPFIND", "/files/", Depth="1", body=asked)
        root = ElementTree.fromstring(found.body)
        one = next(each for each in root if each.findtext("{DAV:}href") == "/files/pool/")
        fine, lost = one.findall("{DAV:}propstat")
        assert fine.findtext("{DAV:}status") == "HTTP/1.1 200 OK"
        assert fine.find("{DAV:}prop/{DAV:}resourcetype/{DAV:}collection") is not None
        assert fine.findtext("{DAV:}prop/{DAV:}displayname") == "pool"
        assert " 503 " in lost.findtext("{DAV:}status") and lost.findtext("{DAV:}responsedescription")
        assert lost.find("{DAV:}error/" + UNREACHABLE) is not None
        assert lost.find("{DAV:}prop/{DAV:}getlastmodified") is not None
        assert {each.findtext("{DAV:}href") for each in root} == {"/files/", "/files/pool/"}
    page = expect(server, 200, "GET", "/files/").body.decode()
    assert re.search(r'<a href="/files/pool/">.*out of reach', page)
    for method in ("PROPFIND", "GET", "PUT", "DELETE"):
        found = expect(server, 503, method, "/files/pool/x", body="x" if method == "PUT" else None)
        assert found.field("Retry-After")
    expect(server, 503, "PROPFIND", "/files/pool/", Depth="1")
    os.rename(away, f"{server.folder}/pool")
    session.wait_for(lambda: b"503" not in expect(server, 207, "PROPFIND", "/files/", Depth="1").body,
                     "the mount to be back")


def test_homes_are_made_and_are_ones_own(server):
    assert names(server, "/home/") == ["/home/"]
    expect(server, 201, "PUT", "/home/mine", body="alice's")
    assert names(server, "/home/", "bob") == ["/home/"]
    expect(server, 404, "GET", "/home/mine", "bob")
    with open(os.path.join(server.folder, "homes", "alice", "mine"), encoding="utf-8") as file:
        assert file.read() == "alice's"
    os.symlink("../bob", os.path.join(server.folder, "homes", "alice", "way"))
    os.symlink("../bob/secret", os.path.join(server.folder, "homes", "alice", "file"))
    write(server, "homes", "bob", "secret")
    for target in ("/home/way/secret", "/home/file"):
        expect(server, 403, "GET", target)
        expect(server, 403, "PUT", target, body="x")
        expect(server, 403, "COPY", target, Destination="/home/stolen")
    expect(server, 403, "PROPFIND", "/home/way/", Depth="1")
    assert not os.path.exists(os.path.join(server.folder, "homes", "alice", "stolen"))


def test_locks_hold_in_every_view(server):
    write(server, "files", "a")
    body = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
            "<D:locktype><D:write/></D:locktype></D:lockinfo>")
    answer = expect(server, 200, "LOCK", "/files/a", body=body)
    token = answer.field("Lock-Token")
    assert b"<D:href>/files/a</D:href>" in answer.body
    expect(server, 423, "PUT", "/files/a", "bob", body="y")
    expect(server, 204, "PUT", "/files/a", body="y", If=f"({token})")
    expect(server, 204, "UNLOCK", "/files/a", Lock_Token=token)
    expect(server, 403, "LOCK", "/files/", body=body)  # a mount is below
    expect(server, 204, "PUT", "/files/a", "bob", body="z")


def test_trees_are_copied_and_moved_between_mounts(server):
    os.makedirs(os.path.join(server.folder, "files", "d", "e"))
    write(server, "files", "d", "a", text="1")
    write(server, "files", "d", "e", "b", text="2")
    patch = ('<D:propertyupdate xmlns:D="DAV:" xmlns:x="urn:x"><D:set><D:prop><x:p>v</x:p></D:prop></D:set>'
             "</D:propertyupdate>")
    expect(server, 207, "PROPPATCH", "/files/d/a", body=patch)
    expect(server, 201, "COPY", "/files/d/", Destination="/files/pool/copy/")
    assert names(server, "/files/pool/copy/") == ["/files/pool/copy/", "/files/pool/copy/a", "/files/pool/copy/e/"]
    found = expect(server, 207, "PROPFIND", "/files/pool/copy/a", Depth="0",
                   body='<D:propfind xmlns:D="DAV:" xmlns:x="urn:x"><D:prop><x:p/></D:prop></D:propfind>')
    assert b">v</" in found.body
    expect(server, 204, "MOVE", "/files/d/", Destination="/files/pool/copy/")
    assert not os.path.exists(os.path.join(server.folder, "files", "d"))
    with open(os.path.join(server.folder, "pool", "copy", "e", "b"), encoding="utf-8") as file:
        assert file.read() == "2"


def patch_of(**values):
    xml = "".join(f"<x:{name}>{value}</x:{name}>" for name, value in values.items())
    return ('<D:propertyupdate xmlns:D="DAV:" xmlns:x="urn:x"><D:set><D:prop>' + xml +
            "</D:prop></D:set></D:propertyupdate>")


def props_of(server, target):
    response = expect(server, 207, "PROPFIND", target, Depth="0")
    _, _, found = session.members(response.body)[0]
    return {tag[len("{urn:x}"):]: element.text for tag, element in found.items()
            if tag.startswith("{urn:x}")}


def lock(server, target, depth="0"):
    body = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype>'
            "<D:write/></D:locktype></D:lockinfo>")
    response = expect(server, (200, 201), "LOCK", target, body=body, Depth=depth)
    return response.field("Lock-Token").strip("<>")


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize("old", ["file", "collection"])
@pytest.mark.parametrize("new", ["file", "collection"])
def test_what_is_replaced_across_mounts_leaves_its_lock_and_nothing_else(server, method, old, new):
    """Promises 12 and 13 hold between two stores as they do within one."""
    target, source = "/files/pool/t", "/files/s"
    for path, kind in ((target, old), (source, new)):
        if kind == "file":
            expect(server, 201, "PUT", path, body=path)
        else:
            expect(server, 201, "MKCOL", path)
            expect(server, 201, "PUT", path + "/m", body=path)
    expect(server, 207, "PROPPATCH", target, body=patch_of(old="1", both="1"))
    expect(server, 207, "PROPPATCH", source, body=patch_of(new="2", both="2"))
    token = lock(server, target, "infinity")
    expect(server, 423, method, source, Destination=target)
    assert props_of(server, target) == {"old": "1", "both": "1"}
    expect(server, 412, method, source, Destination=target, Overwrite="F",
           If=f"<{target}> (<{token}>)")
    expect(server, 204, method, source, Destination=target, If=f"<{target}> (<{token}>)")
    assert props_of(server, target) == {"new": "2", "both": "2"}
    member = target if new == "file" else target + "/m"
    assert expect(server, 200, "GET", member).body == (source if new == "file" else source).encode()
    expect(server, 423, "PUT", member, body="x")
    expect(server, 204, "PUT", member, body="x", If=f"<{target}> (<{token}>)")
    expect(server, 204, "UNLOCK", target, Lock_Token=f"<{token}>")
    server.kill()
    server.start()
    server.client = session.Session(server)
    assert props_of(server, target) == {"new": "2", "both": "2"}


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize("what", ["dangling", "fifo", "socket"])
def test_what_is_no_resource_stays_when_something_comes_from_another_mount(server, method, what):
    path = os.path.join(server.folder, "pool", "t")
    if what == "dangling":
        os.symlink("nowhere", path)
    elif what == "fifo":
        os.mkfifo(path)
    else:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path)
    kind = os.lstat(path).st_mode
    os.mkdir(os.path.join(server.folder, "files", "d"))
    write(server, "files", "d", "m")
    write(server, "files", "f")
    for source in ("/files/f", "/files/d"):
        expect(server, 412, method, source, Destination="/files/pool/t", Overwrite="F")
        expect(server, 403, method, source, Destination="/files/pool/t", Overwrite="T")
        assert os.lstat(path).st_mode == kind
    assert os.path.exists(os.path.join(server.folder, "files", "d", "m"))


def test_a_member_that_cannot_be_moved_between_mounts_stays(server):
    os.mkdir(os.path.join(server.folder, "files", "d"))
    for name in ("closed", "open"):
        write(server, "files", "d", name)
    os.mkdir(os.path.join(server.folder, "pool", "d"))
    with open(os.path.join(server.folder, "davit.conf"), "a", encoding="utf-8") as file:
        file.write('[rule "/files/d/closed"]\ndeny = write for alice\n')
    session.reload(server)
    answer = expect(server, 207, "MOVE", "/files/d/", Destination="/files/pool/d/")
    assert answer.body.count(b"<D:response>") == 1 and b"/files/d/closed" in answer.body and b"403" in answer.body
    assert os.listdir(os.path.join(server.folder, "files", "d")) == ["closed"]
    assert os.listdir(os.path.join(server.folder, "pool", "d")) == ["open"]


def test_a_mount_may_be_read_only(server):
    write(server, "old", "a")
    expect(server, 200, "GET", "/old/a")
    for method, body in (("DELETE", None), ("PUT", "x")):
        expect(server, 403, method, "/old/a", body=body)
    expect(server, 403, "MOVE", "/old/a", Destination="/files/a")
    expect(server, 201, "COPY", "/old/a", Destination="/files/a")


def link(server, *options):
    done = subprocess.run([davit.BINARY, "token", "add", "alice", "--link", "--tokens", server.folder + "/tokens",
                           *options], capture_output=True, text=True, check=True)
    os.chmod(server.folder + "/tokens", 0o644)
    session.reload(server)
    return done.stdout.strip()


def test_a_shared_link_shows_one_collection(server):
    os.mkdir(os.path.join(server.folder, "files", "d"))
    write(server, "files", "d", "a", text="shared")
    write(server, "files", "secret")
    url = link(server, "--path", "/files/d", "--read-only", "--expires", "1h")
    client = server.client
    assert client.expect(200, "GET", url + "a").body == b"shared"
    found = client.expect(207, "PROPFIND", url, {"Depth": "1"})
    assert sorted(path.decode() for path, _, _ in session.members(found.body)) == [url, url + "a"]
    client.expect(403, "PUT", url + "b", body="x")
    client.expect(403, "DELETE", url + "a")
    client.expect(403, "COPY", url + "a", {"Destination": "/files/b"})
    client.expect(404, "GET", url + "secret")
    client.expect(404, "GET", url[:-3] + "xx/a")
    client.expect(401, "GET", "/files/d/a", {"Authorization": "Bearer " + url.split("/")[2]})
    client.expect(404, "GET", "/.link/")
    client.expect(401, "GET", "/files/secret")


def test_a_shared_link_may_be_written_to(server):
    os.mkdir(os.path.join(server.folder, "files", "d"))
    url = link(server, "--path", "/files/d")
    client = server.client
    client.expect(201, "PUT", url + "b", body="x")
    client.expect(201, "MOVE", url + "b", {"Destination": url + "c"})
    client.expect(403, "MOVE", url + "c", {"Destination": "/files/c"})
    assert os.listdir(os.path.join(server.folder, "files", "d")) == ["c"]


def test_a_shared_link_holds_its_own_locks(server):
    os.mkdir(os.path.join(server.folder, "files", "d"))
    write(server, "files", "d", "a")
    url = link(server, "--path", "/files/d")
    other = link(server, "--path", "/files/d")
    client = server.client
    body = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
            "<D:locktype><D:write/></D:locktype></D:lockinfo>")
    token = expect(server, 200, "LOCK", "/files/d/a", body=body).field("Lock-Token")
    client.expect(423, "PUT", url + "a", {"If": f"({token})"}, "x")
    client.expect(403, "LOCK", url + "a", {"If": f"({token})"})
    client.expect(403, "UNLOCK", url + "a", {"Lock-Token": token})
    expect(server, 204, "UNLOCK", "/files/d/a", Lock_Token=token)
    token = client.expect(200, "LOCK", url + "a", body=body).field("Lock-Token")
    client.expect(204, "PUT", url + "a", {"If": f"({token})"}, "x")
    client.expect(423, "PUT", other + "a", {"If": f"({token})"}, "x")
    expect(server, 423, "PUT", "/files/d/a", body="x", If=f"({token})")
    expect(server, 403, "UNLOCK", "/files/d/a", Lock_Token=token)
    client.expect(204, "UNLOCK", url + "a", {"Lock-Token": token})


def test_links_between_mounts_are_judged_where_they_lead(server):
    write(server, "pool", "closed-to-all", text="secret")
    os.mkdir(os.path.join(server.folder, "files", "d"))
    write(server, "files", "a", text="1")
    os.mkdir(os.path.join(server.folder, "files", "pool"))  # the mount stands before it
    write(server, "files", "pool", "covered", text="covered")
    for name, target in (("a", "../a"), ("covered", "../pool/covered"), ("out", "/etc/passwd"), ("up", "..")):
        os.symlink(target, os.path.join(server.folder, "files", "d", name))
    assert names(server, "/files/d/") == ["/files/d/", "/files/d/a", "/files/d/up/"]
    expect(server, 403, "GET", "/files/d/covered")
    answer = expect(server, 207, "COPY", "/files/d/", Destination="/home/copy/")
    assert answer.body.count(b"<D:response>") == 3 and b"/files/d/a<" not in answer.body
    assert os.listdir(os.path.join(server.folder, "homes", "alice", "copy")) == ["a"]


def test_a_copy_within_a_home_does_not_take_what_is_in_others(server):
    expect(server, 201, "MKCOL", "/home/d")
    names(server, "/home/", "bob")
    write(server, "homes", "bob", "secret", text="secret")
    os.symlink("../../bob/secret", os.path.join(server.folder, "homes", "alice", "d", "stolen"))
    os.symlink("../../bob", os.path.join(server.folder, "homes", "alice", "d", "all"))
    assert names(server, "/home/d/") == ["/home/d/"]
    answer = expect(server, 207, "COPY", "/home/d/", Destination="/home/copy/")
    assert answer.body.count(b"403 Forbidden") == 2
    assert os.listdir(os.path.join(server.folder, "homes", "alice", "copy")) == []
    answer = expect(server, 207, "COPY", "/home/d/", Destination="/files/copy/")
    assert os.listdir(os.path.join(server.folder, "files", "copy")) == []


def test_a_reload_keeps_what_is_open(server):
    write(server, "files", "a")
    before = len(os.listdir(f"/proc/{server.process.pid}/fd"))
    for _ in range(5):
        session.reload(server)
    expect(server, 200, "GET", "/files/a")
    assert abs(len(os.listdir(f"/proc/{server.process.pid}/fd")) - before) <= 2


QUOTA = b'<propfind xmlns="DAV:"><prop><quota-used-bytes/><quota-available-bytes/></prop></propfind>'


def quota(server, target="/small/", user="alice"):
    """Used and available bytes, as clients see them."""
    response = server.client.expect(207, "PROPFIND", target, {"Depth": "0", **basic(user)}, QUOTA)
    body = response.body.decode()
    return tuple(int(body.split(f"<D:quota-{name}-bytes>")[1].split("<")[0]) for name in ("used", "available"))


def test_a_mount_may_have_a_quota(server):
    assert quota(server) == (0, 102400)
    expect(server, 201, "PUT", "/small/a", body=b"x" * 60000)
    assert quota(server) == (60000, 42400)
    assert quota(server, user="bob") == (0, 102400), "each home has its own"
    expect(server, 507, "PUT", "/small/b", body=b"x" * 50000)
    assert quota(server) == (60000, 42400)
    expect(server, 204, "PUT", "/small/a", body=b"x" * 90000)  # what it replaces counts for it
    assert quota(server) == (90000, 12400)
    expect(server, 507, "COPY", "/small/a", Destination="/small/b")
    expect(server, 204, "PUT", "/small/a", body=b"x" * 40000)
    expect(server, 201, "COPY", "/small/a", Destination="/small/b")
    expect(server, 507, "COPY", "/small/a", Destination="/small/c")
    expect(server, 204, "COPY", "/small/a", Destination="/small/b")
    expect(server, 201, "MOVE", "/small/b", Destination="/small/c")
    assert quota(server) == (80000, 22400)
    expect(server, 204, "MOVE", "/small/c", Destination="/small/a")
    assert quota(server) == (40000, 62400)
    expect(server, 201, "MKCOL", "/small/d")
    expect(server, 201, "COPY", "/small/a", Destination="/small/d/a")
    assert quota(server) == (80000, 22400)
    expect(server, 204, "DELETE", "/small/d")
    assert quota(server) == (40000, 62400)


def test_a_quota_counts_at_any_depth(server):
    """Members of the outer collections, too, which are left and come back to."""
    path = f"{server.folder}/small/alice"
    os.makedirs(path)
    for level in range(1, 1001):
        os.mkdir(path + "/d" * level)
    for level in (0, 1, 399, 400, 401, 402, 700, 1000):
        for name in ("a", "e"):
            with open(path + "/d" * level + f"/{name}", "wb") as file:
                file.truncate(1000)
    for name in ("c", "f"):
        for level in range(1, 501):
            os.mkdir(path + "/d" * 2 + f"/{name}" * level)
        with open(path + "/d" * 2 + f"/{name}" * 500 + "/g", "wb") as file:
            file.truncate(100)
    assert quota(server) == (16200, 102400 - 16200)
    server.client.expect(204, "DELETE", "/small/d", basic())
    assert quota(server) == (2000, 100400)


def test_a_quota_is_also_of_properties(server):
    def patch(target, instructions, status=b"200 OK"):
        body = f'<D:propertyupdate xmlns:D="DAV:">{instructions}</D:propertyupdate>'.encode()
        assert status in expect(server, 207, "PROPPATCH", target, body=body).body

    def of(name, count):
        return f'<D:set><D:prop><{name} xmlns="u">{"v" * count}</{name}></D:prop></D:set>'

    expect(server, 201, "PUT", "/small/f", body=b"x" * 1000)
    used = quota(server)[0]
    patch("/small/f", of("a", 60000))
    more = quota(server)[0] - used
    assert 60000 < more < 60100
    patch("/small/f", of("b", 60000), b"507 Insufficient Storage")
    assert quota(server)[0] == used + more
    patch("/small/f", of("a", 70000))  # in place of the other
    assert quota(server)[0] == used + more + 10000
    expect(server, 507, "COPY", "/small/f", Destination="/small/g")
    patch("/small/f", of("a", 10) + of("a", 20000))
    assert quota(server)[0] == used + more - 40000
    expect(server, 201, "COPY", "/small/f", Destination="/small/g")
    assert quota(server)[0] == 2 * (1000 + more - 40000) + used - 1000
    patch("/small/f", '<D:remove><D:prop><a xmlns="u"/></D:prop></D:remove>')
    expect(server, 204, "DELETE", "/small/g")
    assert quota(server)[0] == used
    expect(server, 204, "DELETE", "/small/f")


def test_a_quota_holds_between_mounts_and_for_what_comes_in_chunks(server):
    write(server, "files", "big", text="x" * 200000)
    write(server, "files", "fits", text="x" * 50000)
    expect(server, 507, "COPY", "/files/big", Destination="/small/big")
    expect(server, 201, "MOVE", "/files/fits", Destination="/small/fits")
    assert quota(server) == (50000, 52400)
    chunks = [b"x" * 10000] * 8
    done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-u", "alice:pencil", "-T", "-",
                           server.url + "/small/chunks"], input=b"".join(chunks), capture_output=True, timeout=60,
                          check=False)
    assert done.stdout == b"507", "its length was not known before"
    assert quota(server) == (50000, 52400)
    assert sorted(os.listdir(os.path.join(server.folder, "small", "alice"))) == ["fits"]


def test_two_uploads_cannot_both_have_the_last_room(server):
    body = b"x" * 60000
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} ", "-u", "alice:pencil", "-T", "-"]
    running = [subprocess.Popen(command + [f"{server.url}/small/{name}"], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE) for name in "abcd"]
    for process in running:
        process.stdin.write(body)
    codes = sorted(process.communicate(timeout=60)[0] for process in running)
    assert codes == [b"201 ", b"507 ", b"507 ", b"507 "]
    assert quota(server) == (60000, 42400)
