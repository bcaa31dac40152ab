"""Other checkers, and what a run of a checker costs."""

import csv
import json
import os
import resource
import signal
import subprocess
import time


def peak_mib(pid):
    """The most that was resident since it began; rusage would count this script's memory before exec."""
    try:
        with open("/proc/%d/status" % pid, encoding="ascii") as file:
            return next((int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


class Run:
    """A tool that has ended, or was stopped: its wall time, CPU time, memory, and the path of its output."""

    def __init__(self, command, seconds, folder):
        self.stdout = os.path.join(folder, "stdout")
        start = time.monotonic()
        with open(self.stdout, "wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, start_new_session=True)
        self.is_stopped = False
        self.mib = 0
        while True:
            self.mib = max(self.mib, peak_mib(process.pid))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - start > seconds and not self.is_stopped:
                self.is_stopped = True
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(status)  # it was waited for
        self.wall = time.monotonic() - start
        self.cpu = usage.ru_utime + usage.ru_stime


def raise_descriptors():
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))


# --- linkchecker ---

def linkchecker(root, *args, has_anchors=False):
    """The command. Without the settings it asks 10 times a second, which the server has to allow as
    well, by a field LinkChecker, and reads no page over a megabyte. Anchors are a plugin's affair."""
    config = os.path.join(root, "linkcheckerrc")
    with open(config, "w", encoding="ascii") as file:
        file.write("[checking]\nmaxrequestspersecond=1000000\nmaxfilesizeparse=67108864\n"
                   "maxfilesizedownload=67108864\n%s" % ("[AnchorCheck]\n" if has_anchors else ""))
    return ["linkchecker", "-f", config, "--no-status", "-t", "10", "-o", "csv", *args]


def of_linkchecker(path):
    """The addresses that it calls bad; one without a fragment that it has, it warns of."""
    csv.field_size_limit(1 << 30)  # it lists all anchors that there are
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        for row in csv.DictReader(lines, delimiter=";"):
            if row.get("valid") == "False" or "nchor" in (row.get("warningstring") or ""):
                yield row["url"]


# --- linkinator ---

def linkinator(script, *args):
    return ["node", os.path.realpath(script), "--recurse", "--check-css", "--check-fragments", "--format", "json",
            *args]


def of_linkinator(path):
    """The addresses that it calls bad."""
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    for link in json.loads(text[text.index("{"):])["links"]:
        if link["state"] == "BROKEN":
            yield link["url"]
