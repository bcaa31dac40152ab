"""davit as root says it is to be run: the recipe of docs/recipes.md as it stands there, in a file system and a network
of its own, where it becomes a user who may not read what root gave it, and reads it again all the same."""

import os
import re
import shutil
import signal
import subprocess

import davit
import pytest
from session import need_root, reload, wait_for

RECIPES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/recipes.md")
URL = "https://dav.example.org/"

# What the recipe takes for granted: the machine.
MACHINE = """set -e
ip link set lo up
mkdir "$W/etc" "$W/bin"
cp -a /etc/. "$W/etc"
mount --bind "$W/etc" /etc
mount -t tmpfs none /srv
mount -t tmpfs none /var/log
umask 022
ln -s "$DAVIT" "$W/bin/davit"
export PATH="$W/bin:/usr/sbin:/sbin:$PATH"
mkdir -p -m 755 /etc/davit /etc/letsencrypt
mkdir -p -m 700 /etc/letsencrypt/live/dav.example.org
cp "$W/davit.conf" /etc/davit/davit.conf
"""


def recipe(heading):
    """The configuration and the commands below a heading."""
    with open(RECIPES, encoding="utf-8") as file:
        text = file.read().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    blocks = [re.sub(r"^    ", "", block, flags=re.M) for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.M)]
    return blocks[0], "\n".join(blocks[1:])


class Machine(davit.Logged):
    """davit as the recipe has it."""

    def __init__(self, folder):
        self.folder = folder
        config, commands = recipe("TLS without a proxy")
        (folder / "davit.conf").write_text(config)
        script = MACHINE + self.certificate("one") + commands.replace(
            "davit user add alice ", "davit user add alice --password-file $W/password ").replace(
            "davit user add bob ", "davit user add bob --password-file $W/password ")
        (folder / "password").write_text("pencil\n")
        (folder / "start").write_text(script + "\nexec davit serve -c /etc/davit/davit.conf\n")
        self.log = open(folder / "stderr", "wb")
        self.process = subprocess.Popen(["unshare", "-m", "-n", "--propagation", "private", "bash", str(folder / "start")],
                                        env={**os.environ, "W": str(folder), "DAVIT": davit.BINARY}, stderr=self.log,
                                        stdout=self.log)

    @staticmethod
    def certificate(name):
        at = "/etc/letsencrypt/live/dav.example.org"
        return (f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN={name} "
                f"-addext subjectAltName=DNS:dav.example.org -keyout {at}/privkey.pem -out {at}/fullchain.pem "
                "2>/dev/null\n" f"chmod 600 {at}/privkey.pem\n")

    def stderr(self):
        return (self.folder / "stderr").read_text(encoding="utf-8")

    def run(self, script):
        """As root of that machine."""
        done = subprocess.run(["nsenter", "-t", str(self.process.pid), "-m", "-n", "bash", "-ec",
                               'export PATH="$W/bin:/usr/sbin:/sbin:$PATH"\n' + script],
                              env={**os.environ, "W": str(self.folder)}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def status(self, user, password="pencil"):
        return int(self.run(f"curl -sk --resolve dav.example.org:443:127.0.0.1 -u {user}:{password} -o /dev/null "
                            f"-w '%{{http_code}}' -X PROPFIND -H 'Depth: 0' {URL}"))

    def subject(self):
        return self.run("openssl s_client -connect 127.0.0.1:443 -servername dav.example.org </dev/null 2>/dev/null | "
                        "openssl x509 -noout -subject")

    def opener(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


@pytest.fixture(name="machine")
def machine_fixture(tmp_path):
    need_root("a server that gives up rights")
    for tool in ("unshare", "nsenter", "openssl", "curl", "useradd", "ip"):
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            pytest.skip(f"there is no {tool}")
    trial = subprocess.run(["unshare", "-m", "-n", "true"], capture_output=True, text=True, check=False)
    if trial.returncode:
        pytest.skip(f"unshare: {trial.stderr.strip()}")
    for directory in (tmp_path, *list(tmp_path.parents)[:3]):
        os.chmod(directory, 0o755)
    running = Machine(tmp_path)
    try:
        wait_for(lambda: "listening on https://0.0.0.0:443/" in running.stderr() or running.process.poll() is not None,
                 "the server", 60)
        assert running.process.poll() is None, running.stderr()
        yield running
    finally:
        running.stop()


def test_a_reload_reads_what_only_root_may_read(machine):
    status = open(f"/proc/{machine.process.pid}/status", encoding="ascii").read()
    assert re.search(r"^Uid:\s+[1-9]", status, re.M), "it gave up root"
    assert machine.status("alice") == 207 and machine.status("bob") == 207
    assert "CN = one" in machine.subject() or "CN=one" in machine.subject()
    machine.run("davit user del bob -c /etc/davit/davit.conf\nmv /var/log/davit/access.log /var/log/davit/access.log.1\n"
                + machine.certificate("two"))
    reload(machine)
    assert machine.status("bob") == 401, "who was removed is out"
    assert machine.status("alice") == 207
    assert "two" in machine.subject()
    wait_for(lambda: " alice [" in machine.run("cat /var/log/davit/access.log"), "alice in the new log")
    assert "keeping" not in machine.stderr() and "STAYS" not in machine.stderr()


def test_what_changes_holds_without_a_signal(machine):
    """davit may look at none of it: it has the files opened."""
    assert machine.status("bob") == 207
    machine.run("davit user del bob -c /etc/davit/davit.conf\n")
    wait_for(lambda: machine.status("bob") == 401, f"bob to be out in\n{machine.stderr()}")
    machine.run(machine.certificate("two"))
    wait_for(lambda: "two" in machine.subject(), f"the certificate in\n{machine.stderr()}")
    assert machine.status("alice") == 207 and "cannot be watched" not in machine.stderr()


def test_what_cannot_be_read_is_named_and_keeps_nothing_else(machine):
    assert machine.status("bob") == 207
    machine.run("davit user del bob -c /etc/davit/davit.conf\n"
                "echo broken > /etc/letsencrypt/live/dav.example.org/privkey.pem")
    reload(machine)
    machine.says("keeping the old certificates: there is no private key in")
    assert machine.status("bob") == 401, "the certificate is no reason to let him in"
    machine.run("mv /etc/davit/users /etc/davit/away\n" + machine.certificate("two"))
    reload(machine)
    machine.says("THE OLD CONTENT OF '/etc/davit/users' STAYS IN FORCE")
    assert machine.status("alice") == 207 and "two" in machine.subject()
    machine.run("mv /etc/davit/away /etc/davit/users")
    # A file that the configuration names only now.
    machine.run("cd /etc/davit; mkdir -m 700 other; cp users other/users\n"
                "davit user del alice --users other/users\n"
                "davit user add carol --password-file $W/password --users other/users\n"
                "chmod 600 other/users* davit.conf\nsed -i 's,= /etc/davit/users,= /etc/davit/other/users,' davit.conf")
    reload(machine)
    assert machine.status("alice") == 401 and machine.status("carol") == 207


def test_a_configuration_of_somebody_else_names_nothing_new(machine):
    machine.run("cd /etc/davit; chown davit davit.conf; mkdir -m 700 other; cp users users.keys other\n"
                "sed -i 's,= /etc/davit/users,= /etc/davit/other/users,' davit.conf; chmod 600 other/*")
    reload(machine, "keeping the old settings")
    machine.says("the files that '/etc/davit/davit.conf' names now are not opened with root's rights")
    machine.says("'/etc/davit/other/users' is not opened with root's rights")
    machine.run("chown root /etc/davit/davit.conf")
    reload(machine)
    assert machine.status("alice") == 207


def test_the_opener_opens_nothing_else_and_ends_with_davit(machine):
    openers = machine.opener()
    assert len(openers) == 1
    status = open(f"/proc/{openers[0]}/status", encoding="ascii").read()
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.M) and re.search(r"^Threads:\s+1$", status, re.M)
    rights = int(re.search(r"^CapEff:\s+(\S+)$", status, re.M).group(1), 16)
    assert rights == 1 << 1 | 1 << 2, f"{rights:x}"
    descriptors = os.listdir(f"/proc/{openers[0]}/fd")
    assert sorted(descriptors) == ["0", "1", "2", "3"]
    # A directory of the server's user: what he puts there is not opened for him.
    machine.run("chown davit /var/log/davit; rm /var/log/davit/access.log; touch /etc/secret; chmod 600 /etc/secret\n"
                "ln -s /etc/secret /var/log/davit/access.log")
    reload(machine)
    machine.says("'/var/log/davit/access.log' is not opened with root's rights")
    assert machine.status("alice") == 207
    assert machine.run("cat /etc/secret") == ""
    machine.process.kill()
    wait_for(lambda: not os.path.exists(f"/proc/{openers[0]}") or
             " Z " in open(f"/proc/{openers[0]}/stat", encoding="ascii").read(), "the opener to end", 20)


def test_without_the_opener_the_log_says_so(machine):
    os.kill(machine.opener()[0], signal.SIGKILL)
    reload(machine, "the process that opens files with root's rights has ended")
    machine.says("keeping the old certificates")
    assert machine.status("alice") == 207
