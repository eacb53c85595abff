"""A small Debian 12 in a folder: made by mmdebstrap of Debian's essential packages and what Weir's package depends on, no more.

mmdebstrap itself is fetched with `apt-get download` and run in place. Nothing here touches the machine's own dpkg database.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "Peers"))

from peers_common import CheckFailed, PeerMissing

# Beside the dependencies: systemd for its helpers and to verify the units; it does not run.
ALSO = ["systemd"]
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}


class DebianRoot:
    """One such folder. `run` runs in it, `path` is a path within it as the machine sees it."""

    def __init__(self, folder, cache, depends):
        """Unpacks it, made before or now; what was made stays in the cache."""
        self.folder = Path(folder)
        if os.geteuid() != 0:
            raise PeerMissing("a Debian in a folder takes root")
        cache = Path(cache)
        cache.mkdir(parents=True, exist_ok=True)
        packages = sorted(set(depends) | set(ALSO))
        archive = cache / f"bookworm-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:12]}.tar"
        if not archive.exists():
            self._make(archive, cache, packages)
        self.folder.mkdir()
        subprocess.run(["tar", "-xf", archive, "-C", self.folder], check=True, timeout=120)

    @staticmethod
    def _make(archive, cache, packages):
        """Has mmdebstrap make it."""
        found = sorted(cache.glob("mmdebstrap_*.deb"))
        if not found:
            subprocess.run(["apt-get", "download", "mmdebstrap"], cwd=cache, capture_output=True, timeout=300)
            found = sorted(cache.glob("mmdebstrap_*.deb"))
        if not found:
            raise PeerMissing("apt-get download mmdebstrap brought nothing")
        tool = cache / "mmdebstrap"
        subprocess.run(["dpkg-deb", "-x", found[-1], tool], check=True, timeout=60)
        new = archive.with_suffix(".new.tar")
        result = subprocess.run(
            ["perl", tool / "usr/bin/mmdebstrap", "--quiet", "--mode=root", "--variant=essential",
             f"--include={','.join(packages)}", "bookworm", new], capture_output=True, text=True, timeout=600)
        if result.returncode != 0:
            raise PeerMissing(f"mmdebstrap: {result.stderr.strip()[-500:]}")
        new.rename(archive)

    def path(self, path):
        """A path within the root, as the machine sees it."""
        return self.folder / str(path).lstrip("/")

    def run(self, *words, passes=True):
        """Runs a command in it. Fails the check where the command fails, unless `passes` is False: then where it does not."""
        result = subprocess.run(
            # With /proc, in which a program finds its own arguments; the mount ends with the command.
            ["unshare", "--mount", "sh", "-c", 'mount --bind /proc "$0/proc" && exec chroot "$0" "$@"', self.folder, *map(str, words)],
            env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
        if (result.returncode == 0) != passes:
            raise CheckFailed(f"{' '.join(map(str, words))} ended with {result.returncode}: "
                              f"{(result.stdout + result.stderr).strip()[-800:]}")
        return result.stdout + result.stderr

    def install(self, package):
        """dpkg --install; returns what it said."""
        inside = self.path("/tmp") / Path(package).name
        shutil.copy(package, inside)
        said = self.run("dpkg", "--install", f"/tmp/{inside.name}")
        inside.unlink()
        return said

    def user(self, name):
        """A user's number and main group, from its own passwd; None where it has none."""
        for line in self.path("/etc/passwd").read_text().splitlines():
            fields = line.split(":")
            if fields[0] == name:
                return int(fields[2]), int(fields[3])
        return None

    def group(self, name):
        """A group's number."""
        return next((int(line.split(":")[2]) for line in self.path("/etc/group").read_text().splitlines()
                     if line.split(":")[0] == name), None)

    def owned_by(self, uid):
        """Every path that belongs to a user."""
        found = []
        for folder, folders, files in os.walk(self.folder):
            for name in folders + files:
                path = os.path.join(folder, name)
                if os.lstat(path).st_uid == uid:
                    found.append("/" + os.path.relpath(path, self.folder))
        return found

    def processes(self):
        """The processes whose root it is."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.path.samefile(entry / "root", self.folder):
                    found.append(int(entry.name))
            except OSError:
                pass
        return found
