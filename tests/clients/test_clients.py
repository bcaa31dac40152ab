"""Plays what real clients send, and asserts what each of them needs."""

import os

import pytest

import wire


@pytest.mark.parametrize("conversation,how", wire.cases(os.path.dirname(__file__)))
def test_client(conversation, how):
    wire.play(conversation, how)
