"""`alias_fs.py PLACE` mounts a file system there that takes many names for one, and serves it until it is unmounted:
no case, no Unicode form, nothing that cannot be seen and no dots and blanks at the end are told apart, and everything
has a short name as on FAT ("DAVIT~1"). What Linux can have of these all at once, for machines whose kernel has none.
It can only be read; it holds TREE."""

import ctypes
import errno
import os
import struct
import sys
import unicodedata

NFD = unicodedata.normalize("NFD", "Gehälter")
TREE = {".davit": {"s": b"secret"}, "Private": {"s": b"secret"}, NFD: {"s": b"secret"}, "Open": {"a": b"public"}}

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH = 1, 2, 3, 14, 15, 17, 18, 25
INIT, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, DESTROY, BATCH_FORGET = 26, 27, 28, 29, 36, 38, 42
MS_RDONLY = 1


def key(name):
    """What all names of one thing have in common."""
    seen = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    return unicodedata.normalize("NFC", seen.casefold()).rstrip(". ")


def short(name):
    return "".join(c for c in name.upper() if c.isascii() and c.isalnum())[:6] + "~1"


class Node:
    """A file or a directory, by its number."""

    nodes = []

    def __init__(self, content):
        self.content = content
        Node.nodes.append(self)
        self.number = len(Node.nodes)
        if isinstance(content, dict):
            self.members = {name: Node(inner) for name, inner in content.items()}

    def find(self, name):
        for own, node in getattr(self, "members", {}).items():
            if key(own) == key(name) or short(own) == name.upper():
                return node
        return None

    def attributes(self):
        is_directory = isinstance(self.content, dict)
        size = 0 if is_directory else len(self.content)
        return struct.pack("=6Q10I", self.number, size, 1, 1, 1, 1, 0, 0, 0, 0o40755 if is_directory else 0o100644,
                           1, 0, 0, 0, 4096, 0)


def entries(node):
    found = b""
    for offset, (name, member) in enumerate(node.members.items(), 1):
        data = name.encode()
        kind = 4 if isinstance(member.content, dict) else 8
        found += struct.pack("=QQII", member.number, offset, len(data), kind) + data + b"\0" * (-len(data) % 8)
    return found


def answer(opcode, node, body):
    """The body of an answer, or an errno."""
    if opcode == INIT:
        return struct.pack("=4I2H2I2H8I", 7, 31, 0, 0, 0, 0, 4096, 1, 0, 0, *[0] * 8)
    if opcode == LOOKUP:
        found = node.find(os.fsdecode(body.split(b"\0")[0]))
        return struct.pack("=4Q2I", found.number, 0, 0, 0, 0, 0) + found.attributes() if found else errno.ENOENT
    if opcode == GETATTR:
        return struct.pack("=Q2I", 0, 0, 0) + node.attributes()
    if opcode in (OPEN, OPENDIR):
        return struct.pack("=Q2I", 0, 0, 0)
    if opcode in (READ, READDIR):
        _, offset, size = struct.unpack_from("=QQI", body)
        if opcode == READ:
            return node.content[offset:offset + size]
        return b"" if offset else entries(node)
    if opcode == STATFS:
        return struct.pack("=5Q4I24x", 1, 0, 0, 1, 0, 4096, 255, 4096, 0)
    return b"" if opcode in (RELEASE, RELEASEDIR, FLUSH) else errno.ENOSYS


def serve(device):
    while True:
        try:
            request = os.read(device, 1 << 17)
        except OSError as error:
            if error.errno == errno.ENODEV:  # unmounted
                return
            if error.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):
                continue
            raise
        _, opcode, unique, number = struct.unpack_from("=IIQQ", request)
        if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
            continue
        said = answer(opcode, Node.nodes[number - 1] if number else None, request[40:])
        code, body = (-said, b"") if isinstance(said, int) else (0, said)
        os.write(device, struct.pack("=IiQ", 16 + len(body), code, unique) + body)
        if opcode == DESTROY:
            return


def main():
    device = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions"
    Node(TREE)
    if libc.mount(b"alias", os.fsencode(sys.argv[1]), b"fuse", MS_RDONLY, options.encode()):
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    print("mounted", flush=True)
    serve(device)


if __name__ == "__main__":
    main()
