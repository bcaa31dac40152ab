#!/usr/bin/python3
"""Builds davit with ASan and UBSan, runs every test, and ends with `N passed, N failed`.

`tools/test.py [SUITE...]` runs only these suites (see `meson test --list`)."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build-test")
SETUP = ["-Db_sanitize=address,undefined", "-Db_lundef=false", "--werror"]


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def count(log):
    """Passed and failed in a JUnit file; tests that tell of parts (TAP, pytest) count by part."""
    passed = failed = 0
    for suite in ElementTree.parse(log).getroot().iter("testsuite"):
        for case in suite.findall("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            elif case.find("skipped") is None:
                passed += 1
    return passed, failed


def main():
    os.environ["PATH"] = "/usr/bin:" + os.environ["PATH"]  # the system's python3 has pytest
    if not os.path.exists(os.path.join(BUILD, "meson-private")):
        if run("meson", "setup", BUILD, *SETUP):
            sys.exit(1)
    if run("ninja", "-C", BUILD):
        print("the build failed\n0 passed, 1 failed")
        sys.exit(1)
    junit = os.path.join(BUILD, "pytest")
    os.makedirs(junit, exist_ok=True)
    for name in os.listdir(junit):
        os.remove(os.path.join(junit, name))
    suites = [arg for name in sys.argv[1:] for arg in ("--suite", name)]
    status = run("meson", "test", "-C", BUILD, "--no-rebuild", "--print-errorlogs",
                 "--num-processes", "2", *suites)
    passed, failed = count(os.path.join(BUILD, "meson-logs", "testlog.junit.xml"))
    for name in os.listdir(junit):  # meson counts each pytest run as one test
        more_passed, more_failed = count(os.path.join(junit, name))
        passed += more_passed
        failed += more_failed
    if status and not failed:
        failed = 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
