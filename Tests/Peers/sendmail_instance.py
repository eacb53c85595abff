"""A real Sendmail with Weir's milter: Debian's packages unpacked into a folder and run in place.

Installing them would remove Postfix, so they are fetched with `apt-get download` and unpacked with `dpkg-deb -x`. The
packages are kept beside the build, so that they are fetched once.
"""

import re
import shutil
import smtplib
import subprocess
from pathlib import Path

from peers_common import CheckFailed, PeerMissing, free_port, wait_until
from smtp_sink import Sink

PACKAGES = ["sendmail-bin", "sendmail-cf", "m4"]
# Libraries that may be missing on a machine without Sendmail, and their packages.
LIBRARIES = {
    "libwrap.so.0": "libwrap0", "libnsl.so.2": "libnsl2", "libldap-2.5.so.0": "libldap-2.5-0",
    "liblber-2.5.so.0": "libldap-2.5-0", "libsasl2.so.2": "libsasl2-2", "libdb-5.3.so": "libdb5.3",
    "libtirpc.so.3": "libtirpc3",
}

SENDMAIL_MC = """\
divert(-1)
include(`{cf}/m4/cf.m4')
VERSIONID(`a relay with one milter')
OSTYPE(`linux')
define(`confDOMAIN_NAME', `sendmail.isp.example')
define(`QUEUE_DIR', `{folder}/queue')
define(`confPID_FILE', `{folder}/sendmail.pid')
define(`STATUS_FILE', `{folder}/statistics')
define(`HELP_FILE', `/dev/null')
define(`ALIAS_FILE', `')
define(`confCW_FILE', `/dev/null')
define(`confSERVICE_SWITCH_FILE', `{folder}/service.switch')
define(`confTO_IDENT', `0s')
define(`confLOG_LEVEL', `9')
define(`confMILTER_MACROS_CONNECT', `j, _, {{daemon_name}}, {{if_name}}, {{if_addr}}, {{client_port}}')
define(`confMILTER_MACROS_ENVFROM', `i, {{auth_type}}, {{auth_authen}}, {{mail_mailer}}, {{mail_host}}, {{mail_addr}}')
define(`confMILTER_MACROS_ENVRCPT', `{{rcpt_mailer}}, {{rcpt_host}}, {{rcpt_addr}}')
define(`SMART_HOST', `relay:[127.0.0.1]')
define(`RELAY_MAILER_ARGS', `TCP $h {sink}')
FEATURE(`no_default_msa')
FEATURE(`nocanonify')
FEATURE(`accept_unresolvable_domains')
FEATURE(`accept_unqualified_senders')
FEATURE(`promiscuous_relay')
DAEMON_OPTIONS(`Port={port}, Addr=127.0.0.1, Name=MTA')
INPUT_MAIL_FILTER(`weir', `S=inet:{milter}@127.0.0.1, F=T, T=C:3s;S:5s;R:5s;E:30s')
MAILER(`smtp')
"""


class SendmailInstance:
    """One running Sendmail."""

    def __init__(self, folder, milter_port, cache):
        """Nothing is fetched yet."""
        self.folder = Path(folder)
        self.port = free_port()
        self.version = ""
        self._milter_port = milter_port
        self._cache = Path(cache)
        self._unpacked = self.folder / "unpacked"
        self._sink = None
        self._process = None

    def start(self):
        """Fetches and unpacks the packages, writes the configuration, starts Sendmail and its sink."""
        self.folder.mkdir(parents=True)
        for package in PACKAGES:
            self._unpack(package)
        # A set-group-id program would not look into our folder of libraries.
        self._program.chmod(0o755)
        for library in self._missing_libraries():
            self._unpack(LIBRARIES[library])
        self._sink = Sink(self.folder / "sink.jsonl")
        self._configure()
        # Under a host name without a dot Sendmail first sleeps for a minute, so it gets a name of its own.
        rename = "echo sendmail.isp.example > /proc/sys/kernel/hostname; exec \"$@\""
        named = ["unshare", "--uts", "sh", "-c", rename, "sh"]
        log = open(self.folder / "sendmail.log", "ab")
        self._process = subprocess.Popen(
            named + [self._program, "-C", self.folder / "sendmail.cf", "-bD", "-q2s"], env=self._environment,
            stdout=log, stderr=log)
        log.close()
        wait_until(self._answers, 90, f"sendmail does not answer: see {self.folder / 'sendmail.log'}")

    def stop(self):
        """Ends both."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._sink:
            self._sink.stop()

    def delivered(self):
        """What arrived at the sink."""
        return self._sink.received()

    @property
    def _program(self):
        """The binary, in place."""
        return self._unpacked / "usr/libexec/sendmail/sendmail"

    @property
    def _environment(self):
        """The environment in which the unpacked libraries are found."""
        libraries = [self._unpacked / "usr/lib/x86_64-linux-gnu", self._unpacked / "lib/x86_64-linux-gnu"]
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH": ":".join(map(str, libraries))}

    def _unpack(self, package):
        """Fetches a package unless it is there, and unpacks it."""
        for tool in ("apt-get", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise PeerMissing(f"{tool} is missing: the check with Sendmail needs a Debian")
        self._cache.mkdir(parents=True, exist_ok=True)
        found = sorted(self._cache.glob(f"{package}_*.deb"))
        if not found:
            result = subprocess.run(
                ["apt-get", "download", package], cwd=self._cache, capture_output=True, text=True, timeout=300)
            found = sorted(self._cache.glob(f"{package}_*.deb"))
            if result.returncode != 0 or not found:
                raise PeerMissing(f"apt-get download {package}: {result.stderr.strip()[-300:]}")
        subprocess.run(["dpkg-deb", "-x", found[-1], self._unpacked], check=True, timeout=60)

    def _missing_libraries(self):
        """Libraries that the binary needs and the machine does not have."""
        output = subprocess.run(["ldd", self._program], capture_output=True, text=True, timeout=30).stdout
        missing = re.findall(r"(\S+) => not found", output)
        unknown = [library for library in missing if library not in LIBRARIES]
        if unknown:
            raise PeerMissing(f"sendmail needs {', '.join(unknown)}")
        return missing

    def _configure(self):
        """Writes sendmail.cf from its m4 source."""
        (self.folder / "queue").mkdir(mode=0o700)
        (self.folder / "service.switch").write_text("hosts files\naliases files\n")
        cf = self._unpacked / "usr/share/sendmail/cf"
        source = SENDMAIL_MC.format(
            cf=cf, folder=self.folder, port=self.port, milter=self._milter_port, sink=self._sink.port)
        (self.folder / "sendmail.mc").write_text(source)
        result = subprocess.run(
            [self._unpacked / "usr/bin/m4", f"-D_CF_DIR_={cf}/", self.folder / "sendmail.mc"], env=self._environment,
            capture_output=True, text=True, timeout=60)
        if result.returncode != 0 or "O DaemonPortOptions" not in result.stdout:
            raise CheckFailed(f"m4 made no sendmail.cf: {result.stderr.strip()[-300:]}")
        (self.folder / "sendmail.cf").write_text(result.stdout)

    def _answers(self):
        """True once it greets; remembers its version."""
        if self._process.poll() is not None:
            raise CheckFailed(f"sendmail ended: {(self.folder / 'sendmail.log').read_text()[-500:]}")
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as client:
                client.ehlo("pc.example")
                package = next(self._cache.glob("sendmail-bin_*.deb"))
                self.version = f"Sendmail {package.name.split('_')[1]}"
                return True
        except (OSError, smtplib.SMTPException):
            return False
