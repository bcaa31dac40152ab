"""Finds what is shared also when pytest is run by hand; the servers of the gateway's tests serve here, too."""

import contextlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../gateway"))

import pytest


@pytest.fixture
def started():
    """Starts what it is given; all of it is ended in the opposite order."""
    with contextlib.ExitStack() as stack:
        yield stack.enter_context
