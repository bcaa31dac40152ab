"""Plays what real clients send, and asserts what each of them needs."""

import os

import pytest

import wire


@pytest.mark.parametrize("conversation,byte_by_byte", wire.cases(os.path.dirname(__file__)))
def test_client(conversation, byte_by_byte):
    wire.play(conversation, byte_by_byte)
