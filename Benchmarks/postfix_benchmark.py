"""A real Postfix with Weir at each door, beside the same Postfix with an echo on the same stages."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

MESSAGES, CONNECTIONS, LENGTH = 2000, 20, 4096

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}
myhostname = bench.isp.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{sink}
smtp_dns_support_level = disabled
default_destination_concurrency_limit = 50
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = none
smtp_tls_security_level = none
alias_maps =
alias_database =
local_recipient_maps =
default_process_limit = 100
"""


def policy_at(address):
    """Overrides of a service that asks a policy server where the documented block does."""
    check = f"{{check_policy_service {{{address}, try_limit=1, timeout=3s, default_action=DUNNO}}}}"
    return ["-o", "{smtpd_data_restrictions=" + check[1:-1] + "}", "-o", "{smtpd_end_of_data_restrictions=" + check[1:-1] + "}"]


def milter_at(address):
    """Overrides of a service that asks a milter as the documented block does."""
    return ["-o", "{smtpd_milters={" + address + ", default_action=accept, connect_timeout=3s, command_timeout=5s, content_timeout=30s}}"]


class Postfix:
    """A Postfix of our own with a port for each way of asking, in memory, and a sink behind it."""

    def __init__(self, folder, ways, free_port):
        """Writes the configuration and starts it."""
        self.folder = Path(folder)
        for name in ("etc", "queue", "data", "log"):
            (self.folder / name).mkdir()
        os.chmod(self.folder, 0o755)
        shutil.chown(self.folder / "data", "postfix")
        self.ports = {name: free_port() for name in ways}
        sink = free_port()
        (self.folder / "etc" / "main.cf").write_text(MAIN_CF.format(folder=self.folder, sink=sink))
        lines = []
        for line in Path("/usr/share/postfix/master.cf.dist").read_text().splitlines():
            if re.match(r"(smtp\s+inet|pickup\s|tlsproxy\s)", line):
                continue
            match = re.match(r"(\S+\s+(?:unix|inet|fifo)\s+\S+\s+\S+\s+)y(\s.*)", line)
            lines.append(match.group(1) + "n" + match.group(2) if match else line)
        for name, overrides in ways.items():
            lines.append(f"127.0.0.1:{self.ports[name]} inet n - n - 100 smtpd")
            for place in range(0, len(overrides), 2):
                lines.append(f"  {overrides[place]} {overrides[place + 1]}")
        (self.folder / "etc" / "master.cf").write_text("\n".join(lines) + "\n")
        self.sink = subprocess.Popen(
            ["smtp-sink", "-u", "nobody", "-c", f"127.0.0.1:{sink}", "200"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        subprocess.run(["postfix", "-c", str(self.folder / "etc"), "start"], check=True, capture_output=True)
        time.sleep(1.5)

    def run(self, way, count=MESSAGES):
        """Sends messages one way; returns messages accepted a second. Waits until the queue is empty again."""
        began = time.time()
        subprocess.run(
            ["smtp-source", "-s", str(CONNECTIONS), "-m", str(count), "-l", str(LENGTH), "-f", "a@b.example", "-t",
             "x@c.example", f"127.0.0.1:{self.ports[way]}"], check=True, capture_output=True)
        rate = count / (time.time() - began)
        for _ in range(600):
            if not any(next((self.folder / "queue" / queue).rglob("?*[0-9A-F]"), None) for queue in ("incoming", "active")):
                break
            time.sleep(0.05)
        return rate

    def stop(self):
        """Stops it and the sink."""
        subprocess.run(["postfix", "-c", str(self.folder / "etc"), "stop"], capture_output=True)
        self.sink.terminate()
        self.sink.wait()


def postfix(pairs):
    """Interleaves every way of asking, echo and Weir, in each round."""
    import importlib.machinery
    import importlib.util
    loader = importlib.machinery.SourceFileLoader("bench", str(Path(__file__).with_name("run")))
    bench = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench", loader))
    loader.exec_module(bench)
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="weir-bench-", dir=base))
    os.chmod(folder, 0o755)
    weir = bench.Weir(folder / "weir", pinned=False, subscriber_of_loopback="bench")
    ports = {name: bench.free_port() for name in ("policy", "milter")}
    sockets = str(folder / "echo.sock")
    tools = bench.TOOLS
    echoes = [subprocess.Popen([str(tools / "policyecho"), str(ports["policy"])]),
              subprocess.Popen([str(tools / "miltecho"), str(ports["milter"]), "nrq"]),
              subprocess.Popen([str(tools / "miltecho"), f"unix:{sockets}", "nr"])]
    time.sleep(0.5)
    ways = {
        "plain": [],
        "policy echo": policy_at(f"inet:127.0.0.1:{ports['policy']}"),
        "policy Weir": policy_at(f"inet:127.0.0.1:{weir.policy}"),
        "milter TCP echo": milter_at(f"inet:127.0.0.1:{ports['milter']}"),
        "milter TCP Weir": milter_at(f"inet:127.0.0.1:{weir.milter}"),
        "milter Unix echo": milter_at(f"unix:{sockets}"),
        "milter Unix Weir": milter_at(f"unix:{weir.milter_socket}"),
        "both echo": policy_at(f"inet:127.0.0.1:{ports['policy']}") + milter_at(f"inet:127.0.0.1:{ports['milter']}"),
        "both Weir": policy_at(f"inet:127.0.0.1:{weir.policy}") + milter_at(f"inet:127.0.0.1:{weir.milter}"),
    }
    (folder / "postfix").mkdir()
    server = Postfix(folder / "postfix", ways, bench.free_port)
    asked = {"plain": [], "policy echo": echoes[:1], "milter TCP echo": echoes[1:2], "milter Unix echo": echoes[2:],
             "both echo": echoes[:2]}
    rates = {way: [] for way in ways}
    cpu = {way: [] for way in ways}
    try:
        for way in ways:
            server.run(way, 200)
        for pair in range(pairs):
            for way in (ways if pair % 2 == 0 else reversed(list(ways))):
                processes = asked.get(way, [weir.process])
                before = sum(bench.cpu_seconds(process.pid) for process in processes)
                rates[way].append(server.run(way))
                spent = sum(bench.cpu_seconds(process.pid) for process in processes) - before
                cpu[way].append(spent / MESSAGES * 1e6)
    finally:
        server.stop()
        for echo in echoes:
            echo.terminate()
            echo.wait()
        weir.stop()
    print(f"\n### Postfix with Weir at each door, {MESSAGES} messages of {LENGTH} bytes over {CONNECTIONS} connections a run\n")
    print("| door | Postfix with Weir, messages/s | with an echo | ratio | Weir's CPU a message, µs | the echo's |")
    print("|---|---|---|---|---|---|")
    print(f"| none | {bench.show(rates['plain'])} | – | – | – | – |")
    for door in ("policy", "milter TCP", "milter Unix", "both"):
        ratio = [a / b for a, b in zip(rates[f"{door} Weir"], rates[f"{door} echo"])]
        print(f"| {door} | {bench.show(rates[f'{door} Weir'])} | {bench.show(rates[f'{door} echo'])} | **{bench.show(ratio, 3)}** "
              f"| {bench.show(cpu[f'{door} Weir'], 1)} | {bench.show(cpu[f'{door} echo'], 1)} |")
    shutil.rmtree(folder)
