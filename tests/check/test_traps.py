"""Sites that go on for ever: what the checker leaves out of them, and what it must not."""

import random
import urllib.parse

from checker import Server, check, page

WORDS = [a + b for a in ("ba", "de", "fi", "go", "lu", "ma", "ne", "po", "ri", "su") for b in
         ("rk", "ll", "mp", "nt", "sh", "st", "rd", "lt", "ng", "ck")]
TEMPLATE = "Our house has a page for each month with all that is on at it and who comes to see us"


def text(*links, words=TEMPLATE):
    return (200, {}, "<!doctype html><p>%s</p>%s" % (words, "".join("<a href='%s'>go</a> " % x for x in links)))


def story(number):
    """What only this page says."""
    chance = random.Random(number)
    return " ".join(chance.choice(WORDS) for _ in range(60))


def asked(server, start):
    return [path for _, path in server.requests if path.startswith(start)]


def run(server, *args, **more):
    return check(*args, "--no-config", server.url + "/", **more)


def cut(done):
    """The traps of a run, by their patterns; nothing of them may count as fine."""
    assert done.summary["addresses_by_verdict"]["not-checked"] == sum(t["left_out"] for t in done.summary["traps"])
    assert done.status == 3
    return {trap["pattern"].split("/", 3)[3]: trap for trap in done.summary["traps"]}


def calendar(handler):
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(handler.path).query)
    year, month = (int(x) for x in query["month"][0].split("-"))
    number = year * 12 + month - 1
    months = ["/cal?month=%04d-%02d" % divmod(n, 12) for n in (number - 1, number + 1)]
    months = ["%s-%02d" % (m[:-3], int(m[-2:]) + 1) for m in months]
    events = story(number) if number < 2026 * 12 + 11 and number > 2024 * 12 else ""
    if number < 2023 * 12:
        return (404, {}, b"")
    return text(*months, words="%s %s %s" % (TEMPLATE, month, events))


def test_a_calendar_is_cut_where_it_says_nothing_new():
    def answer(handler):
        return calendar(handler) if handler.path.startswith("/cal?") else None
    with Server({"/": page("/cal?month=2026-11"), "*": answer}) as server:
        done = run(server)
        traps = cut(done)
    assert list(traps) == ["cal?month=*"]
    assert traps["cal?month=*"]["left_out"] < 4
    assert len(asked(server, "/cal")) < 150
    for month in range(1, 13):  # what has something to say was read
        assert done.verdict("month=2025-%02d" % month) == "ok"


def test_paths_that_go_on_in_themselves_are_cut():
    def answer(handler):
        return text("sub/", "other/", "/real") if handler.path.endswith("/") else text(words="real") \
            if handler.path == "/real" else None
    with Server({"*": answer}) as server:
        done = run(server)
        traps = cut(done)
    assert traps and all("sub/" in name or "other/" in name for name in traps)
    assert len(server.requests) < 1000
    assert done.verdict("/real") == "ok"


def session_site(link, pages=12):
    """Each page leads to all others, with a session of its own."""
    def answer(handler):
        number = int(handler.path.split("story")[1][:2]) if "story" in handler.path else 0
        if number > pages:
            return None
        names = random.sample(range(1, pages + 1), 4) if number else range(1, pages + 1)
        links = [link("story%02d" % n, "%032x" % random.getrandbits(128)) for n in names]
        return text(*links, words=story(number))
    return answer


def test_session_ids_are_cut_and_each_page_is_read():
    for link in (lambda name, sid: "/%s?sid=%s" % (name, sid), lambda name, sid: "/s/%s/%s" % (sid, name),
                 lambda name, sid: "/%s;jsessionid=%s" % (name, sid),
                 lambda name, sid: "/index.php?page=%s&sid=%s" % (name, sid)):
        with Server({"/robots.txt": (404, {}, b""), "*": session_site(link)}) as server:
            done = run(server)
        assert cut(done), link("x", "y")
        assert len(server.requests) < 500, (len(server.requests), link("x", "y"))
        read = {part for row in done.links if row["verdict"] == "ok" for part in [row["url"]] if "story" in part}
        assert {name[name.index("story"):][:7] for name in read} == {"story%02d" % n for n in range(1, 13)}


def test_queries_that_grow_are_cut():
    for more in ("f=%d", "f%d=1", "f=1"):
        def answer(handler, more=more):
            if not handler.path.startswith("/list"):
                return None
            number = handler.path.count("=")
            joint = "&" if "?" in handler.path else "?"
            return text(handler.path + joint + (more % number if "%" in more else more), words=TEMPLATE)
        with Server({"/": page("/list"), "*": answer}) as server:
            done = run(server)
        assert cut(done), more
        assert len(asked(server, "/list")) < 100


def test_orders_of_one_list_are_cut():
    names = ["name", "date", "size", "kind", "owner"]
    ways = ["up", "down", "none"]

    def answer(handler):
        if not handler.path.startswith("/list"):
            return None
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(handler.path).query))
        links = []
        for name in names:
            for way in ways:
                links.append("/list?" + urllib.parse.urlencode(sorted(dict(query, **{name: way}).items())))
        words = TEMPLATE.split()
        random.shuffle(words)
        return text(*links, words=" ".join(words))
    with Server({"/": page("/list"), "*": answer}) as server:
        done = run(server)
    assert cut(done)
    assert len(asked(server, "/list")) < 400  # of 1024


def numbered(words, count):
    def answer(handler):
        number = int(handler.path.split("/")[2]) if handler.path.startswith("/page/") else 0
        if number > count:
            return None
        return text("/page/%d" % (number + 1) if number < count else "/", words=words(number))
    return answer


def test_pages_that_have_something_to_say_are_all_read():
    for words in (story, lambda number: "Page %d" % number):  # also those that have little
        with Server({"*": numbered(words, 1000)}) as server:
            done = run(server)
        assert done.status == 0 and "traps" not in done.summary, done.stderr
        assert len(set(asked(server, "/page/"))) in range(1000, 1005)  # some may be asked that are not there


def test_servers_that_answer_for_what_is_not_there():
    """Neither pages that lead nowhere new nor an end that says 200 are a trap."""
    def leaves(handler):
        number = int(handler.path.split("=")[1]) if "=" in handler.path else 0
        if handler.path.startswith("/item/") or number > 200:
            return text("/", "#top", handler.path)
        return text("/list?page=%d" % (number + 1), "/item/%d" % number)

    def shell(handler):
        number = int(handler.path[3:]) if handler.path.startswith("/p/") else 0
        return text("/p/%d" % (number + 1)) if number < 200 else text("/")
    for answer, count in ((leaves, 400), (shell, 200)):
        with Server({"*": answer, "/robots.txt": (404, {}, b""), "/sitemap.xml": (404, {}, b"")}) as server:
            done = run(server)
        assert done.status == 0 and "traps" not in done.summary, done.summary
        assert done.summary["pages"] >= count


def test_an_archive_by_date_is_read_to_its_end():
    days = ["/%d/%02d/%02d/" % (2010 + n // 360, n % 360 // 30 + 1, n % 30 + 1) for n in range(600)]
    def answer(handler):
        if handler.path not in days:
            return None
        number = days.index(handler.path)
        return text(*days[max(number - 1, 0):number + 2], words=TEMPLATE + " " + story(number))
    with Server({"/": page(days[300]), "*": answer}) as server:
        done = run(server)
    assert done.status == 0 and done.summary["pages"] == 601


def test_a_trap_is_one_line_and_can_be_followed():
    def answer(handler):
        number = int(handler.path[5:]) if handler.path.startswith("/day/") else 0
        return text("/day/%d" % (number + 1)) if number < 300 or number > 100000 else text(words="the end")
    with Server({"/": page("/day/0"), "*": answer}) as server:
        done = run(server, form="text", verbose=False)
        lines = [line for line in done.stdout.splitlines() if "/day/" in line]
        assert len(lines) == 1 and "/day/*" in lines[0] and "1 address" in lines[0], done.stdout
        assert "1 not-checked" in done.stdout and done.status == 3
        assert run(server, "--trap-after", "0").status == 0
        done = run(server, "--trap-after", "100")
        assert done.status == 3 and len(asked(server, "/day/")) > 300
