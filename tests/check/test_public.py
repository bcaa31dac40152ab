"""`--public-only`: no link, redirect, name or robots.txt of a public site leads into a private network."""

import json
import os
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))


def can_make_a_network():
    return subprocess.run(["unshare", "-n", "ip", "link", "set", "lo", "up"], capture_output=True,
                          check=False).returncode == 0


@pytest.mark.skipif(not can_make_a_network(), reason="needs root, to make a network of its own")
def test_nothing_private_is_asked():
    done = subprocess.run(["unshare", "-n", "/usr/bin/python3", "-B", HERE + "/in_namespace.py"], text=True,
                          env=dict(os.environ, PYTHONPATH=os.environ["PYTHONPATH"] + ":" + HERE),
                          stdout=subprocess.PIPE, check=True, timeout=100)
    lines = done.stdout.splitlines()
    assert lines[-1] == "asked 0"
    rows = [json.loads(line) for line in lines[:-1]]
    verdicts = {row["url"].rsplit("/", 1)[1]: row["verdict"] for row in rows if row["type"] == "link"}
    assert verdicts.pop("") == verdicts.pop("fine") == "ok"
    assert set(verdicts) == {"in", "name", "literal", "mapped", "number", "any"}
    assert set(verdicts.values()) == {"private"}, verdicts
