"""Runs a unit's program in a Debian root under the restrictions that the unit states, as far as Linux gives them without systemd.

    service_sandbox.py ROOT UNIT

Honoured: User, Group, UMask; the file system of ProtectSystem=strict with ReadWritePaths, StateDirectory, RuntimeDirectory,
PrivateTmp and ProcSubset; NoNewPrivileges, CapabilityBoundingSet, RestrictAddressFamilies, MemoryDenyWriteExecute,
SystemCallFilter with SystemCallErrorNumber, LimitNOFILE. What else the unit may state is listed below as not tried; anything that
stands in neither list is an error: the unit must not promise what nobody looked at.
"""

import ctypes
import errno
import os
import re
import resource
import shlex
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Peers"))

from unit_sandbox import CLONE_NEWNS, LIBC, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER

HONOURED = {"User", "Group", "UMask", "ProtectSystem", "ReadWritePaths", "StateDirectory", "StateDirectoryMode",
            "RuntimeDirectory", "RuntimeDirectoryMode", "PrivateTmp", "ProcSubset", "ProtectProc", "NoNewPrivileges",
            "CapabilityBoundingSet", "RestrictAddressFamilies", "MemoryDenyWriteExecute", "SystemCallFilter",
            "SystemCallErrorNumber", "LimitNOFILE", "ExecStart", "ExecStartPre"}
NOT_TRIED = {"Type", "ExecReload", "Restart", "RestartSec", "TimeoutStartSec", "TimeoutStopSec", "WatchdogSec", "ProtectHome",
             "PrivateDevices", "ProtectClock", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules",
             "ProtectKernelTunables", "ProtectControlGroups", "AmbientCapabilities", "RestrictNamespaces", "RestrictRealtime",
             "RestrictSUIDSGID", "RemoveIPC", "LockPersonality", "SystemCallArchitectures"}
# linux/prctl.h, linux/seccomp.h, linux/audit.h, sys/socket.h, sys/mman.h
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
ALLOW, ERRNO, X86_64 = 0x7FFF0000, 0x00050000, 0xC000003E
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
SOCKET = 41


def service(unit):
    """The directives of a unit's [Service] section, each with its values in order."""
    found = {}
    section = ""
    for line in Path(unit).read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            found.setdefault(name, []).append(value)
    unknown = set(found) - HONOURED - NOT_TRIED
    if unknown:
        raise SystemExit(f"service_sandbox: {unit} states what nobody looked at: {', '.join(sorted(unknown))}")
    return found


def _call(what, result):
    """Raises what a system call says no to."""
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def _set(root, name):
    """The system calls of one of systemd's sets, as the systemd in the root has them."""
    text = subprocess.run(["chroot", root, "systemd-analyze", "syscall-filter", name], check=True, capture_output=True,
                          text=True).stdout
    found = set()
    for line in text.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            found |= _set(root, word)
        elif word and not word.startswith("#"):
            found.add(word)
    return found


def system_calls(root, lines):
    """The numbers that SystemCallFilter leaves: the first line is a list of what is allowed, later ones add or take away."""
    names = _set(root, "@default")
    for line in lines:
        words = line.lstrip("~").split()
        meant = set().union(*(_set(root, word) if word.startswith("@") else {word} for word in words))
        names = names - meant if line.startswith("~") else names | meant
    header = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").read_text()
    numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", header))
    return sorted(int(numbers[name]) for name in names if name in numbers)


def _filter(numbers, families, error):
    """Installs the filter of calls and address families."""
    refuse = ERRNO | error
    ops = [(0x20, 0, 0, 4), (0x15, 1, 0, X86_64), (0x06, 0, 0, refuse), (0x20, 0, 0, 0),  # architecture; the number
           (0x15, 0, 2 + len(families), SOCKET), (0x20, 0, 0, 16)]  # socket(2): its first argument
    ops += [(0x15, len(families) - at, 0, family) for at, family in enumerate(families)]
    ops += [(0x06, 0, 0, ERRNO | errno.EAFNOSUPPORT)]
    ops += [(0x20, 0, 0, 0)]
    for number in numbers:
        ops += [(0x15, 0, 1, number), (0x06, 0, 0, ALLOW)]
    ops += [(0x06, 0, 0, refuse)]
    code = b"".join(struct.pack("HBBI", *op) for op in ops)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(ops), ctypes.addressof(buffer))
    _call("seccomp", LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.c_char_p(program), 0, 0))


def _user(root, name):
    """The numbers of a user of the root."""
    line = next(line for line in (root / "etc/passwd").read_text().splitlines() if line.startswith(name + ":"))
    return int(line.split(":")[2]), int(line.split(":")[3])


def _folders(root, unit, uid, gid):
    """Makes StateDirectory and RuntimeDirectory; returns the folders that may be written to."""
    writable = []
    for kind, base in (("State", "var/lib"), ("Runtime", "run")):
        for name in unit.get(f"{kind}Directory", []):
            folder = root / base / name
            folder.mkdir(exist_ok=True)
            os.chown(folder, uid, gid)
            folder.chmod(int(unit[f"{kind}DirectoryMode"][0], 8))
            writable.append(folder)
    for line in unit.get("ReadWritePaths", []):
        for path in line.split():
            if (root / path.lstrip("-/")).is_dir():
                writable.append(root / path.lstrip("-/"))
    return writable


def _mounts(root, unit, writable):
    """A mount namespace in which the root is read-only but for some folders."""
    _call("unshare", LIBC.unshare(CLONE_NEWNS))
    mount = lambda *words: subprocess.run(["mount", *words], check=True)
    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    for folder in writable:
        mount("--bind", folder, folder)
    if unit.get("PrivateTmp") == ["yes"]:
        mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", root / "tmp")
    if unit.get("ProcSubset") == ["pid"]:
        mount("-t", "proc", "-o", "subset=pid,hidepid=invisible", "proc", root / "proc")
    if unit.get("ProtectSystem") == ["strict"]:
        mount("-o", "remount,bind,ro", root)


def main():
    """Runs ExecStartPre, enters, becomes ExecStart."""
    root, name = Path(sys.argv[1]).resolve(), sys.argv[2]
    unit = service(root / name.lstrip("/"))
    if os.uname().machine != "x86_64":
        raise SystemExit("service_sandbox: only x86_64 is tried")
    uid, gid = _user(root, unit["User"][0])
    numbers = system_calls(root, unit["SystemCallFilter"])
    error = getattr(errno, unit["SystemCallErrorNumber"][0])
    families = [FAMILIES[family] for family in unit["RestrictAddressFamilies"][0].split()]
    for command in unit.get("ExecStartPre", []):
        subprocess.run(["chroot", root, *shlex.split(command.lstrip("+"))], check=True)
    _mounts(root, unit, _folders(root, unit, uid, gid))
    limit = int(unit["LimitNOFILE"][0])
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 1024), min(limit, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    # With nothing in the set, every capability goes.
    if unit.get("CapabilityBoundingSet") != [""]:
        raise SystemExit("service_sandbox: only an empty CapabilityBoundingSet is tried")
    for number in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
        _call("prctl", LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0))
    os.chroot(root)
    os.chdir("/")
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)
    os.umask(int(unit["UMask"][0], 8))
    if unit.get("NoNewPrivileges") == ["yes"]:
        _call("prctl", LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    if unit.get("MemoryDenyWriteExecute") == ["yes"]:
        _call("prctl", LIBC.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
    words = shlex.split(unit["ExecStart"][0])
    _filter(numbers, families, error)
    os.execv(words[0], words)


if __name__ == "__main__":
    main()
