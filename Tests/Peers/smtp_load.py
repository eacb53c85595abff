"""Subscribers: SMTP clients that log in and send, each in a thread, and remember how every dialogue went."""

import smtplib
import threading
import time
from dataclasses import dataclass, field

from auth_server import PASSWORD


@dataclass
class Sent:
    """One message: its subject, the reply that ended it, and how long its dialogue took."""

    subject: str
    code: int
    text: str
    seconds: float

    @property
    def passed(self):
        """True where the server took it."""
        return self.code == 250


@dataclass
class Subscriber:
    """An account that sends `count` messages, each to `recipients` people whose names begin with `people`, with a pause.

    `per_connection` messages share a dialogue; `header` is one more field of each.
    """

    login: str
    count: int
    port: int
    recipients: int = 1
    pause: float = 0.0
    per_connection: int = 1_000_000
    header: str = ""
    people: str = "r"
    sent: list = field(default_factory=list)
    error: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self):
        """Sends everything; a lost connection is opened again."""
        client = None
        for number in range(self.count):
            if self.stop.is_set():
                break
            began = time.monotonic()
            try:
                if client is None or number % self.per_connection == 0:
                    client = self._connect(client)
                code, text = self._send(client, number)
            except (smtplib.SMTPException, OSError) as error:
                code, text, client = 0, repr(error), None
                self.error = self.error or text
            self.sent.append(Sent(self._subject(number), code, text, time.monotonic() - began))
            if self.pause:
                self.stop.wait(self.pause)
        _quit(client)

    def _connect(self, old):
        """A new connection, logged in where there is a login."""
        _quit(old)
        client = smtplib.SMTP("127.0.0.1", self.port, local_hostname="pc.example", timeout=60)
        client.ehlo()
        if self.login:
            client.login(self.login, PASSWORD)
        return client

    def _send(self, client, number):
        """One transaction; returns the reply that ended it."""
        code, text = client.mail(f"<{self.address}>")
        if code == 250:
            code, text = self._recipients(client, number)
        if code == 250:
            code, text = self._data(client, number)
        if code != 250:
            client.rset()
        return code, text.decode("latin-1")

    def _recipients(self, client, number):
        """All RCPT commands, sent ahead as PIPELINING allows; the first refusal, or the last reply."""
        for index in range(self.recipients):
            client.putcmd("rcpt", f"TO:<{self.people}{number}.{index}@there.example>")
        replies = [client.getreply() for _ in range(self.recipients)]
        return next((reply for reply in replies if reply[0] != 250), replies[-1])

    def _data(self, client, number):
        """DATA and the message."""
        client.putcmd("data")
        code, text = client.getreply()
        if code != 354:
            return code, text
        lines = [f"From: <{self.address}>", f"Subject: {self._subject(number)}", self.header, "", "hello", ".", ""]
        if not self.header:
            del lines[2]
        client.send("\r\n".join(lines).encode())
        return client.getreply()

    @property
    def address(self):
        """The sender's address."""
        return f"{self.login or 'nobody'}@isp.example"

    def _subject(self, number):
        """A subject that no other message has."""
        return f"{self.login or 'nobody'}-{id(self):x}-{number}"

    @property
    def passed(self):
        """The messages that the server took."""
        return [sent for sent in self.sent if sent.passed]

    @property
    def slowest(self):
        """The longest dialogue in seconds."""
        return max((sent.seconds for sent in self.sent), default=0.0)


def _quit(client):
    """Ends a connection politely."""
    if client is not None:
        try:
            client.quit()
        except (smtplib.SMTPException, OSError):
            pass


def start(subscribers):
    """Starts them; returns their threads."""
    threads = [threading.Thread(target=one.run, daemon=True) for one in subscribers]
    for thread in threads:
        thread.start()
    return threads


def send_all(subscribers, seconds=300):
    """Runs subscribers side by side until all are done; returns how long it took."""
    began = time.monotonic()
    for thread in start(subscribers):
        thread.join(max(0.0, began + seconds - time.monotonic()))
    for one in subscribers:
        one.stop.set()
    return time.monotonic() - began
