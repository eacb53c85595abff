"""Runs a program under the restrictions that a systemd unit in a document states, as far as Linux gives them without systemd.

    unit_sandbox.py --unit Docs/hold.md [--group G] [--writable DIR]… -- PROGRAM …

Honoured as systemd.exec(5) describes them: CapabilityBoundingSet, NoNewPrivileges, ProtectSystem=strict with ReadWritePaths
(replaced by --writable, as the checks' Postfix has its queue elsewhere), ProtectHome, PrivateNetwork, RestrictAddressFamilies,
UMask, Group. A directive of the unit that is neither honoured here nor known to be harmless is an error: the document must
not promise what nobody checked.
"""

import argparse
import ctypes
import grp
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

HONOURED = {"CapabilityBoundingSet", "NoNewPrivileges", "ProtectSystem", "ReadWritePaths", "ProtectHome", "PrivateNetwork",
            "RestrictAddressFamilies", "UMask", "Group"}
# Where the program is and what systemd prepares for it, not what it may do.
PREPARED = {"ExecStart", "RuntimeDirectory", "RuntimeDirectoryMode", "Restart"}
# linux/capability.h, linux/prctl.h, linux/sched.h, linux/seccomp.h
CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"]
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 24, 38, 22, 2
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
EAFNOSUPPORT, AF_UNIX = 97, 1

LIBC = ctypes.CDLL(None, use_errno=True)


def _call(what, result):
    """Raises what a system call says no to."""
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def directives(document):
    """The directives of the [Service] section of the first unit in a document."""
    unit = re.search(r"^\[Service\]$(.*?)^```", Path(document).read_text(), re.M | re.S).group(1)
    found = dict(line.split("=", 1) for line in unit.splitlines() if "=" in line)
    unknown = set(found) - HONOURED - PREPARED
    if unknown:
        raise SystemExit(f"unit_sandbox: {document} states what is not checked: {', '.join(sorted(unknown))}")
    return found


def _mounts(unit, writable):
    """A mount namespace in which all is read-only but some folders, and the homes are empty."""
    _call("unshare", LIBC.unshare(CLONE_NEWNS | (CLONE_NEWNET if unit.get("PrivateNetwork") == "yes" else 0)))
    run = lambda *words: subprocess.run(["mount", *words], check=True)
    run("--make-rprivate", "/")
    if unit.get("ProtectSystem") == "strict":
        for folder in writable:
            run("--bind", folder, folder)
        for line in Path("/proc/self/mounts").read_text().splitlines():
            place = line.split()[1].encode().decode("unicode_escape")
            if place in writable or place.split("/")[1] in ("dev", "proc", "sys"):
                continue
            run("-o", "remount,bind,ro", place)
    if unit.get("ProtectHome") == "yes":
        for home in ("/home", "/root", "/run/user"):
            if os.path.isdir(home):
                run("-t", "tmpfs", "-o", "ro,mode=000", "tmpfs", home)


def _families(unit):
    """socket(2) knows Unix sockets alone, as systemd's filter has it."""
    if "RestrictAddressFamilies" not in unit:
        return
    if unit["RestrictAddressFamilies"] != "AF_UNIX" or os.uname().machine != "x86_64":
        raise SystemExit("unit_sandbox: only RestrictAddressFamilies=AF_UNIX on x86_64 is checked")
    ops = [(0x20, 0, 0, 0), (0x15, 0, 3, 41),  # the number; is it socket(2)?
           (0x20, 0, 0, 16), (0x15, 1, 0, AF_UNIX),  # its first argument; is it AF_UNIX?
           (0x06, 0, 0, 0x00050000 | EAFNOSUPPORT), (0x06, 0, 0, 0x7FFF0000)]
    code = b"".join(struct.pack("HBBI", *op) for op in ops)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(ops), ctypes.addressof(buffer))
    _call("seccomp", LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(program), 0, 0))


def _capabilities(unit):
    """Takes every capability out of the bounding set but those that the unit names: exec(2) leaves no others."""
    kept = {word.removeprefix("CAP_") for word in unit.get("CapabilityBoundingSet", "").split()}
    if kept - set(CAPABILITIES):
        raise SystemExit(f"unit_sandbox: {kept - set(CAPABILITIES)} is not known here")
    for number in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
        if number < len(CAPABILITIES) and CAPABILITIES[number] in kept:
            continue
        _call("prctl", LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0))


def enter(unit, writable, group):
    """Puts this process under the unit's restrictions."""
    _mounts(unit, writable)
    os.setgroups([])
    os.setgid(grp.getgrnam(group).gr_gid if group else 0)
    os.umask(int(unit.get("UMask", "0022"), 8))
    _families(unit)
    _capabilities(unit)
    if unit.get("NoNewPrivileges") == "yes":
        _call("prctl", LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def main():
    """Enters and becomes the program."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unit", required=True)
    parser.add_argument("--group", help="in the place of the unit's Group")
    parser.add_argument("--writable", action="append", default=[])
    parser.add_argument("program", nargs="+")
    arguments = parser.parse_args()
    enter(directives(arguments.unit), [os.path.realpath(path) for path in arguments.writable], arguments.group)
    os.execvp(arguments.program[0], arguments.program)


if __name__ == "__main__":
    sys.exit(main())
