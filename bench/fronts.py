"""What stands in front of an origin: davit's gateway, and proxies that pass everything on and rewrite nothing. Each is set
up as an administrator would who wants speed and uploads of any size: one process or loop, kept connections to the
origin, nothing buffered on disk, no access log.

All have the same two origins: below /files/ nginx (davit, where that is not installed), below /dav/ davit. These
run on the load's processor, and what is measured is the front alone."""

from servers import CONNECTIONS_MAX, HOST, Apache, Davit, Nginx, Server

KEPT = 64  # connections to an origin


class Front(Server):
    """`origins`: the servers by their prefixes; they run before it does."""

    def __init__(self, root, work, name=None):
        super().__init__(root, work, name)
        self.origins = {}
        self.speaks = {"gateway"}

    def addresses(self):
        return [(prefix, f"{HOST}:{origin.ports['h1']}") for prefix, origin in self.origins.items()]


class Gateway(Front):
    name = "davit-gateway"
    is_davit = True
    binary = None

    def version(self):
        return getattr(Davit, "revision", "?")

    def commands(self):
        mounts = "".join(f'[mount "/{prefix}"]\norigin = http://{origin}/\n' for prefix, origin in self.addresses())
        options = ["--threads", "1", "--listen", f"{HOST}:{self.ports['h1']}", "--limit", f"connections={CONNECTIONS_MAX}",
                   "--limit", f"address_connections={CONNECTIONS_MAX}", "--limit", "idle_ms=600000"]
        return [[self.binary, "serve", "-c", self.write("conf", mounts), *options]]


class NginxProxy(Front):
    name = "nginx-proxy"
    program = "nginx"

    def commands(self):
        temp = "\n".join(f"{kind}_temp_path {self.work}/{kind};"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        upstreams = "".join(f"upstream {prefix} {{ server {origin}; keepalive {KEPT}; keepalive_requests 1000000000; }}\n"
                            for prefix, origin in self.addresses())
        locations = "".join(f"location /{prefix}/ {{ proxy_pass http://{prefix}/; }}\n" for prefix in self.origins)
        path = self.write("conf", f"""
daemon off; worker_processes 1; pid {self.work}/pid; error_log {self.work}/error.log error;
worker_rlimit_nofile {CONNECTIONS_MAX};
events {{ worker_connections {CONNECTIONS_MAX - 100}; }}
http {{
    access_log off; tcp_nodelay on;
    keepalive_requests 1000000000; keepalive_timeout 600; client_max_body_size 0;
    {temp}
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    proxy_request_buffering off; proxy_max_temp_file_size 0;
    {upstreams}
    server {{
        listen {HOST}:{self.ports['h1']};
        {locations}
    }}
}}
""")
        return [[self.path(), "-c", path, "-p", self.work, "-e", f"{self.work}/error.log"]]


class ApacheProxy(Front):
    name = "apache-proxy"
    program = "apache2"

    def commands(self):
        modules = "\n".join(f"LoadModule {name}_module {Apache.modules}/mod_{name}.so"
                            for name in ("mpm_event", "authz_core", "proxy", "proxy_http"))
        passes = "\n".join(f"ProxyPass /{prefix}/ http://{origin}/ keepalive=On" for prefix, origin in self.addresses())
        path = self.write("conf", f"""
ServerRoot {self.work}
PidFile {self.work}/pid
Mutex file:{self.work}
ErrorLog {self.work}/error.log
LogLevel error
{modules}
Listen {HOST}:{self.ports['h1']}
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
{passes}
""")
        return [[self.path(), "-DFOREGROUND", "-f", path]]


PROXIES = [NginxProxy, ApacheProxy]


def make_origins(root, work, binary, davit_root):
    """Those of all fronts, by prefix; they are not started."""
    files = Nginx(root, work, "origin-files") if Nginx.is_there() else None
    dav = Davit(davit_root, work, "origin-dav")
    dav.binary = binary
    dav.speaks = {"h1"}
    if files:
        files.speaks = {"h1"}
    return {"files": files or dav, "dav": dav}
