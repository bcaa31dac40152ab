#!/usr/bin/env python3
"""Checks real documentation with `davit check`, linkchecker and linkinator: compare.py [SET...]

The sets are Debian packages. Each is read by davit where it lies and from nginx, and what it says
both ways is compared (ways.py); what it says by HTTP is compared with what is true (oracle.js), link
by link. Then each checker reads the set from nginx, and the addresses that it calls bad are compared
with what is true: false alarms, missed ones, CPU time, peak memory. Addresses elsewhere are left out.

Printed is each difference that nothing explains, and two tables. The exit status is 1 if there is
such a difference, or an explanation that explains nothing any more. Needs node, and the packages of
package.json (`make realsites` fetches them).
"""

import argparse
import collections
import json
import os
import shutil
import subprocess
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.dont_write_bytecode = True

import peers  # pylint: disable=wrong-import-position
import ways  # pylint: disable=wrong-import-position
from checker import Nginx, Scratch, free_port  # pylint: disable=wrong-import-position

SETS = {
    "python3.11-doc": "python3.11/html",
    "git-doc": "git-doc",
    "sqlite3-doc": "sqlite3",
    "postgresql-doc-15": "postgresql-doc-15/html",
    "apache2-doc": "apache2-doc/manual",
    "python-django-doc": "python-django-doc/html",
    "libgtk-3-doc": "libgtk-3-doc",
    "debian-policy": "debian-policy",
}
BAD = ("broken", "fragment-missing")
FINE = {"redirected": "ok", "skipped": "elsewhere"}

Link = collections.namedtuple("Link", "page element attribute raw verdict")


def true_links(folder):
    """What the oracle says: rows."""
    node_modules = os.environ["REALSITES"]
    run = subprocess.run(["node", node_modules + "/oracle.js", folder], stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()]


def against_truth(http, truth):
    """A line for each link of which davit does not say what is true. Nothing explains that."""
    ours = collections.Counter()
    for (link, said), count in http.links.items():
        verdict = FINE.get(said.verdict, said.verdict)
        ours[Link(link.page, link.element, link.attribute, link.raw.strip(), verdict)] += count
    theirs = collections.Counter(Link(row["page"], row["element"], row["attribute"], row["raw"].strip(), row["verdict"])
                                 for row in truth)
    read = {row["page"] for row in truth}
    for which, found in (("only davit says", ours - theirs), ("davit does not say", theirs - ours)):
        for link in sorted(found.elements()):
            if link.page in read:
                yield "%s <%s %s> %s: %s %s" % (*link[:4], which, link.verdict), None


class Addresses:
    """The bad addresses of a set, spelled alike whoever names them."""

    def __init__(self, truth):
        self.broken = {row["path"] for row in truth if row["verdict"] == "broken"}
        self.bad = self.broken | {row["path"] + "#" + urllib.parse.unquote(row["fragment"]) for row in truth
                                  if row["verdict"] == "fragment-missing"}

    def spell(self, url, base):
        path, _, fragment = url.removeprefix(base).partition("#")
        path = urllib.parse.unquote(path.split("?")[0])
        is_whole = path in self.broken or not fragment
        return path if is_whole else path + "#" + urllib.parse.unquote(fragment)

    def judge(self, urls, base):
        """(false alarms, missed)"""
        found = {self.spell(url, base) for url in urls if url.startswith(base)}
        return sorted(found - self.bad), sorted(self.bad - found)


def of_davit(path):
    with open(path, encoding="utf-8") as file:
        for row in map(json.loads, file):
            if row["type"] == "link" and row["verdict"] in BAD:
                fragment = row.get("fragment", "") if row["verdict"] == "fragment-missing" else ""
                yield row["url"] + ("#" + fragment if fragment else "")


def checkers(root, url, options):
    """(name, command, function that gives the bad addresses)"""
    script = os.environ["REALSITES"] + "/node_modules/.bin/linkinator"
    yield "davit", [*ways.COMMAND, url + "/"], of_davit
    if not options.davit_alone:
        yield "linkinator", peers.linkinator(script, "--skip", "^(?!%s/)" % url, url + "/"), peers.of_linkinator
        yield "linkchecker", peers.linkchecker(root, url + "/"), peers.of_linkchecker
        yield "linkchecker, AnchorCheck", peers.linkchecker(root, url + "/", has_anchors=True), peers.of_linkchecker


def measure(root, url, addresses, options):
    found = {}
    for name, command, read in checkers(root, url, options):
        run = peers.Run(command, options.seconds, root)
        found[name] = {"wall_s": round(run.wall, 2), "cpu_s": round(run.cpu, 2), "peak_mib": round(run.mib, 1),
                       "is_stopped": run.is_stopped}
        if not run.is_stopped:
            found[name]["false"], found[name]["missed"] = addresses.judge(read(run.stdout), url)
    return found


class Report:
    """What was found, and whether that is as it should be."""

    def __init__(self):
        self.sets = {}
        self.faults = 0
        self.explained = collections.Counter()

    def note(self, name, differences):
        """Prints what is a fault; returns how many are none."""
        explained = 0
        for difference, why in differences:
            if why:
                self.explained[why] += 1
                explained += 1
            else:
                self.faults += 1
                print("%s: %s" % (name, difference), flush=True)
        return explained

    def check(self, name, options):
        folder = os.path.join(options.doc, SETS[name])
        if not os.path.isdir(folder):
            sys.exit("%s is not there: is %s installed without its documents?" % (folder, name))
        truth = true_links(folder)
        addresses = Addresses(truth)
        on_disk = ways.by_folder(folder)
        with Scratch() as root:
            port = free_port()
            url = "http://127.0.0.1:%d" % port
            ways.configure_nginx(root, port, folder, on_disk.documents)
            with Nginx(root, port):
                by_http = ways.by_http(url)
                ways_explained = self.note(name, ways.differences(on_disk, by_http))
                self.note(name, against_truth(by_http, truth))
                self.sets[name] = {
                    "documents": len(on_disk.documents), "links": len(truth), "bad_addresses": len(addresses.bad),
                    "ways_explained": ways_explained, "checkers": measure(root, url, addresses, options)}

    def check_explanations(self):
        for why, _ in ways.EXPLAINED:
            if not self.explained[why]:
                self.faults += 1
                print("explains nothing any more: %s" % why)

    def print_tables(self):
        print("| set | documents | links | both ways differ, explained | bad addresses |\n|---|---|---|---|---|")
        for name, one in self.sets.items():
            print("| {} | {documents:,} | {links:,} | {ways_explained:,} | {bad_addresses:,} |".format(name, **one))
        print("\n| set | checker | false alarms | missed | CPU s | wall s | peak MiB |\n|---|---|---|---|---|---|---|")
        for name, one in self.sets.items():
            for checker, found in one["checkers"].items():
                verdicts = ("not finished", "") if found["is_stopped"] else (len(found["false"]), len(found["missed"]))
                print("| %s | %s | %s | %s | %.1f | %.1f | %.0f |" % (
                    name, checker, *verdicts, found["cpu_s"], found["wall_s"], found["peak_mib"]))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", metavar="SET", help="of %s (default all)" % ", ".join(SETS))
    parser.add_argument("--doc", default="/usr/share/doc", help="where the packages have put them")
    parser.add_argument("--seconds", type=int, default=600, help="a checker that needs longer is stopped")
    parser.add_argument("--davit-alone", action="store_true", help="leave the other checkers out")
    parser.add_argument("--json", help="write all that was found to this file")
    options = parser.parse_args()
    unknown = set(options.sets) - set(SETS)
    if unknown:
        parser.error("no such set: %s" % ", ".join(unknown))
    return options


def main():
    options = parse()
    peers.raise_descriptors()
    report = Report()
    for name in options.sets or SETS:
        report.check(name, options)
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump(report.sets, file, indent=1)
    if not options.sets:
        report.check_explanations()
    report.print_tables()
    print("%d faults" % report.faults)
    return report.faults > 0


if __name__ == "__main__":
    sys.exit(main())
