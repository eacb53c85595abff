"""What a log holds, counted by Weir and by the summaries that operators know: pflogsumm for Postfix, eximstats for Exim."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from peers_common import PeerMissing, expect

# Members of the summary line, in the order of the counts below.
SUMMARY = ("received", "delivered", "deferrals", "failed", "refused")

# Logs below the corpora, the mail program, and what the peer counts otherwise, by count.
LOGS = (
    ("logs/louisitvn+pflgviewer/postfix.log", "postfix", {}),
    ("logs/kdent+postfix_log_analysis/mail.log", "postfix", {}),
    # The peer counts a message at `client=`; one of them was broken off before it was accepted.
    ("logs/kdent+postfix_log_analysis/mail2.log", "postfix", {"received": 1}),
    # The peer counts what goes to `:blackhole:` as rejected too, and what a remote server called so; neither is a
    # refusal of this server. It counts the server's own bounces as received too.
    (
        "logs/irinata+backend-js-maillog-analyzer/maillog-sample.first5000.txt", "exim",
        {"received": 265, "refused": 269},
    ),
)


def run(*command):
    """A program's output; a program that is missing is a failure. The summaries live where root's programs do."""
    program = shutil.which(command[0], path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program is None:
        raise PeerMissing(f"{command[0]} is not installed")
    return subprocess.run((program, *command[1:]), check=True, capture_output=True).stdout.decode("utf-8", "replace")


def unpacked_eximstats(cache):
    """eximstats without its package, which would remove Postfix."""
    cache = Path(cache)
    cache.mkdir(parents=True, exist_ok=True)
    if not list(cache.glob("exim4-base_*.deb")):
        subprocess.run(["apt-get", "download", "exim4-base"], cwd=cache, check=True, capture_output=True, timeout=300)
    folder = cache / "exim4-base"
    if not folder.exists():
        subprocess.run(["dpkg-deb", "-x", str(sorted(cache.glob("exim4-base_*.deb"))[-1]), str(folder)], check=True)
    return folder / "usr" / "sbin" / "eximstats"


def normalised(path, folder):
    """The log as pflogsumm can read it: brackets around addresses, no commas that a table program left at the end."""
    text = Path(path).read_text("utf-8", "replace")
    text = re.sub(r",+$", "", text, flags=re.M)
    text = re.sub(r"\b((?:orig_)?to)=([^<,\n]+),", r"\1=<\2>,", text)
    text = re.sub(r"\bfrom=([^<,\s]+)([, ])", r"from=<\1>\2", text)
    text = re.sub(r'dsn=([0-9.]+),"', r"dsn=\1,", text)
    copy = Path(folder) / "normalised.log"
    copy.write_text(text, "utf-8")
    return copy


def scaled(number):
    """pflogsumm shortens: `39537k`."""
    return int(number[:-1]) * 1024 if number.endswith("k") else int(number)


def pflogsumm(path, peers):
    """pflogsumm's grand totals. What it calls deferred is messages; the attempts stand in brackets."""
    text = run("pflogsumm", "-h", "0", "-u", "0", str(normalised(path, peers.folder)))
    found = re.findall(r"^ +(\d+k?) +(received|delivered|bounced|rejected)\b", text, re.M)
    totals = {name: scaled(count) for count, name in found}
    deferrals = re.search(r"\((\d+k?) +deferrals\)", text)
    return dict(zip(SUMMARY, (
        totals["received"], totals["delivered"], scaled(deferrals[1]) if deferrals else 0, totals["bounced"],
        totals["rejected"])))


def eximstats(path, peers):
    """eximstats' totals; it counts messages with a delay or failure, so the attempts are counted from their flags."""
    text = run(str(unpacked_eximstats(peers.cache)), "-nt", "-h0", "-t0", str(path))
    received = re.search(r"^  Received +\S+ +(\d+)", text, re.M)
    delivered = re.search(r"^  Delivered +\S+ +\d+ +(\d+)", text, re.M)
    rejects = re.search(r"^  Rejects +(\d+)", text, re.M)
    lines = Path(path).read_text("utf-8", "replace")
    return dict(zip(SUMMARY, (
        int(received[1]), int(delivered[1]), len(re.findall(r" == ", lines)), len(re.findall(r" \*\* ", lines)),
        int(rejects[1]) if rejects else 0)))


def ours(binary, path):
    """Weir's summary: the last line."""
    lines = run(str(binary), "audit", "--json", str(path)).splitlines()
    summary = json.loads(lines[-1])
    expect(summary.get("type") == "summary", f"the last line of the audit of {path} is no summary")
    return {name: summary[name] for name in SUMMARY}


def counts_agree(peers):
    """Messages, recipients and failures are the peers' own, or the difference is the one that is written down."""
    corpora = Path(os.environ.get("WEIR_CORPORA", Path(__file__).resolve().parents[2] / ".build" / "corpora"))
    compared = 0
    for name, program, differences in LOGS:
        path = corpora / name
        expect(path.exists(), f"{path} is missing: make corpora")
        theirs = (pflogsumm if program == "postfix" else eximstats)(path, peers)
        mine = ours(peers.binary, path)
        for count in SUMMARY:
            difference = theirs[count] - mine[count]
            expect(
                difference == differences.get(count, 0),
                f"{name}: {count} {mine[count]}, by {program}'s summary {theirs[count]}")
        compared += len(SUMMARY)
    return f"{len(LOGS)} logs, {compared} counts as the peers' own or off by what is written down"
