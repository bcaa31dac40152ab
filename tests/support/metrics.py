"""What a server tells on its metrics listener, read strictly: every page that a test asks for is held to the text
format, so that a mistake shows wherever it is."""

import re
import time

import davit

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9.]+|[+-]Inf|NaN)")
SUFFIXES = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}


def unescape(text):
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


class Page:
    """A page's samples, {(name, labels): value}, and its families, {name: kind}."""

    def __init__(self, text, is_openmetrics=False):
        self.samples = {}
        self.families = {}
        assert text.endswith("\n")
        lines = text.split("\n")[:-1]
        if is_openmetrics:
            assert lines.pop() == "# EOF"
        family = kind = None
        for line in lines:
            if match := re.fullmatch(rf"# HELP ({NAME}) \S.*\.", line):
                family, kind = match[1], None
                assert family not in self.families, f"{family} stands in two places"
            elif match := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram)", line):
                assert match[1] == family
                kind = self.families[family] = match[2]
            elif match := re.fullmatch(rf"# UNIT ({NAME}) ([a-z]+)", line):
                assert is_openmetrics and match[1] == family and family.endswith("_" + match[2])
            else:
                self.add(line, family, SUFFIXES[kind] if is_openmetrics or kind != "counter" else [""])
        for family, kind in self.families.items():
            assert kind != "counter" or family.endswith("_total") != is_openmetrics
            if kind == "histogram":
                self.check_histogram(family)

    def add(self, line, family, suffixes):
        match = SAMPLE.fullmatch(line)
        assert match, f"not a sample: {line}"
        assert match[1] in [family + suffix for suffix in suffixes], f"{line} in {family}"
        labels = re.findall(LABEL, match[2] or "")
        assert len(dict(labels)) == len(labels), f"a label twice: {line}"
        key = match[1], frozenset((name, unescape(value)) for name, value in labels)
        assert key not in self.samples, f"twice: {line}"
        self.samples[key] = float(match[match.re.groups])

    def check_histogram(self, family):
        counts = {}
        for (name, labels), value in self.samples.items():
            if name == family + "_bucket":
                series = frozenset(label for label in labels if label[0] != "le")
                counts.setdefault(series, []).append((float(dict(labels)["le"]), value))
        for series, buckets in counts.items():
            values = [value for _, value in buckets]
            assert buckets == sorted(buckets) and values == sorted(values) and buckets[-1][0] == float("inf")
            assert values[-1] == self.samples[family + "_count", series]

    def value(self, name, **labels):
        """0 where there is no such sample."""
        return self.samples.get((name, frozenset(labels.items())), 0)


def ask(server, path="/metrics", method="GET", fields=()):
    """Asks the metrics listener of a server that was started with metrics on a port 0."""
    [(host, port)] = re.findall(r"listening on http://([0-9.]+):(\d+)/ to tell metrics\n", server.stderr())
    with davit.Connection((host, int(port))) as connection:
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        connection.send(f"{method} {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{lines}\r\n")
        return connection.read(method)


def read(server):
    done = ask(server)
    assert (done.status, done.field("Content-Type")) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return Page(done.body.decode())


def until(server, expected, name, **labels):
    """Waits until it says so: an answer may have come before it is counted. `expected`: a number, or a claim."""
    deadline = time.monotonic() + 60
    while True:
        page = read(server)
        value = page.value(name, **labels)
        if expected(value) if callable(expected) else value == expected:
            return page
        assert time.monotonic() < deadline, f"{name} {labels} is {value}"
        time.sleep(0.02)
