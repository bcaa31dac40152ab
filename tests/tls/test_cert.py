"""davit cert self-signed."""

import os
import re
import stat
import subprocess

import davit
import pytest
import tls


def run(*args):
    return subprocess.run([davit.BINARY, "cert", *args], capture_output=True, text=True, check=False,
                          timeout=20)


def told(certificate, *what):
    return tls.openssl("x509", "-in", certificate, "-noout", *what).stdout.decode()


def test_a_pair_to_try_with(tmp_path):
    out = tmp_path / "new"
    old = os.umask(0)
    try:
        done = run("self-signed", "--out", str(out))
    finally:
        os.umask(old)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(os.stat(out / "key.pem").st_mode) == 0o600
    assert stat.S_IMODE(os.stat(out).st_mode) == 0o700
    text = told(out / "cert.pem", "-text")
    assert "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1" in text
    assert "ASN1 OID: prime256v1" in text and "CA:FALSE" in text
    assert "365" not in text
    fingerprint = told(out / "cert.pem", "-fingerprint", "-sha256").split("=")[1].strip()
    assert f"SHA-256 {fingerprint}\n" in done.stdout
    assert "PRIVATE" not in done.stdout
    for trusted in (["-x509_strict"], []):
        tls.openssl("verify", *trusted, "-CAfile", out / "cert.pem", out / "cert.pem")


def test_the_command_that_it_suggests_works(tmp_path):
    done = run("self-signed", "--out", str(tmp_path / "p"), "--name", "localhost")
    suggested = re.search(r"^davit serve (.*) DIR$", done.stdout, re.MULTILINE).group(1).split()
    with tls.Server([], suggested) as server:
        subprocess.run(["curl", "-sSf", "--cacert", str(tmp_path / "p" / "cert.pem"),
                        f"https://localhost:{server.address[1]}/"], check=True, capture_output=True)
        assert "warn: the " not in server.stderr()


def test_names_and_days(tmp_path):
    done = run("self-signed", "--name=a.example", "--name", "*.a.example", "--name", "192.0.2.7",
               "--days", "3", "--out", str(tmp_path / "p"))
    assert done.returncode == 0
    text = told(tmp_path / "p" / "cert.pem", "-text")
    assert "DNS:a.example, DNS:*.a.example, IP Address:192.0.2.7" in text
    assert "Subject: CN = a.example" in text
    certificate = str(tmp_path / "p" / "cert.pem")
    for seconds, status in ((2 * 86400, 0), (4 * 86400, 1)):
        assert subprocess.run(["openssl", "x509", "-in", certificate, "-noout", "-checkend",
                               str(seconds)], capture_output=True, check=False).returncode == status


def test_nothing_is_overwritten(tmp_path):
    tls.make_pair(tmp_path)
    before = (tmp_path / "key.pem").read_text()
    done = run("self-signed", "--out", str(tmp_path))
    assert done.returncode == 1 and "already" in done.stderr
    assert (tmp_path / "key.pem").read_text() == before
    os.remove(tmp_path / "key.pem")
    done = run("self-signed", "--out", str(tmp_path))
    assert done.returncode == 1 and "cert.pem" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["cert.pem"], "no key without a certificate"
    os.remove(tmp_path / "cert.pem")
    os.symlink(tmp_path / "elsewhere", tmp_path / "key.pem")
    assert run("self-signed", "--out", str(tmp_path)).returncode == 1
    assert not os.path.exists(tmp_path / "elsewhere")


@pytest.mark.parametrize("args,text", [
    ([], "Usage"), (["nonsense"], "Usage"), (["self-signed"], "no directory for the files"),
    (["self-signed", "--out"], "--out needs DIR"), (["self-signed", "--oot", "x"], "did you mean --out?"),
    (["self-signed", "--days", "0", "--out", "x"], "not a number from 1"),
    (["self-signed", "--days", "36501", "--out", "x"], "not a number from 1"),
    (["self-signed", "--out", "x", "y"], "unexpected argument 'y'")])
def test_wrong_usage(args, text, tmp_path):
    done = subprocess.run([davit.BINARY, "cert", *args], capture_output=True, text=True, check=False,
                          cwd=tmp_path)
    assert done.returncode == 2 and text in done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["", "a b", "a,DNS:b", "http://a", "a/b", "a\nb", "x*.y", 254 * "a"])
def test_what_is_no_name(name, tmp_path):
    done = run("self-signed", "--name", name, "--out", str(tmp_path / "p"))
    assert done.returncode == 1 and "neither a host name nor an IP address" in done.stderr
    assert not os.path.exists(tmp_path / "p" / "key.pem")


def test_help():
    for args in (["--help"], ["self-signed", "--help"]):
        done = run(*args)
        assert done.returncode == 0 and "self-signed" in done.stdout
