"""A server of calendars and address books behind a gateway: Radicale, as a client of it sees it."""

import os
import re
import shutil

import pytest
from origins import HOST, Gateway, Program

if not shutil.which("radicale"):
    pytest.skip("radicale is not installed", allow_module_level=True)

ALICE = {"Authorization": "Basic YWxpY2U6YQ=="}
EVENT = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\nBEGIN:VEVENT\r\nUID:{0}\r\nDTSTAMP:20260101T000000Z\r\n"
         "DTSTART:20260101T100000Z\r\nSUMMARY:/dav/{0}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")


class Radicale(Program):
    program = "radicale"

    def command(self):
        users = os.path.join(self.work, "users")
        with open(users, "w", encoding="utf-8") as file:
            file.write("alice:a\n")
        path = self.write(f"""[server]
hosts = {HOST}:{self.port}
[auth]
type = htpasswd
htpasswd_filename = {users}
htpasswd_encryption = plain
[storage]
filesystem_folder = {self.work}/state
""")
        self.url = f"http://{HOST}:{self.port}/"
        return [self.path(), "--config", path]


def hrefs(done):
    return re.findall(r"<(?:\w+:)?href>([^<]*)</", done.body.decode())


def propfind(gateway, path, *names, depth="0"):
    props = "".join(f"<{name}/>" for name in names)
    body = (f'<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop>{props}</D:prop></D:propfind>')
    done = gateway.request("PROPFIND", path, {"Depth": depth, "Content-Type": "application/xml", **ALICE}, body)
    assert done.status == 207, done
    return done


def test_from_the_principal_to_an_event(started):
    origin = started(Radicale())
    gateway = started(Gateway({"/cal": f"origin = {origin.url}\norigin-credentials = pass"}))
    assert gateway.request("PROPFIND", "/cal/", {"Depth": "0"}).status == 401
    principal = hrefs(propfind(gateway, "/cal/", "D:current-user-principal"))[-1]
    assert principal == "/cal/alice/"
    home = hrefs(propfind(gateway, principal, "C:calendar-home-set"))[-1]
    assert home.startswith("/cal/alice/")
    made = gateway.request("MKCALENDAR", home + "work/", ALICE,
                           '<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>'
                           "<D:displayname>/cal/work</D:displayname></D:prop></D:set></C:mkcalendar>")
    assert made.status == 201, made
    for name in "ab":
        done = gateway.request("PUT", f"{home}work/{name}.ics", {"Content-Type": "text/calendar", **ALICE}, EVENT.format(name))
        assert done.status == 201, done
    listed = hrefs(propfind(gateway, home + "work/", "D:getetag", depth="1"))
    assert set(listed) == {home + "work/", home + "work/a.ics", home + "work/b.ics"}
    report = ('<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/>'
              f"</D:prop><D:href>{home}work/a.ics</D:href><D:href>{home}work/none.ics</D:href></C:calendar-multiget>")
    done = gateway.request("REPORT", home + "work/", {"Depth": "1", **ALICE}, report)
    assert done.status == 207 and set(hrefs(done)) == {home + "work/a.ics", home + "work/none.ics"}
    assert b"SUMMARY:/dav/a" in done.body
    sync = ('<D:sync-collection xmlns:D="DAV:"><D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>'
            "</D:sync-collection>")
    done = gateway.request("REPORT", home + "work/", ALICE, sync)
    assert done.status == 207 and set(hrefs(done)) == {home + "work/a.ics", home + "work/b.ics"}
    assert gateway.request("DELETE", home + "work/a.ics", ALICE).status in (200, 204)
    assert gateway.request("GET", home + "work/a.ics", ALICE).status == 404
