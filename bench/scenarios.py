"""What is measured: a row of SCENARIOS each. To add one, write a function that takes (bench, server)
and gives a Sample, and a row."""

import http.client
import json
import os
import shutil
import statistics
import threading
import time
from collections import namedtuple

import load
import scale
from load import Connection, Sample, Unable

PROPFIND_BODY = b"""<?xml version="1.0" encoding="utf-8"?>
<D:propfind xmlns:D="DAV:"><D:prop><D:displayname/><D:resourcetype/><D:getcontentlength/>\
<D:getlastmodified/><D:getetag/><D:creationdate/></D:prop></D:propfind>"""
ALLPROP_BODY = b"""<?xml version="1.0" encoding="utf-8"?>
<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>"""
PROPPATCH_BODY = b"""<?xml version="1.0" encoding="utf-8"?>
<D:propertyupdate xmlns:D="DAV:" xmlns:e="urn:example"><D:set><D:prop><e:colour>red</e:colour>\
</D:prop></D:set></D:propertyupdate>"""

# --- rates ---


def get(path, is_tls=False, connections=32, pipelined=1, expects_error=False):
    def run(bench, server):
        sample = load.wrk(server, bench.seconds, "requests.lua",
                          ["GET", path, "-", "-", "0", str(pipelined)], connections,
                          is_tls=is_tls)
        if expects_error:
            sample.failed = 0
        return sample
    return run


def head(path):
    def run(bench, server):
        return load.heads(server, bench.seconds, path)
    return run


def get_h2(path, is_tls, clients=8, streams=16):
    def run(bench, server):
        return load.h2load(server, bench.seconds, path, clients, streams, is_tls)
    return run


def propfind_rate(path, depth, body=PROPFIND_BODY):
    def run(bench, server):
        file = bench.file(f"propfind-{len(body)}", body)
        return load.wrk(server, bench.seconds, "requests.lua", ["PROPFIND", path, depth, file])
    return run


def put(body_bytes, count=0):
    """count: that many resources, which are there already; 0: a new one each time."""
    def run(bench, server):
        directory, url = bench.fresh_dir(server)
        for number in range(count):
            bench.make_file(os.path.join(directory, f"f{number}"), body_bytes)
        server.refresh()
        body = bench.file(f"body-{body_bytes}", bytes(body_bytes))
        return load.wrk(server, bench.seconds, "requests.lua",
                        ["PUT", f"{url}f%d", "-", body, str(count)])
    return run


def mkcol(bench, server):
    _, url = bench.fresh_dir(server)
    slash = "/" if server.name == "nginx" else ""  # it insists
    return load.wrk(server, bench.seconds, "requests.lua", ["MKCOL", f"{url}c%d{slash}"])


def proppatch(bench, server):
    if not server.keeps_properties:
        raise Unable("cannot: keeps no dead properties")
    directory, url = bench.fresh_dir(server)
    for number in range(64):
        bench.make_file(os.path.join(directory, f"f{number}"), 10)
    server.refresh()
    body = bench.file("proppatch", PROPPATCH_BODY)
    return load.wrk(server, bench.seconds, "requests.lua",
                    ["PROPPATCH", f"{url}f%d", "-", body, "64"], connections=8)


def lock_pairs(bench, server):
    """Where the load ends between LOCK and UNLOCK a lock stays for a minute: on a name that no other
    scenario has."""
    directory, url = bench.fresh_dir(server)
    for number in range(8):
        bench.make_file(os.path.join(directory, f"locked{number}"), 10)
    server.refresh()
    sample = load.wrk(server, bench.seconds, "locks.lua", [f"{url}locked%d"], 8, threads=8)
    sample.requests //= 2
    return sample


# --- several loops ---


def on_all_cpus(run):
    """Server and load have all processors, and take them from each other: what tells is the CPU."""
    def run_so(bench, server):
        cpus = bench.server_cpus | bench.load_cpus
        server.bind(cpus)
        os.sched_setaffinity(0, cpus)
        before = server.threads_cpu_s()
        try:
            sample = run(bench, server)
            used = {task: cpu_s - before.get(task, 0)
                    for task, cpu_s in server.threads_cpu_s().items()}
        finally:
            server.bind(bench.server_cpus)
            os.sched_setaffinity(0, bench.load_cpus)
        sample.cpu_s = sum(used.values())
        sample.busiest = max(used.values()) / sample.cpu_s
        return sample
    return run_so


# --- single requests ---


def repeated(count, ask, first="/read/1k"):
    """The median of `count` runs of ask(connection, number), which gives what Connection.ask does. `first`: asked for
    before."""
    def run(bench, server):
        with Connection(server) as connection:
            connection.ask("GET", first)
            return bench.measure(server, [lambda n=n: ask(connection, n) for n in range(count)])
    return run


def listing(path, depth, count, first="/read/1k"):
    def ask(connection, _):
        return connection.ask("PROPFIND", path, {"Depth": depth}, PROPFIND_BODY)
    return repeated(count, ask, first)


def listing_warm(path, depth, count, first="/read/1k"):
    """The server has been asked before, and then left alone for a moment."""
    def run(bench, server):
        listing(path, depth, 3, first)(bench, server)
        time.sleep(1)
        return listing(path, depth, count, first)(bench, server)
    return run


def index(path, count):
    return repeated(count, lambda connection, _: connection.ask("GET", path))


def listing_cold(path, depth, count):
    """The server has just been started; what the kernel knows of the directory, it still knows."""
    def run(bench, server):
        samples = []
        for _ in range(count):
            server.stop()
            server.start(bench.server_cpus)
            samples.append(listing(path, depth, 1)(bench, server))
        first = statistics.median(sample.first_ms for sample in samples)
        return Sample(len(samples), sum(sample.seconds for sample in samples), first_ms=first,
                      bytes=samples[0].bytes * len(samples), cpu_s=sum(s.cpu_s for s in samples))
    return run


def tree(method):
    """COPY, MOVE or DELETE of a collection of 1,000 files."""
    def run(bench, server):
        directory, url = bench.fresh_dir(server)
        count = 3
        for number in range(count):
            bench.make_members(os.path.join(directory, f"t{number}"), 1000, 100)
        server.refresh()

        def ask(connection, number):
            headers = {"Destination": f"http://{load.HOST}{url}to{number}/", "Depth": "infinity"}
            if method == "DELETE":
                del headers["Destination"]
            return connection.ask(method, f"{url}t{number}/", headers)
        return repeated(count, ask)(bench, server)
    return run


# --- many small ones ---

SMALL_COUNT, SMALL_CONNECTIONS = 1000, 8
SMALL = [("PUT", number) for number in range(SMALL_COUNT)] + [("DELETE", number) for number in range(SMALL_COUNT)]


def small_batch(bench, server):
    """1,000 small PUTs and 1,000 DELETEs, as one batch."""
    _, url = bench.fresh_dir(server)
    operations = [{"id": f"{method}{number}", "method": method, "href": str(number),
                   **({"body": "x" * 100} if method == "PUT" else {})} for method, number in SMALL]
    connection = http.client.HTTPConnection(load.HOST, server.ports["h1"], timeout=120)
    begun = time.perf_counter()
    connection.request("POST", url, json.dumps({"operations": operations}).encode(), {
        "Content-Type": "application/vnd.davit.batch+json", "Accept": "application/json"})
    answer = connection.getresponse()
    body = answer.read()
    took = time.perf_counter() - begun
    connection.close()
    if answer.status != 207:
        raise Unable(f"status {answer.status}")
    return Sample(len(SMALL), took, failed=len(SMALL) - json.loads(body)["summary"]["ok"])


def small_requests(bench, server):
    """The same as requests on 8 connections: all PUTs, then all DELETEs."""
    _, url = bench.fresh_dir(server)
    failed = []

    def ask(share):
        with Connection(server) as connection:
            for method, number in share:
                status = connection.ask(method, f"{url}{number}", None, b"x" * 100 if method == "PUT" else b"")[0]
                if status not in (201, 204):
                    failed.append(status)

    begun = time.perf_counter()
    for half in (SMALL[:SMALL_COUNT], SMALL[SMALL_COUNT:]):
        threads = [threading.Thread(target=ask, args=(half[i::SMALL_CONNECTIONS],)) for i in range(SMALL_CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return Sample(len(SMALL), time.perf_counter() - begun, failed=len(failed))


# --- large files ---


def get_large(port, path="/read/large"):
    def run(bench, server):
        scheme = "https" if port == "tls" else "http"
        return load.curl(f"{scheme}://{load.HOST}:{server.ports[port]}{path}", "--http1.1")
    return run


def put_large(prefix=""):
    def run(bench, server):
        _, url = bench.fresh_dir(server)
        return load.curl(f"http://{load.HOST}:{server.ports['h1']}{prefix}{url}large", "-T",
                         os.path.join(bench.shared, "read", "large"), "-H", "Expect:")
    return run


def put_resumed(bench, server):
    """The same by tus (a POST, and a PATCH with all of it, which commits it)."""
    _, url = bench.fresh_dir(server)
    path = os.path.join(bench.shared, "read", "large")
    connection = http.client.HTTPConnection(load.HOST, server.ports["h1"], timeout=60)
    connection.request("POST", url, b"", {
        "Tus-Resumable": "1.0.0", "Upload-Length": str(os.path.getsize(path)),
        "Upload-Metadata": "filename bGFyZ2U="})
    answer = connection.getresponse()
    connection.close()
    if answer.status != 201:
        raise Unable(f"status {answer.status}")
    return load.curl(f"http://{load.HOST}:{server.ports['h1']}{answer.getheader('Location')}",
                     "-X", "PATCH", "-T", path, "-H", "Expect:", "-H", "Tus-Resumable: 1.0.0",
                     "-H", "Upload-Offset: 0", "-H", "Content-Type: application/offset+octet-stream")


# --- memory ---


def memory(bench, server):
    server.stop()
    server.start(bench.server_cpus)
    return Sample(1, 0, pss_mib=bench.pss(server))


# name, what it is, what the server must speak, the unit of the rows, its function
Scenario = namedtuple("Scenario", "name text needs kind run")

SCENARIOS = [
    Scenario("get-1k", "GET 1 KiB, 32 connections", "h1", "rate", get("/read/1k")),
    Scenario("get-1k-pipelined", "GET 1 KiB, 32 connections, 16 requests at a time", "h1", "rate",
             get("/read/1k", pipelined=16)),
    Scenario("get-1k-tls", "GET 1 KiB over TLS, 32 connections", "tls", "rate",
             get("/read/1k", is_tls=True)),
    Scenario("get-1k-h2c", "GET 1 KiB over HTTP/2, 8 connections of 16 streams", "h2c", "rate",
             get_h2("/read/1k", False)),
    Scenario("get-1k-h2", "GET 1 KiB over HTTP/2 and TLS, 8 connections of 16 streams", "h2",
             "rate", get_h2("/read/1k", True)),
    Scenario("get-64k", "GET 64 KiB, 32 connections", "h1", "rate", get("/read/64k")),
    Scenario("get-64k-tls", "GET 64 KiB over TLS, 32 connections", "tls", "rate",
             get("/read/64k", is_tls=True)),
    Scenario("get-64k-h2c", "GET 64 KiB over HTTP/2, 8 connections of 16 streams", "h2c", "rate",
             get_h2("/read/64k", False)),
    Scenario("get-64k-h2", "GET 64 KiB over HTTP/2 and TLS, 8 connections of 16 streams", "h2",
             "rate", get_h2("/read/64k", True)),
    Scenario("get-16m", "GET 16 MiB, 4 connections", "h1", "rate",
             get("/read/16m", connections=4)),
    Scenario("head-1k", "HEAD of 1 KiB, 8 connections, 16 requests at a time", "h1", "rate",
             head("/read/1k")),
    Scenario("get-404", "GET of what is not there, 32 connections", "h1", "rate",
             get("/read/absent", expects_error=True)),
    Scenario("get-large", "GET of a large file", "h1", "transfer", get_large("h1")),
    Scenario("get-large-tls", "GET of a large file over TLS", "tls", "transfer",
             get_large("tls")),
    Scenario("put-1k-new", "PUT 1 KiB, a new resource each time, 32 connections", "h1", "rate",
             put(1024)),
    Scenario("put-1k-over", "PUT 1 KiB over an existing resource, 32 connections", "h1", "rate",
             put(1024, 256)),
    Scenario("put-64k-new", "PUT 64 KiB, a new resource each time, 32 connections", "h1", "rate",
             put(65536)),
    Scenario("put-large", "PUT of a large file", "h1", "transfer", put_large()),
    Scenario("put-large-resumed", "a large file as a resumable upload (tus)", "h1", "transfer",
             put_resumed),
    Scenario("mkcol", "MKCOL, 32 connections", "h1", "rate", mkcol),
    Scenario("propfind-0", "PROPFIND of a file, Depth 0, six properties, 32 connections", "h1",
             "rate", propfind_rate("/read/1k", "0")),
    Scenario("propfind-0-all", "PROPFIND of a file, Depth 0, allprop, 32 connections", "h1", "rate",
             propfind_rate("/read/1k", "0", ALLPROP_BODY)),
    Scenario("propfind-1-10", "PROPFIND Depth 1 of 10 members, 32 connections", "h1", "rate",
             propfind_rate("/read/m10/", "1")),
    Scenario("propfind-1-1k", "PROPFIND Depth 1 of 1,000 members, one after the other", "h1",
             "single", listing_warm("/read/m1000/", "1", 20)),
    Scenario("propfind-1-10k", "PROPFIND Depth 1 of 10,000 members, one after the other", "h1",
             "single", listing_warm("/read/m10000/", "1", 5)),
    Scenario("propfind-1-100k", "PROPFIND Depth 1 of 100,000 members, one after the other", "h1",
             "single", listing_warm("/read/m100000/", "1", 3)),
    Scenario("propfind-1-1k-cold", "the same of 1,000 members, the first one after a start", "h1",
             "single", listing_cold("/read/m1000/", "1", 3)),
    Scenario("propfind-1-10k-cold", "the same of 10,000 members, the first one after a start",
             "h1", "single", listing_cold("/read/m10000/", "1", 3)),
    Scenario("propfind-1-100k-cold", "the same of 100,000 members, the first one after a start",
             "h1", "single", listing_cold("/read/m100000/", "1", 3)),
    Scenario("propfind-1-100k-changed", "the same, each time after a PUT into it", "h1", "single",
             scale.list_changed(PROPFIND_BODY)),
    Scenario("index-100k", "GET of the index page of 100,000 members", "h1", "single",
             index("/read/m100000/", 3)),
    Scenario("put-in-100k", "PUT of a file into a collection of 100,000 members", "h1", "single",
             scale.change_one("PUT")),
    Scenario("delete-in-100k", "DELETE of one of 100,000 members", "h1", "single",
             scale.change_one("DELETE")),
    Scenario("move-in-100k", "MOVE of one of 100,000 members, to another name", "h1", "single",
             scale.change_one("MOVE")),
    Scenario("propfind-infinity", "PROPFIND Depth infinity of 101,000 resources", "h1", "single",
             listing("/deep/", "infinity", 1)),
    Scenario("proppatch", "PROPPATCH of one property, 8 connections", "h1", "rate", proppatch),
    Scenario("lock-unlock", "LOCK and UNLOCK (a pair counts once), 8 connections", "h1", "rate",
             lock_pairs),
    Scenario("copy-1k", "COPY of a collection of 1,000 files", "h1", "single", tree("COPY")),
    Scenario("move-1k", "MOVE of a collection of 1,000 files", "h1", "single", tree("MOVE")),
    Scenario("small-batch", "1,000 PUTs of 100 bytes and 1,000 DELETEs, as one batch", "h1", "rate", small_batch),
    Scenario("small-requests", "1,000 PUTs of 100 bytes and 1,000 DELETEs, 8 connections", "h1", "rate",
             small_requests),
    Scenario("delete-1k", "DELETE of a collection of 1,000 files", "h1", "single",
             tree("DELETE")),
    Scenario("loops-get", "GET 1 KiB with one loop and with two, 32 connections", "h1", "loops",
             on_all_cpus(get("/read/1k"))),
    Scenario("loops-propfind", "PROPFIND of a file, Depth 0, with one loop and with two", "h1",
             "loops", on_all_cpus(propfind_rate("/read/1k", "0"))),
    Scenario("loops-put", "PUT 1 KiB, a new resource each time, with one loop and with two", "h1",
             "loops", on_all_cpus(put(1024))),
    Scenario("gateway-get-1k", "GET 1 KiB through a proxy, 32 connections", "gateway", "rate",
             get("/files/read/1k")),
    Scenario("gateway-propfind-0", "PROPFIND of a file through a proxy, Depth 0, six properties, 32 connections",
             "gateway", "rate", propfind_rate("/dav/read/1k", "0")),
    Scenario("gateway-propfind-1-10k", "PROPFIND Depth 1 of 10,000 members through a proxy, one after the other",
             "gateway", "single", listing_warm("/dav/read/m10000/", "1", 5, "/dav/read/1k")),
    Scenario("gateway-get-large", "GET of a large file through a proxy", "gateway", "transfer",
             get_large("h1", "/files/read/large")),
    Scenario("gateway-put-large", "PUT of a large file through a proxy", "gateway", "transfer",
             put_large("/files")),
    Scenario("idle", "memory of an idle server", "h1", "memory", memory),
    Scenario("idle-1k", "1,000 idle connections", "h1", "idle", scale.idle(1000)),
    Scenario("idle-10k", "10,000 idle connections", "h1", "idle", scale.idle(10000)),
    Scenario("idle-2k-tls", "2,000 idle connections over TLS", "tls", "idle",
             scale.idle(2000, is_tls=True)),
    Scenario("tls-full", "a full TLS 1.3 handshake and a GET, ECDSA P-256", "tls",
             "handshake", scale.handshakes(is_resumed=False)),
    Scenario("tls-resumed", "a resumed TLS 1.3 handshake and a GET", "tls",
             "handshake", scale.handshakes(is_resumed=True)),
    Scenario("tls-full-rsa", "a full TLS 1.3 handshake and a GET, RSA 2048", "tls",
             "handshake", scale.handshakes(is_resumed=False, is_rsa=True)),
    Scenario("start", "a start, with nothing kept", "h1", "start", scale.start),
    Scenario("start-20k-locks", "a restart with 20,000 locks", "h1", "start",
             scale.restart_locked(20000)),
    Scenario("start-1m-props", "a restart with 1,000,000 dead properties of 100,000 files", "h1",
             "start-props", scale.start_with_props(1000000)),
]

# What a server that flushes to disk before it answers is measured at as well.
FLUSHED = ["put-1k-new", "put-1k-over", "put-64k-new", "put-large", "put-large-resumed", "mkcol", "proppatch",
           "lock-unlock"]


def remove_tree(path):
    shutil.rmtree(path, ignore_errors=True)
