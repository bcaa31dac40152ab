"""Every body of the corpus: its model, its verdict, what the linter says; whole, through a pipe, and
copied to canonical XML, which means the same."""

import json

import pytest

import vectors


@pytest.mark.parametrize("name", vectors.names())
def test_vector(name):
    expected = vectors.expected_of(name)
    assert len(expected.pop("about")) > 10
    assert vectors.actual_of(name) == expected


@pytest.mark.parametrize("name", vectors.names())
def test_a_pipe_is_read_like_a_file(name):
    with open(vectors.path_of(name), "rb") as file:
        data = file.read()
    for args in (("--format", "json"), ("--lint",), ("--as", "finder"), ("--format", "table")):
        by_path = vectors.read(*args, vectors.path_of(name))
        by_pipe = vectors.read(*args, "-", data=data)
        assert by_pipe.returncode == by_path.returncode
        assert by_pipe.stdout.replace(b"(standard input)", b"") == \
            by_path.stdout.replace(vectors.path_of(name).encode(), b"")


def sorted_members(name, data=None):
    done = vectors.read("--format", "jsonl", *([] if data is None else ["-"]),
                        *([vectors.path_of(name)] if data is None else []), data=data)
    members = []
    for line in done.stdout.splitlines():
        member = json.loads(line)
        for element in elements_of(member):  # spelling is what canonical XML changes
            element.pop("attributes", None)
            element.pop("xml", None)
        for propstat in member.get("propstats", []):
            propstat["properties"].sort(key=json.dumps)
        if "propstats" in member:
            member["propstats"].sort(key=json.dumps)
        members.append(member)
    return sorted(members, key=json.dumps)


def elements_of(member):
    for holder in [member, *member.get("propstats", [])]:
        for kind in ("properties", "conditions", "others"):
            yield from holder.get(kind, [])


def is_read_as_207(name):
    """And not as an answer whose status says all."""
    expected = vectors.expected_of(name)
    return expected["exit"] < 2 and not expected["verdict"].isdigit()


@pytest.mark.parametrize("name", [one for one in vectors.names() if is_read_as_207(one)])
def test_canonical_xml_says_the_same(name):
    canonical = vectors.read("--format", "xml", vectors.path_of(name)).stdout
    assert sorted_members(name) == sorted_members(name, canonical)
    again = vectors.read("--format", "xml", data=canonical).stdout
    assert again == canonical
    done = vectors.read("--diff", vectors.path_of(name), "-", data=canonical)
    assert done.returncode == 0 and done.stdout == b"", done.stdout.decode()


def test_each_rule_is_shown_by_a_body():
    """But for those that need a body of another size."""
    found = {line.split()[0] for name in vectors.names()
             for line in vectors.expected_of(name)["lint"]}
    assert {f"L{number}" for number in (
        101, 102, 103, 105, 202, 203, 204, 205, 206, 208, 209, 210, 211, 213, 301, 302, 303, 304, 305,
        306, 307, 308, 309, 310, 311, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412,
        413, 414, 501, 502, 503, 504, 505, 506, 507, 508, 601, 602, 603, 604, 605, 606, 607, 608,
        609, 610, 611)} <= found
