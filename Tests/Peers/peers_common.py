"""What all checks share: failing, waiting, ports, processes."""

import os
import socket
import time
from pathlib import Path


class CheckFailed(Exception):
    """A check found what must not be. Its words are the reason."""


class PeerMissing(Exception):
    """A program that the checks need is not there."""


def expect(condition, why):
    """Fails the check with a reason unless the condition holds."""
    if not condition:
        raise CheckFailed(why)


def wait_until(condition, seconds, why):
    """Waits for a condition; fails with a reason when time is up."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise CheckFailed(why)
        time.sleep(0.05)


_given = set()


def free_port():
    """A port of 127.0.0.1 that nobody listens at, never the same twice."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        # Below the range of outgoing connections nothing could take it before its owner does; Linux has no such promise
        # above, so that a port is at least never given out twice.
        if port not in _given:
            _given.add(port)
            return port


def cpu_seconds(pid):
    """User and system time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
