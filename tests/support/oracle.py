"""What a server with users, rules, locks and several mounts should do: written from RFC 4918 and
davit.conf(5), and nothing of davit's own code. For tests that compare the two.

A place is where a resource is kept: (store, names), with store "files", "pool" or a user's home. URLs
are lists of names. A request has reasons to be refused, each with the statuses that may say so; it
must succeed exactly when there are none."""

USERS = ("alice", "bob", "carol")

# Pattern: [(allows, classes, who)], as in [rule "/PATTERN"]. Of the rules that cover a path the one
# with the most segments decides, then a user's own before one for everybody, then deny.
RULES = {
    (): [(True, {"read", "write", "lock"}, None)],
    ("secret",): [(False, {"read", "write", "lock"}, None), (True, {"read", "write", "lock"}, "bob")],
    ("shown",): [(False, {"write", "lock"}, "alice"), (False, {"write"}, "carol")],
    ("a", "kept"): [(False, {"write"}, "carol")],
    ("hid",): [(False, {"read", "write", "lock"}, "alice")],
    ("home",): [(True, {"read", "write", "lock"}, None)],
    ("pool", "c"): [(False, {"write"}, "bob"), (False, {"read"}, "carol")],
}
HIDDEN = {("hid",)}


def sentences():
    """The rules as a configuration has them."""
    lines = []
    for pattern, rules in RULES.items():
        lines.append(f'[rule "/{"/".join(pattern)}"]')
        for allows, classes, who in rules:
            lines.append(f'{"allow" if allows else "deny"} = {" ".join(sorted(classes))}'
                         f' for {who or "users"}')
        if pattern in HIDDEN:
            lines.append("hidden = yes")
    return "\n".join(lines) + "\n"


def verdict(user, what, url):
    """True, or the status that says why not."""
    best = None
    for pattern, rules in RULES.items():
        if tuple(url[:len(pattern)]) != pattern:
            continue
        for allows, classes, who in rules:
            if what in classes and who in (None, user):
                rank = (len(pattern), len("".join(pattern)), who is not None, not allows)
                if best is None or rank > best[0]:
                    best = (rank, allows, pattern)
    if best is None:
        return 403
    return True if best[1] else 404 if best[2] in HIDDEN else 403


def may(user, what, url):
    return verdict(user, what, url) is True


class Lock:
    def __init__(self, token, place, is_infinite, is_exclusive, user):
        self.token, self.place, self.user = token, place, user
        self.is_infinite, self.is_exclusive = is_infinite, is_exclusive

    def covers(self, place):
        store, names = self.place
        return self.place == place or (self.is_infinite and place[0] == store and
                                       place[1][:len(names)] == names)


class World:
    """All stores, their locks and dead properties, as they should be."""

    def __init__(self):
        self.nodes = {}  # place: None for a collection, bytes for a file
        self.props = {}  # place: {name: value}
        self.locks = []
        self.readers = {}  # a file's content: who has been able to read it
        for store in ("files", "pool") + USERS:
            self.nodes[(store, ())] = None

    # --- where things are ---

    @staticmethod
    def place_of(user, url):
        if url[:1] == ("pool",):
            return ("pool", url[1:])
        if url[:1] == ("home",):
            return (user, url[1:])
        return ("files", url)

    @staticmethod
    def url_of(place):
        return {"files": (), "pool": ("pool",)}.get(place[0], ("home",)) + place[1]

    @staticmethod
    def is_pinned(url):
        """Where a mount begins, and all above."""
        return url in ((), ("pool",), ("home",))

    def kind(self, place):
        if place not in self.nodes:
            return None
        return "collection" if self.nodes[place] is None else "file"

    def below(self, place):
        """Everything in a tree, its root first, parents before members."""
        store, names = place
        return sorted((p for p in self.nodes if p[0] == store and p[1][:len(names)] == names),
                      key=lambda p: p[1])

    def members(self, place):
        return [p for p in self.below(place) if len(p[1]) == len(place[1]) + 1]

    @staticmethod
    def parent(place):
        return (place[0], place[1][:-1])

    def note_readers(self, place):
        content = self.nodes[place]
        url = self.url_of(place)
        who = {place[0]} if place[0] in USERS else USERS
        self.readers.setdefault(content, set()).update(u for u in who if may(u, "read", url))

    # --- locks ---

    def covering(self, place):
        return [lock for lock in self.locks if lock.covers(place)]

    def is_locked_for(self, place, user, tokens):
        """Covered by a lock, and none of them is submitted by who holds it (RFC 4918 §7.5)."""
        locks = self.covering(place)
        return bool(locks) and not any(k.user == user and k.token in tokens for k in locks)

    def drop_locks(self, place):
        store, names = place
        self.locks = [k for k in self.locks if not (k.place[0] == store and
                                                    k.place[1][:len(names)] == names)]

    # --- reasons ---

    def reasons_to_write(self, user, url, tokens):
        """What stands against making or changing the member `url` of its collection."""
        place = self.place_of(user, url)
        reasons = []
        allowed = verdict(user, "write", url)
        if allowed is not True:
            reasons.append({allowed})
        if url and self.kind(self.parent(place)) != "collection":
            reasons.append({404, 409} if place not in self.nodes else {403})
        if self.is_locked_for(place, user, tokens):
            reasons.append({423})
        if place not in self.nodes and self.is_locked_for(self.parent(place), user, tokens):
            reasons.append({423})
        return reasons

    def reasons_to_remove(self, user, url, tokens):
        place = self.place_of(user, url)
        reasons = self.reasons_to_write(user, url, tokens)
        if place not in self.nodes:
            reasons.append({404})
        if self.is_pinned(url):
            reasons.append({403, 405})
        elif self.is_locked_for(self.parent(place), user, tokens):
            reasons.append({423})
        return reasons

    # --- changes ---

    def put(self, place, content):
        self.nodes[place] = content
        self.note_readers(place)

    def forget(self, place):
        for gone in self.below(place):
            del self.nodes[gone]
            self.props.pop(gone, None)
        self.drop_locks(place)

    def remove(self, user, url, tokens):
        """Removes what may be removed; the places that stay because of themselves."""
        place = self.place_of(user, url)
        if not may(user, "write", url) or self.is_locked_for(place, user, tokens):
            return [place]
        failed = []
        for member in self.members(place):
            failed += self.remove(user, self.url_of(member), tokens)
        if not failed:
            self.forget(place)
        return failed

    def is_simple(self, user, place):
        """The whole tree has no locks, and one answer to each question: copying it, moving it or
        putting something in its place is all or nothing."""
        store, names = place
        if any(k.place[0] == store and k.place[1][:len(names)] == names for k in self.locks):
            return False
        return all(may(user, what, self.url_of(p)) for p in self.below(place)
                   for what in ("read", "write"))

    def copy(self, source, target, is_deep):
        """To where nothing is, or where it is replaced; a lock of what is replaced stays, for what
        comes there comes under it (RFC 4918 §7.6)."""
        kept = [k for k in self.locks if k.place == target]
        tree = self.below(source) if is_deep else [source]
        nodes = {(target[0], target[1] + p[1][len(source[1]):]): (self.nodes[p],
                                                                   dict(self.props.get(p, {})))
                 for p in tree}
        self.forget(target)
        for place, (content, props) in nodes.items():
            self.nodes[place] = content
            if props:
                self.props[place] = props
            if content is not None:
                self.note_readers(place)
        self.locks += kept

    def move(self, source, target):
        self.copy(source, target, True)
        self.forget(source)
