"""Dead properties that are deeper, and in longer namespaces, than anybody needs: they are kept as they came."""

from xml.etree import ElementTree

import davit

LEVELS = 200  # xml_depth is 256, and some elements stand around a value
LONG = "urn:" + "n" * 8000  # xml_namespace_bytes is 8192
DEEP = "<b>" * LEVELS + "text" + "</b>" * LEVELS

SET = (f'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x:deep xmlns:x="urn:x">{DEEP}</x:deep>'
       f'<n:long xmlns:n="{LONG}" n:attribute="1">value</n:long></D:prop></D:set></D:propertyupdate>')
ASK = f'<D:propfind xmlns:D="DAV:"><D:prop><x:deep xmlns:x="urn:x"/><long xmlns="{LONG}"/></D:prop></D:propfind>'


def check(server):
    answer = server.request("PROPFIND", "/f", {"Depth": "0"}, ASK.encode())
    assert answer.status == 207 and b"404" not in answer.body
    tree = ElementTree.fromstring(answer.body)
    deep = tree.find(".//{urn:x}deep")
    for _ in range(LEVELS):
        (deep,) = deep
    assert deep.text == "text" and len(deep) == 0
    kept = tree.find(f".//{{{LONG}}}long")
    assert kept.text == "value" and kept.get(f"{{{LONG}}}attribute") == "1"


def test_deep_values_and_long_namespaces_are_kept(tmp_path):
    with davit.Davit(root=str(tmp_path)) as server:
        assert server.request("PUT", "/f", body=b"content").status == 201
        answer = server.request("PROPPATCH", "/f", body=SET.encode())
        assert answer.status == 207 and b"200 OK" in answer.body
        check(server)
    with davit.Davit(root=str(tmp_path)) as server:
        check(server)
