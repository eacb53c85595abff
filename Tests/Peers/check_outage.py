"""Weir gone or standing still: mail flows on, a little slower at most."""

import signal

from peers_common import expect
from smtp_load import Subscriber, send_all, start

RECIPIENTS = 100


def _dialogue(peers, door):
    """How long one message of 100 recipients takes; it must be accepted."""
    sender = Subscriber("ann", 1, peers.postfix.ports[door], recipients=RECIPIENTS)
    send_all([sender])
    expect(sender.passed, f"the message was refused: {sender.sent and (sender.sent[0].code, sender.sent[0].text)}")
    return sender.slowest


def doors_down(peers):
    """Both doors killed: a message of 100 recipients takes at most 1 s longer than without them."""
    weir = peers.weir("down", "100000 recipients per hour")
    plain, asked = _dialogue(peers, "none"), _dialogue(peers, "both")
    weir.kill()
    fresh = _dialogue(peers, "both")
    again = _dialogue(peers, "both")
    slowest = max(fresh, again)
    expect(slowest <= plain + 1, f"{slowest:.2f} s with both doors killed, {plain:.2f} s without doors")
    return f"{plain:.2f} s without doors, {asked:.2f} s with, {fresh:.2f} and {again:.2f} s with both killed"


def doors_stopped(peers):
    """Both doors stopped by SIGSTOP: a message of 100 recipients takes at most 10 s, and is accepted."""
    weir = peers.weir("stopped", "100000 recipients per hour")
    plain = _dialogue(peers, "none")
    weir.signal(signal.SIGSTOP)
    took = _dialogue(peers, "both")
    weir.signal(signal.SIGCONT)
    expect(took <= 10, f"{took:.2f} s with both doors stopped")
    after = _dialogue(peers, "both")
    expect(after <= plain + 1, f"{after:.2f} s once Weir went on")
    weir.stop()
    return f"{plain:.2f} s without doors, {took:.2f} s with both stopped, {after:.2f} s once it went on"


def stopped_in_order(peers):
    """Weir stopped by SIGTERM: smtpd goes on to accept, in running connections and in new ones."""
    weir = peers.weir("term", "100000 recipients per hour")
    running = Subscriber("ann", 40, peers.postfix.ports["both"], pause=0.1)
    threads = start([running])
    while len(running.sent) < 10:
        threads[0].join(0.05)
    weir.stop()
    threads[0].join(60)
    later = Subscriber("bob", 5, peers.postfix.ports["both"], per_connection=1)
    send_all([later])
    for sender in (running, later):
        refused = [sent for sent in sender.sent if not sent.passed]
        expect(len(sender.passed) == sender.count, f"{sender.login} was refused: {refused[:1]}")
        expect(sender.slowest < 2, f"a dialogue of {sender.login} took {sender.slowest:.2f} s")
    return f"{len(running.passed)} messages of a running connection and {len(later.passed)} of new ones"
