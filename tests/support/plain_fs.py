"""`plain_fs.py COMMAND...` runs a command as if no file system had O_TMPFILE or the flags of
renameat2(2), as is the case on FAT, many network file systems and old kernels: a seccomp filter
answers for the kernel."""

import ctypes
import errno
import os
import struct
import sys

OPENAT, RENAMEAT2 = {"x86_64": (257, 316), "aarch64": (56, 276)}[os.uname().machine]
O_TMPFILE = 0o20000000
LOAD, AND, EQUAL, RETURN = 0x20, 0x54, 0x15, 0x06
NUMBER, ARGUMENTS = 0, 16  # in struct seccomp_data
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2

PROGRAM = [
    # code, lines to skip if true, if false, operand
    (LOAD, 0, 0, NUMBER),
    (EQUAL, 0, 4, OPENAT),
    (LOAD, 0, 0, ARGUMENTS + 8 * 2),
    (AND, 0, 0, O_TMPFILE),
    (EQUAL, 4, 0, 0),
    (RETURN, 0, 0, ERRNO | errno.EOPNOTSUPP),
    (EQUAL, 0, 2, RENAMEAT2),
    (LOAD, 0, 0, ARGUMENTS + 8 * 4),
    (EQUAL, 0, 1, 0),
    (RETURN, 0, 0, ALLOW),
    (RETURN, 0, 0, ERRNO | errno.EINVAL),
]


def main():
    filters = b"".join(struct.pack("HBBI", *row) for row in PROGRAM)
    buffer = ctypes.create_string_buffer(filters)
    program = struct.pack("HxxxxxxP", len(PROGRAM), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
            libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0):
        sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
