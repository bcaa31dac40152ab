"""The servers that are compared: one class each, which writes a configuration and says how to start it.

Each is set up as an administrator would who wants WebDAV and speed: one process or loop, keep-alive
without a bound on requests, sendfile, no access log, Depth infinity where it can be allowed. What
gives speed by answering with what is no longer so (nginx's open_file_cache, a long stat cache) stays
off: davit's answers are always true, and so must be theirs."""

import encodings.idna  # pylint: disable=unused-import # sockets ask for it late: see become()
import os
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time

HOST = "127.0.0.1"
HERE = os.path.dirname(os.path.abspath(__file__))
CONNECTIONS_MAX = 20000


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class Server:
    """A running server. `ports`: of "h1", "tls" and "h2c", which may be that of "h1"."""

    name = None
    program = None
    version_args = ["-v"]
    keeps_properties = True  # dead ones
    keeps_locks = True  # over its end
    is_davit = False

    def __init__(self, root, work, name=None):
        self.name = name or self.name
        self.root = root
        self.work = os.path.join(work, self.name)
        os.makedirs(self.work, exist_ok=True)
        self.ports = {}
        self.processes = []
        self.cert, self.key = os.path.join(work, "cert.pem"), os.path.join(work, "key.pem")
        self.speaks = set()

    # --- what a server says of itself ---

    @classmethod
    def is_there(cls):
        return shutil.which(cls.program, path=os.environ["PATH"] + ":/usr/sbin") is not None

    @classmethod
    def path(cls):
        return shutil.which(cls.program, path=os.environ["PATH"] + ":/usr/sbin")

    def version(self):
        done = subprocess.run([self.path(), *self.version_args], capture_output=True, text=True,
                              check=False)
        found = re.search(r"v?\d+\.\d+(\.\d+)?[-\w]*", done.stdout + done.stderr)
        return found.group(0) if found else "?"

    def commands(self):
        """Writes the configuration; the command lines to run."""
        raise NotImplementedError

    # --- life ---

    def spawn(self, command, cpus, env=None):
        log = open(os.path.join(self.work, "log"), "ab")
        self.processes.append(subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, **(env or {})}, start_new_session=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cpus)))
        log.close()

    def start(self, cpus):
        if not self.ports:
            self.ports = {kind: free_port() for kind in ("h1", "tls", "h2c")}
        for command in self.commands():
            self.spawn(command, cpus)
        self.await_port(self.ports["h1"])
        if len(self.processes) > 1:
            self.await_port(self.ports["tls"])
        self.speaks = self.speaks or self.probe()

    def await_port(self, port):
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection((HOST, port), 1).close()
                return
            except OSError:
                if time.monotonic() > until or self.processes[0].poll() is not None:
                    with open(os.path.join(self.work, "log"), encoding="utf-8") as log:
                        raise RuntimeError(f"{self.name} does not start: {log.read()}") from None
                time.sleep(0.02)

    def has_died(self):
        return any(process.poll() is not None for process in self.processes)

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []

    def refresh(self):
        """Files were changed behind the server's back."""

    # --- what it speaks ---

    def probe(self):
        speaks = {"h1"}
        for port in (self.ports["h2c"], self.ports["h1"]):
            if self.answers_h2c(port):
                self.ports["h2c"] = port
                speaks.add("h2c")
                break
        speaks |= self.probe_tls()
        return speaks

    @staticmethod
    def answers_h2c(port):
        try:
            with socket.create_connection((HOST, port), 1) as connection:
                connection.settimeout(1)
                connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
                return connection.recv(9)[3:4] == b"\4"
        except OSError:
            return False

    def probe_tls(self):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2", "http/1.1"])
        try:
            with socket.create_connection((HOST, self.ports["tls"]), 1) as plain, \
                    context.wrap_socket(plain) as connection:
                is_h2 = connection.selected_alpn_protocol() == "h2"
                return {"tls", "h2"} if is_h2 else {"tls"}
        except OSError:
            return set()

    # --- what it costs ---

    def pids(self):
        """Its processes and theirs."""
        found, todo = [], [process.pid for process in self.processes]
        while todo:
            pid = todo.pop()
            found.append(pid)
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/children", encoding="utf-8") as file:
                        todo += [int(child) for child in file.read().split()]
            except OSError:
                pass
        return found

    def cpu_s(self):
        """Processor time used so far, of all threads, user and system, in nanosecond steps."""
        total = 0
        for pid in self.pids():
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/schedstat", encoding="utf-8") as file:
                        total += int(file.read().split()[0])
            except OSError:  # it has gone
                pass
        return total / 1e9

    def threads_cpu_s(self):
        """The same of each thread: {its number: seconds}."""
        found = {}
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="utf-8") as file:
                    found[task] = int(file.read().split()[0]) / 1e9
        return found

    def bind(self, cpus):
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(task), cpus)

    def reset_peak(self):
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/clear_refs", "w", encoding="utf-8") as file:
                    file.write("5")
            except OSError:  # it has gone
                pass

    def memory_mib(self, name, field):
        """The sum over its processes of a line of /proc/PID/NAME, which is in kB."""
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/{name}", encoding="utf-8") as file:
                    found = re.search(rf"^{field}:\s+(\d+)", file.read(), re.M)
                    total += int(found.group(1)) if found else 0
            except OSError:  # it has gone
                pass
        return total / 1024

    def peak_mib(self):
        return self.memory_mib("status", "VmHWM")

    def pss_mib(self):
        return self.memory_mib("smaps_rollup", "Pss")

    def write(self, name, text):
        path = os.path.join(self.work, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


class Davit(Server):
    name = "davit"
    is_davit = True
    durability = "lazy"
    threads = 1
    binary = None

    def version(self):
        return getattr(self, "revision", "?")

    def commands(self):
        options = ["--threads", str(self.threads), "--durability", self.durability, "--depth-infinity", "allow",
                   "--state", os.path.join(self.work, "state"),
                   "--limit", f"connections={CONNECTIONS_MAX}",
                   "--limit", f"address_connections={CONNECTIONS_MAX}", "--limit", "idle_ms=600000",
                   "--limit", "locks_per_user=20000"]
        clear = f"{HOST}:{self.ports['h1']}"
        help_text = subprocess.run([self.binary, "serve", "--help"], capture_output=True,
                                   text=True, check=False).stdout
        if "--listen-plain" in help_text:  # older builds speak no TLS
            options += ["--listen-plain", clear, "--listen", f"{HOST}:{self.ports['tls']}",
                        "--tls-cert", self.cert, "--tls-key", self.key]
        else:
            options += ["--listen", clear]
        return [[self.binary, "serve", *options, self.root]]


class Nginx(Server):
    name = "nginx"
    program = "nginx"
    modules = "/usr/lib/nginx/modules"
    keeps_properties = False
    keeps_locks = False

    @classmethod
    def is_there(cls):
        return super().is_there() and os.path.exists(f"{cls.modules}/ngx_http_dav_ext_module.so")

    def commands(self):
        temp = "\n".join(f"{kind}_temp_path {self.work}/{kind};"
                         for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        # The body of an upload is renamed into place: it must be on the same file system.
        path = self.write("conf", f"""
load_module {self.modules}/ngx_http_dav_ext_module.so;
daemon off; worker_processes 1; pid {self.work}/pid; error_log {self.work}/error.log error;
worker_rlimit_nofile {CONNECTIONS_MAX};
events {{ worker_connections {CONNECTIONS_MAX - 100}; }}
http {{
    access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;
    keepalive_requests 1000000000; keepalive_timeout 600; http2_max_requests 1000000000;
    client_max_body_size 0; client_body_temp_path {self.root}/w-{self.name}-temp;
    {temp}
    dav_ext_lock_zone zone=locks:10m;
    server {{
        listen {HOST}:{self.ports['h1']};
        listen {HOST}:{self.ports['h2c']} http2;
        listen {HOST}:{self.ports['tls']} ssl http2;
        ssl_certificate {self.cert}; ssl_certificate_key {self.key};
        ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:tls:10m;
        root {self.root};
        autoindex on;
        location / {{
            dav_methods PUT DELETE MKCOL COPY MOVE;
            dav_ext_methods PROPFIND OPTIONS LOCK UNLOCK;
            dav_ext_lock zone=locks;
        }}
    }}
}}
""")
        return [[self.path(), "-c", path, "-p", self.work, "-e", f"{self.work}/error.log"]]


class Apache(Server):
    name = "apache"
    program = "apache2"
    modules = "/usr/lib/apache2/modules"

    def commands(self):
        modules = "\n".join(
            f"LoadModule {name}_module {self.modules}/mod_{name}.so" for name in
            ("mpm_event", "authz_core", "mime", "autoindex", "dav", "dav_fs", "socache_shmcb",
                         "ssl", "http2"))
        path = self.write("conf", f"""
ServerRoot {self.work}
PidFile {self.work}/pid
Mutex file:{self.work}
ErrorLog {self.work}/error.log
LogLevel error
{modules}
Listen {HOST}:{self.ports['h1']}
Listen {HOST}:{self.ports['tls']}
ServerName localhost
StartServers 1
ServerLimit 1
ThreadLimit 64
ThreadsPerChild 64
MaxRequestWorkers 64
AsyncRequestWorkerFactor 200
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 600
EnableSendfile On
Protocols h2 h2c http/1.1
TypesConfig /etc/mime.types
DavLockDB {self.work}/locks
DavDepthInfinity On
DocumentRoot {self.root}
<Directory {self.root}>
    Dav On
    Options Indexes
    Require all granted
</Directory>
SSLSessionCache shmcb:{self.work}/tls(512000)
<VirtualHost {HOST}:{self.ports['tls']}>
    SSLEngine on
    SSLCertificateFile {self.cert}
    SSLCertificateKeyFile {self.key}
</VirtualHost>
""")
        return [[self.path(), "-DFOREGROUND", "-f", path]]


class Lighttpd(Server):
    name = "lighttpd"
    program = "lighttpd"

    @classmethod
    def is_there(cls):
        return super().is_there() and os.path.exists("/usr/lib/lighttpd/mod_webdav.so")

    def commands(self):
        path = self.write("conf", f"""
server.modules = ("mod_webdav", "mod_openssl", "mod_dirlisting")
server.document-root = "{self.root}"
server.bind = "{HOST}"
server.port = {self.ports['h1']}
server.errorlog = "{self.work}/error.log"
server.upload-dirs = ("{self.work}")
server.max-fds = {CONNECTIONS_MAX}
server.max-connections = {CONNECTIONS_MAX - 100}
server.max-keep-alive-idle = 600
server.max-keep-alive-requests = 65535
server.max-request-size = 0
dir-listing.activate = "enable"
mimetype.assign = ("" => "application/octet-stream")
webdav.activate = "enable"
webdav.is-readonly = "disable"
webdav.sqlite-db-name = "{self.work}/webdav.db"
webdav.opts = ("propfind-depth-infinity" => "enable")
$SERVER["socket"] == "{HOST}:{self.ports['tls']}" {{
    ssl.engine = "enable"
    ssl.pemfile = "{self.cert}"
    ssl.privkey = "{self.key}"
}}
""")
        return [[self.path(), "-D", "-f", path]]


class Rclone(Server):
    name = "rclone"
    program = "rclone"
    version_args = ["version"]
    control_port = None
    keeps_properties = False  # its 207 says 403
    keeps_locks = False

    def spawn(self, command, cpus, env=None):
        super().spawn(command, cpus, {"GOMAXPROCS": "1", "RCLONE_CONFIG": "/dev/null"})

    def commands(self):
        self.control_port = self.control_port or free_port()
        common = [self.path(), "serve", "webdav", self.root, "--log-level", "ERROR", "--addr"]
        return [common + [f"{HOST}:{self.ports['h1']}", "--rc", "--rc-no-auth", "--rc-addr",
                          f"{HOST}:{self.control_port}"],
                common + [f"{HOST}:{self.ports['tls']}", "--cert", self.cert, "--key", self.key]]

    def refresh(self):
        """It keeps listings for minutes otherwise."""
        with socket.create_connection((HOST, self.control_port), 5) as connection:
            connection.sendall(b"POST /vfs/forget HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
            while connection.recv(4096):
                pass


PEERS = [Nginx, Apache, Lighttpd, Rclone]


def make_certificate(work):
    """What all of them show; in files there."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "30", "-subj", "/CN=localhost", "-keyout", f"{work}/key.pem",
                    "-out", f"{work}/cert.pem"], check=True, capture_output=True)


def davit_revision():
    done = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or "?"


def become(name):
    """Some servers refuse to be root, and others would change the user by themselves. From here on
    nothing is imported any more: the user may not be able to read Python's library."""
    if os.geteuid():
        return
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.environ["HOME"] = "/"
