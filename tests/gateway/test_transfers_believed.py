"""What a transfer does not believe an origin: nothing is removed that was not wholly copied."""

import os

import pytest
from origins import answer
from test_transfers import FOLDER, PATCH, failures, file_props, found, multistatus, scripted, xml

DEAD = "<c xmlns='urn:c'>x</c>"
assert scripted  # the fixture


def to_allprop(reply):
    """Of a member, for its dead properties."""
    def act(peer, request):
        request.body = peer.body(request)
        name = request.target.rsplit("/", 1)[-1]
        plain = xml(207, multistatus(found(request.target, file_props(len(name), f'"{name}"'))))
        peer.send(reply if b"allprop" in request.body else plain)
    return act


@pytest.mark.parametrize("reply, status", [
    (xml(207, multistatus(found("/in/ner/one", DEAD, 403))), 403), (xml(207, multistatus(found("/in/ner/one", DEAD, 500))), 502),
    (xml(207, multistatus("<D:href>/in/ner/one</D:href><D:status>HTTP/1.1 507 X</D:status>")), 507), (xml(207, multistatus()), 502),
    (xml(207, multistatus(found("/in/ner/one", DEAD, 404))), 201),
    (xml(207, multistatus(found("/in/ner/one", "<D:quota-used-bytes/>", 403))), 201)])
def test_dead_properties_that_are_not_shown(scripted, reply, status):
    """They would go with the source. What it does not have, or is live, is none."""
    mounts, origin = scripted({("PROPFIND", "one"): to_allprop(reply)})
    assert mounts.transfer("MOVE", "/a/one", "/files/one").status == status
    assert origin.count("DELETE") == (status == 201)


def test_dead_properties_that_a_listing_does_not_show(scripted):
    """A refusal in a listing is no proof that there are none."""
    mounts, origin = scripted()

    def list_tree(peer, request):
        request.body = peer.body(request)
        one = found("/in/ner/tree/one", file_props(3, '"one"')) + found("", DEAD, 403).split("</D:href>")[1]
        members = [one] if request.field("Depth") == "1" and "one" not in origin.gone else []
        peer.send(xml(207, multistatus(found("/in/ner/tree/", FOLDER), *members)))
    origin.over[("PROPFIND", "")] = list_tree
    origin.over[("PROPFIND", "one")] = to_allprop(xml(207, multistatus(found("/in/ner/tree/one", DEAD, 403))))
    assert failures(mounts.transfer("MOVE", "/a/tree/", "/files/tree/")) == {"/a/tree/one": 403}
    assert origin.count("DELETE") == 0


@pytest.mark.parametrize("listing", [
    xml(207, multistatus()),
    xml(207, multistatus(found("/in/ner/tree/one", file_props(3, '"one"')))),
    xml(207, multistatus(found("/in/ner/tree/one", file_props(3, '"one"')),
                         "<D:href>/in/ner/tree/</D:href><D:status>HTTP/1.1 507 X</D:status>"))])
def test_listing_that_is_not_the_whole(scripted, listing):
    def list_tree(peer, request):
        request.body = peer.body(request)
        own = xml(207, multistatus(found("/in/ner/tree/", FOLDER)))
        peer.send(listing if request.field("Depth") == "1" else own)
    mounts, origin = scripted({("PROPFIND", ""): list_tree})
    assert mounts.transfer("MOVE", "/a/tree/", "/files/tree/").status == 502
    assert origin.count("DELETE") == 0


def test_listing_without_an_end(scripted):
    """It is kept on disk, and not without bound."""
    def list_tree(peer, request):
        request.body = peer.body(request)
        if request.field("Depth") != "1":
            peer.send(xml(207, multistatus(found("/in/ner/tree/", FOLDER))))
            return
        peer.send(b"HTTP/1.1 207 X\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n"
                  b"<?xml version='1.0'?><D:multistatus xmlns:D='DAV:'>")
        number = 0
        while True:  # until nobody listens
            number += 1
            peer.send(f"<D:response>{found(f'/in/ner/tree/{number}', file_props(3, 'x'))}</D:response>".encode())
    mounts, origin = scripted({("PROPFIND", ""): list_tree}, args=["--limit", "spool_bytes=100000"])
    assert mounts.transfer("COPY", "/a/tree/", "/files/tree/").status == 507


@pytest.mark.parametrize("kind", ["length", "chunks"])
def test_file_that_is_run(scripted, kind):
    """What comes is what it has made: MOVE would lose the file itself."""
    made = b"<html>hello</html>"
    chunks = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%s\r\n0\r\n\r\n" % (len(made), made)
    mounts, origin = scripted({("GET", "one"): answer(200, made) if kind == "length" else chunks})
    assert mounts.transfer("MOVE", "/a/one", "/files/one").status == 502
    assert origin.count("DELETE") == 0 and not os.path.exists(mounts.root / "one")


def test_file_that_grows(scripted):
    """It is looked at again."""
    mounts, origin = scripted({("GET", "one"): answer(200, b"longer")})

    def look(peer, request):
        request.body = peer.body(request)
        peer.send(xml(207, multistatus(found(request.target, file_props(6 if origin.count("GET") else 3, '"x"')))))
    origin.over[("PROPFIND", "one")] = look
    assert mounts.transfer("COPY", "/a/one", "/files/one").status == 201
    assert mounts.get("/files/one") == b"longer"


@pytest.mark.parametrize("reply", [xml(207, multistatus()), xml(207, multistatus(found("/in/ner/f", DEAD))),
                                   xml(207, multistatus(found("/in/ner/f", "<note xmlns=''/>")))])
def test_properties_that_nobody_says_are_kept(scripted, reply):
    mounts, origin = scripted({"PROPPATCH": reply})
    mounts.put("/files/f", b"f")
    assert mounts.ask("PROPPATCH", "/files/f", body=PATCH).status == 207
    assert mounts.transfer("MOVE", "/files/f", "/a/f").status == 502
    assert mounts.get("/files/f") == b"f" and mounts.color("/files/f")


def test_delete_that_will_be_done(scripted):
    """202: nobody knows whether, or when."""
    mounts, origin = scripted({"DELETE": answer(202)})
    assert mounts.transfer("MOVE", "/a/one", "/files/one").status == 504
    assert mounts.get("/files/one") == b"one"


def test_date_that_is_not_known(scripted):
    """It is none; in particular not that of 1970."""
    no_date = xml(207, multistatus(found("/in/ner/one", "<D:resourcetype/>")))
    mounts, origin = scripted({("PROPFIND", "one"): no_date})
    assert mounts.transfer("COPY", "/a/one", "/files/one").status == 201
    assert os.stat(mounts.root / "one").st_mtime > 1000000000
