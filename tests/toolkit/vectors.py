"""The corpus in tests/vectors/multistatus: a body as some server sends it, or as none should, and beside
it what davit must make of it. NAME.json holds

    about    what the body is modelled on
    exit     the exit status of `davit read`
    members  what `davit read --format jsonl` says, a list
    verdict  "ok=1,403=1", and " incomplete" behind it where it is
    lint     the findings, a list of "rule line:column" (line 0: of no place), in their order

Run this file to write what davit says now into the .json files that are new or changed; read the
difference before you believe it."""

import glob
import json
import os
import subprocess
import sys

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../vectors/multistatus")
BINARY = os.environ.get("DAVIT", os.path.join(os.path.dirname(__file__), "../../build/davit"))


def names():
    return sorted(os.path.basename(path) for path in glob.glob(os.path.join(HERE, "*"))
                  if not path.endswith(".json"))


def path_of(name):
    return os.path.join(HERE, name)


def expected_of(name):
    with open(path_of(name) + ".json", encoding="utf-8") as file:
        return json.load(file)


def read(*args, data=None):
    return subprocess.run([BINARY, "read", *args], capture_output=True, timeout=60, check=False,
                          input=data if data is not None else b"")


def actual_of(name):
    path = path_of(name)
    members = read("--format", "jsonl", path)
    summary = read("--format", "summary", path).stdout.decode().strip()
    lint = read("--lint", "--format", "jsonl", path)
    findings = [json.loads(line) for line in lint.stdout.splitlines()]
    return {
        "exit": members.returncode,
        "members": [json.loads(line) for line in members.stdout.splitlines()],
        "verdict": summary.replace("207(", "").replace(")", ""),
        "lint": ["L%d %d:%d" % (one["rule"], one.get("line", 0), one.get("column", 0))
                 for one in findings],
    }


def main():
    for name in names():
        path = path_of(name) + ".json"
        old = expected_of(name) if os.path.exists(path) else {"about": "?"}
        new = {"about": old["about"], **actual_of(name)}
        if new == old:
            continue
        print(name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(new, file, indent=1, ensure_ascii=False)
            file.write("\n")


if __name__ == "__main__":
    sys.exit(main())
