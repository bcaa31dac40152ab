#!/usr/bin/python3
"""Run by test_public.py in a network of its own, where 8.8.8.8 is this machine: prints the rows of a check."""

import subprocess
import sys

from checker import BINARY, Server, page


def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", "8.8.8.8/32", "dev", "lo"], check=True)
    with Server({"*": (200, {}, b"secret")}) as inner, Server(host="8.8.8.8") as outer:
        inside = "127.0.0.1:%d" % inner.port
        outer.answers.update({
            "/": page("/fine", "/in", "http://localhost:%d/name" % inner.port, "http://%s/literal" % inside,
                      "http://[::ffff:127.0.0.1]:%d/mapped" % inner.port, "http://2130706433:%d/number" % inner.port,
                      "http://0.0.0.0:%d/any" % inner.port),
            "/fine": (200, {}, b""), "/in": (302, {"Location": "http://%s/redirected" % inside}, b""),
            "/robots.txt": (302, {"Location": "http://%s/robots" % inside}, b"")})
        done = subprocess.run([BINARY, "check", "--public-only", "-v", "-o", "jsonl", outer.url + "/"],
                              stdout=subprocess.PIPE, check=False)
        sys.stdout.write(done.stdout.decode())
        print("asked", len(inner.requests))


if __name__ == "__main__":
    main()
