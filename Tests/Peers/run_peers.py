#!/usr/bin/env python3
"""Weir beside real mail servers (Postfix with both doors, miltertest, Sendmail) and log summaries. One line a check.

    run_peers.py [--weir .build/release/weir] [--keep] [--list] [NAME …]

Everything runs on loopback in a temporary folder. Processes are ended by their pid, and none that this program did not
start. Exit 1 where a check fails; a peer that is not installed is a failure.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True

import check_audit_counts
import check_flood
import check_hold
import check_mail_log
import check_milter
import check_order
import check_outage
import check_simulated
from peers_common import CheckFailed, PeerMissing
from postfix_instance import PostfixInstance
from weir_process import Ports, WeirProcess

ROOT = Path(__file__).resolve().parents[2]

# Name and check, in the order in which they run.
CHECKS = {
    "counted-once": check_flood.counted_once,
    "late-abort": check_order.late_abort,
    "flood-enforced": check_flood.enforced,
    "flood-observed": check_flood.observed,
    "doors-down": check_outage.doors_down,
    "doors-stopped": check_outage.doors_stopped,
    "stopped-in-order": check_outage.stopped_in_order,
    "killed-in-mid-flood": check_flood.killed_in_mid_flood,
    "held": check_hold.held,
    "simulated-mail": check_simulated.mail,
    "followed-log": check_mail_log.followed,
    "audit-counts": check_audit_counts.counts_agree,
    "miltertest": check_milter.scripts,
    "sendmail": check_milter.sendmail,
}


class Peers:
    """What the checks run on: a folder, one Postfix, and a Weir for each check."""

    def __init__(self, folder, binary):
        """Nothing runs yet."""
        self.folder = Path(folder)
        self.binary = Path(binary).resolve()
        # Packages that were fetched; they may stay.
        self.cache = ROOT / ".build" / "peers-packages"
        self.ports = Ports()
        self._postfix = None
        self._weirs = []

    @property
    def postfix(self):
        """The Postfix, started when it is first needed."""
        if self._postfix is None:
            logins = check_flood.THIEVES + check_flood.HONEST + ["ann", "bob"]
            instance = PostfixInstance(self.folder / "postfix", self.ports.policy, self.ports.milter, logins)
            self._postfix = instance
            instance.start()
        return self._postfix

    def weir(self, name, limit, postfix=True, **more):
        """A new Weir with one limit, running; no process of Postfix remembers an earlier one."""
        weir = WeirProcess(self.binary, self.folder / f"weir-{name}", self.ports, limit, **more)
        self._weirs.append(weir)
        weir.start()
        if postfix:
            self.postfix.restart()
        return weir

    def end_check(self):
        """Ends what a check left running."""
        for weir in self._weirs:
            try:
                weir.stop()
            except CheckFailed as failure:
                print(f"  {failure}")
        self._weirs = []

    def close(self):
        """Ends everything."""
        self.end_check()
        if self._postfix:
            self._postfix.stop()


def _run(name, check, peers):
    """Runs one check and prints its line; true where it passed."""
    began = time.monotonic()
    try:
        detail = check(peers)
    except (CheckFailed, PeerMissing) as failure:
        print(f"FAILED {name} {failure}", flush=True)
        return False
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, IndexError, TypeError):
        print(f"FAILED {name} the check itself broke:\n{traceback.format_exc()}", flush=True)
        return False
    finally:
        peers.end_check()
    print(f"ok {name} {detail} [{time.monotonic() - began:.1f} s]", flush=True)
    return True


def _arguments():
    """The command line."""
    built = [ROOT / ".build" / kind / "weir" for kind in ("release", "debug")]
    default = next((path for path in built if path.exists()), built[0])
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--weir", default=default, help="the program to check (default: %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    parser.add_argument("--list", action="store_true", help="list the checks")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these checks")
    return parser.parse_args()


def main():
    """Runs the checks; the exit status."""
    arguments = _arguments()
    unknown = [name for name in arguments.names if name not in CHECKS]
    if unknown:
        print(f"no such check: {', '.join(unknown)}", file=sys.stderr)
        return 2
    if arguments.list:
        print("\n".join(CHECKS))
        return 0
    chosen = {name: check for name, check in CHECKS.items() if not arguments.names or name in arguments.names}
    folder = Path(tempfile.mkdtemp(prefix="weir-peers-"))
    folder.chmod(0o755)
    peers = Peers(folder, arguments.weir)
    try:
        results = [_run(name, check, peers) for name, check in chosen.items()]
    finally:
        peers.close()
        if arguments.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"peers: {sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
