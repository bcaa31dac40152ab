"""nginx in front of davit, as people set it up, and `davit doctor` in front of both."""

import json
import os
import shutil
import subprocess

import davit
import origins
import pytest

FINE = "proxy_http_version 1.1; proxy_set_header Host $http_host; client_max_body_size 0;"


class Nginx(origins.Program):
    """`location`: what stands in /outer/. `server`: beside it; `rest`: beside the server. In them `$origin`
    is where davit is, and `$work` a folder of nginx's own."""

    program = "nginx"

    def __init__(self, origin, location, server="", rest=""):
        super().__init__()
        self.lines = (location, server, rest)
        self.origin = origin
        self.listen = f"{origins.HOST}:{self.port}"
        self.url = f"http://{origins.HOST}:{self.port}/outer/"

    def command(self):
        location, server, rest = (line.replace("$origin", self.origin).replace("$work", self.work) for line in self.lines)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = "".join(f"{kind}_temp_path {self.work}/{kind};\n" for kind in kinds)
        path = self.write(f"""
daemon off; worker_processes 1; pid {self.work}/pid;
events {{ worker_connections 64; }}
http {{
access_log off;
types {{ text/html html; text/plain txt; }}
{places}
{rest}
server {{
listen {self.listen};
{server}
location /outer/ {{ {location} }}
}} }}
""")
        return [self.path(), "-e", os.path.join(self.work, "error"), "-p", self.work, "-c", path]


class Origin(davit.Davit):
    """davit with the collections /outer/ and /inner/."""

    def __init__(self, args=()):
        super().__init__(args=["--durability", "lazy", *args])
        for name in ("outer", "inner"):
            os.mkdir(os.path.join(self.root, name))


needs_nginx = pytest.mark.skipif(not shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"),
                                 reason="nginx is not installed")


def examine(url, *args, status=None, env=None):
    """The diagnosis, as JSON has it."""
    done = subprocess.run([davit.BINARY, "doctor", "--format", "json", *args, url], capture_output=True, text=True,
                          timeout=600, check=False, env={**os.environ, **(env or {})})
    assert done.stdout, done.stderr
    diagnosis = json.loads(done.stdout)
    assert status is None or done.returncode == status, done.stdout
    return diagnosis


def mistakes(diagnosis):
    """What was found: by probe, the names of mistakes."""
    return {probe["probe"]: [finding["mistake"] for finding in probe["findings"]]
            for probe in diagnosis["probes"] if probe["findings"]}


def unknown(diagnosis):
    return [probe["probe"] for probe in diagnosis["probes"] if probe["outcome"] == "unknown"]
