"""XML bodies compared as trees, and the form that every WebDAV body of davit must have."""

import re
import xml.etree.ElementTree as ElementTree
from urllib.parse import urlsplit

DAV = "{DAV:}"
DAVIT = "{urn:x-davit}"

# Elements whose children may come in any order and whose white space means nothing (RFC 4918 §17).
UNORDERED = {DAV + name for name in (
    "multistatus", "mkcol-response", "response", "propstat", "prop", "lockdiscovery", "activelock", "supportedlock",
    "lockentry", "error")}

# What expected bodies need not declare.
PREFIXES = ('xmlns:D="DAV:" xmlns:A="http://apache.org/dav/props/" '
            'xmlns:W="urn:schemas-microsoft-com:" xmlns:x="urn:x"')


def parse_expected(text):
    root = ElementTree.fromstring(f"<expected {PREFIXES}>{text}</expected>")
    if len(root) != 1 or (root.text or "").strip() or (root[0].tail or "").strip():
        raise AssertionError("an expected body is one element")
    root[0].tail = None
    return root[0]


def show(element):
    return ElementTree.tostring(element, encoding="unicode")[:600]


class Comparison:
    def __init__(self, variables, matches):
        self.variables = variables
        self.matches = matches

    def text(self, expected, actual, where):
        if not self.matches(expected or "", actual or "", self.variables):
            return f"in {where}: not {expected!r} but {actual!r}"
        return None

    def element(self, expected, actual):
        if expected.tag != actual.tag:
            return f"not <{expected.tag}> but {show(actual)}"
        error = self.attributes(expected, actual)
        if error:
            return error
        if expected.tag in UNORDERED:
            return self.children_in_any_order(expected, actual)
        return self.children_in_order(expected, actual)

    def attributes(self, expected, actual):
        if set(expected.keys()) != set(actual.keys()):
            return f"in {expected.tag}: attributes {actual.attrib}"
        for name, value in expected.items():
            error = self.text(value, actual.get(name), f"{expected.tag} {name}")
            if error:
                return error
        return None

    def children_in_order(self, expected, actual):
        if len(expected) != len(actual):
            return f"not {show(expected)} but {show(actual)}"
        error = self.text(expected.text, actual.text, expected.tag)
        for left, right in zip(expected, actual):
            error = error or self.element(left, right)
            error = error or self.text(left.tail, right.tail, f"{expected.tag} behind {left.tag}")
        return error

    def children_in_any_order(self, expected, actual):
        texts = [(node.text if node is expected else node.tail) or "" for node in
                 [expected, *expected]]
        marks = "".join(texts).split()
        if marks not in ([], ["..."]):
            return f"in {expected.tag} there can be no text: {marks}"
        if ((actual.text or "") + "".join(child.tail or "" for child in actual)).strip():
            return f"text in {show(actual)}"
        left = list(actual)
        for child in expected:
            found = self.find(child, left)
            if isinstance(found, str):
                return found
            left.remove(found)
        if left and not marks:
            return f"in {expected.tag} there is also {show(left[0])}"
        return None

    def find(self, expected, candidates):
        """The candidate that is what is expected; or, as text, why none is."""
        alike = [one for one in candidates if one.tag == expected.tag]
        errors = []
        for candidate in alike:
            variables = dict(self.variables)
            error = self.element(expected, candidate)
            if error is None:
                return candidate
            self.variables.clear()
            self.variables.update(variables)
            errors.append(error)
        if len(errors) == 1:
            return errors[0]
        return f"there is no {show(expected)}: {errors}"


def compare(expected, actual, variables, matches):
    """None, or how the XML document `actual` differs from `expected`. `...` within an element whose
    order does not matter lets it hold more than is named."""
    try:
        root = ElementTree.fromstring(actual)
    except ElementTree.ParseError as error:
        return f"no XML: {error}"
    return Comparison(variables, matches).element(parse_expected(expected), root)


# --- the form of every body ---

HREF = re.compile(r"(/([A-Za-z0-9._~!$()*+,;=:@-]|%[0-9A-F]{2})*)+")
STATUS = re.compile(r"HTTP/1\.1 [2-5]\d\d [A-Za-z -]+")


def check_href(href, must):
    must(HREF.fullmatch(href or ""), f"href {href!r} is an absolute path, encoded")
    must("//" not in href and urlsplit(href).path == href, f"href {href!r} is normal")


def check_response(response, must):
    hrefs = response.findall(DAV + "href")
    propstats = response.findall(DAV + "propstat")
    statuses = response.findall(DAV + "status")
    must(len(hrefs) == 1, "one href in a response")
    check_href(hrefs[0].text, must)
    must(len(statuses) == (0 if propstats else 1), "propstats or one status")
    codes = []
    for propstat in propstats:
        must(len(propstat.findall(DAV + "prop")) == 1, "one prop in a propstat")
        statuses += propstat.findall(DAV + "status")
        error = propstat.find(DAV + "error")
        codes.append((propstat.findtext(DAV + "status"), error is not None and show(error)))
        names = [prop.tag for prop in propstat.find(DAV + "prop")]
        must(len(names) == len(set(names)), "a property is there once")
    must(len(codes) == len(set(codes)), "one propstat for each status")
    must(len(statuses) == max(1, len(propstats)), "one status in a propstat")
    for status in statuses:
        must(STATUS.fullmatch(status.text or ""), f"status {status.text!r}")


def check_summary(summary, responses, must):
    """What is told of a batch: each operation once, or those that have not succeeded."""
    counts = {name: int(summary.get(name)) for name in ("total", "ok", "failed", "skipped")}
    ids = [response.find(DAVIT + "operation").get("id") for response in responses]
    must(len(ids) == len(set(ids)), "each operation has one response")
    must(counts["total"] == counts["ok"] + counts["failed"] + counts["skipped"], "a sum")
    must(counts["failed"] + counts["skipped"] <= len(ids) <= counts["total"], "all are told of")


def check_dav(body, status, must, may_be_empty=False):
    """What holds for each XML body of a WebDAV method."""
    must(body.startswith(b'<?xml version="1.0" encoding="utf-8"?>'), "an XML declaration")
    root = ElementTree.fromstring(body)
    if root.tag == "ocs":  # no WebDAV: an endpoint of sync clients
        return
    if status == 207:
        must(root.tag == DAV + "multistatus", "207 holds a multistatus")
        responses = list(root)
        if responses and responses[-1].tag == DAV + "sync-token":  # RFC 6578: behind all others
            must(responses.pop().text, "a sync token says something")
            may_be_empty = True
        if responses and responses[-1].tag == DAVIT + "notice":  # of [client], behind what it says
            notice = responses.pop().text
            must(notice and responses.pop().text == notice, "a notice is the description")
        is_batch = bool(responses) and responses[-1].tag == DAVIT + "summary"  # davit's own, likewise
        if is_batch:
            check_summary(responses.pop(), responses, must)
            may_be_empty = True
        hrefs = [response.findtext(DAV + "href") for response in responses]
        must(is_batch or len(hrefs) == len(set(hrefs)), "each resource has one response")
        must(hrefs or may_be_empty, "a 207 names something")
        for response in responses:
            must(response.tag == DAV + "response", "only responses in a multistatus")
            check_response(response, must)
    elif status >= 400 and root.tag != DAV + "mkcol-response":
        must(root.tag == DAV + "error" and len(root) > 0, "an error holds DAV:error")
        for href in root.iter(DAV + "href"):
            check_href(href.text, must)
    for lockroot in root.iter(DAV + "lockroot"):
        check_href(lockroot.findtext(DAV + "href"), must)
