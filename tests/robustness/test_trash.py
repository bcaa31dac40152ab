"""What a mount keeps of what is deleted and overwritten, as it ages, fills up, and lies on the disk."""

import os

import davit
from session import DAV, Session, wait_for

KEPT = "{urn:x-davit}"


class Configured(davit.Davit):
    def operands(self):
        return []


def kept_names(session, trash="/.trash/"):
    return [path for path in session.propfind(trash, depth="1") if path.rstrip(b"/") != trash.rstrip("/").encode()]


def versions_on_disk(root):
    return [name for _, _, names in os.walk(f"{root}/.trash/.versions") for name in names]


def test_what_was_kept_long_enough_goes():
    with davit.Davit(args=["--keep", "2s"]) as server, Session(server) as session:
        session.expect(201, "PUT", "/f", None, b"one")
        session.expect(204, "PUT", "/f", None, b"two")
        session.expect(204, "DELETE", "/f")
        wait_for(lambda: not kept_names(session), "the trash to be empty")
        session.expect(201, "PUT", "/f", None, b"one")
        session.expect(204, "PUT", "/f", None, b"two")
        wait_for(lambda: not versions_on_disk(server.root), "the versions to go")
        assert session.expect(200, "GET", "/f").body == b"two"


def test_of_too_much_the_oldest_goes():
    with davit.Davit(args=["--keep", "30d", "--keep-bytes", "5000"]) as server, Session(server) as session:
        for name in "abc":
            session.expect(201, "PUT", f"/{name}", None, name.encode() * 2000)
            session.expect(204, "DELETE", f"/{name}")
        wait_for(lambda: len(kept_names(session)) == 2, "the oldest to go")
        assert sorted(name[-1:] for name in kept_names(session)) == [b"b", b"c"]


def test_a_put_that_finds_no_room_has_it_made(tmp_path):
    config = tmp_path / "davit.conf"
    os.mkdir(tmp_path / "root")
    config.write_text(f"""[server]
listen = 127.0.0.1:0
anonymous = yes
[mount "/m"]
root = {tmp_path}/root
quota = 100K
keep = 30d
keep-bytes = 90K
""")
    with Configured(str(tmp_path / "root"), ["-c", str(config)]) as server, Session(server) as session:
        session.expect(201, "PUT", "/m/a", None, b"a" * 60000)
        session.expect(204, "DELETE", "/m/a")
        used = session.propfind("/m/", body=b'<propfind xmlns="DAV:"><prop><quota-used-bytes/></prop></propfind>')
        assert int(used[b"/m/"][DAV + "quota-used-bytes"].text) >= 60000  # it counts
        session.expect(201, "PUT", "/m/b", None, b"b" * 60000)
        assert not kept_names(session, "/m/.trash/")
        session.expect(507, "PUT", "/m/c", None, b"c" * 60000)
        assert session.expect(200, "GET", "/m/b").body == b"b" * 60000


def test_who_has_deleted_it_is_told():
    with davit.Davit(args=["--keep", "30d"]) as server, Session(server) as session:
        session.expect(201, "MKCOL", "/d")
        session.expect(201, "PUT", "/d/f", None, b"x")
        session.expect(204, "DELETE", "/d/f")
        path, = kept_names(session)
        props = session.propfind(path.decode(), body=b'<propfind xmlns="DAV:"><prop>'
                                 b'<k:kept-from xmlns:k="urn:x-davit"/><k:kept-at xmlns:k="urn:x-davit"/>'
                                 b"</prop></propfind>")[path]
        assert props[KEPT + "kept-from"].find(DAV + "href").text == "/d/f"
        assert props[KEPT + "kept-at"].text.endswith("Z")
