"""Settings of `davit check` from a file."""

import os
import subprocess

from checker import Scratch, check
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
              "history = ../x": "--config names", "output = text:a/../../x": "--config names"}
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
