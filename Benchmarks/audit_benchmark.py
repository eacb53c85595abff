"""`weir audit` beside pflogsumm on one generated Postfix log, its memory on a log of any length, and `weir replay --policy`.

The log is SampleMailLog's, from a seed: people, thieves, honest senders that look like thieves, mail from outside, refusals. The
long one goes through a pipe and is on no disk. Called by `Benchmarks/run audit whatif`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# The log that is on disk: a fortnight of so many logins, in the old stamps that both programs know.
LOG_BYTES, LOG_LOGINS, LOG_SEED = 150_000_000, 200, 2001
# The long log, with stamps of RFC 3339, as Debian 12's rsyslog writes: they have a year.
LONG_LOGINS, LONG_SEED = 2000, 2002
# Handed on at once through the pipe, and the pipe's size.
PIPE_BYTES = 1 << 20
# F_SETPIPE_SZ of fcntl(2), which Python names since 3.10.
F_SETPIPE_SZ = 1031
# Inputs of the journal that is replayed.
JOURNAL_INPUTS = 400_000


def build(root):
    """Builds the generator; returns its path."""
    scratch = root / ".build-bench"
    subprocess.run(
        ["swift", "build", "--package-path", str(root / "Benchmarks"), "--scratch-path", str(scratch), "-c", "release",
         "--product", "AuditBenchmark"], check=True, stdout=sys.stderr)
    return scratch / "release" / "AuditBenchmark"


def write_command(tool, count, logins, seed, stamps):
    """The command that writes so many bytes of a log."""
    return [str(tool), "write", str(count), str(logins), str(seed), stamps]


class Run:
    """One run of a program: its output, seconds by the clock and on the processor, peak memory."""

    def __init__(self, command, accepted=(0,)):
        """Runs it. Exit codes other than those accepted end the benchmark."""
        with tempfile.TemporaryFile() as output:
            began = time.monotonic()
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            self.seconds = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode not in accepted:
                raise SystemExit(f"benchmark: {' '.join(command)} ended with {process.returncode}")
            output.seek(0)
            self.output = output.read().decode(errors="replace")
        self.processor = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss << 10


def audit(binary, root, show, pairs, gigabytes):
    """Both parts."""
    tool = build(root)
    if shutil.which("pflogsumm") is None:
        raise SystemExit("benchmark: pflogsumm is missing (make bench-setup installs it)")
    folder = Path(tempfile.mkdtemp(prefix="weir-audit-"))
    try:
        compare(binary, tool, folder, show, pairs)
    finally:
        shutil.rmtree(folder)
    long_log(binary, tool, gigabytes)


def compare(binary, tool, folder, show, pairs):
    """Weir, pflogsumm and the reading alone, in turn, on one log that the page cache holds."""
    log = folder / "mail.log"
    with open(log, "wb") as file:
        subprocess.run(write_command(tool, LOG_BYTES, LOG_LOGINS, LOG_SEED, "traditional"), stdout=file, check=True)
    megabytes = log.stat().st_size / 1e6
    commands = {"weir": [str(binary), "audit", str(log)], "pflogsumm": ["pflogsumm", str(log)], "read": [str(tool), "read", str(log)]}
    Run(commands["weir"])
    samples = []
    for pair in range(pairs):
        order = list(commands) if pair % 2 == 0 else list(reversed(commands))
        samples.append({who: Run(commands[who]) for who in order})
    rate = {who: [megabytes / sample[who].seconds for sample in samples] for who in ("weir", "pflogsumm")}
    memory = {who: [sample[who].memory / 1e6 for sample in samples] for who in ("weir", "pflogsumm")}
    read = [dict(part.split("=") for part in sample["read"].output.split()) for sample in samples]
    print(f"\n### The audit of a Postfix log of {megabytes:,.0f} MB, {LOG_LOGINS} logins, beside pflogsumm\n")
    print("| | MB/s by the clock | times pflogsumm | on the processor, s | peak memory, MB |")
    print("|---|---|---|---|---|")
    ratio = [a / b for a, b in zip(rate["weir"], rate["pflogsumm"])]
    for who, name, times in (("weir", "`weir audit`", f"**{show(ratio, 1)}**"), ("pflogsumm", "pflogsumm", "–")):
        processor = show([sample[who].processor for sample in samples], 2)
        print(f"| {name} | {show(rate[who])} | {times} | {processor} | {show(memory[who])} |")
    print("\n| on one core, in memory | MB/s |\n|---|---|")
    print(f"| lines alone | {show([float(sample['lines_mb_s']) for sample in read])} |")
    print(f"| lines joined into messages and told (`MailLogReader`) | **{show([float(sample['joined_mb_s']) for sample in read])}** |", flush=True)


def resident(pid):
    """Present and most resident memory of a process, in bytes."""
    text = Path(f"/proc/{pid}/status").read_text()
    return tuple(int(re.search(rf"{name}:\s+(\d+)", text).group(1)) << 10 for name in ("VmRSS", "VmHWM"))


def long_log(binary, tool, gigabytes):
    """A log of any length through a pipe: how much memory it takes after each part."""
    import fcntl

    size = int(gigabytes * 1e9)
    writer = subprocess.Popen(write_command(tool, size, LONG_LOGINS, LONG_SEED, "rfc3339"), stdout=subprocess.PIPE)
    output = tempfile.TemporaryFile()
    began = time.monotonic()
    reader = subprocess.Popen([str(binary), "audit", "-"], stdin=subprocess.PIPE, stdout=output, stderr=subprocess.DEVNULL)
    source, target = writer.stdout.fileno(), reader.stdin.fileno()
    for pipe in (source, target):
        fcntl.fcntl(pipe, F_SETPIPE_SZ, PIPE_BYTES)
    marks = sorted({0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, gigabytes})
    rows, passed = [], 0
    print(f"\n### The audit of a log of {gigabytes:g} GB through a pipe, {LONG_LOGINS:,} logins\n")
    print("| GB read | resident, MB | peak, MB | seconds |")
    print("|---|---|---|---|", flush=True)
    while count := os.splice(source, target, PIPE_BYTES):
        passed += count
        while marks and marks[0] <= gigabytes and passed >= marks[0] * 1e9 - PIPE_BYTES:
            rows.append((marks.pop(0), *resident(reader.pid), time.monotonic() - began))
            print(f"| {rows[-1][0]:g} | {rows[-1][1] / 1e6:,.0f} | {rows[-1][2] / 1e6:,.0f} | {rows[-1][3]:,.1f} |", flush=True)
    generated = time.monotonic() - began
    writer.wait()
    reader.stdin.close()
    _, status, usage = os.wait4(reader.pid, 0)
    seconds = time.monotonic() - began
    reader.returncode = os.waitstatus_to_exitcode(status)
    if writer.returncode or reader.returncode:
        raise SystemExit(f"benchmark: the long log ended with {writer.returncode}, {reader.returncode}")
    output.seek(0)
    head = next((line.strip() for line in output.read().decode().splitlines() if "messages" in line), "")
    processor = usage.ru_utime + usage.ru_stime
    print(f"\n{passed / 1e9:.2f} GB in {seconds:,.0f} s, written meanwhile on the same cores; of the processor Weir took {processor:,.0f} s: "
          f"{passed / 1e6 / processor:,.0f} MB a second of it. Report {seconds - generated:.1f} s after the last byte; "
          f"peak {(usage.ru_maxrss << 10) / 1e6:,.0f} MB. {head}", flush=True)


def what_if(binary, server, load, show, pairs):
    """`weir replay --policy` over the journal of a Weir that answered the shared load."""
    folder = Path(tempfile.mkdtemp(prefix="weir-whatif-"))
    try:
        weir = server(folder)
        asked, burst = 0, 0
        while asked < JOURNAL_INPUTS:
            burst += 1
            asked += load("policyload-end", weir.policy_socket, 10, 2, burst * 100_000_000)[2]
        weir.stop()
        tried = folder / "tried.yaml"
        tried.write_text("policy:\n  plans:\n    - name: default\n      kind: mua\n      mode: enforce\n"
                         "      limits: [3 messages per hour]\n")
        state = str(folder / "state")
        both, alone = [], []
        for _ in range(pairs):
            both.append(Run([str(binary), "replay", state, "--policy", str(tried), "--json"], accepted=(1,)))
            alone.append(Run([str(binary), "replay", state, "--json"]))
        inputs = json.loads(both[0].output)["replay"]["inputs"]
        differences = json.loads(both[0].output)["what_if"]["totals"]["differences"]
        print(f"\n### A journal of {inputs:,} inputs through two policies\n")
        print("| | inputs/s | peak memory, MB |\n|---|---|---|")
        for name, runs in (("`weir replay --policy`", both), ("`weir replay`", alone)):
            print(f"| {name} | {show([inputs / run.seconds for run in runs])} | {show([run.memory / 1e6 for run in runs])} |")
        print(f"\nMessages that fare otherwise: {', '.join(f'{count:,} {kind}' for kind, count in differences.items() if count)}.", flush=True)
    finally:
        shutil.rmtree(folder)
