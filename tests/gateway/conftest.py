"""Finds what is shared also when pytest is run by hand; gateways and origins that end with their test."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))

import pytest
from origins import HOST, Gateway, Scripted, answer


@pytest.fixture
def started():
    """Starts what it is given; all of it is ended in the opposite order."""
    import contextlib

    with contextlib.ExitStack() as stack:
        yield stack.enter_context


@pytest.fixture
def through(started):
    """A gateway on `path` before an origin that answers so, at `url`; both."""
    def start(reply=answer(200), act=None, keys="", path="/team", url="/in/ner/", **options):
        origin = started(Scripted(reply, act))
        at = f"http://{HOST}:{origin.address[1]}{url}"
        return started(Gateway({path: f"origin = {at}\n{keys}"}, **options)), origin
    return start
