"""What two sockets do to the order of things: Postfix speaks to both doors, and Weir may read either one first."""

import socket
import struct
import time

from peers_common import expect, wait_until


class PolicyPeer:
    """Postfix's side of the policy door."""

    def __init__(self, port):
        """Connects."""
        self._connection = socket.create_connection(("127.0.0.1", port), 10)

    def ask(self, state, queue_id):
        """One question of ann's only connection; the action."""
        self._connection.sendall((
            f"request=smtpd_access_policy\nprotocol_state={state}\nclient_address=127.0.0.1\nclient_port=4000\n"
            f"sasl_username=ann\nsender=ann@isp.example\nrecipient_count=1\nqueue_id={queue_id}\n"
            f"instance=1.{queue_id}.0\n\n").encode())
        return self._connection.recv(4096).decode().strip()


class MilterPeer:
    """Postfix's side of the milter door: version 6, every step that it may do without an answer unanswered."""

    def __init__(self, port):
        """Connects, negotiates, and says who the client is."""
        self._connection = socket.create_connection(("127.0.0.1", port), 10)
        self._say(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF))
        self._connection.recv(4096)
        self._say(b"D", b"C{client_port}\0004000\0")
        self._say(b"C", b"pc.example\0004" + struct.pack(">H", 4000) + b"127.0.0.1\0")
        self._say(b"H", b"pc.example\0")

    def envelope(self):
        """MAIL and RCPT."""
        self._say(b"D", b"M{auth_authen}\0ann\0")
        self._say(b"M", b"<ann@isp.example>\0")
        self._say(b"R", b"<bob@there.example>\0")

    def data(self, queue_id):
        """DATA, at which a milter first learns the queue id."""
        self._say(b"D", b"Ti\0" + queue_id.encode() + b"\0")
        self._say(b"T", b"")

    def abort(self):
        """The message came to nothing, or was accepted: Postfix says the same for both."""
        self._say(b"A", b"")

    def _say(self, command, payload):
        """One frame."""
        self._connection.sendall(struct.pack(">I", len(payload) + 1) + command + payload)


def late_abort(peers):
    """A refused message's abort that is read after the next message's first question does not touch that message."""
    used = {}
    for order in ("before", "behind"):
        weir = peers.weir(f"abort-{order}", "10 messages per day, burst 1", mode="observe", postfix=False)
        policy, milter = PolicyPeer(peers.ports.policy), MilterPeer(peers.ports.milter)
        milter.envelope()
        policy.ask("DATA", "4Xa1")
        if order == "before":
            _abort(milter)
        policy.ask("DATA", "4Xa2")
        if order == "behind":
            _abort(milter)
        milter.envelope()
        milter.data("4Xa2")
        policy.ask("END-OF-MESSAGE", "4Xa2")
        wait_until(lambda: _numbers(weir, "4Xa2")[1] == 3, 5, "the log lacks answers about the second message")
        numbers, _ = _numbers(weir, "4Xa2")
        expect(len(numbers) == 1, f"abort {order} the next question: one message was taken for {len(numbers)}")
        used[order] = weir.subscriber("ann")["limits"][0]["used"]
        weir.stop()
    expect(used["before"] == used["behind"], f"used of the limit: {used}")
    return "one message, whichever socket is read first"


def _abort(milter):
    """Sends the abort, and gives Weir the time to read it."""
    milter.abort()
    time.sleep(0.3)


def _numbers(weir, queue_id):
    """The numbers under which a message stands in the log, and how many lines there are."""
    lines = [line for line in weir.logged() if line.get("id") == queue_id]
    return {line["message"] for line in lines}, len(lines)
