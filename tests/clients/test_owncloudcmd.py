"""owncloudcmd, ownCloud's client for the command line, syncs with davit."""

from syncing import Scenarios


class TestOwncloudcmd(Scenarios):
    command = ["owncloudcmd"]
    idle = [("GET", "ocs/v1.php/cloud/capabilities?format=json"),
            ("GET", "ocs/v1.php/cloud/user?format=json"), ("PROPFIND", "remote.php/dav/files/alice/")]
