#!/usr/bin/env python3
"""Weir's Debian package in a Debian of its own: installed, run, upgraded, removed, purged. One line a check.

    run_packaging.py [--scratch .build/package] [--keep]

Everything happens in a temporary folder; the machine's own dpkg database is not touched, which is the last check. Each check needs
those before it. Exit 1 where one fails.
"""

import argparse
import hashlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Peers"))

from debian_root import DebianRoot
from packaged_weir import CONFIGURATION, PackagedWeir, ask, settle
from peers_common import CheckFailed, PeerMissing, expect, wait_until
from service_sandbox import service

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = 25
SPOOL = "/var/spool/postfix/weir"


class Packaging:
    """What the checks share: the packages, the Debian they go into, and the service."""

    def __init__(self, folder, scratch):
        """Nothing is built yet."""
        self.folder, self.scratch = Path(folder), Path(scratch).resolve()
        self.first = self.second = self.root = self.weir = None

    def build(self, name, **environment):
        """Builds a package into a folder of its own; its path."""
        result = subprocess.run(
            [ROOT / "Packaging" / "build_deb", self.scratch, self.folder / name], capture_output=True, text=True,
            timeout=180, env={**os.environ, "COMPRESSION": "gzip", **environment})
        expect(result.returncode == 0, f"build_deb: {result.stderr.strip()[-500:]}")
        return Path(result.stdout.strip())


def _field(package, name):
    """A field of a package's control file."""
    return subprocess.run(["dpkg-deb", "-f", package, name], check=True, capture_output=True, text=True).stdout.strip()


def built(deb):
    """The same program gives the same package, byte for byte, and dpkg takes a second one for newer."""
    deb.first = deb.build("first")
    again = deb.build("again")
    expect(deb.first.read_bytes() == again.read_bytes(), "the same program gave two different packages")
    version = _field(deb.first, "Version")
    deb.second = deb.build("second", VERSION=version.rsplit("-", 1)[0] + "+test-1")
    subprocess.run(["dpkg", "--compare-versions", _field(deb.second, "Version"), "gt", version], check=True)
    return f"{deb.first.name}, {deb.first.stat().st_size >> 20} MiB, twice the same"


def contents(deb):
    """Owners, modes, and nothing of the machine that built it."""
    listing = subprocess.run(["dpkg-deb", "-c", deb.first], check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        expect(line.split()[1] == "root/root" and (line[0] == "l" or line[5] == line[8] == "-"), f"owner or mode: {line}")
    for path in ("usr/bin/weir", "etc/weir/weir.yaml", "usr/share/man/man8/weir-serve.8.gz", "lib/systemd/system/weir-hold.service",
                 "usr/share/doc/weir/examples/weir.example.yaml", "usr/share/doc/weir/copyright"):
        expect(f"./{path}\n" in listing, f"{path} is not in the package")
    unpacked = deb.folder / "unpacked"
    subprocess.run(["dpkg-deb", "-x", deb.first, unpacked], check=True, timeout=60)
    foreign = [path for path in unpacked.rglob("*") if path.is_file() and str(ROOT).encode() in path.read_bytes()]
    expect(not foreign, f"the path of the build stands in {foreign}")
    symbols = subprocess.run(["readelf", "-SW", unpacked / "usr/bin/weir"], check=True, capture_output=True, text=True).stdout
    expect(".symtab" not in symbols and ".debug_" not in symbols, "the program is not stripped")
    return f"{len(listing.splitlines())} files and folders"


def installed(deb):
    """Into essential Debian and what Depends names, no more: user, folders and units are there, and nothing runs."""
    depends = re.sub(r"\s*\([^)]*\)", "", _field(deb.first, "Depends"))
    names = [one.split("|")[0].strip() for one in depends.split(",")]
    deb.root = DebianRoot(deb.folder / "root", ROOT / ".build" / "packaging", names)
    said = deb.root.install(deb.first)
    expect("warning" not in said.lower() and "error" not in said.lower(), f"dpkg said: {said.strip()[-400:]}")
    uid, gid = deb.root.user("weir")
    state = deb.root.path("/var/lib/weir").stat()
    expect((state.st_uid, state.st_gid, stat.S_IMODE(state.st_mode)) == (uid, gid, 0o750), "/var/lib/weir has another owner or mode")
    wants = deb.root.path("/etc/systemd/system/multi-user.target.wants")
    expect((wants / "weir.service").is_symlink(), "weir.service is not enabled")
    expect(not (wants / "weir-hold.service").is_symlink(), "weir-hold.service is enabled")
    expect(not deb.root.path("/var/spool/postfix").exists(), "a spool folder was made without a Postfix")
    expect(not deb.root.processes(), "something was started in a chroot")
    deb.root.run("weir", "check", CONFIGURATION)
    missing = [line for line in deb.root.run("ldd", "/usr/bin/weir").splitlines() if "not found" in line]
    expect(not missing, f"missing beside the dependencies: {missing}")
    return f"depends on {', '.join(names)}"


def units(deb):
    """systemd finds no fault in the units and rates their exposure."""
    rated = []
    for unit in ("weir.service", "weir-hold.service"):
        path = f"/lib/systemd/system/{unit}"
        said = deb.root.run("systemd-analyze", "verify", "--man=no", path)
        expect(unit not in said, f"systemd-analyze verify: {said.strip()}")
        text = deb.root.run("systemd-analyze", "security", "--offline=true", "--no-pager", path)
        rated.append(f"{unit} {re.search(r'exposure level for .*: ([0-9.]+)', text).group(1)}")
    service(deb.root.path("/lib/systemd/system/weir.service"))
    expect(float(rated[0].split()[1]) < 2, f"exposure of {rated[0]}, at most 2 expected")
    return ", ".join(rated)


def served(deb):
    """Runs as its user under the unit's restrictions, on the packaged configuration with other ports, and counts messages."""
    deb.root.run("adduser", "--system", "--group", "--no-create-home", "--quiet", "postfix")
    deb.root.path("/var/spool/postfix").mkdir(parents=True)
    deb.weir = PackagedWeir(deb.root)
    deb.weir.configure()
    deb.weir.start()
    uid, _ = deb.root.user("weir")
    state = dict(line.split(":\t", 1) for line in Path(f"/proc/{deb.weir.pid}/status").read_text().splitlines() if ":\t" in line)
    expect(state["Uid"].split() == [str(uid)] * 4, f"it runs as {state['Uid']}")
    expect(state["Seccomp"] == "2" and state["NoNewPrivs"] == "1", "no filter of system calls is in force")
    expect(int(state["CapBnd"], 16) == int(state["CapEff"], 16) == 0, "it has capabilities")
    deb.weir.send("ann", MESSAGES)
    deb.weir.send("bob", 1)
    expect(deb.weir.status()["messages"] == MESSAGES + 1, f"{deb.weir.status()['messages']} messages were counted")
    return f"{MESSAGES + 1} messages counted as user weir, seccomp, no capabilities, read-only system"


def chrooted(deb):
    """A process in Postfix's chroot with Postfix's group reaches the doors' sockets; another user does not."""
    folder = deb.root.path(SPOOL).stat()
    uid, _ = deb.root.user("weir")
    group = deb.root.group("postfix")
    expect((folder.st_uid, folder.st_gid, stat.S_IMODE(folder.st_mode)) == (uid, group, 0o2750), f"{SPOOL} has another owner or mode")
    for gid, may in ((group, True), (deb.root.group("nogroup"), False)):
        for name in ("policy", "milter"):
            reached = _reaches(deb.root.path("/var/spool/postfix"), gid, f"weir/{name}.sock")
            expect(reached == may, f"group {gid} {'does not reach' if may else 'reaches'} weir/{name}.sock")
    return "unix:weir/policy.sock and unix:weir/milter.sock"


def _reaches(chroot, gid, path):
    """True where a process of that group alone, in a chroot, connects to a socket; at the policy door it also asks."""
    child = os.fork()
    if child == 0:
        try:
            os.chroot(chroot)
            os.chdir("/")
            os.setgroups([])
            os.setgid(gid)
            os.setuid(4242)
            with socket.socket(socket.AF_UNIX) as door:
                door.settimeout(5)
                door.connect(path)
                if "policy" in path:
                    ask(door, "carl", 1)
            os._exit(0)
        except (OSError, CheckFailed):
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def watched(deb):
    """The watchdog hears from it while the doors' thread runs, and not while that one thread stands still and all others run."""
    deb.weir.forget()
    time.sleep(3.2)
    alive = deb.weir.hear().count("WATCHDOG=1")
    expect(alive >= 2, f"{alive} signs of life in 3 seconds")
    with deb.weir.held_thread():
        time.sleep(0.2)
        deb.weir.forget()
        time.sleep(3.2)
        silent = deb.weir.hear().count("WATCHDOG=1")
        expect(deb.weir.answers(), "the other threads stand still too: this check proves nothing")
    expect(silent == 0, f"{silent} signs of life while the doors' thread stood still")
    wait_until(lambda: "WATCHDOG=1" in deb.weir.hear(), 5, "no sign of life after it went on")
    return f"{alive} signs in 3 s, none while the thread was held and /healthz answered"


def reloaded(deb):
    """A reload tells RELOADING=1 and READY=1; a fault in the file is said by the command and changes nothing."""
    for act in (lambda: deb.weir.signal(signal.SIGHUP), lambda: deb.weir.command("reload", "--config", CONFIGURATION)):
        deb.weir.forget()
        act()
        wait_until(lambda: "READY=1" in deb.weir.hear(), 10, "no READY=1 after a reload")
        states = [one.split("\n")[0] for one in deb.weir.told if "WATCHDOG" not in one]
        expect(states == ["RELOADING=1", "READY=1"], f"a reload told {states}")
    path = deb.root.path(CONFIGURATION)
    text = path.read_text()
    path.write_text(text.replace("mode: observe", "mode: obsrve"))
    said = deb.weir.command("reload", "--socket", "/run/weir/control.sock", passes=False)
    path.write_text(text)
    expect("obsrve" in said, f"weir reload does not name the fault: {said}")
    expect(deb.weir.answers(), "weir is gone after a refused reload")
    return "SIGHUP, weir reload, and a refused one"


def upgraded(deb):
    """A newer package: changes of the configuration stay, the running service is left alone, its state goes on afterwards."""
    before = deb.root.path(CONFIGURATION).read_bytes()
    settle()
    said = deb.root.install(deb.second)
    expect("error" not in said.lower(), f"dpkg said: {said.strip()[-400:]}")
    expect(deb.root.path(CONFIGURATION).read_bytes() == before, "the upgrade changed the configuration")
    expect(deb.weir.answers(), "the upgrade ended a service that systemd does not run")
    deb.weir.stop()
    deb.weir.start()
    messages = deb.weir.status()["messages"]
    expect(messages == MESSAGES + 2, f"{messages} messages after the upgrade, {MESSAGES + 2} before")
    deb.weir.send("ann", 1)
    shown = deb.weir.command("subscriber", "show", "ann")
    expect(f"{MESSAGES + 1} messages" in shown, f"ann's counter did not go on: {shown.splitlines()[1:2]}")
    deb.weir.command("replay", "/var/lib/weir")
    deb.weir.stop()
    return f"to {_field(deb.second, 'Version')}; ann's {MESSAGES} messages became {MESSAGES + 1}; the replay is the same"


def removed(deb):
    """Removed, the program is gone, configuration and state stay, and an installation after it goes on with them."""
    configuration = deb.root.path(CONFIGURATION).read_bytes()
    deb.root.run("dpkg", "--remove", "weir")
    expect(not deb.root.path("/usr/bin/weir").exists(), "the program is still there")
    expect(not deb.root.path("/lib/systemd/system/weir.service").exists(), "the unit is still there")
    expect(deb.root.path(CONFIGURATION).read_bytes() == configuration, "the configuration is gone")
    expect(list(deb.root.path("/var/lib/weir").glob("*.sqlite")), "the state is gone")
    deb.root.install(deb.second)
    masked = deb.root.path("/etc/systemd/system/weir.service")
    expect(not masked.is_symlink(), "weir.service stays masked after it is installed again")
    deb.weir.start()
    expect(deb.weir.status()["messages"] == MESSAGES + 3, "the state did not outlive the removal")
    deb.weir.stop()
    return "configuration and state stay; installed again, the counters go on"


def purged(deb):
    """Purged, nothing of it and nothing of its user's is left."""
    uid, _ = deb.root.user("weir")
    deb.root.run("dpkg", "--purge", "weir")
    # What systemd takes away with the service.
    shutil.rmtree(deb.root.path("/run/weir"), ignore_errors=True)
    expect(not deb.root.owned_by(uid), f"left: {deb.root.owned_by(uid)[:5]}")
    left = [path for path in ("/etc/weir", "/var/lib/weir", SPOOL, "/usr/lib/weir", "/usr/share/doc/weir",
                              "/etc/systemd/system/weir.service", "/etc/systemd/system/multi-user.target.wants/weir.service")
            if os.path.lexists(deb.root.path(path))]
    expect(not left, f"left: {left}")
    expect("weir" not in deb.root.path("/var/lib/dpkg/status").read_text(), "dpkg still knows it")
    expect(deb.root.path("/var/spool/postfix").is_dir(), "Postfix's own folder is gone")
    return "no file, link or unit of it is left"


# In the order in which they run.
CHECKS = [built, contents, installed, units, served, chrooted, watched, reloaded, upgraded, removed, purged]


def _database():
    """The machine's own dpkg database, as a sum."""
    return hashlib.sha256(Path("/var/lib/dpkg/status").read_bytes()).hexdigest()


def _run(check, deb):
    """Runs a check and prints its line; true where it passed."""
    began = time.monotonic()
    try:
        detail = check(deb)
    except (CheckFailed, PeerMissing) as failure:
        print(f"FAILED {check.__name__} {failure}", flush=True)
        return False
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, AttributeError, TypeError, StopIteration):
        print(f"FAILED {check.__name__} the check itself broke:\n{traceback.format_exc()}", flush=True)
        return False
    print(f"ok {check.__name__} {detail} [{time.monotonic() - began:.1f} s]", flush=True)
    return True


def main():
    """Runs the checks; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--scratch", default=ROOT / ".build" / "package", help="the build (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="weir-packaging-"))
    folder.chmod(0o755)
    before = _database()
    deb = Packaging(folder, arguments.scratch)
    results = []
    try:
        for check in CHECKS:
            results.append(_run(check, deb))
            if not results[-1]:
                break
    finally:
        if deb.weir:
            try:
                deb.weir.stop()
            except CheckFailed as failure:
                print(f"  {failure}")
        if arguments.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    results.append(_database() == before)
    print("ok the machine's own dpkg database is as it was" if results[-1] else "FAILED the machine's dpkg database changed")
    # What was not reached did not pass.
    failed = results.count(False) + len(CHECKS) + 1 - len(results)
    print(f"packaging: {results.count(True)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
