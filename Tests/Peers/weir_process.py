"""Weir as the checks see it: the one file that knows its configuration, commands, figures and log.

A check asks for a Weir with a plan; what stands in weir.yaml, how a rule is named and where a count is shown is here.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from peers_common import CheckFailed, PeerMissing, cpu_seconds, expect, free_port, wait_until

HERE = Path(__file__).resolve().parent

CONFIGURATION = """\
listen:
  policy: [127.0.0.1:{policy}]
  milter: [127.0.0.1:{milter}]
  admin: 127.0.0.1:{admin}
state_directory: {state}
decision_log:
  to: {log}
  format: json
hold_helper: {hold_socket}
policy:
  plans:
    - name: residential
      kind: mua
      action: {action}
      mode: {mode}
      limits:
        - {limit}
"""

# Subscribers named by a header field that the local mail server is trusted to write.
HEADER = """\
identity:
  trusted_relays: [127.0.0.1]
  header:
    field: {header}
"""


class Ports:
    """Weir's ports, the same for every Weir that a Postfix asks."""

    def __init__(self):
        """Three free ones."""
        self.policy, self.milter, self.admin = free_port(), free_port(), free_port()


class WeirProcess:
    """One Weir: `start`, ask, `stop`. Its state lives in a folder of its own and outlives it."""

    def __init__(self, binary, folder, ports, limit, action="reject", mode="enforce", header=None, mail_log=None):
        """Writes the configuration; nothing runs yet. `limit` is one line of a plan; `header` names the subscriber,
        `mail_log` is followed."""
        if not os.access(binary, os.X_OK):
            raise PeerMissing(f"{binary} is missing: build it with `make`")
        self.binary = str(binary)
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.ports = ports
        self.state = self.folder / "state"
        self.decisions = self.folder / "decisions.log"
        self.hold_socket = self.folder / "hold" / "hold.sock"
        self.config = self.folder / "weir.yaml"
        self.config.write_text(CONFIGURATION.format(
            policy=ports.policy, milter=ports.milter, admin=ports.admin, state=self.state, log=self.decisions,
            hold_socket=self.hold_socket, action=action, mode=mode, limit=limit)
            + (HEADER.format(header=header) if header else "")
            + (f"mail_log:\n  follow: {mail_log}\n" if mail_log else ""))
        self._process = None
        self._agent = None

    # Running it.

    def start(self):
        """Starts `weir serve` and waits until it is ready."""
        output = open(self.folder / "weir.log", "ab")
        self._process = subprocess.Popen(
            [self.binary, "serve", "--config", str(self.config)], stdout=output, stderr=output)
        output.close()
        wait_until(self._is_ready, 20, f"weir is not ready: see {self.folder / 'weir.log'}")
        return self

    def _is_ready(self):
        """True once /readyz says so; fails where the process ended."""
        expect(self._process.poll() is None, f"weir ended with {self._process.poll()}: {self._last_words()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports.admin}/readyz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _last_words(self):
        """The end of what it said."""
        return (self.folder / "weir.log").read_text(errors="replace")[-500:]

    def start_hold_agent(self, postfix):
        """Starts the helper that works on a Postfix's hold queue, under the restrictions of the unit in Docs/hold.md."""
        # RuntimeDirectory, and in the place of /var/spool/postfix the folders that this Postfix has there.
        self.hold_socket.parent.mkdir(mode=0o750)
        writable = [self.hold_socket.parent, postfix.queue, postfix.log.parent]
        self._agent = subprocess.Popen(
            [sys.executable, str(HERE / "unit_sandbox.py"), "--unit", str(HERE.parent.parent / "Docs" / "hold.md"),
             *[word for folder in writable for word in ("--writable", str(folder))], "--",
             self.binary, "hold-agent", "--socket", str(self.hold_socket), "--config-dir", str(postfix.config)],
            stdout=subprocess.DEVNULL, stderr=open(self.folder / "hold-agent.log", "ab"))
        wait_until(self.hold_socket.exists, 10, f"the hold agent does not listen: see {self.folder / 'hold-agent.log'}")

    def signal(self, number):
        """Sends a signal: SIGSTOP, SIGCONT."""
        self._process.send_signal(number)

    def kill(self):
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def stop(self):
        """Stops it politely, and the agent; both must end."""
        for process in (self._process, self._agent):
            if process and process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    raise CheckFailed("weir did not stop within 15 s of SIGTERM") from None

    @property
    def pid(self):
        """The daemon's process id."""
        return self._process.pid

    def cpu_seconds(self):
        """Processor time used by the daemon."""
        return cpu_seconds(self.pid)

    # Asking it.

    def ask(self, *words):
        """One command with --json, its answer read."""
        result = subprocess.run(
            [self.binary, *words, "--config", str(self.config), "--json"], capture_output=True, text=True, timeout=60)
        expect(result.returncode == 0, f"weir {' '.join(words)}: {result.stderr.strip() or result.stdout.strip()}")
        return json.loads(result.stdout)

    def status(self):
        """`weir status`."""
        return self.ask("status")

    def passed(self):
        """Messages that passed and were charged."""
        return self.status()["messages"]

    def recipients(self):
        """Recipients of those."""
        return self.status()["recipients"]

    def rule(self):
        """The only rule: its name and counts as `weir status` shows them."""
        return self.status()["rules"][0]

    def subscriber(self, login):
        """`weir subscriber show`."""
        shown = self.ask("subscriber", "show", login)
        return shown[0] if isinstance(shown, list) else shown

    def metric(self, name, labels=""):
        """One figure of /metrics; `labels` as in `rule="…"`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports.admin}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        match = re.search(rf"^{re.escape(name)}{re.escape('{' + labels + '}') if labels else ''} (\S+)$", text, re.M)
        expect(match, f"/metrics has no {name} {labels}")
        return int(float(match.group(1)))

    def peer_faults(self, door):
        """Connections that Weir closed for what a peer sent."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports.admin}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(int(line.rsplit(" ", 1)[1]) for line in lines
                   if line.startswith("weir_peer_faults_total{") and f'door="{door}"' in line)

    def logged(self):
        """The decision log, a dictionary a line."""
        return [json.loads(line) for line in self.decisions.read_text().splitlines()]

    def logged_would_stop(self):
        """Messages that the log says would have been stopped."""
        return len({line["message"] for line in self.logged() if "would" in line})

    def settle(self):
        """Waits until what was decided stands in the log and the database: both are written in groups."""
        time.sleep(2.5)

    def stored_would_stop(self):
        """Messages that the database says would have been stopped."""
        path = next(self.state.glob("*.sqlite"))
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            query = "SELECT count(DISTINCT message) FROM refusals WHERE would IS NOT NULL"
            return database.execute(query).fetchone()[0]

    def replay(self):
        """`weir replay` of the journal: every output must be the same. Returns its report."""
        result = subprocess.run(
            [self.binary, "replay", str(self.state), "--json"], capture_output=True, text=True, timeout=300)
        expect(result.returncode == 0, f"weir replay ended with {result.returncode}: {result.stdout} {result.stderr}")
        return json.loads(result.stdout)

    def hold_list(self, *choice):
        """`weir hold list`."""
        return self.ask("hold", "list", *choice)

    def hold_release(self, *choice):
        """`weir hold release`."""
        return self.ask("hold", "release", *choice)

    def hold_purge(self, *choice):
        """`weir hold purge`."""
        return self.ask("hold", "purge", *choice)
