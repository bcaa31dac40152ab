"""RFC 7541, each rule by its section: a header block that cannot be decoded ends the connection with
COMPRESSION_ERROR, since what it would have made of the dynamic table is not known (RFC 9113 §4.3)."""

import pytest

from frames import (ACK, COMPRESSION_ERROR, END_HEADERS, END_STREAM, HEADERS, HEADER_TABLE_SIZE, PREFACE,
                    SETTINGS, frame, head, number, settings, string)

import hpack

TABLE = 4096


def send(peer, block, stream=1):
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, block))


def check_refused(peer, block):
    """As the first block of the connection, behind a head that is fine."""
    send(peer, head() + block)
    peer.expect_end(COMPRESSION_ERROR)


def huffman(text):
    coded = hpack.huffman.HuffmanEncoder(hpack.huffman_constants.REQUEST_CODES,
                                         hpack.huffman_constants.REQUEST_CODES_LENGTH).encode(text)
    return number(len(coded), 7, 0x80) + coded


# --- §2.3, §6.1: indices ---

def test_2_3_3_an_index_beyond_the_static_table_of_an_empty_dynamic_one(peer):
    check_refused(peer, number(62, 7, 0x80))


def test_2_3_3_an_index_far_beyond_both_tables(peer):
    check_refused(peer, number(100000, 7, 0x80))


def test_2_3_3_an_index_that_was_evicted(peer):
    """Two entries of which the table can hold one."""
    large = b"\x40" + string("x-a") + string("a" * (TABLE - 100))
    send(peer, head() + b"\x40" + string("x-b") + string("b" * 100) + large)
    peer.expect_answer(1)
    send(peer, head() + b"\xbf", stream=3)  # the second to last
    peer.expect_end(COMPRESSION_ERROR)


def test_6_1_the_index_zero(peer):
    check_refused(peer, b"\x80")


def test_6_1_an_entry_of_the_dynamic_table(peer):
    send(peer, head(path="/file") + b"\x40" + string("if-none-match") + string("*"))
    peer.expect_answer(1, 304)
    send(peer, head(path="/file") + b"\xbe", stream=3)
    peer.expect_answer(3, 304)


@pytest.mark.parametrize("first,prefix", [(0x40, 6), (0x00, 4), (0x10, 4)])
def test_6_2_a_name_by_an_index_that_is_not_there(peer, first, prefix):
    check_refused(peer, number(62, prefix, first) + string("x"))


@pytest.mark.parametrize("first", [0x40, 0x00, 0x10])
def test_6_2_each_kind_of_literal(peer, first):
    send(peer, head(path="/file") + bytes([first]) + string("if-none-match") + string("*"))
    peer.expect_answer(1, 304)


# --- §4.2, §4.3, §6.3: the size of the dynamic table ---

def test_4_2_a_size_update_behind_a_field(peer):
    check_refused(peer, b"\x20")


def test_4_2_size_updates_at_the_beginning(peer):
    send(peer, b"\x20" + number(TABLE, 5, 0x20) + head())
    peer.expect_answer(1)


def test_4_3_an_update_evicts(peer):
    send(peer, head() + b"\x40" + string("x-a") + string("a"))
    peer.expect_answer(1)
    send(peer, b"\x20" + number(TABLE, 5, 0x20) + head() + b"\xbe", stream=3)
    peer.expect_end(COMPRESSION_ERROR)


def test_4_4_an_entry_larger_than_the_table_empties_it(peer):
    send(peer, head() + b"\x40" + string("x-a") + string("a"))
    peer.expect_answer(1)
    send(peer, head() + b"\x40" + string("x-b") + string("b" * TABLE), stream=3)
    peer.expect_answer(3)
    send(peer, head() + b"\xbe", stream=5)
    peer.expect_end(COMPRESSION_ERROR)


@pytest.mark.parametrize("size", [TABLE + 1, 1 << 20, (1 << 32) - 1])
def test_6_3_a_size_update_that_is_too_large(peer, size):
    send(peer, number(size, 5, 0x20) + head())
    peer.expect_end(COMPRESSION_ERROR)


def test_6_3_the_clients_setting_is_for_its_own_table(connect):
    """What a client takes is no leave to send more."""
    peer = connect(hello=False)
    peer.send(PREFACE, settings((HEADER_TABLE_SIZE, 1 << 20)))
    peer.awaited(SETTINGS, ACK)
    send(peer, number(TABLE + 1, 5, 0x20) + head())
    peer.expect_end(COMPRESSION_ERROR)


def test_4_2_answers_say_that_their_table_has_shrunk(peer):
    """The decoder of this test insists on it."""
    peer.request(1, "GET", "/file")
    peer.expect_answer(1)
    peer.send(settings((HEADER_TABLE_SIZE, 0)))
    peer.awaited(SETTINGS, ACK)
    peer.decoder.max_allowed_table_size = 0
    peer.request(3, "GET", "/file")
    assert peer.expect_answer(3).fields["content-length"] == "7"


# --- §5.1: integers ---

@pytest.mark.parametrize("block", [
    b"\xff" + b"\x80" * 10 + b"\x01",           # an index
    b"\x3f" + b"\xff" * 10 + b"\x7f",           # a table's size
    b"\x00\x7f" + b"\xff" * 10 + b"\x7f",       # the length of a name
    b"\x00\x01x\x7f" + b"\xff" * 10 + b"\x7f",  # and of a value
])
def test_5_1_an_integer_that_overflows(peer, block):
    send(peer, block)
    peer.expect_end(COMPRESSION_ERROR)


def test_5_1_an_integer_that_does_not_end(peer):
    check_refused(peer, b"\xff\x80\x80")


# --- §5.2: strings ---

def test_5_2_a_string_longer_than_its_block(peer):
    check_refused(peer, b"\x00" + number(100, 7) + b"short")


def test_5_2_a_block_that_ends_within_a_literal(peer):
    check_refused(peer, b"\x00" + string("x"))


def test_5_2_a_string_in_huffman_code(peer):
    send(peer, head(path="/file") + b"\x00" + huffman(b"if-none-match") + huffman(b"*"))
    peer.expect_answer(1, 304)


def test_5_2_an_empty_string_in_huffman_code(peer):
    send(peer, head() + b"\x00" + string("x") + b"\x80")
    peer.expect_answer(1)


@pytest.mark.parametrize("coded", [
    b"\x1f\xff",  # 'a', and more than seven bits of padding
    b"\xff",      # nothing but padding
    b"\xff\xff",
])
def test_5_2_padding_of_more_than_seven_bits(peer, coded):
    check_refused(peer, b"\x00" + string("x") + number(len(coded), 7, 0x80) + coded)


@pytest.mark.parametrize("coded", [b"\x18", b"\x1e", b"\x1b"])
def test_5_2_padding_that_is_not_the_beginning_of_eos(peer, coded):
    """'a' is 00011; the rest must be ones."""
    check_refused(peer, b"\x00" + string("x") + number(len(coded), 7, 0x80) + coded)


@pytest.mark.parametrize("coded", [
    b"\xff\xff\xff\xff",          # EOS is thirty ones
    b"\x1f\xff\xff\xff\xff",
    b"\xff\xff\xff\xfc" + b"\x1f"])
def test_5_2_eos_within_a_string(peer, coded):
    check_refused(peer, b"\x00" + string("x") + number(len(coded), 7, 0x80) + coded)
