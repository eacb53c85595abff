"""The followed mail log: dead recipients learned and refusals given back, through a rotation and a restart."""

from peers_common import expect, wait_until
from smtp_load import Subscriber, send_all, start

# The sink answers 550 5.1.1 to these.
GONE = "gone"
SECONDS = 10


def _dead(weir):
    """Dead recipients that Weir knows of."""
    return weir.metric("weir_dead_recipients_total")


def _wait(weir, count, what):
    """Waits until so many dead recipients are known."""
    wait_until(lambda: _dead(weir) >= count, SECONDS,
               f"{what}: {_dead(weir)} dead recipients after {SECONDS} s, {count} expected")
    expect(_dead(weir) == count, f"{what}: {_dead(weir)} dead recipients, {count} expected")


def followed(peers):
    """A real Postfix's log is followed: 5.1.1 at the next hop is learned, also across logrotate and a restart of Weir."""
    postfix = peers.postfix
    weir = peers.weir("log", "1000 dead recipients per hour", mode="observe", mail_log=postfix.log)
    send_all([Subscriber("ann", 3, postfix.ports["both"]), Subscriber("bob", 5, postfix.ports["both"], people=GONE)])
    _wait(weir, 5, "before the rotation")
    running = Subscriber("bob", 20, postfix.ports["milter"], people=GONE, pause=0.1)
    threads = start([running])
    while len(running.sent) < 8:
        threads[0].join(0.05)
    postfix.rotate_log()
    threads[0].join(60)
    expect(len(running.passed) == 20, f"only {len(running.passed)} of 20 messages were taken across the rotation")
    _wait(weir, 25, "across the rotation")
    log = weir.status()["mail_log"]
    expect(log["restarts"] >= 1 and log.get("trouble") is None, f"after the rotation: {log}")

    weir.stop()
    weir.start()
    send_all([Subscriber("bob", 2, postfix.ports["both"], people=GONE)])
    _wait(weir, 27, "after the restart")

    refunded = weir.metric("weir_messages_refunded_total")
    sender = Subscriber("ann", 4, postfix.ports["refusing"])
    send_all([sender])
    expect(not sender.passed, "a restriction behind Weir let mail pass")
    wait_until(lambda: weir.metric("weir_messages_refunded_total") == refunded + 4, SECONDS,
               "what a restriction refused behind Weir was not given back")
    weir.stop()
    weir.replay()
    return "27 dead recipients learned, 4 refusals given back; one rotation, one restart"
