"""HTTP/2 frame by frame, for tests of what the protocol forbids: nothing is checked or corrected
before it is sent. What comes back is read strictly."""

import os
import socket
import struct
import time

import hpack
import tls

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

(DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE,
 CONTINUATION) = range(10)
PRIORITY_UPDATE = 16

END_STREAM, END_HEADERS, PADDED, PRIORITY_FLAG, ACK = 1, 4, 8, 32, 1

(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED,
 FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM
 ) = range(12)

(HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE,
 MAX_HEADER_LIST_SIZE) = range(1, 7)

TIMEOUT = int(os.environ.get("T", 20))
WINDOW = 65535
WINDOW_MAX = (1 << 31) - 1


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + \
        struct.pack(">I", stream) + payload


def u32(number):
    return struct.pack(">I", number)


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def number(value, prefix_bits, first=0):
    """RFC 7541 §5.1."""
    top = (1 << prefix_bits) - 1
    if value < top:
        return bytes([first | value])
    out, value = bytearray([first | top]), value - top
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def string(text):
    text = text if isinstance(text, bytes) else text.encode()
    return number(len(text), 7) + text


def block(*fields):
    """Literals that leave the dynamic table alone, so that blocks can come in any order."""
    return b"".join(b"\0" + string(name) + string(value) for name, value in fields)


def head(method="GET", path="/", *more):
    return block((":method", method), (":scheme", "http"), (":authority", "localhost"),
                 (":path", path), *more)


class Frame:
    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    def code(self):
        """Of RST_STREAM and GOAWAY."""
        return struct.unpack(">I", self.payload[4:8] if self.kind == GOAWAY else self.payload)[0]

    def __repr__(self):
        return f"<{self.kind} flags={self.flags:x} stream={self.stream} {self.payload[:40]!r}>"


class Answer:
    def __init__(self):
        self.fields = None
        self.body = b""
        self.has_ended = False

    @property
    def status(self):
        return int(self.fields[":status"])


class Peer:
    """A client that says what it is told to. Over TLS when there is a context."""

    def __init__(self, address, context=None, hello=True, first_settings=()):
        self.socket = socket.create_connection(address, timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
            assert self.socket.selected_alpn_protocol() == "h2"
        self.buffer = b""
        self.has_ended = False
        self.decoder = hpack.Decoder()
        self.answers = {}
        self.resets = {}   # the code of each stream that was reset
        self.end = None    # the last GOAWAY
        self.goaways = []
        self.unread = []   # frames that nobody has asked about
        if hello:
            self.send(PREFACE, settings(*first_settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    # --- out ---

    def send(self, *parts):
        try:
            self.socket.sendall(b"".join(parts))
        except (BrokenPipeError, ConnectionResetError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            self.has_ended = True  # the server has closed: what it said last can still be read

    def request(self, stream, method="GET", path="/", *more, end=True):
        flags = END_HEADERS | (END_STREAM if end else 0)
        self.send(frame(HEADERS, flags, stream, head(method, path, *more)))

    def data(self, stream, data, end=False):
        self.send(frame(DATA, END_STREAM if end else 0, stream, data))

    # --- in ---

    def _fill(self):
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, tls.ssl.SSLError):
            data = b""
        self.buffer += data
        return bool(data)

    def next(self):
        """The next frame; None: the connection has ended."""
        while len(self.buffer) < 9 or len(self.buffer) < 9 + self._length():
            if not self._fill():
                assert not self.buffer, f"half a frame: {self.buffer[:40]!r}"
                return None
        length = self._length()
        found = Frame(self.buffer[3], self.buffer[4],
                      struct.unpack(">I", self.buffer[5:9])[0], self.buffer[9:9 + length])
        self.buffer = self.buffer[9 + length:]
        self.note(found)
        return found

    def _length(self):
        return int.from_bytes(self.buffer[:3], "big")

    def note(self, found):
        answer = self.answers.setdefault(found.stream, Answer())
        if found.kind == HEADERS:
            assert found.flags & END_HEADERS
            fields = dict(self.decoder.decode(found.payload))
            if not fields[":status"].startswith("1"):
                assert answer.fields is None
                answer.fields = fields
        elif found.kind == DATA:
            assert not answer.has_ended and found.stream not in self.resets
            answer.body += found.payload
        elif found.kind == RST_STREAM:
            self.resets[found.stream] = found.code()
        elif found.kind == GOAWAY:
            self.end = found
            self.goaways.append(found)
        if found.kind in (HEADERS, DATA):
            answer.has_ended = bool(found.flags & END_STREAM)

    def until(self, condition, what):
        while not condition():
            assert self.next() is not None, f"the connection has ended instead of {what}"

    def awaited(self, kind, flags=0):
        """The next frame of a kind."""
        while True:
            found = self.next()
            assert found is not None, f"the connection has ended instead of a frame {kind}"
            if found.kind == kind and found.flags & flags == flags:
                return found

    # --- what is expected ---

    def expect_answer(self, stream, status=200):
        """A complete answer, and no other end."""
        answer = self.answers.setdefault(stream, Answer())
        self.until(lambda: answer.has_ended or stream in self.resets or self.end,
                   f"an answer on {stream}")
        assert answer.has_ended, f"reset {self.resets}, GOAWAY {self.end}"
        assert answer.status == status, answer.fields
        return answer

    def expect_reset(self, stream, code):
        """The stream is reset, for this reason, and the connection goes on (RFC 9113 §5.4.2)."""
        self.until(lambda: stream in self.resets or self.end, f"a reset of {stream}")
        assert self.resets.get(stream) == code, f"reset {self.resets}, GOAWAY {self.end}"
        self.expect_alive()

    def expect_end(self, code, last=None):
        """GOAWAY, and the end of the connection (RFC 9113 §5.4.1)."""
        while self.next() is not None:
            pass
        assert self.end is not None, "the connection has ended without GOAWAY"
        assert self.end.code() == code, f"{self.end.code()} {self.end.payload[8:]!r}"
        assert last is None or struct.unpack(">I", self.end.payload[:4])[0] == last

    def expect_body(self, stream, length):
        """So much of the answer comes, and no more."""
        answer = self.answers.setdefault(stream, Answer())
        self.until(lambda: len(answer.body) >= length, f"{length} bytes of {stream}")
        self.expect_alive()
        assert len(answer.body) == length

    def expect_alive(self):
        """The connection is in step: a PING comes back, in order behind what is under way."""
        sign = struct.pack(">d", time.monotonic())
        self.send(frame(PING, 0, 0, sign))
        while True:
            found = self.awaited(PING, ACK)
            if found.payload == sign:
                return


def context():
    return tls.context(alpn=["h2"])
