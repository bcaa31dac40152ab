"""Finds what is shared also when pytest is run by hand; gateways and origins that end with their test."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))

import pytest


@pytest.fixture
def started():
    """Starts what it is given; all of it is ended in the opposite order."""
    import contextlib

    with contextlib.ExitStack() as stack:
        yield stack.enter_context
