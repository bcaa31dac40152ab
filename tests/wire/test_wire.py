"""Plays every conversation of this directory."""

import os

import pytest

import wire


@pytest.mark.parametrize("conversation,byte_by_byte", wire.cases(os.path.dirname(__file__)))
def test_wire(conversation, byte_by_byte):
    wire.play(conversation, byte_by_byte)
