"""No listing is older than a change that finished before its request was sent, whoever made it, by
which name, and however often the collection is listed. DAVIT_TRUTH_SECONDS=300 makes it a soak
test."""

import email.utils
import mmap
import os
import random
import threading
import time

import davit
import pytest
from session import DAV, Session, watch_count
from session import members as responses_of

SECONDS = float(os.environ.get("DAVIT_TRUTH_SECONDS", "4"))
MEMBERS = 24
BYSTANDERS = 100  # never changed: most of a listing is like that
COLLECTION = "a/b"
ELSEWHERE = "elsewhere"  # no client ever asks for it
ABSENT = None
APACHE = "{http://apache.org/dav/props/}"
BODY = """<D:propfind xmlns:D="DAV:" xmlns:A="http://apache.org/dav/props/"><D:prop>
<D:resourcetype/><D:getcontentlength/><D:getlastmodified/><D:getetag/><A:executable/>
</D:prop></D:propfind>"""


def facts_of(path):
    """What the answer depends on: (is a collection, size, mtime, is executable, what tells the
    content from any other)."""
    try:
        st = os.lstat(path)
    except FileNotFoundError:
        return ABSENT
    if os.path.isdir(path):
        return (True, None, int(st.st_mtime), None, None)
    return (False, st.st_size, int(st.st_mtime), bool(st.st_mode & 0o100),
            (st.st_ino, st.st_size, st.st_mtime_ns))


def facts_told(found):
    """The same as a response has it, and the entity tag."""
    mtime = int(email.utils.parsedate_to_datetime(found[DAV + "getlastmodified"].text).timestamp())
    if len(found[DAV + "resourcetype"]):
        return (True, None, mtime, None), None
    return (False, int(found[DAV + "getcontentlength"].text), mtime,
            found[APACHE + "executable"].text == "T"), found[DAV + "getetag"].text


class Member:
    """`version` counts how often a change of it has begun or finished: odd while one is under way.
    `facts` is what it is when none is."""

    def __init__(self, server, name):
        self.name = name
        self.path = server.path(COLLECTION, name)
        self.target = f"/{COLLECTION}/{name}".encode()
        self.version = 0
        self.facts = facts_of(self.path)

    def finish(self):
        self.facts = facts_of(self.path)
        self.version += 1


class Tags:
    """Each content has one entity tag, and each tag one content."""

    def __init__(self):
        self.mutex = threading.Lock()
        self.tag_of, self.content_of = {}, {}

    def check(self, name, content, tag):
        with self.mutex:
            assert self.tag_of.setdefault(content, tag) == tag, f"{name}: two tags for {content}"
            assert self.content_of.setdefault(tag, content) == content, \
                f"{name}: {tag} is that of {self.content_of[tag]}, and it is {content}"


class Mutator:
    """Another program, as far as davit can tell."""

    def __init__(self, server, members, is_alone):
        self.server = server
        self.members = members
        self.random = random.Random(1)
        self.number = 0
        self.changes = [self.append, self.truncate, self.replace, self.remove, self.rename,
                        self.exchange, self.chmod, self.touch, self.link, self.link_kept,
                        self.linked_before, self.map, self.hold, self.make_collection,
                        self.change_collection, self.rename_way, self.open_only]
        if is_alone:  # what davit was told that nobody does
            for change in (self.link, self.link_kept, self.linked_before, self.map):
                self.changes.remove(change)

    def step(self):
        self.random.choice(self.changes)(self.random.choice(self.members))

    def unique(self):
        self.number += 1
        return self.number

    def pause(self):
        """Sometimes: time to be listed, and remembered."""
        if self.random.random() < 0.5:
            time.sleep(self.random.random() * 0.02)

    def change(self, members, do):
        for member in members:
            member.version += 1
        do()
        for member in members:
            member.finish()

    def need_file(self, member):
        if member.facts is ABSENT or member.facts[0]:
            self.replace(member)
            self.pause()

    @staticmethod
    def clear(path):
        try:
            os.unlink(path)
        except IsADirectoryError:
            for name in os.listdir(path):
                os.rmdir(os.path.join(path, name))
            os.rmdir(path)
        except FileNotFoundError:
            pass

    # --- by its own name ---

    def append(self, member):
        self.need_file(member)

        def do():
            with open(member.path, "ab") as out:
                out.write(b"x")
        self.change([member], do)

    def truncate(self, member):
        self.need_file(member)
        self.change([member], lambda: os.truncate(member.path, self.unique()))

    def replace(self, member):
        other = self.server.path("new")
        with open(other, "wb") as out:
            out.truncate(self.unique())

        def do():
            if member.facts and member.facts[0]:
                self.clear(member.path)
            os.rename(other, member.path)
        self.change([member], do)

    def remove(self, member):
        self.change([member], lambda: self.clear(member.path))

    def rename(self, member):
        other = self.random.choice(self.members)
        if other is member or member.facts is ABSENT:
            return

        def do():
            self.clear(other.path)
            os.rename(member.path, other.path)
        self.change([member, other], do)

    def exchange(self, member):
        """Away and back under another name, through a collection that nobody lists."""
        other = self.random.choice(self.members)
        if other is member or member.facts is ABSENT or other.facts is ABSENT:
            return

        def do():
            os.rename(member.path, self.server.path("new"))
            os.rename(other.path, member.path)
            os.rename(self.server.path("new"), other.path)
        self.change([member, other], do)

    def chmod(self, member):
        self.need_file(member)
        self.change([member], lambda: os.chmod(member.path, self.random.choice([0o644, 0o755])))

    def touch(self, member):
        if member.facts is not ABSENT:
            seconds = 10**9 + self.unique()
            self.change([member], lambda: os.utime(member.path, (seconds, seconds)))

    def open_only(self, member):
        if member.facts is not ABSENT:
            os.close(os.open(member.path, os.O_RDONLY))

    # --- by another ---

    def link(self, member):
        """A name that no client has asked for."""
        self.need_file(member)
        other = self.server.path(ELSEWHERE, "other")
        self.change([member], lambda: os.link(member.path, other))
        self.pause()
        self.change([member], lambda: os.truncate(other, self.unique()))
        self.change([member], lambda: os.unlink(other))

    def link_kept(self, member):
        """Open by the other name, which is gone when it is written to."""
        self.need_file(member)
        other = self.server.path(ELSEWHERE, "other")
        self.change([member], lambda: os.link(member.path, other))
        fd = os.open(other, os.O_WRONLY)
        self.change([member], lambda: os.unlink(other))
        self.pause()
        self.change([member], lambda: os.ftruncate(fd, self.unique()))
        os.close(fd)

    def linked_before(self, member):
        """Made elsewhere, and still open there when it becomes a member."""
        other = self.server.path(ELSEWHERE, "other")
        fd = os.open(other, os.O_WRONLY | os.O_CREAT)

        def do():
            self.clear(member.path)
            os.link(other, member.path)
            os.unlink(other)
        self.change([member], do)
        self.pause()
        self.change([member], lambda: os.ftruncate(fd, self.unique()))
        os.close(fd)

    # --- without a system call, or by a descriptor that has long been open ---

    def map(self, member):
        self.need_file(member)
        self.change([member], lambda: os.truncate(member.path, 4096))
        fd = os.open(member.path, os.O_RDWR)
        with mmap.mmap(fd, 4096) as view:
            os.close(fd)
            self.pause()

            def do():
                view[0] = self.random.randrange(256)
            self.change([member], do)
            self.pause()
        self.change([member], lambda: None)  # what was mapped may be dated when it is unmapped

    def hold(self, member):
        self.need_file(member)
        fd = os.open(member.path, os.O_WRONLY)
        self.pause()
        self.change([member], lambda: os.pwrite(fd, b"held", self.unique()))
        self.pause()
        self.change([member], lambda: os.pwrite(fd, b"held", self.unique()))
        os.close(fd)

    # --- collections ---

    def make_collection(self, member):
        def do():
            self.clear(member.path)
            os.mkdir(member.path)
        self.change([member], do)

    def change_collection(self, member):
        """Its members change, and with them its time."""
        if member.facts is ABSENT or not member.facts[0]:
            self.make_collection(member)
        self.touch(member)
        self.pause()
        inside = os.path.join(member.path, "inside")

        def do():
            if os.path.isdir(inside):
                os.rmdir(inside)
            else:
                os.mkdir(inside)
        self.change([member], do)

    def rename_way(self, _):
        """Another collection stands where the listed one was, and then that one again."""
        name = self.server.path("a" if self.random.random() < 0.5 else COLLECTION)
        away = self.server.path("away")

        def go():
            os.rename(name, away)
            os.makedirs(self.server.path(COLLECTION))

        def come():
            os.rename(name, self.server.path(ELSEWHERE, f"gone-{self.unique()}"))
            os.rename(away, name)
        self.change(self.members, go)
        self.pause()
        self.change(self.members, come)


def list_and_check(session, members, tags):
    before = [(member.version, member.facts) for member in members]
    response = session.request("PROPFIND", f"/{COLLECTION}/", {"Depth": "1"}, BODY)
    if response.status == 404:  # while it is renamed, all of its members change
        assert all(version % 2 or member.version != version
                   for member, (version, _) in zip(members, before)), "404 although it is there"
        return
    assert response.status == 207
    found = {path: props for path, _, props in responses_of(response.body)}
    for member, (version, facts) in zip(members, before):
        if version % 2 or member.version != version:
            continue  # a change was under way
        told = found.get(member.target) or found.get(member.target + b"/")
        if told is None or facts is ABSENT:
            assert told is None and facts is ABSENT, f"{member.name}: {told}, but it was {facts}"
            continue
        told, tag = facts_told(told)
        assert told == facts[:4], f"{member.name}: {told}, but it was {facts}"
        if facts[4]:
            tags.check(member.name, facts[4], tag)


@pytest.mark.parametrize("others_write", ["yes", "no"])
@pytest.mark.parametrize("threads", ["1", "3"])
def test_no_listing_is_older_than_a_finished_change(threads, others_write):
    is_alone = others_write == "no"
    with davit.Davit(args=["--threads", threads, "--others-write", others_write]) as server:
        os.makedirs(server.path(COLLECTION))
        os.mkdir(server.path(ELSEWHERE))
        for number in range(BYSTANDERS):
            with open(server.path(COLLECTION, f"bystander-{number}"), "wb") as out:
                out.truncate(number)
        members = [Member(server, f"m{number}") for number in range(MEMBERS)]
        until = time.monotonic() + SECONDS / 2
        failures, asked, tags = [], [0], Tags()

        def read():
            try:
                with Session(server) as session:
                    while time.monotonic() < until and not failures:
                        list_and_check(session, members, tags)
                        asked[0] += 1
            except (AssertionError, OSError, EOFError, KeyError) as error:
                failures.append(error)

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        mutator = Mutator(server, members, is_alone)
        watched = 0
        try:
            while time.monotonic() < until and not failures:
                mutator.step()
                mutator.pause()
                watched = max(watched, watch_count(server))
        finally:
            until = 0
            for reader in readers:
                reader.join()
        assert not failures, repr(failures[0])
        assert asked[0] > 20
        if is_alone:
            assert watched < BYSTANDERS, "only collections need a watch, and the way to them"
        else:
            assert watched > BYSTANDERS, "nothing was remembered that could be stale"
