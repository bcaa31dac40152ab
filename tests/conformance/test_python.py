"""Python's http.client: a plain HTTP/1.1 client with kept-alive connections."""

import http.client
import os
import threading

import davit
import pytest


@pytest.fixture
def server():
    with davit.Davit() as running:
        yield running


def test_a_session_on_one_connection(server):
    connection = http.client.HTTPConnection(*server.address, timeout=60)

    def request(*args, **kwargs):
        connection.request(*args, **kwargs)
        response = connection.getresponse()
        return response.status, response.read(), response

    data = os.urandom(300000)
    assert request("PUT", "/f", data)[0] == 201
    sock = connection.sock
    assert request("GET", "/f")[:2] == (200, data)
    assert request("HEAD", "/f")[2].headers["Content-Length"] == "300000"
    assert request("PUT", "/g", iter([data, data]), {}, encode_chunked=True)[0] == 201
    assert request("GET", "/g")[1] == data + data
    assert request("PROPFIND", "/", headers={"Depth": "1"})[0] == 207
    assert request("GET", "/none")[0] == 404
    assert request("DELETE", "/f")[0] == 204
    assert request("OPTIONS", "*")[0] == 200
    assert connection.sock is sock, "all on one connection"


def test_many_clients_at_once(server):
    failures = []

    def work(number):
        connection = http.client.HTTPConnection(*server.address, timeout=60)
        for i in range(20):
            body = f"{number} {i}".encode() * 1000
            connection.request("PUT", f"/{number}-{i % 3}", body)
            response = connection.getresponse()
            response.read()
            connection.request("GET", f"/{number}-{i % 3}")
            got = connection.getresponse()
            if response.status not in (201, 204) or got.read() != body:
                failures.append((number, i, response.status, got.status))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
