"""A simulated provider's mail through a real Postfix: Weir knows whose it is, and stops what is over the limit."""

import json
import subprocess
from pathlib import Path

from peers_common import expect, wait_until

POPULATION = Path(__file__).resolve().parents[2] / "Simulation" / "population.yaml"
MESSAGES = 300


def _simulate(peers, port, *more):
    """`weir simulate` to a port."""
    return subprocess.run(
        [peers.binary, "simulate", POPULATION, "--subscribers", "40", "--attack-factor", "2000", "--messages",
         str(MESSAGES), "--per-second", "500", "--smtp", str(port), *more],
        capture_output=True, text=True, timeout=120)


def mail(peers):
    """What Postfix accepted is what Weir let pass, and each message is its simulated sender's."""
    before = len(peers.postfix.delivered())
    weir = peers.weir("simulated", "10 messages per day, burst 3")
    result = _simulate(peers, peers.postfix.ports["told"], "--json")
    expect(result.returncode == 0, f"simulate ended with {result.returncode}: {result.stderr.strip()}")
    said = json.loads(result.stdout)
    accepted, stopped = (
        sum(said[kind][name] for kind in ("honest", "abuse") for name in names)
        for names in (("accepted",), ("deferred", "refused")))
    expect(accepted + stopped == MESSAGES, f"{accepted} accepted and {stopped} stopped of {MESSAGES}")
    expect(accepted > MESSAGES // 10 and stopped > 0,
           f"{accepted} accepted, {stopped} stopped: nothing is shown by that: {said['refusals']}")
    expect(said["abuse"]["accepted"] > 0, "no attacker sent anything")
    weir.settle()
    expect(weir.passed() == accepted, f"{weir.passed()} messages were counted, {accepted} accepted")
    wait_until(lambda: len(peers.postfix.delivered()) - before == accepted, 60, "not all that was accepted arrived")
    whose = {line["subscriber"] for line in weir.logged() if line.get("subscriber")}
    expect(len(whose) >= 10, f"the mail is counted for {len(whose)} subscribers: {sorted(whose)[:5]}")
    expect(not any("127.0.0.1" in name for name in whose), "mail is counted for this machine")
    other = _simulate(peers, peers.postfix.ports["both"])
    expect(other.returncode == 2 and "smtpd_authorized_xclient_hosts" in other.stderr,
           f"a server without XCLIENT: {other.returncode} {other.stderr.strip()}")
    weir.stop()
    return f"{accepted} of {MESSAGES} passed, of {len(whose)} subscribers"
