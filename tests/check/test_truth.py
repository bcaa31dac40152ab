"""A site of which all is known: each link must be found where it stands, and be called what it is."""

from collections import Counter

import pytest
from checker import NGINX, Nginx, Scratch, check, free_port
from davit import Davit
from site_maker import INSIDE, Site

REDIRECTS = {"permanent", "temporary", "to-other-host", "slash-only", "http-to-https"}


def key(row, verdict):
    return (row.get("page", ""), row["line"], row["column"], row["element"], row["attribute"], row["url"],
            row.get("fragment", ""), verdict)


def compare(site, run, skip=("start", "robots")):
    truth = Counter(key(row, row["verdict"]) for row in site.truth)
    found = Counter(
        key(row, row["redirect"] if row["verdict"] == "redirected" else row["verdict"])
        for row in run.links if row["element"] not in skip)
    missed, extra = truth - found, found - truth
    assert not missed and not extra, "missed %d: %s\nextra %d: %s" % (
        sum(missed.values()), list(missed)[:5], sum(extra.values()), list(extra)[:5])


@pytest.mark.skipif(not NGINX, reason="needs nginx")
@pytest.mark.parametrize("seed", [1, 2])
def test_every_link_of_500_pages_served_by_nginx(seed):
    with Scratch() as root:
        port = free_port()
        site = Site(root, 500 if seed == 1 else 60, port, seed)
        site.make()
        with Nginx(root, port):
            run = check("--soft404", "http://127.0.0.1:%d/" % port, timeout=280)
        compare(site, run)
        assert run.status == 1
        assert run.summary["complete"]
        assert "robots.txt asks robots to leave out" in run.stderr


@pytest.mark.skipif(not NGINX, reason="needs nginx")
def test_every_member_of_every_207():
    with Scratch() as root:
        port = free_port()
        site = Site(root, 2, port, 1)
        site.make()
        with Nginx(root, port):
            for name, (verdict, _, _, failed) in INSIDE.items():
                url = "http://127.0.0.1:%d/inside/%s/0" % (port, name)
                run = check("--robots", "warn", url)
                assert run.verdict("/0") == verdict, name
                bad = {(row["href"].split(":%d" % port)[-1], row["status"])
                       for row in run.members if row["verdict"] in ("broken", "follows")}
                assert bad == set(failed), name
                follows = [row for row in run.members if row["verdict"] == "follows"]
                assert all(row["cause"].endswith("/m/1") for row in follows), name


def test_every_link_of_a_site_served_by_davit():
    with Scratch() as root:
        port = free_port()
        site = Site(root, 500, port, 3, dynamic=False)
        site.make()
        # davit serves a folder as a listing and not by its index, and needs no slash.
        with Davit(root + "/www", args=["--listen", "127.0.0.1:%d" % port]):
            run = check("--sitemap", "off", "-r", "http://127.0.0.1:%d/p/0.html" % port)
        reached = {row["page"] for row in run.links if "page" in row}
        site.truth = [row for row in site.truth if row["page"] in reached
                      and not row["url"].endswith("/folder")]
        run.links = [row for row in run.links if not row["url"].endswith("/folder")]
        assert len(reached) > 495
        compare(site, run)
