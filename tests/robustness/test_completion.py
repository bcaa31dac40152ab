"""What shells offer: commands, verbs, options and the words they take are those of the tables."""

import os
import shutil
import subprocess

import davit
import pytest
from options import options_of

COMPLETIONS = os.path.join(os.path.dirname(__file__), "..", "..", "completions")


def offered(*words):
    done = subprocess.run([davit.BINARY, "complete", *words], capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0 and not done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("words, expected", [
    (["se"], ["serve"]),
    (["us"], ["user"]),
    (["wibble"], []),
    (["wibble", ""], []),
    (["user", ""], ["add", "passwd", "del", "list"]),
    (["user", "-c", "davit.conf", "p"], ["passwd"]),
    (["user", "add", ""], []),
    (["cert", ""], ["self-signed"]),
    (["cert", "self-signed", "--n"], ["--name"]),
    (["serve", "--du"], ["--durability"]),
    (["serve", "--durability", ""], ["flush", "lazy"]),
    (["serve", "--durability", "l"], ["lazy"]),
    (["serve", "--durability=l"], ["--durability=lazy"]),
    (["serve", "--durability", "="], ["flush", "lazy"]),
    (["serve", "--durability", "=", "l"], ["lazy"]),
    (["serve", "--durability", "lazy", "--durab"], ["--durability"]),
    (["serve", "--state", ""], []),
    (["serve", "--state", "--du"], []),
    (["serve", "--", "--du"], []),
    (["serve", ""], []),
    (["read", "-f", "j"], ["json", "jsonl"]),
    (["read", "-fj"], ["-fjson", "-fjsonl"]),
    (["check", "--sitemap", "o"], ["only", "off"]),
    (["token", "add", "--us"], []),
    (["user", "add", "--us"], ["--users"]),
])
def test_what_is_offered(words, expected):
    assert offered(*words) == expected


def test_every_command_is_offered():
    done = subprocess.run([davit.BINARY, "--help"], capture_output=True, text=True, timeout=60, check=True)
    told = [line.split()[0] for line in done.stdout.split("Commands:\n")[1].split("\n\n")[0].splitlines()]
    assert offered("") == told and len(told) > 5


@pytest.mark.parametrize("command, table", [
    ("serve", "server/config/options.def"), ("check", "cli/check_options.def"),
    ("read", "cli/read_options.def"), ("explain", "cli/explain_options.def"),
    ("cert", "cli/admin/cert_options.def"), ("user", "cli/admin/options.def"),
    ("token", "cli/admin/options.def"), ("rule", "cli/admin/options.def"),
    ("config", "cli/admin/options.def"), ("gateway", "cli/admin/options.def"),
    ("upload", "cli/admin/options.def"),
])
def test_every_option_is_offered(command, table):
    rows = [row for row in options_of(table) if not row.commands or command in row.commands]
    assert offered(command, "--") == [f"--{row.name}" for row in rows]


def in_shell(shell, script, *args):
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell}")
    environment = dict(os.environ, PATH=os.path.dirname(davit.BINARY) + ":" + os.environ["PATH"])
    return subprocess.run([shell, *args, "-c", script], capture_output=True, text=True, timeout=60,
                          env=environment, cwd=COMPLETIONS, check=False)


def test_bash_offers_them():
    done = in_shell("bash", """. ./davit && COMP_WORDS=(davit serve --durability "") COMP_CWORD=3
        _davit davit && printf '%s\\n' "${COMPREPLY[@]}" && complete -p davit""")
    assert done.stdout.splitlines()[:2] == ["flush", "lazy"], done
    assert "-F _davit davit" in done.stdout


def test_zsh_offers_them():
    done = in_shell("zsh", """words=(davit serve --durability '') CURRENT=4
        compadd() { shift; print -l -- "$@" }
        . ./_davit""", "-f")
    assert done.stdout.splitlines() == ["flush", "lazy"], done


def test_fish_offers_them():
    done = in_shell("fish", "source davit.fish; complete -C 'davit serve --durability '")
    assert done.stdout.splitlines() == ["flush", "lazy"], done
