"""What litmus is told through a gateway is what it is told directly: of two equal servers one stands behind a gateway
with another prefix, each request goes to both, and each answer is compared, byte by byte after mapping. Whatever may
differ has its reason here."""

import re
import shutil
import xml.etree.ElementTree as ElementTree

import pytest
import tls
from origins import HOST, Apache, DavitOrigin, Gateway, Lighttpd, Nginx
from session import wait_for
from test_litmus import SUITES, litmus
from twin import Plain, Second, Twin

KINDS = {"davit": DavitOrigin, "apache": Apache, "lighttpd": Lighttpd, "nginx": Nginx}
# What is content of the origin's, or an error's page, must not act in our name (exchange/browser.h).
CONFINES = {"content-security-policy", "cross-origin-resource-policy", "referrer-policy", "x-content-type-options",
            "content-disposition"}


def is_confined(_request, _answer, what, one, _other):
    return what in CONFINES and one is None


def is_kept_from_caches(request, _answer, what, one, other):
    """What is not GET's is nobody's to keep (RFC 9110 §9.2.3), and some caches in between need to be told."""
    return what == "cache-control" and one is None and other == "no-store" and request.method not in ("GET", "HEAD")


def is_list_of_same(_request, _answer, what, one, other):
    """Lists are written anew, without what cannot be asked through a gateway."""
    def members(text):
        return [member for member in re.split(r"\s*,\s*", text) if member not in ("TRACE", "CONNECT", "")]
    return what in ("allow", "dav") and one is not None and other is not None and members(one) == members(other)


def is_path_of_same(_request, answer, what, one, other):
    """URLs become paths: they are true whatever stands in front of us (decision 62)."""
    return what == "location" and one is not None and re.fullmatch(r"http://[^/]+(/.*)", one).group(1) == other


def is_refused_before(request, _answer, what, _one, other):
    """A '#' ends a URI, and cannot be part of a target (RFC 9112 §3.2); what is no XML cannot be mapped. Servers tell
    their clients so in many ways, nginx and lighttpd do what they take it for; a gateway says 400 by itself."""
    def is_no_xml():
        try:
            ElementTree.fromstring(request.body)
        except ElementTree.ParseError:
            return request.method == "PROPFIND" and bool(request.body)
        return False
    return ("#" in request.target or is_no_xml()) and (what != "status" or other == 400)


def is_page(_request, answer, what, _one, other):
    """A page that tells people of an error names the path that it was asked for; what is no XML is not mapped."""
    return what == "inner path" and isinstance(other, bytes) and "html" in answer.field("Content-Type", "")


def is_same_xml(_request, _answer, what, one, other):
    """Apache declares namespaces in an order that changes from process to process, and takes the one or the other of two
    prefixes of the same."""
    def canonical(text):
        return ElementTree.canonicalize(text.decode(), rewrite_prefixes=True)
    if what != "body" or not one.startswith(b"<?xml"):
        return False
    try:
        return canonical(one) == canonical(other)
    except ElementTree.ParseError:
        return False


def is_unread(_request, answer, what, one, other):
    """lighttpd's 409 to UNLOCK declares no prefix: the status stays, the body is ours."""
    unread = b"<?xml" in answer.body and b"xmlns" not in answer.body and answer.status >= 400
    return unread and what in ("body", "content-type") and (what != "body" or b"cannot be read" in other)


EXCUSES = [is_confined, is_kept_from_caches, is_list_of_same, is_path_of_same, is_refused_before, is_page, is_same_xml,
           is_unread]


def compare(kind, started, folder, ask_gateway, keys="", args=(), origin_args=()):
    """`args` of the gateway, `origin_args` of the davit behind it."""
    if not shutil.which("litmus"):
        pytest.skip("litmus is not installed")
    if kind != "davit" and not KINDS[kind].path():
        pytest.skip(f"{KINDS[kind].program} is not installed")
    direct = started(KINDS[kind]())
    behind = started(DavitOrigin(args=origin_args) if kind == "davit" else KINDS[kind]())
    url = behind.url.replace("https://127.0.0.1", "https://localhost")
    gateway = started(Gateway({"/team": f"origin = {url}\n{keys}"}, args=args))
    address = direct.address if kind == "davit" else (HOST, direct.port)
    twin = started(Twin(Plain(address), ask_gateway(gateway), ("/dav/inner", "/team"), EXCUSES))
    for suite in SUITES:
        _, summary, told = litmus(twin.url, suite, folder)
        assert summary, told
    wait_for(lambda: twin.compared == twin.asked, "the last answers")
    assert not twin.differences, "\n".join(twin.differences)
    assert len(twin.pairs) > 3 and twin.methods >= {"COPY", "DELETE", "MKCOL", "MOVE", "OPTIONS", "PROPFIND", "PUT"}
    assert not twin.diff_multistatus(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_litmus(kind, started, tmp_path):
    compare(kind, started, tmp_path, lambda gateway: Plain(gateway.address))


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "tls"])
def test_litmus_over_http2(is_tls, started, tmp_path):
    """litmus itself has no HTTP/2: what it asks is put into that, and the gateway is asked so."""
    http2 = pytest.importorskip("http2", reason="python3-h2 is not installed")
    pair = tls.make_pair(tmp_path / "pair", "localhost")

    def ask(gateway):
        return Second(http2.Http2(gateway.address, tls.context(pair, alpn=["h2"]) if is_tls else None))
    compare("davit", started, tmp_path, ask, args=pair.args() if is_tls else ())


@pytest.mark.parametrize("version", ["1.1", "2", "auto"])
def test_litmus_to_an_origin_with_tls(version, started, tmp_path):
    pair = tls.make_pair(tmp_path / "pair", "localhost")
    compare("davit", started, tmp_path, lambda gateway: Plain(gateway.address), origin_args=pair.args(),
            keys=f"origin-ca = {pair.certificate}\norigin-http = {version}")
