"""Held mail: in Postfix's own hold queue, listed, released, purged, and charged at its release."""

from peers_common import expect, wait_until
from smtp_load import Subscriber, send_all

BURST, SENT = 5, 12


def _hold(peers, door):
    """Sends over the limit at one kind of door, then lists, releases one, releases by subscriber, purges the rest."""
    peers.postfix.purge()
    weir = peers.weir(f"hold-{door}", f"10 messages per day, burst {BURST}", action="hold")
    weir.start_hold_agent(peers.postfix)
    since = len(peers.postfix.delivered())
    sender = Subscriber("ann", SENT, peers.postfix.ports[door])
    send_all([sender])
    refused = [sent for sent in sender.sent if not sent.passed]
    expect(not refused, f"{door}: a held message was refused: {refused[:1]}")
    peers.postfix.drain()
    held = peers.postfix.held()
    expect(len(held) == SENT - BURST, f"{door}: {len(held)} messages are held, {SENT - BURST} expected")
    expect(len(peers.postfix.delivered()) - since == BURST, f"{door}: not exactly {BURST} messages were delivered")
    _check_list(weir, held, door)
    _release_and_purge(peers, weir, since, door)
    weir.stop()
    return len(held)


def _check_list(weir, held, door):
    """What Weir lists is what Postfix holds, with its subscriber and case."""
    weir.settle()
    listed = weir.hold_list()
    expect({message["queue_id"] for message in listed} == {message["queue_id"] for message in held},
           f"{door}: weir hold list names other messages than postqueue")
    named = [message for message in listed if message.get("subscriber") == "ann"]
    expect(len(named) == len(listed), f"{door}: a held message has no subscriber")
    expect(all(message.get("case_code") for message in listed), f"{door}: a held message has no case")
    expect(weir.hold_list("--subscriber", "bob") == [], f"{door}: bob's list is not empty")
    of_case = weir.hold_list("--case", listed[0]["case_code"])
    expect(len(of_case) == len(listed), f"{door}: the case lists other messages")


def _release_and_purge(peers, weir, since, door):
    """Releases one message by its id, purges one, releases the rest by subscriber."""
    ids = sorted(message["queue_id"] for message in peers.postfix.held())
    passed = weir.passed()
    weir.hold_release(ids[0], "--why", "a test")
    wait_until(lambda: len(peers.postfix.delivered()) - since == BURST + 1, 30,
               f"{door}: what was released did not arrive")
    expect(weir.passed() == passed + 1, f"{door}: the released message was not charged")
    weir.hold_purge(ids[1], "--why", "a test")
    still = {message["queue_id"] for message in peers.postfix.held()}
    expect(still == set(ids[2:]), f"{door}: the purge took {sorted(set(ids) - still)}")
    weir.hold_release("--subscriber", "ann", "--why", "a test")
    wait_until(lambda: len(peers.postfix.delivered()) - since == SENT - 1, 30,
               f"{door}: not all released mail arrived")
    expect(weir.hold_list() == [] and not peers.postfix.held(), f"{door}: something is still held")
    expect(weir.passed() == passed + len(ids) - 1, f"{door}: released mail was not charged, or purged mail was")


def held(peers):
    """The verdict hold at each kind of door: held, listed, released, purged."""
    counts = {door: _hold(peers, door) for door in ("both", "policy", "milter")}
    return ", ".join(f"{count} held at {door}" for door, count in counts.items())
