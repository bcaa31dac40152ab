"""Real documentation, read where it lies and from a server: the same is said of each link.

`make realsites` does it with eight sets of it, and beside other checkers; this is the smallest."""

import os
import shutil
import sys

import pytest
from davit import Davit

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "realsites"))

import ways  # pylint: disable=wrong-import-position

FOLDER = "/usr/share/doc/debian-policy"


@pytest.mark.skipif(not os.path.exists(FOLDER + "/README.html"), reason="needs debian-policy with its documents")
def test_a_folder_is_the_same_on_disk_and_from_a_server(tmp_path):
    folder, start = str(tmp_path / "policy"), "/every-document.html"
    shutil.copytree(FOLDER, folder)  # davit keeps its own files in what it serves
    on_disk = ways.by_folder(folder)
    assert len(on_disk.documents) > 40 and sum(on_disk.links.values()) > 2000
    with open(folder + start, "w", encoding="utf-8") as file:
        file.write(ways.start_page(on_disk.documents))
    with Davit(folder) as server:
        by_http = ways.by_http(server.url, start)
    assert not [str(found) for found, why in ways.differences(on_disk, by_http) if not why]
