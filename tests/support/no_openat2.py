#!/usr/bin/python3
"""Runs a command where openat2(2) fails: `no_openat2.py ERRNO COMMAND...`. EPERM is what systemd's
RestrictSUIDSGID= and old containers answer, ENOSYS what an old kernel does."""

import ctypes
import os
import struct
import sys

SYS_OPENAT2 = 437
LOAD, IF_EQUAL, ANSWER = 0x20, 0x15, 0x06
RET_ERRNO, RET_ALLOW = 0x50000, 0x7FFF0000
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38


class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def main():
    statements = [(LOAD, 0, 0, 0), (IF_EQUAL, 0, 1, SYS_OPENAT2), (ANSWER, 0, 0, RET_ERRNO | int(sys.argv[1])),
                  (ANSWER, 0, 0, RET_ALLOW)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *each) for each in statements))
    program = Program(len(statements), ctypes.cast(code, ctypes.c_void_p))
    libc = ctypes.CDLL(None)
    assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(program), 0, 0) == 0
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
