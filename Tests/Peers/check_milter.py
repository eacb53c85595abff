"""The milter door with other peers than Postfix: miltertest's scripts, and a real Sendmail."""

import shutil
import subprocess
from pathlib import Path

from peers_common import PeerMissing, expect, wait_until
from sendmail_instance import SendmailInstance
from smtp_load import Subscriber, send_all

# Script, the limit and action under which it runs, and how many of its messages pass.
SCRIPTS = {
    "messages.lua": ("1000 messages per day", "reject", 2),
    "version2.lua": ("1000 messages per day", "reject", 1),
    "refused.lua": ("10 messages per day, burst 2", "reject", 2),
    "held.lua": ("10 messages per day, burst 2", "hold", 2),
}


def scripts(peers):
    """Every script of milter/, and after each one as many messages counted as passed."""
    program = shutil.which("miltertest")
    if program is None:
        raise PeerMissing("miltertest is missing: apt-get install miltertest")
    folder = Path(__file__).with_name("milter")
    expect({path.name for path in folder.glob("*.lua")} == set(SCRIPTS), "milter/ and the list of scripts differ")
    for script, (limit, action, passed) in SCRIPTS.items():
        weir = peers.weir(script, limit, action=action, postfix=False)
        result = subprocess.run(
            [program, "-D", f"port={peers.ports.milter}", "-s", folder / script], capture_output=True, text=True,
            timeout=60)
        expect(result.returncode == 0, f"miltertest ended with {result.returncode}: {result.stdout.strip()}")
        counted = weir.passed()
        expect(counted == passed, f"{script}: {counted} messages were counted, {passed} passed")
        faults = weir.peer_faults("milter")
        expect(faults == 0, f"{script}: Weir found {faults} faults in what miltertest said")
        weir.stop()
    return ", ".join(SCRIPTS)


def sendmail(peers):
    """Sendmail with Weir's milter: a subscriber named by a header field is held to the limit; what passes arrives."""
    burst, sent = 5, 8
    weir = peers.weir("sendmail", f"10 messages per day, burst {burst}", header="X-Subscriber", postfix=False)
    server = SendmailInstance(peers.folder / "sendmail", peers.ports.milter, peers.cache)
    try:
        server.start()
        sender = Subscriber("", sent, server.port, recipients=2, header="X-Subscriber: ann")
        send_all([sender], seconds=120)
        expect(not sender.error, f"the dialogue broke off: {sender.error}")
        refused = [message for message in sender.sent if not message.passed]
        expect(len(sender.passed) == burst, f"{len(sender.passed)} messages passed, {burst} are allowed")
        expect(all(message.code == 550 and "5.7.1" in message.text for message in refused), f"refused as {refused[0]}")
        wait_until(lambda: len(server.delivered()) == burst, 30, f"not all of {burst} messages arrived")
        weir.settle()
        expect(weir.passed() == burst, f"{weir.passed()} messages were counted, {burst} passed")
        expect(weir.recipients() == 2 * burst, f"{weir.recipients()} recipients were counted, {2 * burst} passed")
        ids = {line["id"] for line in weir.logged() if line["verdict"] == "accept" and "id" in line}
        expect(len(ids) >= burst, "the queue ids of Sendmail are not in the log")
        expect(weir.peer_faults("milter") == 0, "Weir found faults in what Sendmail said")
    finally:
        server.stop()
    weir.stop()
    return f"{len(sender.passed)} of {sent} messages of 2 recipients passed, {server.version}"
