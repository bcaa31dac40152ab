"""Plays every conversation of this directory."""

import os

import pytest

import wire


@pytest.mark.parametrize("conversation,how", wire.cases(os.path.dirname(__file__)))
def test_wire(conversation, how):
    wire.play(conversation, how)
