"""The HTTP/2 transport of .wire conversations: see wire.Http1, whose interface it has."""

import socket

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

import davit


class Stream:
    """What has come of one answer."""

    def __init__(self):
        self.informational = []
        self.fields = None
        self.body = b""
        self.has_ended = False  # politely
        self.was_reset = None   # the error code

    def is_over(self):
        return self.has_ended or self.was_reset is not None


def response_of(fields, body, is_complete):
    status = dict(fields)[b":status"].decode()
    decoded = [(name.decode(), value.decode("utf-8", "surrogateescape"))
               for name, value in fields if not name.startswith(b":")]
    return davit.Response("HTTP/2", int(status), "", decoded, body, is_complete)


class Connection:
    """One connection; requests are made one after the other."""

    def __init__(self, address, timeout=20, context=None):
        self.socket = socket.create_connection(address, timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
            assert self.socket.selected_alpn_protocol() == "h2"
        # A conversation may say what no honest client would.
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, header_encoding=None, validate_outbound_headers=False,
            normalize_outbound_headers=False))
        self.h2.initiate_connection()
        self.streams = {}
        self.has_ended = False
        self.flush()

    def flush(self):
        try:
            self.socket.sendall(self.h2.data_to_send())
        except (BrokenPipeError, ConnectionResetError):
            self.has_ended = True

    def fill(self):
        """Takes what comes next; False: nothing does."""
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            self.has_ended = True
            return False
        for event in self.h2.receive_data(data):
            self.note(event)
        self.flush()
        return True

    def note(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if stream is None:
            return
        if isinstance(event, h2.events.InformationalResponseReceived):
            stream.informational.append(event.headers)
        elif isinstance(event, h2.events.ResponseReceived):
            stream.fields = event.headers
        elif isinstance(event, h2.events.TrailersReceived):
            stream.fields = stream.fields + event.headers
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            stream.has_ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.was_reset = event.error_code

    def request(self, fields, body):
        """Sends all of it, unless the answer comes first. Returns the stream's number."""
        number = self.h2.get_next_available_stream_id()
        stream = self.streams[number] = Stream()
        self.h2.send_headers(number, fields, end_stream=body is None)
        self.flush()
        while body is not None and not stream.is_over() and not self.has_ended:
            room = min(self.h2.local_flow_control_window(number), self.h2.max_outbound_frame_size)
            if room == 0:
                self.fill()
                continue
            part, rest = body[:room], body[room:]
            self.h2.send_data(number, part, end_stream=not rest)
            self.flush()
            body = rest or None
        return number

    def read(self, number):
        """The next answer on a stream, informational ones first; None: the connection has ended."""
        stream = self.streams[number]
        while not stream.informational and not stream.is_over():
            if not self.fill():
                break
        if stream.informational:
            return response_of(stream.informational.pop(0), b"", True)
        if stream.fields is None:
            return None
        return response_of(stream.fields, stream.body, stream.has_ended)

    def close(self):
        self.socket.close()


class Http2:
    """Requests over HTTP/2, by prior knowledge or over TLS: named connections, each with one stream at
    a time."""

    def __init__(self, address, context=None):
        self.address = address
        self.context = context
        self.connections = {}
        self.name = ""
        self.waiting = {}  # of each connection: the streams that await their answers

    def connection(self):
        if self.name not in self.connections:
            self.connections[self.name] = Connection(self.address, context=self.context)
        return self.connections[self.name]

    def send(self, method, target, fields, body):
        authority = "%s:%d" % self.address
        rest = []
        has_length = False
        for name, value in fields:
            name = name.lower()
            if name == "host":
                authority = value
            elif name != "transfer-encoding":  # bodies need no length here
                has_length |= name == "content-length"
                rest.append((name, value))
            else:
                has_length = True
        if body is not None and not has_length:
            rest.append(("content-length", str(len(body))))
        scheme = "https" if self.context else "http"
        head = [(":method", method), (":scheme", scheme), (":authority", authority),
                (":path", target)] + rest
        encoded = [(name.encode(), value.encode("utf-8", "surrogateescape"))
                   for name, value in head]
        number = self.connection().request(encoded, body)
        self.waiting.setdefault(self.name, []).append(number)

    def receive(self):
        waiting = self.waiting.setdefault(self.name, [])
        if not waiting:
            return None
        response = self.connection().read(waiting[0])
        if response is not None and response.status >= 200:
            del waiting[:1]
        return response

    def expect_end(self):
        """Where HTTP/1.1 must close the connection, a stream ends, and the connection goes on."""
        if self.connection().has_ended:
            raise AssertionError("the connection has ended with the request")

    def close(self):
        self.connections.pop(self.name).close()
        self.waiting.pop(self.name, None)

    def finish(self):
        for name, waiting in self.waiting.items():
            assert not waiting, f"answers that nobody asked about: {name}"

    def close_all(self):
        for connection in self.connections.values():
            connection.close()
        self.connections = {}
        self.waiting = {}
