"""What a client has that syncs a collection by token (RFC 6578), and the listing that it is held against."""

import urllib.parse
import xml.etree.ElementTree as ElementTree

from session import DAV, quote


def path_of(response):
    return urllib.parse.unquote(response.findtext(DAV + "href")).rstrip("/")


def tag_of(response):
    """Of a collection: None."""
    return response.findtext(f"{DAV}propstat/{DAV}prop/{DAV}getetag")


def listing(client, path="/"):
    body = ('<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>')
    answer = client.expect(207, "PROPFIND", quote(path), {"Depth": "infinity"}, body).body
    found = {path_of(r): tag_of(r) for r in ElementTree.fromstring(answer).iter(DAV + "response")}
    found.pop(path.rstrip("/"))
    return found


class Failed(Exception):
    """The server says that it has failed; nothing was told."""


class Mirror:
    """What a client has that syncs a tree."""

    def __init__(self, bound=None, home="/"):
        self.members, self.token, self.bound, self.home = {}, "", bound, home
        self.is_listing = False  # what there is, and not what has changed
        self.whole = self.partial = self.pages = 0

    def sync(self, client):
        """All there is to be told."""
        while not self.ask(client):
            self.pages += 1

    def ask(self, client):
        """One request. False: there is more."""
        self.is_listing |= not self.token
        bound = self.bound and self.bound * (10 if self.is_listing else 1)
        limit = f"<D:limit><D:nresults>{bound}</D:nresults></D:limit>" if bound else ""
        body = (f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{self.token}</D:sync-token>{limit}'
                "<D:sync-level>infinite</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>")
        answer = client.request("REPORT", quote(self.home), {"Depth": "0"}, body)
        if answer.status in (403, 507):  # unknown, or more than one page can hold
            expected = b"valid-sync-token" if answer.status == 403 else b"number-of-matches"
            assert self.token and expected in answer.body, answer
            self.token = ""
            return self.ask(client)
        if answer.status >= 500:
            raise Failed(answer)
        assert answer.status == 207, answer
        self.whole += not self.token
        self.partial += bool(self.token)
        return self.take(ElementTree.fromstring(answer.body))

    def take(self, told):
        if not self.token:
            self.members = {}
        is_all = True
        for response in told.iter(DAV + "response"):
            path, status = path_of(response), response.findtext(DAV + "status") or ""
            if "507" in status:
                assert path == self.home.rstrip("/")
                is_all = False
            elif "404" in status:
                for member in [m for m in self.members if m == path or m.startswith(path + "/")]:
                    del self.members[member]
            else:
                assert not status, status
                self.members[path] = tag_of(response)
        self.token = told.findtext(DAV + "sync-token")
        self.is_listing &= not is_all
        return is_all

    def check(self, client):
        self.sync(client)
        there = listing(client, self.home)
        assert self.members == there, {p: (self.members.get(p, "-"), there.get(p, "-"))
                                       for p in set(self.members) ^ set(there)
                                       or {p for p in there if there[p] != self.members[p]}}


class TagMirror:
    """What a client has that goes by collections' tags, as desktop clients do: it reads a collection that
    has another tag than when it was read last, and nothing of what is in one that has the same."""

    def __init__(self):
        self.members, self.tags = {}, {}

    def sync(self, client):
        assert self.read(client, "")

    def drop(self, path):
        for had in self.members, self.tags:
            for member in [m for m in had if m == path or m.startswith(path + "/")]:
                del had[member]

    def read(self, client, path):
        """False: it has gone meanwhile."""
        body = ('<D:propfind xmlns:D="DAV:" xmlns:C="http://calendarserver.org/ns/">'
                "<D:prop><D:getetag/><D:resourcetype/><C:getctag/></D:prop></D:propfind>")
        answer = client.request("PROPFIND", quote(path) + "/", {"Depth": "1"}, body)
        if answer.status != 207:
            return False
        found = {path_of(r): r for r in ElementTree.fromstring(answer.body).iter(DAV + "response")}
        found.pop(path)
        for member in [m for m in self.members if m.rpartition("/")[0] == path and m not in found]:
            self.drop(member)
        for member, response in found.items():
            self.take(client, member, response)
        return True

    def take(self, client, path, response):
        is_collection = response.find(f".//{DAV}collection") is not None
        tag = response.findtext(f"{DAV}propstat/{DAV}prop/{{http://calendarserver.org/ns/}}getctag")
        if not is_collection:
            self.drop(path)
        self.members[path] = tag_of(response)
        if is_collection and self.tags.get(path) != tag and self.read(client, path):
            self.tags[path] = tag
