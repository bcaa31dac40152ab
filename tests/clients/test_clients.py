"""Plays what real clients send, and asserts what each of them needs."""

import os

import pytest

import lint
import wire


@pytest.mark.parametrize("conversation,how", wire.cases(os.path.dirname(__file__)))
def test_client(conversation, how):
    wire.play(conversation, how)


def test_every_207_that_was_served_is_clean():
    """The last of this file: it looks at what the others were answered."""
    lint.check()
