"""Clients of HTTP/2 that vanish in the middle of an answer."""

import random
import socket
import struct
import time

import davit
from session import Session

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
WINDOW_MAX = (1 << 31) - 1
ATTEMPTS = 300


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + \
        struct.pack(">I", stream) + payload


def requests(path, count):
    """As many GETs on streams of their own, with windows that let all answers come at once."""
    head = b"\x82\x86\x04" + bytes([len(path)]) + path + b"\x01\x01h"  # HPACK, RFC 7541
    out = PREFACE + frame(4, 0, 0, struct.pack(">HI", 4, WINDOW_MAX))
    out += frame(8, 0, 0, struct.pack(">I", WINDOW_MAX - 65535))
    for number in range(count):
        out += frame(1, 5, 2 * number + 1, head)
    return out


def test_a_client_that_resets_its_connection_while_answers_leave():
    generator = random.Random(1)
    with davit.Davit(args=["--threads", "1"]) as server, Session(server) as client:
        with open(server.path("f"), "wb") as file:
            file.write(bytes(65536))
        for _ in range(ATTEMPTS):
            with socket.create_connection(server.address) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(requests(b"/f", 16))
                connection.recv(generator.choice((9, 5000, 100000)))
                time.sleep(generator.random() * 0.002)
        client.expect(200, "GET", "/f")
