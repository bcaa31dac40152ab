"""What users feel at the scale of real trees: many idle connections, handshakes, members, locks and dead
properties, and what a start costs when there are so many. The rows are in scenarios.py."""

import os
import resource
import signal
import socket
import sqlite3
import ssl
import statistics
import time

import load
from load import Connection, Sample, Unable

IDLE_S = 5  # how long nothing is asked
STARTS = 5  # of which the median is told
LOCK_BODY = b"""<?xml version="1.0" encoding="utf-8"?>
<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>\
<D:owner><D:href>mailto:somebody@example.org</D:href></D:owner></D:lockinfo>"""
PROPS_EACH = 10
PROPS_BODY = ("""<?xml version="1.0" encoding="utf-8"?>
<D:propertyupdate xmlns:D="DAV:" xmlns:e="urn:example"><D:set><D:prop>"""
              + "".join(f"<e:p{number}>a value of some bytes</e:p{number}>" for number in range(PROPS_EACH))
              + "</D:prop></D:set></D:propertyupdate>").encode()
ALLPROP = b"""<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>"""
GET = f"GET /read/1k HTTP/1.1\r\nHost: {load.HOST}\r\n\r\n".encode()


def raise_descriptors():
    """For all that is started from now on, and for the load."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


# --- idle connections ---

def connect(server, is_tls, context, session=None):
    connection = socket.create_connection((load.HOST, server.ports["tls" if is_tls else "h1"]), 10)
    if not is_tls:
        return connection
    return context.wrap_socket(connection, session=session)


def tls_context():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def ask(connection):
    """Seconds of a GET."""
    begun = time.perf_counter()
    connection.sendall(GET)
    data = b""
    while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < 1024:
        got = connection.recv(65536)
        if not got:
            raise Unable("the connection was closed")
        data += got
    if not data.startswith(b"HTTP/1.1 200"):
        raise Unable(data[:12].decode("latin-1"))
    return time.perf_counter() - begun


def ask_often(connection):
    return statistics.median(ask(connection) for _ in range(500)) * 1e6


def idle(count, is_tls=False):
    """`count` connections that have each asked once and wait, but for one."""
    def run(bench, server):
        server.stop()
        server.start(bench.server_cpus)
        held = []
        context = tls_context()
        try:
            held.append(connect(server, is_tls, context))
            ask_often(held[0])
            before = bench.pss(server)
            while len(held) < count:
                held.append(connect(server, is_tls, context))
                ask(held[-1])
            after = bench.pss(server)
            beside = ask_often(held[0])
            cpu_s = server.cpu_s()
            time.sleep(IDLE_S)
            cpu_s = server.cpu_s() - cpu_s
        except OSError as error:
            raise Unable(f"at connection {len(held) + 1}: {error}") from None
        finally:
            for connection in held:
                connection.close()
        time.sleep(1)
        return Sample(count, 0, cpu_s=cpu_s, pss_mib=after, figures={
            "kib": (after - before) * 1024 / count, "idle_ms": cpu_s * 1000 / IDLE_S,
            "beside_us": beside, "gone_mib": server.pss_mib()})
    return run


# --- handshakes ---

def make_rsa(bench):
    cert, key = os.path.join(bench.work, "rsa-cert.pem"), os.path.join(bench.work, "rsa-key.pem")
    if not os.path.exists(cert):
        load.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                  "/CN=localhost", "-keyout", key, "-out", cert], 60)
    return cert, key


def shake_hands(server, seconds, is_resumed):
    """Connections one after the other, each with a handshake and a GET, behind which tickets come."""
    context, session, times = tls_context(), None, []
    if is_resumed:
        with connect(server, True, context) as first:
            ask(first)
            session = first.session
    until = time.perf_counter() + seconds
    cpu_s = server.cpu_s()
    while time.perf_counter() < until:
        begun = time.perf_counter()
        with connect(server, True, context, session) as connection:
            ask(connection)
            times.append(time.perf_counter() - begun)
            if connection.session_reused != is_resumed:
                raise Unable("a handshake was not resumed" if is_resumed else "one was resumed")
            session = connection.session if is_resumed else None
    return Sample(len(times), sum(times), median_s=statistics.median(times), cpu_s=server.cpu_s() - cpu_s)


def handshakes(is_resumed, is_rsa=False):
    def run(bench, server):
        own = server.cert, server.key
        try:
            if is_rsa:
                server.stop()
                server.cert, server.key = make_rsa(bench)
                server.start(bench.server_cpus)
            return shake_hands(server, bench.seconds, is_resumed)
        finally:
            server.cert, server.key = own
            if is_rsa:
                server.stop()
                server.start(bench.server_cpus)
    return run


# --- many members ---

MANY = 100000


def put_one(connection, path):
    status = connection.ask("PUT", path, None, b"x")[0]
    if status not in (200, 201, 204):
        raise Unable(f"status {status} for a PUT")


def many_members(bench, server):
    """The server's own collection of so many: its URL's path. It is made once."""
    directory = os.path.join(server.root, f"many-{server.name}")
    if not os.path.exists(directory):
        bench.make_members(directory, MANY, 1)
        server.refresh()
        with Connection(server) as connection:  # as a client that has the folder open
            for _ in range(3):
                connection.ask("PROPFIND", f"/many-{server.name}/", {"Depth": "1"}, ALLPROP)
        time.sleep(2)
    return f"/many-{server.name}/"


def change_one(method, count=20):
    """A change of one member of a hundred thousand."""
    def run(bench, server):
        url = many_members(bench, server)
        bench.changes = getattr(bench, "changes", 0) + 1
        names = [f"{url}{bench.changes}-{number}" for number in range(count)]

        def ask(connection, name):
            headers = {"Destination": f"http://{load.HOST}{name}-moved"} if method == "MOVE" else None
            return connection.ask(method, name, headers, b"x" if method == "PUT" else b"")

        with Connection(server) as connection:
            for name in names if method != "PUT" else []:
                put_one(connection, name)
            return bench.measure(server, [lambda name=name: ask(connection, name) for name in names])
    return run


def list_changed(body):
    """PROPFIND Depth 1 of the hundred thousand, each time after a member was added."""
    def run(bench, server):
        url = many_members(bench, server)
        samples = []
        with Connection(server) as connection:
            for number in range(3):
                put_one(connection, f"{url}one-more-{number}")
                samples.append(bench.measure(server, [
                    lambda: connection.ask("PROPFIND", url, {"Depth": "1"}, body)]))
        samples.sort(key=lambda sample: sample.seconds)
        return samples[len(samples) // 2]
    return run


# --- starts ---

def first_answer(bench, server, path):
    """Starts it: seconds until it has answered a GET, and of its processors' time until then."""
    commands = server.commands()
    begun = time.perf_counter()
    for command in commands:
        server.spawn(command, bench.server_cpus)
    while True:
        try:
            with socket.create_connection((load.HOST, server.ports["h1"]), 60) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {load.HOST}\r\n\r\n".encode())
                answer = connection.recv(65536)
            break
        except ConnectionRefusedError:
            if server.has_died() or time.perf_counter() > begun + 120:
                raise Unable("it does not start") from None
            time.sleep(0.0005)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise Unable(answer[:12].decode("latin-1"))
    return time.perf_counter() - begun, server.cpu_s()


def end(server, number):
    """Seconds until it has ended."""
    pids = server.pids()
    begun = time.perf_counter()
    for pid in pids if number == signal.SIGKILL else [process.pid for process in server.processes]:
        try:
            os.kill(pid, number)
        except ProcessLookupError:  # its parent had just gone
            pass
    for process in server.processes:
        process.wait(120)
    server.processes = []
    return time.perf_counter() - begun


def median_ms(values):
    return statistics.median(values) * 1000


def starts(bench, server, path, look):
    """Ends and starts it, politely and not, and looks each time. `look` gives figures of its own in s."""
    firsts, cpus, ends, looks, memory = {}, [], [], [], []
    server.stop()
    first_answer(bench, server, path)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for _ in range(STARTS):
            if number == signal.SIGTERM:
                ends.append(end(server, number))
            else:
                end(server, number)
            first_s, cpu_s = first_answer(bench, server, path)
            firsts.setdefault(number, []).append(first_s)
            cpus.append(cpu_s)
            memory.append(server.pss_mib())
            looks.append(look())
    return Sample(1, 0, cpu_s=statistics.median(cpus), pss_mib=statistics.median(memory), figures={
        "first_ms": median_ms(firsts[signal.SIGTERM]), "killed_ms": median_ms(firsts[signal.SIGKILL]),
        "end_ms": median_ms(ends),
        **{name: median_ms(each[name] for each in looks) for name in looks[0]}})


def start(bench, server):
    return starts(bench, server, "/read/1k", dict)


def lock_by_requests(server, paths):
    with Connection(server) as connection:
        for done, path in enumerate(paths):
            fields = {"Timeout": "Second-86400", "Depth": "0"}
            status = connection.ask("LOCK", path, fields, LOCK_BODY)[0]
            if status not in (200, 201):
                raise Unable(f"status {status} for lock {done + 1}")


def lock_in_lighttpd(server, paths):
    """Its LOCK waits for the disk each time; the rows are as that of its first lock, but for what differs."""
    with sqlite3.connect(os.path.join(server.work, "webdav.db")) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(locks)")]
        first = dict(zip(columns, database.execute("SELECT * FROM locks WHERE resource = ?",
                                                   paths[:1]).fetchone()))
        rows = ({**first, "resource": path, "locktoken": f"{first['locktoken'][:-12]}{number:012x}"}
                for number, path in enumerate(paths[1:]))
        database.executemany(f"INSERT INTO locks VALUES({', '.join('?' * len(columns))})",
                             ([row[column] for column in columns] for row in rows))
    database.close()


def restart_locked(count):
    """With so many locks, each on a file of its own."""
    def run(bench, server):
        if not server.keeps_locks:
            raise Unable("cannot: its locks are in memory, and gone after a restart")
        directory, url = bench.fresh_dir(server)
        for part in range(20):
            bench.make_members(os.path.join(directory, f"d{part}"), count // 20, 1)
        server.refresh()
        paths = [f"{url}d{part}/member-{number:06}.txt"
                 for part in range(20) for number in range(count // 20)]
        is_quick = server.name != "lighttpd"
        lock_by_requests(server, paths if is_quick else paths[:1])
        if not is_quick:
            server.stop()
            lock_in_lighttpd(server, paths)
            server.start(bench.server_cpus)

        def look():
            with Connection(server) as connection:
                if connection.ask("PUT", paths[-1], None, b"x")[0] != 423:
                    raise Unable("the locks are gone after a restart")
            return {}
        return starts(bench, server, paths[0], look)
    return run


def set_by_requests(server, paths):
    with Connection(server) as connection:
        for path in paths:
            status = connection.ask("PROPPATCH", path, None, PROPS_BODY)[0]
            if status != 207:
                raise Unable(f"status {status}")


def set_in_lighttpd(server, paths):
    """Its PROPPATCH waits for the disk each time; the rows are what it would write."""
    with sqlite3.connect(os.path.join(server.work, "webdav.db")) as database:
        database.executemany("INSERT INTO properties(resource, prop, ns, value) VALUES(?, ?, ?, ?)", (
            (path, f"p{number}", "urn:example", "a value of some bytes")
            for path in paths for number in range(PROPS_EACH)))
    database.close()


def start_with_props(count):
    """So many dead properties, ten of each file, in collections of a thousand."""
    def run(bench, server):
        if not server.keeps_properties:
            raise Unable("cannot: keeps no dead properties")
        directory, url = bench.fresh_dir(server)
        collections = [f"c{number:03}" for number in range(count // PROPS_EACH // 1000)]
        for name in collections:
            bench.make_members(os.path.join(directory, name), 1000, 1)
        server.refresh()
        paths = [f"{url}{name}/member-{number:06}.txt"
                 for name in collections for number in range(1000)]
        if server.name == "lighttpd":
            server.stop()
            set_in_lighttpd(server, paths)
            server.start(bench.server_cpus)
        else:
            set_by_requests(server, paths)

        def look():
            with Connection(server) as connection:
                patched = connection.ask("PROPPATCH", paths[0], None, PROPS_BODY)
                listed = connection.ask("PROPFIND", f"{url}{collections[-1]}/", {"Depth": "1"},
                                        ALLPROP)
            if listed[3] < 1000 * PROPS_EACH * 20:
                raise Unable("the properties are gone after a restart")
            return {"patch_ms": patched[2], "list_ms": listed[2]}
        return starts(bench, server, paths[0], look)
    return run

