"""nextcloudcmd, Nextcloud's client for the command line, syncs with davit."""

from syncing import USER, Scenarios


class TestNextcloudcmd(Scenarios):
    command = ["nextcloudcmd"]
    idle = [("GET", "status.php"), ("GET", "ocs/v1.php/cloud/capabilities?format=json"),
            ("GET", "ocs/v1.php/cloud/user?format=json"), ("PROPFIND", f"remote.php/dav/files/{USER}/")]
