"""HTTP/2, in the clear and over TLS: a server of each kind, and clients that say anything."""

import frames
import pytest
import tls


@pytest.fixture(scope="session")
def h2_server(tmp_path_factory):
    """One port speaks TLS, the other does not."""
    pair = tls.make_pair(tmp_path_factory.mktemp("pair") / "p")
    args = ["--durability", "lazy", "--listen-plain", "127.0.0.1:0"]
    with tls.Server([pair], args) as running:
        with open(running.path("file"), "wb") as file:
            file.write(b"content")
        with open(running.path("large"), "wb") as file:
            file.write(bytes(1 << 20))
        yield running


@pytest.fixture(params=["clear", "tls"])
def connect(request, h2_server):
    """Makes connections to the server; the first bytes of each are up to the caller."""
    ports = sorted(h2_server.ports, key=lambda port: port == h2_server.address[1])
    opened = []

    def make(**options):
        is_tls = request.param == "tls"
        peer = frames.Peer(("127.0.0.1", h2_server.address[1] if is_tls else ports[0]),
                           frames.context() if is_tls else None, **options)
        opened.append(peer)
        return peer
    yield make
    for peer in opened:
        peer.socket.close()


@pytest.fixture
def peer(connect):
    """A connection on which both sides have said their settings."""
    made = connect()
    made.expect_alive()
    return made
