"""Three users at random: rules, locks, If, properties, links that another program makes, restarts and
crashes, on three mounts. After each answer the server's files are what the oracle says: no change is
lost that was acknowledged, none is made that was refused, and nobody is shown what he may not read.

DAVIT_USERS_SECONDS: how long (default 20; `make soak` says 600); DAVIT_USERS_SEED: repeats a run."""

import base64
import collections
import os
import random
import re
import time
import xml.etree.ElementTree as ElementTree

import davit
import pytest
import oracle
from session import Session, members, quote

SECONDS = float(os.environ.get("DAVIT_USERS_SECONDS", "20"))
SEED = os.environ.get("DAVIT_USERS_SEED") or str(random.randrange(10 ** 9))
TOP = ("a", "b", "secret", "shown", "hid", "pool", "home")
NAMES = ("c", "kept", "f", "g")
CONTENT = re.compile(rb"content-\d+;")
CONFIG = """[server]
users = {folder}/users
clear-passwords = yes
[mount "/"]
root = {folder}/files
[mount "/pool"]
root = {folder}/pool
[mount "/home"]
root = {folder}/homes/%u
"""


class Server(davit.Davit):
    def __init__(self, folder):
        self.folder = folder
        for name in ("files", "pool", "homes", "homes/alice", "homes/bob", "homes/carol"):
            os.mkdir(f"{folder}/{name}")
        for user in oracle.USERS:
            davit.add_user(f"{folder}/users", user, f"{user}'s")
        with open(f"{folder}/davit.conf", "w", encoding="ascii") as file:
            file.write(CONFIG.format(folder=folder) + oracle.sentences())
        super().__init__(root=folder, args=["-c", f"{folder}/davit.conf"])

    def operands(self):
        return []

    def folder_of(self, store):
        return f"{self.folder}/{store if store in ('files', 'pool') else f'homes/{store}'}"


class Run:
    def __init__(self, server, seed):
        self.server, self.random = server, random.Random(seed)
        self.world = oracle.World()
        self.links = {}  # the place of a link: the place that it leads to
        self.serial = 0
        self.counts = {}
        self.log = collections.deque(maxlen=30)
        self.client = Session(server)

    # --- choosing ---

    def url(self):
        depth = self.random.choice((1, 2, 2, 3, 3, 4))
        return (self.random.choice(TOP),) + tuple(self.random.choice(NAMES)
                                                  for _ in range(depth - 1))

    def known_url(self, user):
        """Mostly something that is there."""
        places = [p for p in self.world.nodes if p[1] and p[0] in ("files", "pool", user)]
        if places and self.random.random() < 0.75:
            return self.world.url_of(self.random.choice(places))
        return self.url()

    def tokens(self, user):
        """Of locks that are held, by this user or by others."""
        if self.random.random() < 0.3:
            return []
        own = [k for k in self.world.locks if k.user == user]
        visible = [k for k in self.world.locks if k.place[0] in ("files", "pool", user)]
        return own if self.random.random() < 0.8 else self.random.sample(visible, len(visible) // 2)

    def condition(self, locks):
        """An If that submits the tokens, and is true. Also one that is false, now and then."""
        is_false = self.random.random() < 0.05
        parts = [f"<{self.target(self.world.url_of(k.place))}> (<{k.token}>)" for k in locks]
        if is_false:
            parts.append(f"<{self.target(('a',))}> (<DAV:no-lock>)")
        return ({"If": " ".join(parts)} if parts else {}), is_false and not self.is_true_for(parts)

    @staticmethod
    def is_true_for(parts):
        """RFC 4918 §10.4.2: the whole is true when one list of one resource is."""
        return len(parts) > 1

    @staticmethod
    def target(url):
        return "/" + quote("/".join(url))

    # --- asking ---

    def ask(self, user, method, url, fields=None, body=None):
        secret = base64.b64encode(f"{user}:{user}'s".encode()).decode()
        fields = {"Authorization": f"Basic {secret}", **(fields or {})}
        response = self.client.request(method, self.target(url), fields, body)
        for content in CONTENT.findall(response.body or b""):
            assert user in self.world.readers[content], \
                f"{user} is shown {content} by {method} {url}: {response}"
        self.log.append((user, method, url, fields, body, response.status))
        key = (method, response.status)
        self.counts[key] = self.counts.get(key, 0) + 1
        return response

    def judge(self, what, response, reasons, good):
        """True: it was done, and there was no reason against it."""
        if response.status in good:
            assert not reasons, f"{what}: {response}, in spite of {reasons}"
            return True
        assert reasons, f"{what}: {response}, for no reason"
        allowed = set().union(*reasons)
        assert response.status in allowed, f"{what}: {response}, not one of {reasons}"
        return False

    def is_about_links(self, user, *urls):
        """On the way, at the end, or below."""
        for url in urls:
            store, names = self.world.place_of(user, url)
            for link_store, link in self.links:
                if link_store == store and (link[:len(names)] == names or
                                            names[:len(link)] == link):
                    return True
        return False

    # --- single steps ---

    def step(self):
        user = self.random.choice(oracle.USERS)
        steps = {self.get: 4, self.put: 5, self.mkcol: 4, self.delete: 2, self.lock: 2, self.unlock: 2,
                 self.proppatch: 3, self.transfer: 5, self.listing: 2, self.make_link: 0.3,
                 self.restart: 0.05}
        step = self.random.choices(list(steps), list(steps.values()))[0]
        step(user)

    def get(self, user):
        url = self.known_url(user)
        if self.is_about_links(user, url):
            self.ask(user, "GET", url)
            return
        place = self.world.place_of(user, url)
        allowed = oracle.verdict(user, "read", url)
        reasons = [] if allowed is True else [{allowed}]
        if place not in self.world.nodes:
            reasons.append({404})
        response = self.ask(user, "GET", url)
        is_file = self.world.kind(place) == "file"
        fine = {200} if is_file or not url else {308}
        if self.judge(f"GET {url} by {user}", response, reasons, fine) and is_file:
            assert response.body == self.world.nodes[place], url

    def put(self, user):
        url = self.known_url(user)
        locks = self.tokens(user)
        fields, is_false = self.condition(locks)
        tokens = {k.token for k in locks}
        place = self.world.place_of(user, url)
        self.serial += 1
        content = b"content-%d;" % self.serial
        reasons = self.world.reasons_to_write(user, url, tokens)
        if self.world.kind(place) == "collection" or self.world.is_pinned(url):
            reasons.append({405, 403})
        if is_false:
            reasons.append({412})
        if self.random.random() < 0.2:
            fields["If-None-Match"] = "*"
            if place in self.world.nodes:
                reasons.append({412})
        self.world.readers[content] = set()  # nobody may see it, until it is there
        about_links = self.is_about_links(user, url)
        response = self.ask(user, "PUT", url, fields, content)
        if about_links:
            self.settle_links(user, url)
        elif self.judge(f"PUT {url} by {user}", response, reasons, {201, 204}):
            assert (response.status == 201) == (place not in self.world.nodes)
            self.world.put(place, content)

    def mkcol(self, user):
        url = self.url()
        locks = self.tokens(user)
        fields, is_false = self.condition(locks)
        place = self.world.place_of(user, url)
        reasons = self.world.reasons_to_write(user, url, {k.token for k in locks})
        if place in self.world.nodes or self.world.is_pinned(url):
            reasons.append({405, 403})
        if is_false:
            reasons.append({412})
        about_links = self.is_about_links(user, url)
        response = self.ask(user, "MKCOL", url, fields)
        if about_links:
            self.settle_links(user, url)
        elif self.judge(f"MKCOL {url} by {user}", response, reasons, {201}):
            self.world.nodes[place] = None

    def delete(self, user):
        url = self.known_url(user)
        locks = self.tokens(user)
        fields, is_false = self.condition(locks)
        tokens = {k.token for k in locks}
        reasons = self.world.reasons_to_remove(user, url, tokens)
        if is_false:
            reasons.append({412})
        about_links = self.is_about_links(user, url)
        response = self.ask(user, "DELETE", url, fields)
        if about_links:
            self.settle_links(user, url)
            return
        if not self.judge(f"DELETE {url} by {user}", response, reasons, {204, 207}):
            return
        failed = self.world.remove(user, url, tokens)
        assert (response.status == 207) == bool(failed), f"DELETE {url}: {response}, {failed}"
        if failed:
            named = {path.decode().strip("/") for path, _, _ in members(response.body)}
            shown = {"/".join(self.world.url_of(p)) for p in failed
                     if oracle.verdict(user, "write", self.world.url_of(p)) != 404}
            assert shown <= named, f"DELETE {url}: {named} were named, not {shown}"

    def lock(self, user):
        url = self.known_url(user)
        place = self.world.place_of(user, url)
        is_infinite = self.random.random() < 0.4
        is_exclusive = self.random.random() < 0.7
        allowed = oracle.verdict(user, "lock", url)
        reasons = [] if allowed is True else [{allowed}]
        if place not in self.world.nodes:
            reasons += self.world.reasons_to_write(user, url, set())
            if self.world.is_pinned(url):
                reasons.append({403, 405})
        if url == () and is_infinite:
            reasons.append({403})
        if any(is_exclusive or k.is_exclusive for k in self.world.covering(place)):
            reasons.append({423})
        within = [k for k in self.world.locks if k.place[0] == place[0] and
                  k.place[1][:len(place[1])] == place[1]]
        if is_infinite and any(is_exclusive or k.is_exclusive for k in within):
            reasons.append({207, 423})
        if self.is_about_links(user, url):
            return  # a lock would be of what it leads to: test_links.c has these
        scope = "exclusive" if is_exclusive else "shared"
        body = (f'<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:{scope}/></D:lockscope><D:locktype>'
                "<D:write/></D:locktype></D:lockinfo>")
        response = self.ask(user, "LOCK", url, {"Depth": "infinity" if is_infinite else "0",
                                                "Timeout": "Second-3600"}, body)
        if not self.judge(f"LOCK {url} by {user}", response, reasons, {200, 201}):
            return
        token = response.field("Lock-Token").strip("<>")
        if place not in self.world.nodes:
            assert response.status == 201
            self.world.readers.setdefault(b"", set(oracle.USERS))
            self.world.nodes[place] = b""
        self.world.locks.append(oracle.Lock(token, place, is_infinite, is_exclusive, user))

    def unlock(self, user):
        if not self.world.locks:
            return
        lock = self.random.choice(self.world.locks)
        if lock.place[0] in oracle.USERS and lock.place[0] != user:
            return
        url = self.world.url_of(lock.place)
        allowed = oracle.verdict(user, "lock", url)
        reasons = [] if allowed is True else [{allowed}]
        if lock.user != user:
            reasons.append({403})
        response = self.ask(user, "UNLOCK", url, {"Lock-Token": f"<{lock.token}>"})
        if self.judge(f"UNLOCK {url} by {user}", response, reasons, {204}):
            self.world.locks.remove(lock)

    def proppatch(self, user):
        url = self.known_url(user)
        locks = self.tokens(user)
        fields, is_false = self.condition(locks)
        place = self.world.place_of(user, url)
        tokens = {k.token for k in locks}
        allowed = oracle.verdict(user, "write", url)
        reasons = [] if allowed is True else [{allowed}]
        if place not in self.world.nodes:
            reasons.append({404})
        if self.world.is_locked_for(place, user, tokens):
            reasons.append({423})
        if is_false:
            reasons.append({412})
        self.serial += 1
        name, value = self.random.choice(("p", "q")), str(self.serial)
        body = (f'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><{name} xmlns="urn:x">{value}'
                f"</{name}></D:prop></D:set></D:propertyupdate>")
        if self.is_about_links(user, url):
            return
        response = self.ask(user, "PROPPATCH", url, fields, body)
        if self.judge(f"PROPPATCH {url} by {user}", response, reasons, {207}):
            assert re.findall(rb"HTTP/1.1 (\d+)", response.body) == [b"200"], response
            self.world.props.setdefault(place, {})[name] = value

    def transfer(self, user):
        is_move = self.random.random() < 0.5
        source, target = self.known_url(user), self.random.choice((self.url(), self.known_url(user)))
        locks = self.tokens(user)
        fields, is_false = self.condition(locks)
        tokens = {k.token for k in locks}
        world = self.world
        source_place, target_place = world.place_of(user, source), world.place_of(user, target)
        overwrites = self.random.random() < 0.6
        reasons = world.reasons_to_write(user, target, tokens)
        if is_move:
            reasons += world.reasons_to_remove(user, source, tokens)
        if not oracle.may(user, "read", source):
            reasons.append({403, 404})
        if source_place not in world.nodes:
            reasons.append({404})
        is_within = source_place[0] == target_place[0] and (
            target_place[1][:len(source_place[1])] == source_place[1] or
            source_place[1][:len(target_place[1])] == target_place[1])
        if is_within:
            reasons.append({403, 409})
        if world.is_pinned(target):
            reasons.append({403, 405})
        if target_place in world.nodes and not overwrites:
            reasons.append({412})
        if world.is_locked_for(world.parent(target_place), user, tokens):
            reasons.append({423})  # what is replaced is removed from its collection, §10.6
        if is_false:
            reasons.append({412})
        about_links = self.is_about_links(user, source, target)
        is_simple = reasons or (world.is_simple(user, target_place) and all(
            oracle.may(user, "read", world.url_of(p)) and
            oracle.may(user, "write", target + p[1][len(source_place[1]):]) and
            (not is_move or (oracle.may(user, "write", world.url_of(p)) and
                             not world.is_locked_for(p, user, tokens)))
            for p in world.below(source_place)))
        method = "MOVE" if is_move else "COPY"
        fields = {"Destination": f"http://{self.server.host}{self.target(target)}",
                  "Overwrite": "T" if overwrites else "F", **fields}
        response = self.ask(user, method, source, fields)
        what = f"{method} {source} to {target} by {user}"
        if about_links or not is_simple:
            self.settle(user, source_place, target_place)
        elif self.judge(what, response, reasons, {201, 204}):
            assert (response.status == 201) == (target_place not in world.nodes), what
            (world.move if is_move else lambda s, t: world.copy(s, t, True))(source_place,
                                                                             target_place)

    def listing(self, user):
        """Nobody hears of a member that is hidden from him, nor is told of what he may not read."""
        url = self.known_url(user)
        response = self.ask(user, "PROPFIND", url, {"Depth": self.random.choice(("0", "1"))})
        if response.status != 207:
            return
        for path, status, found in members(response.body):
            told = tuple(path.decode().strip("/").split("/")) if path != b"/" else ()
            if self.is_about_links(user, told):
                continue
            allowed = oracle.verdict(user, "read", told)
            assert allowed is True or (allowed == 403 and not found), (user, told, status)

    # --- what others do ---

    def make_link(self, _):
        """Another program makes a link: to a file or a collection of anybody."""
        places = [p for p in self.world.nodes if self.world.kind(p) == "collection"]
        store, names = self.random.choice(places)
        name = self.random.choice(("x", "y"))
        place = (store, names + (name,))
        goal = self.random.choice(list(self.world.nodes))
        path = os.path.join(self.server.folder_of(store), *place[1])
        if os.path.lexists(path) or goal in self.links or len(self.links) > 5:
            return
        os.symlink(os.path.relpath(os.path.join(self.server.folder_of(goal[0]), *goal[1]),
                                   os.path.dirname(path)), path)
        self.links[place] = goal

    def restart(self, _):
        self.client.close()
        if self.random.random() < 0.5:
            self.server.kill()
        else:
            self.server.stop()
        self.server.start()
        self.client = Session(self.server)

    # --- comparing ---

    def read_disk(self):
        """{place: content or None}, and the links."""
        nodes, links = {}, {}
        for store in ("files", "pool") + oracle.USERS:
            root = self.server.folder_of(store)
            nodes[(store, ())] = None
            for folder, folders, files in os.walk(root):
                names = tuple(os.path.relpath(folder, root).split("/")) if folder != root else ()
                for name in list(folders):
                    if name == ".davit":
                        folders.remove(name)
                for name in folders + files:
                    path, place = os.path.join(folder, name), (store, names + (name,))
                    if os.path.islink(path):
                        links[place] = os.readlink(path)
                    elif os.path.isdir(path):
                        nodes[place] = None
                    else:
                        with open(path, "rb") as file:
                            nodes[place] = file.read()
        return nodes, links

    def settle(self, user, *trees):
        """What is too intricate to be foretold is looked up; but outside of what the request was
        about nothing has changed, and content is shown to nobody new."""
        nodes, links = self.read_disk()
        for place in set(nodes) | set(self.world.nodes):
            is_inside = any(place[0] == store and place[1][:len(names)] == names
                            for store, names in trees)
            if not is_inside:
                assert nodes.get(place, 0) == self.world.nodes.get(place, 0), \
                    f"{place} has changed by a request about {trees}"
        for place in set(self.world.nodes) - set(nodes):
            self.world.forget(place)
        for place, content in nodes.items():
            if self.world.nodes.get(place, 0) == content:
                continue
            if content is not None:
                self.check_spread(user, place, content)
            self.world.nodes[place] = content
            if content is not None:
                self.world.note_readers(place)
        self.links = {p: goal for p, goal in self.links.items() if p in links}
        self.links.update({p: None for p in links if p not in self.links})
        self.reload_state(trees)

    def settle_links(self, user, url):
        """Through a link something else may have changed: what it leads to."""
        goals = [goal for goal in self.links.values() if goal]
        self.settle(user, self.world.place_of(user, url), *goals)

    def check_spread(self, user, place, content):
        """What a request has put somewhere is its own, or was readable to who made it."""
        is_new = content == b"content-%d;" % self.serial
        assert is_new or content == b"" or user in self.world.readers[content], \
            f"{user} has copied {content} to {place}"

    def reload_state(self, trees):
        """The dead properties and locks within the trees, as their readers are told of them."""
        for place in [p for tree in trees for p in self.world.below(tree)]:
            if place not in self.world.nodes:
                continue
            props, tokens = self.state_of(place)
            if props is None:
                continue
            self.world.props[place] = props
            self.world.locks = [k for k in self.world.locks if k.place != place or
                                k.token in tokens]

    def state_of(self, place):
        """Properties and the tokens of locks, of what somebody may read; otherwise None."""
        url = self.world.url_of(place)
        who = [place[0]] if place[0] in oracle.USERS else oracle.USERS
        for user in who:
            if oracle.may(user, "read", url):
                response = self.ask(user, "PROPFIND", url, {"Depth": "0"})
                assert response.status == 207, (url, response)
                _, _, found = members(response.body)[0]
                props = {tag[len("{urn:x}"):]: element.text for tag, element in found.items()
                         if tag.startswith("{urn:x}")}
                held = found.get("{DAV:}lockdiscovery", ElementTree.Element("none"))
                tokens = {e.find("{DAV:}href").text for e in held.iter("{DAV:}locktoken")}
                return props, tokens
        return None, None

    def compare(self):
        nodes, links = self.read_disk()
        assert nodes == self.world.nodes, {
            p: (nodes.get(p, 0), self.world.nodes.get(p, 0)) for p in set(nodes) | set(self.world.nodes)
            if nodes.get(p, 0) != self.world.nodes.get(p, 0)}
        assert set(links) == set(self.links)
        for place in self.random.sample(sorted(nodes), min(len(nodes), 8)):
            if self.is_about_links(place[0], self.world.url_of(place)):
                continue
            props, tokens = self.state_of(place)
            if props is not None:
                assert props == self.world.props.get(place, {}), place
                assert tokens == {k.token for k in self.world.covering(place)}, place


def test_three_users_at_random(tmp_path):
    print(f"DAVIT_USERS_SEED={SEED}")
    with Server(str(tmp_path)) as server:
        run = Run(server, SEED)
        end = time.monotonic() + SECONDS
        count = 0
        try:
            while time.monotonic() < end:
                run.step()
                count += 1
                if count % 10 == 0:
                    run.compare()
            run.compare()
        except (OSError, EOFError):
            pytest.fail(f"after {count} steps:\n{server.stderr()[-2000:]}")
        except AssertionError:
            print("\n".join(str(line) for line in run.log))
            raise
        finally:
            print(f"{count} requests: " + ", ".join(f"{method} {status}: {n}" for (method, status), n
                                                    in sorted(run.counts.items())))
        run.client.close()
