"""davit over TLS: certificates to test with, a server that has them, a strict client."""

import os
import re
import ssl
import subprocess
import time

import davit


class Pair:
    """A certificate and its key, in files."""

    def __init__(self, certificate, key):
        self.certificate = str(certificate)
        self.key = str(key)

    def args(self):
        return ["--tls-cert", self.certificate, "--tls-key", self.key]


def make_pair(directory, *names, days=30):
    """As a user makes one."""
    args = [part for name in names for part in ("--name", name)]
    subprocess.run([davit.BINARY, "cert", "self-signed", "--days", str(days), "--out",
                    str(directory), *args], check=True, capture_output=True)
    return Pair(os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem"))


def openssl(*args, **options):
    return subprocess.run(["openssl", *map(str, args)], capture_output=True, check=True, **options)


def make_rsa_pair(directory, name, bits=2048):
    key, certificate = directory / "rsa-key.pem", directory / "rsa-cert.pem"
    openssl("req", "-x509", "-newkey", f"rsa:{bits}", "-nodes", "-keyout", key, "-out", certificate,
            "-days", "30", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
    return Pair(certificate, key)


class Authority:
    """Signs certificates."""

    def __init__(self, directory, name):
        self.directory = directory
        self.name = name
        self.pair = Pair(directory / f"{name}.pem", directory / f"{name}.key")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.pair.key, "-out", self.pair.certificate, "-days", "30",
                "-subj", f"/CN={name}")

    def sign(self, subject, *names):
        stem = str(self.directory / (self.name + "-" + re.sub(r"\W", "", subject)))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                stem + ".key", "-out", stem + ".csr", "-subj", subject)
        extensions = [f"subjectAltName={','.join('DNS:' + name for name in names)}"] if names else []
        with open(stem + ".ext", "w", encoding="ascii") as file:
            file.write("\n".join(extensions) + "\n")
        openssl("x509", "-req", "-in", stem + ".csr", "-CA", self.pair.certificate, "-CAkey",
                self.pair.key, "-CAcreateserial", "-days", "30", "-out", stem + ".pem", "-extfile",
                stem + ".ext")
        return Pair(stem + ".pem", stem + ".key")


    def revoke(self, *revoked, days=(-1, 1), seconds=None):
        """The path of a new list of revocations, valid from one day to another, counted from now."""
        stem = str(self.directory / (self.name + "-crl"))
        with open(stem + ".index", "w", encoding="ascii") as file:
            for pair in revoked:
                done = subprocess.run(["openssl", "x509", "-noout", "-serial", "-subject", "-nameopt", "compat", "-in",
                                       pair.certificate], capture_output=True, text=True, check=True).stdout
                serial, subject = re.search(r"serial=(\w+)\nsubject=(.*)", done).groups()
                file.write(f"R\t{date(300)[2:]}\t{date(-1)[2:]}\t{serial}\tunknown\t{subject}\n")
        with open(stem + ".conf", "w", encoding="ascii") as file:
            file.write(f"[ca]\ndefault_ca = x\n[x]\ndatabase = {stem}.index\ndefault_md = sha256\n")
        until = ["-crlsec", str(seconds)] if seconds else [
            "-crl_lastupdate", date(days[0]), "-crl_nextupdate", date(days[1])]
        openssl("ca", "-gencrl", "-config", stem + ".conf", "-cert", self.pair.certificate, "-keyfile",
                self.pair.key, "-out", stem + ".pem", *until)
        return stem + ".pem"


def date(days):
    """So many days from now, as certificates have it."""
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400))


def context(*trusted, version=None, alpn=(), client=None):
    """A client's; with nobody to trust it takes every certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not trusted:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    for pair in trusted:
        made.load_verify_locations(pair.certificate)
    if version:
        made.minimum_version = made.maximum_version = version
    if alpn:
        made.set_alpn_protocols(list(alpn))
    if client:
        made.load_cert_chain(client.certificate, client.key)
    return made


class Connection(davit.Connection):
    """Notices whether the server said that nothing is missing (close_notify)."""

    def __init__(self, address, timeout=20, tls=None, name="localhost", session=None):
        super().__init__(address, timeout)
        self.ended_in_order = False
        plain = self.socket
        try:
            self.socket = (tls or context()).wrap_socket(
                self.socket, server_hostname=name, suppress_ragged_eofs=False, session=session)
        except OSError:
            plain.close()
            raise

    def _fill(self):
        try:
            data = self.socket.recv(65536)
            self.ended_in_order |= not data
        except (ConnectionResetError, ssl.SSLEOFError):
            data = b""
        self.buffer += data
        return bool(data)


class Server(davit.Davit):
    """A davit with a certificate; `ports` has the numbers of all it listens on."""

    def __init__(self, pairs, args=(), **options):
        more = [part for pair in pairs for part in pair.args()]
        super().__init__(args=more + list(args), **options)

    def start(self):
        super().start()
        self.ports = [int(port) for port in
                      re.findall(r"listening on https?://[0-9.]+:(\d+)/", self.stderr())]

    def connect(self, timeout=20, **options):
        return Connection(self.address, timeout, **options)
