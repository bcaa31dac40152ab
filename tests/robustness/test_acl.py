"""Lists of rights (acl = yes): whom one shuts out stays out, whatever moves and whenever davit is killed."""

import base64
import threading

import davit
import pytest

CONFIG = """[server]
users = {folder}/users
durability = flush
[mount "/"]
root = {folder}/root
acl = yes
[rule "/"]
allow = read, write, lock for users
allow = admin for alice
"""
LIST = """<acl xmlns="DAV:"><ace><principal><href>/.principals/users/alice</href></principal>
<grant><privilege><read/></privilege></grant></ace></acl>"""


class Configured(davit.Davit):
    def operands(self):
        return []


@pytest.fixture(name="server")
def serve(tmp_path):
    (tmp_path / "root" / "a" / "deep").mkdir(parents=True)
    (tmp_path / "root" / "a" / "deep" / "f").write_text("secret")
    for name in ("alice", "bob"):
        davit.add_user(str(tmp_path / "users"), name, "pencil")
    (tmp_path / "davit.conf").write_text(CONFIG.format(folder=tmp_path))
    with Configured(root=str(tmp_path / "root"), args=["--config", str(tmp_path / "davit.conf")]) as running:
        yield running


def ask(server, user, method, path, fields=None, body=None):
    credentials = base64.b64encode(f"{user}:pencil".encode()).decode()
    return server.request(method, path, {"Authorization": f"Basic {credentials}", **(fields or {})}, body)


def test_whom_a_list_shuts_out_stays_out_after_a_kill(server):
    for number in range(5):
        assert ask(server, "alice", "MKCOL", f"/{number}").status == 201
        assert ask(server, "alice", "PUT", f"/{number}/f", body="secret").status == 201
        assert ask(server, "bob", "GET", f"/{number}/f").status == 200
        assert ask(server, "alice", "ACL", f"/{number}/", body=LIST).status == 200
        server.kill()
        server.start()
        assert [ask(server, "bob", "GET", f"/{known}/f").status for known in range(number + 1)] == [403] * (number + 1)
        assert ask(server, "alice", "GET", f"/{number}/f").status == 200


def ask_what_may_go(server, *request):
    """None: it has been killed."""
    try:
        answer = ask(server, *request)
    except OSError:
        return None
    return answer and answer.status


def move(server, paths):
    """Moves the tree from where it is to the other path; where davit is killed meanwhile, perhaps."""
    here, there = paths if ask_what_may_go(server, "alice", "GET", f"{paths[0]}/deep/f") == 200 else paths[::-1]
    return ask_what_may_go(server, "alice", "MOVE", f"{here}/", {"Destination": there})


def look(server, paths, seen, done):
    while not done.is_set():
        seen |= {ask_what_may_go(server, "bob", "GET", f"{path}/deep/f") for path in paths}


def test_nobody_slips_in_while_a_tree_moves(server):
    """Nor after davit was killed in the middle of a move, wherever the tree is then."""
    paths = ("/a", "/b")
    assert ask(server, "alice", "ACL", "/a/", body=LIST).status == 200
    for _ in range(5):
        seen = set()
        done = threading.Event()
        looking = threading.Thread(target=look, args=(server, paths, seen, done))
        looking.start()
        assert {move(server, paths) for _ in range(10)} == {201}
        moving = threading.Thread(target=move, args=(server, paths))
        moving.start()
        server.kill()
        moving.join()
        done.set()
        looking.join()
        assert seen <= {403, 404, None}
        server.start()
        found = [[ask(server, user, "GET", f"{path}/deep/f").status for path in paths] for user in ("alice", "bob")]
        assert sorted(found[0]) == [200, 404]
        assert found[1][found[0].index(200)] == 403
