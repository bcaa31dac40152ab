"""The engine must notice: each of these would be a test that cannot fail."""

import os

import pytest

import tree
import wire


def differs(expected, actual, variables=None):
    return tree.compare(expected, actual, {} if variables is None else variables, wire.matches)


def test_templates_capture_once_and_then_compare():
    variables = {"known": "a.b"}
    assert wire.matches("{known}-{new}", "a.b-c", variables)
    assert variables["new"] == "c"
    assert not wire.matches("{new}", "d", variables)
    assert not wire.matches("{known}", "axb", variables)
    assert not wire.matches("{once}{once}", "ab", variables)
    assert not wire.matches("{~[0-9]+}", "12a", variables)
    assert wire.matches("{3*ab}", "ababab", variables)


def test_escapes_are_bytes():
    assert wire.to_bytes(wire.unescape(r"\xff\n\\x41\{a}")) == b"\xff\n\\x41{a}"


@pytest.mark.parametrize("expected,actual", [
    ("<D:a/>", "<a/>"),
    ("<x:a/>", '<a xmlns="urn:y"/>'),
    ("<x:a b='1'/>", '<a xmlns="urn:x"/>'),
    ("<x:a/>", '<a xmlns="urn:x" b="1"/>'),
    ("<x:a> </x:a>", '<a xmlns="urn:x"/>'),
    ("<x:a><x:b/><x:c/></x:a>", '<a xmlns="urn:x"><c/><b/></a>'),
    ("<x:a>1<x:b/>2</x:a>", '<a xmlns="urn:x">1<b/>3</a>'),
    ("<D:prop><x:a/></D:prop>", '<prop xmlns="DAV:"/>'),
    ("<D:prop><x:a/></D:prop>", '<prop xmlns="DAV:"><a xmlns="urn:x"/><b xmlns="urn:x"/></prop>'),
    ("<D:prop><x:a/></D:prop>", '<prop xmlns="DAV:">text<a xmlns="urn:x"/></prop>'),
    ("<D:prop>...<x:c/></D:prop>", '<prop xmlns="DAV:"><a xmlns="urn:x"/></prop>'),
    ("<D:prop><x:a>{v}</x:a><x:b>{v}</x:b></D:prop>",
     '<prop xmlns="DAV:"><a xmlns="urn:x">1</a><b xmlns="urn:x">2</b></prop>'),
    ("<x:a/>", "<a"),
])
def test_trees_that_differ(expected, actual):
    assert differs(expected, actual)


@pytest.mark.parametrize("expected,actual", [
    ("<x:a>1<x:b/> 2</x:a>", '<p:a xmlns:p="urn:x">1<b xmlns="urn:x"></b> 2</p:a>'),
    ("<D:prop>\n <x:b/>\n <x:a/>\n</D:prop>",
     '<prop xmlns="DAV:"><a xmlns="urn:x"/><b xmlns="urn:x"/></prop>'),
    ("<D:prop>...<x:b/></D:prop>", '<prop xmlns="DAV:"><a xmlns="urn:x"/><b xmlns="urn:x"/></prop>'),
])
def test_trees_that_are_the_same(expected, actual):
    assert differs(expected, actual) is None


def test_failed_candidates_capture_nothing():
    variables = {}
    actual = '<multistatus xmlns="DAV:"><response><href>/1</href><status>a</status></response>' \
             '<response><href>/2</href><status>b</status></response></multistatus>'
    expected = "<D:multistatus>...<D:response><D:href>{h}</D:href><D:status>b</D:status></D:response></D:multistatus>"
    assert differs(expected, actual, variables) is None
    assert variables == {"h": "/2"}


GOOD = b'<?xml version="1.0" encoding="utf-8"?><multistatus xmlns="DAV:">%s</multistatus>'


@pytest.mark.parametrize("inside", [
    b"",
    b"<response><href>/a b</href><status>HTTP/1.1 200 OK</status></response>",
    b"<response><href>http://x/a</href><status>HTTP/1.1 200 OK</status></response>",
    b"<response><href>/a</href><href>/b</href><status>HTTP/1.1 200 OK</status></response>",
    b"<response><href>/a</href></response>",
    b"<response><href>/a</href><status>200</status></response>",
    2 * b"<response><href>/a</href><status>HTTP/1.1 200 OK</status></response>",
    b"<response><href>/a</href><propstat><prop><x/><x/></prop><status>HTTP/1.1 200 OK</status></propstat></response>",
    b"<response><href>/a</href>" + 2 * b"<propstat><prop/><status>HTTP/1.1 200 OK</status></propstat>" + b"</response>",
])
def test_multistatus_that_is_malformed(inside):
    faults = []
    tree.check_dav(GOOD % inside, 207, lambda condition, text: condition or faults.append(text))
    assert faults


@pytest.mark.parametrize("text", [
    "# a title\n\n> GET /\n",
    "# a title\n\n> GET /\n\n> GET /\n\n< 200\n",
    "# a title\n\nexpect file a\n",
    "> GET /\n\n< 200\n",
    "# a title\n\n> GET /\n\n< 200\nexpct file a\n",
])
def test_files_that_prove_nothing(tmp_path, text):
    path = os.path.join(tmp_path, "x.wire")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    with pytest.raises(wire.Failure):
        wire.Conversation(path)
