"""A Postfix of our own: the Debian package's programs on a configuration, queue and data folder in a temporary place.

It listens on loopback alone, with one port a way to ask Weir, and hands all mail to a sink.
"""

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

from auth_server import AuthServer
from peers_common import PeerMissing, free_port, wait_until
from smtp_sink import Sink

# The documented block.
POLICY = "check_policy_service {{ inet:127.0.0.1:{port}, try_limit=1, timeout=3s, default_action=DUNNO }}"
MILTER = ("{{ inet:127.0.0.1:{port}, default_action=accept, connect_timeout=3s, command_timeout=5s, "
          "content_timeout=30s }}")

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
maillog_file = {log}
maillog_file_prefixes = {folder}
myhostname = mx.isp.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{sink_port}
smtp_dns_support_level = disabled
smtp_destination_concurrency_limit = 20
default_process_limit = 100
queue_run_delay = 2s
minimal_backoff_time = 2s
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 100000
smtpd_hard_error_limit = 100000
smtpd_tls_security_level = none
smtp_tls_security_level = none
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth}
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, reject
alias_maps =
alias_database =
local_recipient_maps =
smtpd_data_restrictions = {policy}
smtpd_end_of_data_restrictions = {policy}
smtpd_milters = {milter}
"""

# Services beside the documented block, each with what it overrides.
NO_POLICY = ["-o smtpd_data_restrictions=", "-o smtpd_end_of_data_restrictions="]
SERVICES = {
    "both": [], "none": NO_POLICY + ["-o smtpd_milters="], "policy": ["-o smtpd_milters="], "milter": NO_POLICY,
    # Takes this machine's word for whose mail it is: for mail of a simulation.
    "told": ["-o smtpd_authorized_xclient_hosts=127.0.0.1", "-o { mynetworks = 0.0.0.0/0, [::]/0 }",
             "-o { smtpd_relay_restrictions = permit_mynetworks, reject }"],
    # Refuses everything once Weir has counted it.
    "refusing": ["-o smtpd_milters=", "-o { smtpd_end_of_data_restrictions = $smtpd_data_restrictions, reject }"],
}


class PostfixInstance:
    """One running Postfix. `ports` maps both, none, policy and milter to the ports of its services."""

    def __init__(self, folder, policy_port, milter_port, logins):
        """Nothing runs yet."""
        for program in ("/usr/sbin/postfix", "/usr/sbin/postqueue", "/usr/sbin/postsuper"):
            if not os.path.exists(program):
                raise PeerMissing(f"{program} is missing: apt-get install postfix")
        if os.geteuid() != 0:
            raise PeerMissing("a Postfix of our own needs root: its master(8) changes users")
        self.folder = Path(folder)
        self.config = self.folder / "etc"
        self.queue = self.folder / "queue"
        self.log = self.folder / "log" / "mail.log"
        self.ports = {name: free_port() for name in SERVICES}
        self._sink = None
        self._auth = None
        self._logins = logins
        self._doors = {"policy": POLICY.format(port=policy_port), "milter": MILTER.format(port=milter_port)}

    def _write(self):
        """The folders, main.cf and master.cf."""
        for folder in (self.config, self.queue, self.folder / "data", self.log.parent):
            folder.mkdir(parents=True)
        shutil.chown(self.folder / "data", "postfix")
        (self.config / "main.cf").write_text(MAIN_CF.format(
            queue=self.queue, data=self.folder / "data", log=self.log, folder=self.folder, sink_port=self._sink.port,
            auth=self.folder / "auth", **self._doors))
        (self.config / "master.cf").write_text(self._master_cf())

    def _master_cf(self):
        """The distribution's services without chroot, and ours in the place of port 25."""
        lines = Path("/usr/share/postfix/master.cf.dist").read_text().splitlines()
        kept = [_without_chroot(line) for line in lines if not re.match(r"(smtp\s+inet|pickup\s|tlsproxy\s)", line)]
        for name, overrides in SERVICES.items():
            kept.append(f"127.0.0.1:{self.ports[name]} inet n - n - 100 smtpd")
            kept += [f"  {override}" for override in overrides]
        return "\n".join(kept) + "\n"

    def start(self):
        """Starts the auth server, the sink and Postfix."""
        self.folder.mkdir(parents=True)
        self._auth = AuthServer(str(self.folder / "auth"), self._logins)
        self._sink = Sink(self.folder / "sink.jsonl")
        self._write()
        self._start()

    def stop(self):
        """Stops all three."""
        self._postfix("stop", check=False)
        if self._sink:
            self._sink.stop()
        if self._auth:
            self._auth.close()

    def restart(self):
        """Stops and starts Postfix, so that no smtpd process keeps a connection to an earlier Weir."""
        self._postfix("stop")
        self._start()

    def _start(self):
        """Starts Postfix and waits until the ports answer."""
        self._postfix("start")
        for port in self.ports.values():
            wait_until(lambda: _answers(port), 20, f"Postfix does not answer on port {port}: see {self.log}")

    def _postfix(self, verb, check=True):
        """Runs postfix(1)."""
        subprocess.run(["postfix", "-c", str(self.config), verb], check=check, capture_output=True, timeout=60)

    def queued(self):
        """What postqueue(1) lists, a dictionary a message."""
        output = subprocess.run(
            ["postqueue", "-c", str(self.config), "-j"], check=True, capture_output=True, timeout=60, text=True).stdout
        return [json.loads(line) for line in output.splitlines()]

    def held(self):
        """Messages in the hold queue."""
        return [message for message in self.queued() if message["queue_name"] == "hold"]

    def delivered(self):
        """What the sink received, a dictionary a message."""
        return self._sink.received()

    def drain(self, seconds=60):
        """Waits until nothing but held mail is queued."""
        wait_until(lambda: all(message["queue_name"] == "hold" for message in self.queued()), seconds,
                   "Postfix's queue did not empty")

    def purge(self):
        """Deletes everything that is queued."""
        subprocess.run(["postsuper", "-c", str(self.config), "-d", "ALL"], check=True, capture_output=True, timeout=60)

    def rotate_log(self):
        """Renames the log and lets postlogd(8) make a new one, as postfix(1) logrotate does before it compresses."""
        self.log.rename(self.log.with_name("mail.log.1"))
        self._postfix("reload")

    def log_lines(self, word):
        """Lines of the mail log that hold a word."""
        return [line for line in self.log.read_text(errors="replace").splitlines() if word in line]


def _without_chroot(line):
    """A line of master.cf whose chroot column is n."""
    return re.sub(r"^(\S+\s+(?:unix|inet|unix-dgram|fifo|pass)\s+\S+\s+\S+\s+)y(\s)", r"\1n\2", line)


def _answers(port):
    """True where something greets as an SMTP server."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.settimeout(5)
            return connection.recv(3) == b"220"
    except OSError:
        return False
