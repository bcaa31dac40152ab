"""Settings of `davit check` from a file."""

import os
import subprocess

from checker import Scratch, Server, check
from davit import BINARY


def write(path, text=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def broken(run):
    return {row["raw"] for row in run.links if row["verdict"] == "broken"}


def test_a_file_is_found_upwards_from_the_start():
    with Scratch() as root:
        write(root + "/doc/sub/a.html", "<a href=gone-1>x</a> <a href=gone-2>y</a> <a href=gone-3>z</a>")
        write(root + "/davit-check.conf", "# ours\nexclude = gone-1\nexclude = nothing\n")
        write(root + "/doc/davit-check.ignore", "# not yet written\ngone-2\n\n")
        run = check(root + "/doc/sub")
        assert broken(run) == {"gone-3"} and "settings of %s/davit-check.conf" % root in run.stderr
        assert broken(check("--exclude", "gone-3", root + "/doc/sub/a.html")) == {"gone-1"}, "the command line wins"
        assert broken(check("--no-config", root + "/doc")) == {"gone-1", "gone-2", "gone-3"}
        write(root + "/other.conf", "exclude = gone-3\nverbose = yes\nrecursive = no\n")
        assert broken(check("--config", root + "/other.conf", root + "/doc")) == {"gone-1", }


def test_faults_of_a_file_are_named():
    faults = {"exclud = x": "did you mean 'exclude'", "retries = many": "retries", "[x]": "no sections", "x": "",
              "recursive = perhaps": "neither yes nor no", "help = yes": "no setting 'help'",
              "auth = me:secret": "--config names", "output = text:/etc/x": "--config names",
              "history = ../x": "--config names", "status = 404": "STATUS=VERDICT",
              "status = 404=": "STATUS=VERDICT", "fail-on =": "no such verdict", "base = docs": "not a URL", "output = text:a/../../x": "--config names"}
    with Scratch() as root:
        write(root + "/a.html", "")
        for line, word in faults.items():
            write(root + "/davit-check.conf", "\n" + line + "\n")
            run = subprocess.run([BINARY, "check", root], capture_output=True, check=False, text=True)
            assert run.returncode == 2 and "davit-check.conf:2: " in run.stderr and word in run.stderr, (line, run.stderr)
        write(root + "/davit-check.conf", "auth = me:secret\n")
        assert check("--config", root + "/davit-check.conf", root).status == 0
        assert check("--config", root + "/none", root).status == 2


def test_what_is_printed_can_be_read():
    options = ["--no-config", "-r", "--depth", "3", "--exclude", "a b", "--exclude", "c", "--rate", "5/s", "--status",
               "403=broken", "--fail-on", "broken,dns", "--quota", "9/day", "--history", "h.db", "-o", "json:x",
               "-o", "text", "--external", "off", "--timeout", "1.5m", "--crawl-delay", "2", "--suffix", ".html",
               "--auth", "me:s3cret"]
    with Scratch() as root:
        printed = subprocess.run([BINARY, "check", *options, "--print-config"], capture_output=True, check=True).stdout
        assert b"s3cret" not in printed and b"depth = 3\n" in printed and b"exclude = a b\nexclude = c\n" in printed
        write(root + "/x.conf", printed.decode())
        again = subprocess.run([BINARY, "check", "--config", root + "/x.conf", "--print-config"], capture_output=True,
                               check=False)
        assert again.stdout == printed, again.stderr
        plain = subprocess.run([BINARY, "check", "--no-config", "--print-config"], capture_output=True, check=True)
        write(root + "/y.conf", plain.stdout.decode())
        again = subprocess.run([BINARY, "check", "--config", root + "/y.conf", "--print-config"], capture_output=True,
                               check=False)
        assert again.stdout == plain.stdout, again.stderr


def test_a_file_is_found_whatever_the_start_is():
    with Scratch() as root:
        write(root + "/a.html", "<a href=gone-1>x</a> <a href=gone-2>y</a>")
        write(root + "/davit-check.conf", "exclude = gone-1\n")

        def run(*args, stdin=None):
            return subprocess.run([BINARY, "check", *args], cwd=root, capture_output=True, text=True, check=False,
                                  input=stdin)
        for done in (run("a.html"), run("*.html"), run("http://127.0.0.1:1/", "a.html"), run("-", stdin="")):
            assert "settings of %s/davit-check.conf" % root in done.stderr, done.stderr
        os.unlink(root + "/davit-check.conf")
        os.mkfifo(root + "/davit-check.conf")
        assert "gone-1" in run("a.html").stdout, "no file"


def test_what_a_file_writes_stays_in_its_project():
    with Scratch() as root:
        write(root + "/home/project/a.html", "<a href=gone>")
        os.symlink("../..", root + "/home/project/out")
        os.symlink("../../none", root + "/home/project/dangling")
        for output in ("out/x", "dangling", "out/home/x"):
            write(root + "/home/project/davit-check.conf", "output = text:%s\n" % output)
            done = subprocess.run([BINARY, "check", "a.html"], cwd=root + "/home/project", capture_output=True,
                                  text=True, check=False)
            assert done.returncode == 2 and "--config names" in done.stderr, (output, done.stderr)
        write(root + "/home/project/davit-check.conf", "output = text:.profile\n")
        done = subprocess.run([BINARY, "check", "project"], cwd=root + "/home", capture_output=True, text=True,
                              check=False)
        assert done.returncode == 2 and not os.path.exists(root + "/home/.profile"), done.stderr
        done = subprocess.run([BINARY, "check", "."], cwd=root + "/home/project", capture_output=True, check=False)
        assert done.returncode == 1 and os.path.exists(root + "/home/project/.profile")


def test_the_command_line_wins_for_statuses():
    with Scratch() as root, Server({"*": (404, {}, b"")}) as server:
        write(root + "/x.conf", "status = 404=ok\nstatus = 500=ok\n")
        config = ("--config", root + "/x.conf")
        assert check(*config, server.url + "/x").verdict("/x") == "ok"
        assert check(*config, "--accept", "200", "--status", "404=broken", server.url + "/x").verdict("/x") == "broken"
        printed = subprocess.run([BINARY, "check", *config, "--accept", "404", "--print-config"], capture_output=True,
                                 check=True, text=True).stdout
        assert "status = 404-404=ok\nstatus = 404-404=ok\nstatus = 500" in printed


def test_no_is_said_and_secrets_are_not():
    with Scratch() as root:
        for options in (["--no-recursive"], ["-r"]):
            printed = subprocess.run([BINARY, "check", "--no-config", "--proxy", "http://me:s3cret@p:1", *options,
                                      "--print-config"], capture_output=True, check=True).stdout
            assert b"s3cret" not in printed
            write(root + "/x.conf", printed.decode())
            again = subprocess.run([BINARY, "check", "--config", root + "/x.conf", "--print-config"],
                                   capture_output=True, check=True).stdout
            assert printed.splitlines()[0] == again.splitlines()[0]
        assert again.startswith(b"recursive = yes\n")
