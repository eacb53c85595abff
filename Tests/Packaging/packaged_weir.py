"""The packaged service, running in a Debian root under its unit's restrictions, and what systemd would hear from it."""

import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Peers"))

from peers_common import CheckFailed, expect, free_port, wait_until

HERE = Path(__file__).resolve().parent
UNIT = "/lib/systemd/system/weir.service"
CONFIGURATION = "/etc/weir/weir.yaml"
LIBC = ctypes.CDLL(None, use_errno=True)
# linux/ptrace.h
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207


class PackagedWeir:
    """One such service: `start`, ask, `stop`. Its ports are written into the packaged configuration, as an operator would."""

    def __init__(self, root):
        """Chooses the ports; nothing runs yet."""
        self.root = root
        self.ports = {name: free_port() for name in ("policy", "milter", "admin")}
        self.told = []
        self._sent = 0
        self._process = None
        self._systemd = None

    def configure(self):
        """Other ports, and the Unix sockets for Postfix, in the packaged configuration."""
        path = self.root.path(CONFIGURATION)
        text = path.read_text()
        for port, name in (("10040", "policy"), ("10041", "milter"), ("10080", "admin")):
            text = re.sub(rf"^(\s+(?:- |admin: )127\.0\.0\.1:){port}", rf"\g<1>{self.ports[name]}", text, flags=re.M)
        text, count = re.subn(r"^#(    - unix:)", r"\1", text, flags=re.M)
        expect(count == 2, f"{count} Unix sockets stand in {CONFIGURATION}, 2 expected")
        path.write_text(text)

    # Running it.

    @property
    def pid(self):
        """The daemon's process id."""
        return self._process.pid

    def start(self):
        """Starts it as systemd would, and waits for READY=1."""
        self.told = []
        name = self.root.path("/run/notify")
        name.unlink(missing_ok=True)
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._systemd.bind(str(name))
        self._systemd.setblocking(False)
        name.chmod(0o666)
        log = open(self.root.folder.parent / "weir.log", "ab")
        self._process = subprocess.Popen(
            [sys.executable, HERE / "service_sandbox.py", self.root.folder, UNIT], stdout=log, stderr=log,
            env={**os.environ, "NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "30000000"})
        log.close()
        wait_until(lambda: self._has_told("READY=1"), 40, "weir did not tell READY=1")

    def _has_told(self, text):
        """True once it told so; fails where it ended."""
        expect(self._process.poll() is None, f"weir ended with {self._process.poll()}: {self.log()[-600:]}")
        return any(text in one for one in self.hear())

    def hear(self):
        """All that it has told since its start."""
        try:
            while True:
                self.told.append(self._systemd.recv(4096).decode())
        except BlockingIOError:
            return self.told

    def forget(self):
        """Forgets what it told so far."""
        self.hear()
        self.told = []

    def log(self):
        """What it said."""
        return (self.root.folder.parent / "weir.log").read_text(errors="replace")

    def stop(self):
        """SIGTERM; it must end well and tell STOPPING=1."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise CheckFailed("weir did not stop within 20 s of SIGTERM") from None
        expect(status == 0, f"weir ended with {status}: {self.log()[-600:]}")
        expect("STOPPING=1" in self.hear(), "weir did not tell STOPPING=1")
        self._systemd.close()

    def signal(self, number):
        """Sends a signal."""
        self._process.send_signal(number)

    # Asking it.

    def command(self, *words, passes=True):
        """One of its commands, run in the root."""
        return self.root.run("weir", *words, passes=passes)

    def status(self):
        """`weir status`, which finds the daemon by /etc/weir/weir.yaml."""
        said = self.command("status", "--json")
        expect(said.startswith("{"), f"weir status --json said: {said[:800]!r}")
        return json.loads(said)

    def answers(self):
        """True where /healthz answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['admin']}/healthz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def send(self, login, count):
        """So many messages of a login to one recipient each, asked about at the policy door as Postfix would."""
        with socket.create_connection(("127.0.0.1", self.ports["policy"]), timeout=10) as door:
            for _ in range(count):
                # A number never used before: the same again would be the same message.
                self._sent += 1
                ask(door, login, self._sent)

    def held_thread(self):
        """A context in which the doors' thread, and no other, stands still."""
        return _HeldThread(self.pid, "weir-doors")


def ask(door, login, number):
    """One message at the policy door, DATA and END-OF-MESSAGE; both must be let through."""
    for state in ("DATA", "END-OF-MESSAGE"):
        door.sendall((
            f"request=smtpd_access_policy\nprotocol_state={state}\nprotocol_name=ESMTP\nclient_address=192.0.2.7\n"
            f"client_port=4000\nsasl_username={login}\nsender={login}@example.net\nrecipient=bob@example.com\n"
            f"recipient_count=1\nqueue_id={login}{number}\ninstance={login}.{number}\nsize=1000\n\n").encode())
        answer = b""
        while not answer.endswith(b"\n\n"):
            more = door.recv(4096)
            expect(more, "the policy door closed")
            answer += more
        expect(answer.lower() == b"action=dunno\n\n", f"the policy door answered {answer}")


class _HeldThread:
    """Holds one thread of a process by ptrace(2) while the others run on."""

    def __init__(self, pid, name):
        """Finds it by its name."""
        tasks = [task for task in Path(f"/proc/{pid}/task").iterdir() if (task / "comm").read_text().strip() == name]
        expect(len(tasks) == 1, f"{len(tasks)} threads are named {name}")
        self._thread = int(tasks[0].name)

    def __enter__(self):
        """Stops it."""
        self._ptrace(PTRACE_SEIZE)
        self._ptrace(PTRACE_INTERRUPT)
        os.waitpid(self._thread, 0x40000000)  # __WALL

    def __exit__(self, *_):
        """Lets it go on."""
        self._ptrace(PTRACE_DETACH)

    def _ptrace(self, request):
        """ptrace(2)."""
        if LIBC.ptrace(request, self._thread, None, None) != 0:
            raise CheckFailed(f"ptrace {request}: {os.strerror(ctypes.get_errno())}")


def settle():
    """Until what was decided stands in the database: it is written four times a second."""
    time.sleep(1.5)
