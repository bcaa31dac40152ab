"""A gateway, and servers to stand behind it: real ones, and one that says what a test tells it to."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import davit

HOST = "127.0.0.1"


class Gateway(davit.Davit):
    """davit with a configuration file. `mounts`: by path, the lines of each section."""

    def __init__(self, mounts, server="", args=(), rest=""):
        self.folder = tempfile.mkdtemp(prefix="davit-gateway-")
        self.access_log = os.path.join(self.folder, "access")
        self.config = os.path.join(self.folder, "davit.conf")
        sections = [f"[server]\naccess-log = {self.access_log}\n{server}\n", rest + "\n"]
        sections += [f'[mount "{path}"]\n{lines}\n' for path, lines in mounts.items()]
        with open(self.config, "w", encoding="utf-8") as file:
            file.write("".join(sections))
        super().__init__(root=self.folder, args=["-c", self.config, *args])

    def operands(self):
        return []

    def logged(self):
        """The access log's lines."""
        with open(self.access_log, encoding="utf-8") as file:
            return file.read().splitlines()

    def says_of_access(self, text):
        deadline = time.monotonic() + 60
        while not any(text in line for line in self.logged()):
            assert time.monotonic() < deadline, "\n".join(self.logged())
            time.sleep(0.01)

    def __exit__(self, *args):
        try:
            super().__exit__(*args)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class Program:
    """A server of another make: a configuration, and a command line. What it serves is below /dav/inner."""

    program = None

    def __init__(self):
        self.work = tempfile.mkdtemp(prefix="davit-origin-")
        self.root = os.path.join(self.work, "root")
        os.makedirs(os.path.join(self.root, "dav", "inner"))
        os.makedirs(os.path.join(self.work, "state"))
        for path, _, _ in os.walk(self.work):
            os.chmod(path, 0o777)
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}/dav/inner/"

    @classmethod
    def path(cls):
        return shutil.which(cls.program, path=os.environ["PATH"] + ":/usr/sbin")

    def commands(self):
        raise NotImplementedError

    def write(self, text):
        path = os.path.join(self.work, "conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def __enter__(self):
        with open(os.path.join(self.work, "log"), "wb") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection((HOST, self.port), 5).close()
                return self
            except OSError:
                with open(os.path.join(self.work, "log"), encoding="utf-8") as log:
                    assert self.process.poll() is None and time.monotonic() < deadline, log.read()
                time.sleep(0.02)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.work, ignore_errors=True)


class Apache(Program):
    program = "apache2"

    def command(self):
        modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in
                          ("mpm_event", "authz_core", "mime", "dav", "dav_fs"))
        path = self.write(f"""
ServerRoot {self.work}
PidFile {self.work}/pid
Mutex file:{self.work}/state
ErrorLog {self.work}/error.log
LogLevel error
{modules}
Listen {HOST}:{self.port}
ServerName localhost
StartServers 1
User nobody
Group nogroup
TypesConfig /etc/mime.types
DavLockDB {self.work}/state/locks
DavDepthInfinity On
DocumentRoot {self.root}
<Directory {self.root}>
    Dav On
    Require all granted
</Directory>
""")
        return [self.path(), "-DFOREGROUND", "-f", path]


class Lighttpd(Program):
    program = "lighttpd"

    @classmethod
    def path(cls):
        return super().path() if os.path.exists("/usr/lib/lighttpd/mod_webdav.so") else None

    def command(self):
        path = self.write(f"""
server.modules = ("mod_webdav")
server.document-root = "{self.root}"
server.bind = "{HOST}"
server.port = {self.port}
server.errorlog = "{self.work}/error.log"
server.upload-dirs = ("{self.work}")
mimetype.assign = ("" => "application/octet-stream")
webdav.activate = "enable"
webdav.is-readonly = "disable"
webdav.sqlite-db-name = "{self.work}/webdav.db"
""")
        return [self.path(), "-D", "-f", path]


class Nginx(Program):
    program = "nginx"
    modules = "/usr/lib/nginx/modules"

    @classmethod
    def path(cls):
        return super().path() if os.path.exists(f"{cls.modules}/ngx_http_dav_ext_module.so") else None

    def command(self):
        temp = "\n".join(f"{kind}_temp_path {self.work}/state/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        path = self.write(f"""
load_module {self.modules}/ngx_http_dav_ext_module.so;
daemon off; worker_processes 1; pid {self.work}/pid; error_log {self.work}/error.log error;
events {{ worker_connections 100; }}
http {{
    access_log off;
    client_max_body_size 0; client_body_temp_path {self.root}/temp;
    {temp}
    dav_ext_lock_zone zone=locks:1m;
    server {{
        listen {HOST}:{self.port};
        root {self.root};
        location / {{
            dav_methods PUT DELETE MKCOL COPY MOVE;
            dav_ext_methods PROPFIND OPTIONS LOCK UNLOCK;
            dav_ext_lock zone=locks;
        }}
    }}
}}
""")
        return [self.path(), "-c", path, "-p", self.work, "-e", f"{self.work}/error.log"]


class DavitOrigin(Gateway):
    """davit itself, with a prefix."""

    def __init__(self, server="", args=()):
        self.tree = tempfile.mkdtemp(prefix="davit-origin-")
        os.mkdir(os.path.join(self.tree, "inner"))
        super().__init__({"/dav": f"root = {self.tree}"}, server, ["--durability", "lazy", *args])
        scheme = self.url.split(":")[0]
        self.url = f"{scheme}://{self.host}/dav/inner/"

    def make(self, name):
        os.makedirs(os.path.join(self.tree, "inner", name), exist_ok=True)

    def has(self, name):
        return os.path.exists(os.path.join(self.tree, "inner", name))

    def __exit__(self, *args):
        try:
            super().__exit__(*args)
        finally:
            shutil.rmtree(self.tree, ignore_errors=True)


class Request:
    """What has come, as it came."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = lines[0].split(" ")
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if line]
        self.body = body

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def field(self, name):
        values = self.all(name)
        return ", ".join(values) if values else None


class Peer:
    """A connection to a scripted origin."""

    def __init__(self, connection):
        self.socket = connection
        self.buffer = b""

    def fill(self):
        data = self.socket.recv(65536)
        self.buffer += data
        return bool(data)

    def take(self, length):
        while len(self.buffer) < length:
            if not self.fill():
                raise EOFError
        part, self.buffer = self.buffer[:length], self.buffer[length:]
        return part

    def line(self):
        while b"\r\n" not in self.buffer:
            if not self.fill():
                raise EOFError
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def head(self):
        while b"\r\n\r\n" not in self.buffer:
            if not self.fill():
                raise EOFError
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return Request(head, None)

    def body(self, request):
        if request.field("Transfer-Encoding"):
            body = b""
            while size := int(self.line(), 16):
                body += self.take(size)
                self.line()
            self.line()
            return body
        return self.take(int(request.field("Content-Length") or 0))

    def send(self, data):
        self.socket.sendall(data)


def answer(status, body=b"", fields=(), length=None):
    """An answer as it stands on the wire."""
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields)
    head += f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    return head.encode() + body


def xml(status, body, fields=()):
    return answer(status, body.encode(), [("Content-Type", "application/xml; charset=utf-8"), *fields])


def multistatus(*responses):
    inner = "".join(f"<D:response>{response}</D:response>" for response in responses)
    return f'<?xml version="1.0"?>\n<D:multistatus xmlns:D="DAV:">{inner}</D:multistatus>'


class Scripted:
    """An origin that answers as it is told: `act` gets the peer and a request's head for each request; by
    default it reads the body and sends `reply`, which is bytes or makes them of the request. All
    that came is in `requests`."""

    def __init__(self, reply=None, act=None):
        self.reply = reply
        self.act = act or self.plainly
        self.requests = []
        self.peers = []
        self.listener = socket.create_server((HOST, 0))
        self.address = self.listener.getsockname()
        self.url = f"http://{HOST}:{self.address[1]}/in/ner/"
        self.thread = threading.Thread(target=self.accept, daemon=True)

    def plainly(self, peer, request):
        request.body = peer.body(request)
        self.requests.append(request)
        peer.send(self.reply(request) if callable(self.reply) else self.reply)

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.peers.append(connection)
            threading.Thread(target=self.serve, args=(Peer(connection),), daemon=True).start()

    def serve(self, peer):
        try:
            while True:
                self.act(peer, peer.head())
        except (OSError, EOFError):
            pass
        finally:
            peer.socket.close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.peers:
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
