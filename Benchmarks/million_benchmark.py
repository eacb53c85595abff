"""Weir at a million subscribers: ready again after kill -9, the lock's longest hold, idle connections, a disk that stands still.

State is made by driving a real `weir serve` over its policy door: a message of each of a million subscribers, then more of
random ones, through the real journal and its snapshots. Called by `Benchmarks/run million idle backlog`.
"""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

SUBSCRIBERS = 1_000_000
# Recorder.snapshotInputs: a snapshot is due.
SNAPSHOT_INPUTS = 750_000
# Between two looks at a starting daemon.
POLL_SECONDS = 0.01


class Daemon:
    """`weir serve` on a folder whose state outlives it."""

    def __init__(self, binary, folder, free_port, extra=""):
        """Writes the configuration; nothing runs yet. `extra` is appended to it."""
        self.binary, self.folder = str(binary), Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.policy, self.milter, self.admin = free_port(), free_port(), free_port()
        self.socket = str(self.folder / "policy.sock")
        self.state = self.folder / "state"
        self.config = self.folder / "weir.yaml"
        self.process = None
        self._extra = extra
        self.configure("")

    def configure(self, policy):
        """Writes the configuration with some more lines."""
        text = (f"listen:\n  policy: [127.0.0.1:{self.policy}, {{unix: {self.socket}, mode: '0666'}}]\n"
                f"  milter: [127.0.0.1:{self.milter}]\n  admin: 127.0.0.1:{self.admin}\n"
                f"state_directory: {self.state}\ndecision_log:\n  to: {self.folder / 'decisions.log'}\n{self._extra}{policy}")
        fresh = self.config.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.config)

    def start(self, *words):
        """Starts it; returns the seconds from exec to ready."""
        began = time.monotonic()
        with open(self.folder / "weir.log", "ab") as log:
            self.process = subprocess.Popen([self.binary, "serve", "--config", str(self.config), *words], stderr=log)
        while True:
            if self.process.poll() is not None:
                raise SystemExit((self.folder / "weir.log").read_text()[-2000:])
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=1) as answer:
                    if answer.status == 200:
                        return time.monotonic() - began
            except OSError:
                pass
            time.sleep(POLL_SECONDS)

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Politely; returns the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(120)
        return time.monotonic() - began

    def figures(self):
        """/metrics as a dictionary."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return {name: int(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}

    def ask(self, *words):
        """One command."""
        return subprocess.run([self.binary, *words, "--config", str(self.config)], check=True, capture_output=True, text=True).stdout

    def cpu_seconds(self):
        """Processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident memory in bytes."""
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text()).group(1)) << 10

    def positions(self):
        """The newest snapshot's position and the journal's end."""
        with sqlite3.connect(f"file:{self.state / 'weir.sqlite'}?mode=ro", uri=True, timeout=30) as database:
            snapshot = database.execute("SELECT max(position) FROM snapshots").fetchone()[0] or 0
            end = database.execute("SELECT first + count FROM journal ORDER BY first DESC LIMIT 1").fetchone()
        return snapshot, end[0] if end else 0


def build_load(tools):
    """The load generator with subscribers in turn instead of at random."""
    source = (tools / "policyload-end.c").read_text()
    changed = source.replace("uint64_t s=h%NS;", "uint64_t s=i%NS;")
    assert changed != source, "policyload.c has changed"
    (tools / "policyload-turn.c").write_text(changed)
    subprocess.run(["gcc", "-O2", "-w", "-o", str(tools / "policyload-turn"), str(tools / "policyload-turn.c"), "-lpthread"], check=True)


class Load:
    """Bursts of messages, no request of which is ever repeated."""

    def __init__(self, tools, daemon):
        """Nothing runs yet."""
        self.tools, self.daemon, self.sequence = tools, daemon, 0

    def start(self, tool, seconds, connections=10, first=None):
        """Begins one burst in the background; `first` is the number of its first message."""
        self.sequence += 100_000_000
        number = self.sequence if first is None else first
        return subprocess.Popen(
            [str(self.tools / tool), f"unix:{self.daemon.socket}", str(connections), str(seconds), str(SUBSCRIBERS), "0",
             str(number)], stdout=subprocess.PIPE, text=True)

    def run(self, tool, seconds, connections=10, first=None):
        """One burst; returns messages a second."""
        output = self.start(tool, seconds, connections, first).communicate()[0]
        return float(re.search(r"dps=([\d.]+)", output).group(1))


def million(binary, tools, free_port, runs, folder=None):
    """Ready after kill -9, and the lock's holds."""
    own = folder is None
    folder = Path(folder or tempfile.mkdtemp(prefix="weir-million-"))
    daemon = Daemon(binary, folder, free_port)
    load = Load(tools, daemon)
    daemon.start("--measure-holds")
    try:
        while (known := daemon.figures()["weir_subscribers"]) < SUBSCRIBERS:
            load.run("policyload-turn", 20, first=known)
        print("\n### At a million subscribers\n", flush=True)
        holds(daemon, load)
        restarts(daemon, load, runs)
    finally:
        if daemon.process.poll() is None:
            daemon.kill()
        if own:
            shutil.rmtree(folder)


def restarts(daemon, load, runs):
    """Kills it when the newest snapshot is as old as one gets, and starts it again."""
    print("| run | position of the snapshot | inputs behind it | database, MB | seconds until ready | of them on the processor | resident, MB |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for run in range(runs):
        snapshot, _ = daemon.positions()
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            before = daemon.positions()
            load.run("policyload-end", 1)
            after = daemon.positions()
            # The next look may find the one that is due by now made.
            if after[0] == before[0] and after[1] - after[0] > SNAPSHOT_INPUTS:
                break
            time.sleep(1)
        tail = load.start("policyload-end", 1)
        time.sleep(0.5)
        daemon.kill()
        tail.wait()
        snapshot, end = daemon.positions()
        seconds = daemon.start("--measure-holds")
        processor = daemon.cpu_seconds()
        size = sum(path.stat().st_size for path in daemon.state.glob("weir.sqlite*")) / 1e6
        print(f"| {run + 1} | {snapshot:,} | {end - snapshot:,} | {size:,.0f} | **{seconds:.1f}** | {processor:.1f} | {daemon.memory() / 1e6:,.0f} |",
              flush=True)


def show_holds(daemon, phase):
    """Two rows of the table of holds, one a clock."""
    figures = daemon.figures()
    for clock in ("thread", "wall"):
        cells = []
        for kind in ("question", "tick", "policy", "act", "look", "journal"):
            tail, longest = (figures[f'weir_lock_hold_nanoseconds{{clock="{clock}",for="{kind}",quantile="{q}"}}'] / 1000
                             for q in ("0.9999", "1"))
            count = figures[f'weir_lock_holds_total{{for="{kind}"}}']
            cells.append(f"{tail:,.0f} / {longest:,.0f} ({count:,})" if count else "–")
        print(f"| {phase} | {clock} | {' | '.join(cells)} |", flush=True)


def holds(daemon, load):
    """The longest holds of the engine's lock, phase by phase; each phase in a process that begins anew."""
    print("Holds of the engine's lock in µs: 99.99th percentile / longest (count). By the thread's own clock, and by the wall's, in "
          "which other threads and processes ran too.\n")
    print("| while | clock | question | tick | policy | act | look | journal |")
    print("|---|---|---|---|---|---|---|---|", flush=True)

    def phase(name, work, seconds=15):
        daemon.stop()
        daemon.start("--measure-holds")
        burst = load.start("policyload-end", seconds)
        time.sleep(1)
        work(time.monotonic() + seconds - 2)
        burst.wait()
        show_holds(daemon, name)

    def status(end):
        while time.monotonic() < end:
            daemon.ask("status")
            daemon.figures()

    def subscribers(end):
        while time.monotonic() < end:
            daemon.ask("subscriber", "list", "--count", "1000")

    def reload(end):
        number = 0
        while time.monotonic() < end:
            number += 1
            daemon.configure(f"policy:\n  contact: 'revision {number}'\n")
            daemon.process.send_signal(signal.SIGHUP)
            time.sleep(2)

    def acts(end):
        while time.monotonic() < end:
            daemon.ask("observe", "on")
            daemon.ask("observe", "off")

    def snapshot(end):
        before = daemon.positions()[0]
        while daemon.positions()[0] == before:
            load.run("policyload-end", 5)

    phase("normal load", lambda end: time.sleep(max(0, end - time.monotonic())))
    phase("`weir status`, `/metrics`", status)
    phase("`weir subscriber list`", subscribers)
    phase("SIGHUP every two seconds", reload)
    phase("`weir observe on`, `off`", acts)
    phase("until a snapshot is made", snapshot)
    print()


def idle(binary, free_port, count=10_000):
    """Idle connections on each door, and what others see of them."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < count + 100:
        raise SystemExit(f"benchmark: {count} connections need more than {hard} open files (ulimit -Hn)")
    folder = Path(tempfile.mkdtemp(prefix="weir-idle-"))
    daemon = Daemon(binary, folder, free_port)
    print(f"\n### {count:,} idle connections\n")
    print("| door | memory before, MB | after, MB | bytes each | answers/s, 1 connection: before, beside them | p99 µs: before, beside them |")
    print("|---|---|---|---|---|---|", flush=True)
    stopping = []
    try:
        for door in ("policy", "policy, half a request each", "milter", "milter, negotiated"):
            # A new one each time, so that no freed memory is used again; under the usual soft limit: raising it is its own affair.
            resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
            daemon.start()
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            quick = probe(daemon)
            before = daemon.memory()
            kept = []
            for number in range(count):
                peer = socket.create_connection(("127.0.0.1", daemon.policy if door.startswith("policy") else daemon.milter), 10)
                if "half" in door:
                    peer.sendall(f"request=smtpd_access_policy\nprotocol_state=DATA\nsender=user{number}@example.net\n".encode())
                if "negotiated" in door:
                    peer.sendall(bytes.fromhex("0000000d4f00000006000001ff001fffff"))
                    assert peer.recv(64), "the milter door closed an idle connection"
                kept.append(peer)
            time.sleep(0.5)
            after = daemon.memory()
            beside = probe(daemon)
            print(f"| {door} | {before / 1e6:.1f} | {after / 1e6:.1f} | {(after - before) / count:,.0f} "
                  f"| {quick[0]:,.0f}, {beside[0]:,.0f} | {quick[1]:.0f}, {beside[1]:.0f} |", flush=True)
            stopping.append(daemon.stop())
            for peer in kept:
                peer.close()
        print(f"\nStopped with all of them open in {', '.join(f'{seconds:.1f}' for seconds in stopping)} s.")
    finally:
        if daemon.process and daemon.process.poll() is None:
            daemon.kill()
        shutil.rmtree(folder)


_probed = 0


def probe(daemon, questions=3000):
    """Answers a second and 99th percentile in µs of one connection that asks at DATA."""
    global _probed
    times = []
    with socket.create_connection(("127.0.0.1", daemon.policy), 10) as peer:
        began = time.monotonic()
        for _ in range(questions):
            _probed += 1
            asked = time.monotonic()
            peer.sendall((f"request=smtpd_access_policy\nprotocol_state=DATA\nsender=a@example.net\nrecipient_count=1\n"
                          f"client_address=192.0.2.7\nclient_port={1024 + _probed % 60000}\ninstance=p{_probed}\n"
                          f"sasl_username=user{_probed % 500}\nqueue_id=Q{_probed}\n\n").encode())
            answer = b""
            while not answer.endswith(b"\n\n"):
                answer += peer.recv(4096)
            times.append(time.monotonic() - asked)
        seconds = time.monotonic() - began
    return questions / seconds, sorted(times)[int(questions * 0.99)] * 1e6


def backlog(binary, tools, free_port, seconds=40):
    """A disk that stands still: decisions go on, the gap is journalled, and the replay says up to where it is exact."""
    folder = Path(tempfile.mkdtemp(prefix="weir-backlog-"))
    daemon = Daemon(binary, folder, free_port)
    daemon.start()
    load = Load(tools, daemon)
    print("\n### A disk that stands still\n", flush=True)
    try:
        freely = load.run("policyload-end", 5)
        # Another writer's transaction: the recorder waits for it as for a disk that does not answer.
        blocker = sqlite3.connect(daemon.state / "weir.sqlite", timeout=30, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        rates, behind, lost = [], 0, 0
        while time.monotonic() - began < seconds and lost < 1_000_000:
            rates.append(load.run("policyload-end", 3))
            figures = daemon.figures()
            behind = max(behind, figures["weir_journal_backlog_bytes"])
            lost = figures["weir_journal_inputs_lost_total"]
        peak = daemon.memory()
        blocker.execute("ROLLBACK")
        blocker.close()
        after = load.run("policyload-end", 5)
        time.sleep(3)
        figures = daemon.figures()
        messages = figures["weir_messages_total"]
        stopped = daemon.stop()
        report = json.loads(subprocess.run([str(binary), "replay", str(daemon.state), "--json"], capture_output=True, text=True).stdout)
        print(f"Messages a second: {freely:,.0f} before, {', '.join(f'{rate:,.0f}' for rate in rates)} while the disk stood still for "
              f"{time.monotonic() - began:.0f} s, {after:,.0f} after. Furthest behind: {behind / 2**20:.1f} MiB; resident {peak / 1e6:,.0f} MB.")
        print(f"Inputs lost: {figures['weir_journal_inputs_lost_total']:,}, of {messages:,} messages decided; the replay of what was written "
              f"({report['inputs']:,} inputs) says {report['inputs_lost']:,} are missing, exact up to position {report['exact_up_to']:,}, "
              f"{report['differing']:,} outputs differ after it. Stopped in {stopped:.1f} s.")
        assert report["inputs_lost"] == figures["weir_journal_inputs_lost_total"] > 0 and report.get("damage") is None
    finally:
        if daemon.process.poll() is None:
            daemon.kill()
        shutil.rmtree(folder)
