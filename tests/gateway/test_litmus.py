"""litmus through a gateway whose prefix is another than the origin's: what passes at the origin passes."""

import re
import shutil
import subprocess

import pytest
import tls
from origins import Apache, DavitOrigin, Gateway, Lighttpd, Nginx

if not shutil.which("litmus"):
    pytest.skip("litmus is not installed", allow_module_level=True)

SUITES = ["basic", "copymove", "props", "locks", "http"]


def litmus(url, suite, folder):
    done = subprocess.run(["litmus", "-k", url], env={"TESTS": suite, "PATH": "/usr/bin:/bin"}, cwd=folder,
                          capture_output=True, text=True, timeout=300, check=False)
    failed = set(re.findall(r"^ *\d+\. (\S+?)\.* FAIL", done.stdout, re.MULTILINE))
    summary = re.search(r"of (\d+) tests run: (\d+) passed", done.stdout)
    return failed, summary, done.stdout


def check(url, suite, folder, known):
    """`known`: what does not pass without a gateway either."""
    failed, summary, told = litmus(url, suite, folder)
    assert failed <= known, told
    assert summary and (known or int(summary.group(1)) > 2), told


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("kind", [Apache, Lighttpd, Nginx], ids=["apache", "lighttpd", "nginx"])
def test_other_servers(kind, suite, started, tmp_path):
    if not kind.path():
        pytest.skip(f"{kind.program} is not installed")
    origin = started(kind())
    gateway = started(Gateway({"/team": f"origin = {origin.url}"}))
    direct, _, _ = litmus(origin.url, suite, tmp_path)
    check(gateway.url + "/team/", suite, tmp_path, direct)


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("version", ["1.1", "2"])
def test_davit(version, suite, started, tmp_path):
    """TLS ends at the gateway."""
    pair = tls.make_pair(tmp_path / "pair")
    origin = started(DavitOrigin())
    gateway = started(Gateway({"/": f"origin = {origin.url}\norigin-http = {version}"}, args=pair.args()))
    check(gateway.url + "/", suite, tmp_path, set())
