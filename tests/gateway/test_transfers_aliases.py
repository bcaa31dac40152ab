"""COPY and MOVE between mounts that are one and the same place, which their names do not say."""

import os
import signal

import pytest
from origins import Apache, DavitOrigin, Gateway, Scripted, answer
from test_transfers import FOLDER, KINDS, Mounts, failures, file_props, found, multistatus, xml

MARK = "davit-transfer-"


class Alias:
    """An origin by another name."""

    def __init__(self, origin):
        self.url = origin.url.replace("127.0.0.1", "localhost")


@pytest.fixture(params=sorted(KINDS))
def twice(request, started, tmp_path):
    """/a and /b are one origin; and what is in it, on disk."""
    kind = KINDS[request.param]
    if kind is Apache and not Apache.path():
        pytest.skip("apache2 is not installed")
    origin = started(kind())
    base = origin.tree + "/inner" if kind is DavitOrigin else origin.root + "/dav/inner"
    return Mounts(started, tmp_path, {"a": origin, "b": Alias(origin)}), base


def plant(mounts, base):
    mounts.mkcol(f"{base}/tree")
    mounts.mkcol(f"{base}/tree/inner")
    mounts.put(f"{base}/tree/one", b"one")
    mounts.put(f"{base}/tree/inner/two", b"two")


def check(mounts, base):
    """All is there, and no more."""
    assert mounts.members(f"{base}/tree/") == [f"{base}/tree/", f"{base}/tree/inner/", f"{base}/tree/one"]
    assert mounts.members(f"{base}/tree/inner/") == [f"{base}/tree/inner/", f"{base}/tree/inner/two"]
    assert mounts.get(f"{base}/tree/one") == b"one" and mounts.get(f"{base}/tree/inner/two") == b"two"
    assert not [name for name in mounts.members(f"{base}/") if MARK in name]


OVERLAPS = [("/tree/", "/tree/"), ("/tree/one", "/tree/one"), ("/tree/inner/", "/tree/"), ("/tree/inner/two", "/tree/")]


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize("source, to", OVERLAPS)
def test_origin_by_two_names(twice, method, source, to):
    """What is replaced is, or holds, the source: refused, and nothing is lost."""
    mounts, _ = twice
    plant(mounts, "/a")
    done = mounts.transfer(method, f"/a{source}", f"/b{to}")
    assert done.status == 403 and b"by another name" in done.body, done
    check(mounts, "/a")


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize("source, to", OVERLAPS)
@pytest.mark.parametrize("is_out", [False, True])
def test_directory_that_is_an_origin(started, method, source, to, is_out):
    if not Apache.path():
        pytest.skip("apache2 is not installed")
    origin = started(Apache())
    root = f"{origin.root}/dav/inner"
    mounts = Mounts.__new__(Mounts)
    mounts.gateway = started(Gateway({"/files": f"root = {root}", "/a": f"origin = {origin.url}"},
                                     args=["--durability", "lazy", "--state", f"{origin.work}/davit"]))
    os.umask(0)
    plant(mounts, "/a")
    here, there = ("/files", "/a") if is_out else ("/a", "/files")
    done = mounts.transfer(method, f"{here}{source}", f"{there}{to}")
    assert done.status == 403 and b"by another name" in done.body, done
    check(mounts, "/a")


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_collection_into_itself(twice, method):
    """It does not grow; what was not moved is named."""
    mounts, base = twice
    plant(mounts, "/a")
    done = mounts.transfer(method, "/a/tree/", "/b/tree/inner/new/")
    assert failures(done) == {"/a/tree/inner/new/": 403}
    found_at = [folder for folder, _, names in os.walk(base) if "one" in names]
    assert f"{base}/tree/inner/new" in found_at and len(found_at) == (2 if method == "COPY" else 1), found_at
    names = [name for _, folders, names in os.walk(base) for name in folders + names]
    assert names.count("new") == 1 and not [name for name in names if MARK in name]


def test_what_is_beside(twice):
    """Two places of one server that are apart are two."""
    mounts, base = twice
    plant(mounts, "/a")
    mounts.mkcol("/a/tree/tree")
    mounts.mkcol("/a/other")
    mounts.mkcol("/a/other/tree")
    mounts.put("/a/other/tree/old", b"old")
    mounts.put("/a/other/one", b"old")
    assert mounts.transfer("COPY", "/a/tree/one", "/b/other/one").status == 204
    assert mounts.transfer("MOVE", "/a/tree/", "/b/other/tree/").status == 204
    assert sorted(os.listdir(f"{base}/other/tree")) == ["inner", "one", "tree"] and not os.path.exists(f"{base}/tree")
    assert not [name for _, folders, _ in os.walk(base) for name in folders if MARK in name]


def test_source_below_the_mount_of_another_name(started, tmp_path):
    """What is replaced holds the source's whole mount."""
    origin = started(DavitOrigin())
    alias = Alias(origin)
    os.makedirs(f"{origin.tree}/inner/part/deep")
    with open(f"{origin.tree}/inner/part/deep/one", "w", encoding="utf-8") as file:
        file.write("one")
    gateway = started(Gateway({"/deep": f"origin = {origin.url}part/deep/", "/all": f"origin = {alias.url}"}))
    for source in ("/deep/one", "/deep/"):
        done = gateway.request("COPY", source, {"Destination": "/all/part/"})
        assert done.status == 403, done
    assert os.listdir(f"{origin.tree}/inner/part/deep") == ["one"]


class Store(Scripted):
    """One file, whose tag is of its content, by any name of the server."""

    def __init__(self, over=None):
        self.over = over or {}
        self.files = {"/in/ner/one": b"one", "/in/ner/two": b"twoo", "/in/ner/three": b"thr"}
        self.folders = {"/in/ner"}
        super().__init__(act=self.serve_files)

    def serve_files(self, peer, request):
        request.body = peer.body(request)
        self.requests.append(request)
        peer.send(self.over.get(request.method) or self.usual(request, request.target.rstrip("/")))

    def props(self, path):
        return file_props(len(self.files[path]), f'"{self.files[path].hex()}"') if path in self.files else FOLDER

    def usual(self, request, path):
        is_there = path in self.files or path in self.folders
        if request.method == "MKCOL":
            self.folders.add(path)
            return answer(201)
        if request.method == "PUT":
            self.files[path] = request.body
            return answer(204 if is_there else 201)
        if not is_there:
            return answer(404)
        if request.method == "DELETE":
            self.files.pop(path, None)
            self.folders.discard(path)
            return answer(204)
        if request.method == "GET":
            return answer(200, self.files[path], [("ETag", f'"{self.files[path].hex()}"')])
        return xml(207, multistatus(found(request.target, self.props(path))))


def test_tag_of_the_content(started, tmp_path):
    """It is the same after the PUT, so that the DELETE's If-Match holds: of the only one that there is."""
    origin = started(Store())
    mounts = Mounts(started, tmp_path, {"a": origin, "b": Alias(origin)})
    assert mounts.transfer("MOVE", "/a/one", "/b/one").status == 403
    assert origin.files["/in/ner/one"] == b"one" and origin.folders == {"/in/ner"}


@pytest.mark.parametrize("status", [403, 405, 409, 500, 501])
def test_where_no_mark_can_be_made(started, tmp_path, status):
    """A calendar holds no collections: files of one size may be one, others are two."""
    origin = started(Store({"MKCOL": answer(status)}))
    mounts = Mounts(started, tmp_path, {"a": origin, "b": Alias(origin)})
    assert mounts.transfer("MOVE", "/a/one", "/b/one").status == 403
    assert mounts.transfer("MOVE", "/a/one", "/b/three").status == 403
    assert mounts.transfer("MOVE", "/a/two", "/b/three").status == 204
    assert origin.files == {"/in/ner/one": b"one", "/in/ner/three": b"twoo"}


@pytest.mark.parametrize("status, expected", [(423, 423), (503, 503), (504, 504), (507, 507)])
def test_mark_that_fails_for_now(started, tmp_path, status, expected):
    origin = started(Store({"MKCOL": answer(status)}))
    mounts = Mounts(started, tmp_path, {"a": origin, "b": Alias(origin)})
    assert mounts.transfer("MOVE", "/a/two", "/b/three").status == expected
    assert len(origin.files) == 3


def test_mark_that_stays(started, tmp_path):
    """Nothing is replaced where it could not be removed, and it is looked for by its own name."""
    origin = started(Store({"DELETE": answer(403)}))
    mounts = Mounts(started, tmp_path, {"a": origin, "b": started(Store())})
    mounts.put("/b/f", b"f")
    assert mounts.transfer("MOVE", "/b/f", "/a/one").status == 403
    assert mounts.get("/b/f") == b"f" and origin.files["/in/ner/one"] == b"one"


def test_what_it_costs(started, tmp_path):
    """Three requests and a look, once, where something is replaced; none where nothing was."""
    origin = started(Store())
    mounts = Mounts(started, tmp_path, {"a": origin})
    mounts.put("/files/one", b"new")
    assert mounts.transfer("COPY", "/files/one", "/a/new").status == 201
    assert not [one for one in origin.requests if MARK in one.target]
    assert mounts.transfer("COPY", "/files/one", "/a/one").status == 204
    assert [one.method for one in origin.requests if MARK in one.target] == ["MKCOL", "DELETE"]
    put = [one for one in origin.requests if one.method == "PUT"][-1]
    assert put.field("If-Match") == '"%s"' % b"one".hex()


def test_we_die_in_between(started, tmp_path):
    """An empty collection is left, and nothing has been changed."""
    origin = started(Store())
    mounts = Mounts(started, tmp_path, {"a": origin, "b": Alias(origin)})

    def die(peer, request):
        request.body = peer.body(request)
        if request.method == "PROPFIND" and MARK in request.target and origin.folders != {"/in/ner"}:
            mounts.gateway.check = False
            os.kill(mounts.gateway.process.pid, signal.SIGKILL)
            raise EOFError
        peer.send(origin.usual(request, request.target.rstrip("/")))
    origin.act = die
    assert mounts.transfer("MOVE", "/a/one", "/b/one") is None
    mounts.gateway.kill()
    assert origin.files["/in/ner/one"] == b"one" and len(origin.folders) == 2
