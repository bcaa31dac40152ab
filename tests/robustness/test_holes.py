"""A copy of a sparse file is as sparse as the file: neither its time nor its room is that of what is not there."""

import os

import davit
import pytest
from session import Session

MIB = 1 << 20

# Where there is something, and how long the file is.
FILES = {
    "nothing": ([], 512 * MIB),
    "at the end": ([(512 * MIB - 5, b"there")], 512 * MIB),
    "at the beginning": ([(0, b"here")], 512 * MIB),
    "between": ([(3 * MIB, b"a" * 100_000), (200 * MIB + 12345, b"b" * 300_000)], 512 * MIB),
}


@pytest.mark.parametrize("name", FILES)
def test_a_copy_keeps_the_holes(name):
    parts, size = FILES[name]
    with davit.Davit() as server, Session(server) as client:
        os.mkdir(f"{server.root}/d")
        with open(f"{server.root}/d/f", "wb") as file:
            for offset, data in parts:
                os.pwrite(file.fileno(), data, offset)
            os.truncate(file.fileno(), size)
        used = os.stat(f"{server.root}/d/f").st_blocks
        if used * 512 > 2 * MIB:
            pytest.skip("this file system keeps no holes")
        client.expect(201, "COPY", "/d/f", {"Destination": "/g"})
        client.expect(201, "COPY", "/d", {"Destination": "/e"})
        for copy in ("g", "e/f"):
            with open(f"{server.root}/{copy}", "rb") as file:
                status = os.fstat(file.fileno())
                assert status.st_size == size
                assert status.st_blocks <= used + 64
                for offset, data in parts:
                    assert os.pread(file.fileno(), len(data), offset) == data
                assert os.lseek(file.fileno(), 0, os.SEEK_HOLE) <= (len(parts[0][1]) + 4096 if parts else 0)
