"""A tiny authentication server in Dovecot's protocol (auth-protocol.txt), for Postfix's smtpd_sasl_type=dovecot.

It knows PLAIN and takes every login of a list with one password. Nothing else of Dovecot is here.
"""

import base64
import os
import socketserver
import threading

PASSWORD = "secret"


class _Handler(socketserver.StreamRequestHandler):
    """One smtpd process: a greeting, then a line a request."""

    def handle(self):
        """Greets, and answers until the process ends."""
        self._say("VERSION\t1\t2", "MECH\tPLAIN\tplaintext", f"SPID\t{os.getpid()}", "CUID\t1",
                  "COOKIE\t0123456789abcdef0123456789abcdef", "DONE")
        for line in self.rfile:
            words = line.decode("utf-8", "replace").rstrip("\n").split("\t")
            if words[0] == "AUTH":
                self._answer(words)

    def _answer(self, words):
        """Answers AUTH: id, mechanism, parameters, the last of them resp=."""
        response = next((word[5:] for word in words if word.startswith("resp=")), "")
        login, password = _plain(response)
        known = login in self.server.logins and password == PASSWORD and words[2] == "PLAIN"
        self._say(f"OK\t{words[1]}\tuser={login}" if known else f"FAIL\t{words[1]}\tuser={login}")

    def _say(self, *lines):
        """Sends lines."""
        self.wfile.write("".join(line + "\n" for line in lines).encode())


def _plain(response):
    """Login and password of a PLAIN response (RFC 4616)."""
    try:
        parts = base64.b64decode(response).decode().split("\0")
    except ValueError:
        return "", ""
    return (parts[1], parts[2]) if len(parts) == 3 else ("", "")


class AuthServer(socketserver.ThreadingUnixStreamServer):
    """Listens at a Unix socket until `close`."""

    daemon_threads = True

    def __init__(self, path, logins):
        """Starts at once."""
        self.logins = set(logins)
        super().__init__(path, _Handler)
        os.chmod(path, 0o666)
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        """Stops listening."""
        self.shutdown()
        self.server_close()
