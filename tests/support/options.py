"""The rows of the tables of options: src/server/config/options.def and its like.

A row is MACRO("name", letter or 0, "ARGUMENT" or NULL, [commands,] kind(member, ...), "help").
"""

import os
import re
from collections import namedtuple

SOURCE = os.path.join(os.path.dirname(__file__), "..", "..", "src")

# is_typed: on the command line only. commands: a set of names, of a table that is for several.
Option = namedtuple("Option", "name letter argument commands kind arguments help is_typed")

_ROW = re.compile(r"""^[A-Z]+_OPTION\( "(?P<name>[\w-]+)", \s*
    (?: (?P<letter>0|'.'), \s* )
    (?P<argument>NULL|"[^"]*"), \s*
    (?: (?P<commands>[A-Z]+(?:\s\|\s[A-Z]+)*), \s* )?
    (?P<typed>TYPED\()? (?P<kind>[A-Z_]+)\( (?P<arguments>[^()]*) \) \)? , \s*
    "(?P<help>(?:[^"\\]|\\.)*)" \)$""", re.M | re.X)


def options_of(table):
    with open(os.path.join(SOURCE, table), encoding="utf-8") as file:
        text = file.read()
    rows = [Option(row["name"], row["letter"].strip("0'"),
                   None if row["argument"] == "NULL" else row["argument"].strip('"'),
                   {name.lower() for name in re.findall(r"\w+", row["commands"] or "")},
                   row["kind"], [part.strip() for part in row["arguments"].split(",")],
                   row["help"], bool(row["typed"]))
            for row in _ROW.finditer(text)]
    assert len(rows) == len(re.findall(r"^[A-Z]+_OPTION\(", text, re.M)), "a row is not understood"
    return rows


def heading_of(option):
    """As man pages and help texts have it: "-c, --config FILE"."""
    return (f"-{option.letter}, " if option.letter else "") + f"--{option.name}" + \
        (f" {option.argument}" if option.argument else "")
