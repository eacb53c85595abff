"""The next hop: an SMTP server on loopback that takes everything and writes down one JSON line a message.

Only people whose names begin with `gone` do not exist: 550 5.1.1.

`Sink` runs it in a process of its own: smtp_sink.py PORT FILE.
"""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from peers_common import free_port


class Sink:
    """A running sink."""

    def __init__(self, path):
        """Starts it; messages go to the file at `path`."""
        self.port = free_port()
        self._path = Path(path)
        self._process = subprocess.Popen([sys.executable, __file__, str(self.port), str(path)], stdout=subprocess.PIPE)
        self._process.stdout.readline()

    def received(self):
        """The messages, a dictionary each: from, to, subject, lines."""
        return [json.loads(line) for line in self._path.read_text().splitlines()] if self._path.exists() else []

    def stop(self):
        """Ends it."""
        self._process.terminate()
        self._process.wait()


class Conversation:
    """One connection of Postfix's smtp client."""

    def __init__(self, reader, writer, out):
        """Speaks to one client; messages go to `out`."""
        self.reader, self.writer, self.out = reader, writer, out
        self.sender, self.recipients = "", []

    async def run(self):
        """Answers until QUIT."""
        await self._say("220 sink ESMTP")
        while line := await self.reader.readline():
            words = line.decode("latin-1").strip()
            verb = words[:4].upper()
            if verb == "QUIT":
                await self._say("221 bye")
                break
            await self._answer(verb, words)
        self.writer.close()

    async def _answer(self, verb, words):
        """Answers one command."""
        if verb in ("EHLO", "HELO"):
            await self._say("250-sink", "250-PIPELINING", "250 8BITMIME")
        elif verb == "MAIL":
            self.sender, self.recipients = _path(words), []
            await self._say("250 ok")
        elif verb == "RCPT" and _path(words).startswith("gone"):
            await self._say("550 5.1.1 no such user")
        elif verb == "RCPT":
            self.recipients.append(_path(words))
            await self._say("250 ok")
        elif verb == "DATA":
            await self._say("354 go on")
            self._note(await self._data())
            await self._say("250 taken")
        else:
            await self._say("250 ok")

    async def _data(self):
        """The message's lines up to the lone dot."""
        lines = []
        while (line := await self.reader.readline()) not in (b".\r\n", b""):
            lines.append(line.decode("latin-1").rstrip("\r\n"))
        return lines

    def _note(self, lines):
        """Writes a message down."""
        subject = next((line[9:] for line in lines if line.lower().startswith("subject: ")), "")
        record = {"from": self.sender, "to": self.recipients, "subject": subject, "lines": len(lines)}
        self.out.write(json.dumps(record) + "\n")
        self.out.flush()

    async def _say(self, *lines):
        """Sends lines."""
        self.writer.write("".join(line + "\r\n" for line in lines).encode())
        await self.writer.drain()


def _path(words):
    """The address between the brackets."""
    return words[words.find("<") + 1:words.find(">")]


async def main(port, path):
    """Serves until it is ended."""
    with open(path, "a", encoding="utf-8") as out:
        server = await asyncio.start_server(
            lambda reader, writer: Conversation(reader, writer, out).run(), "127.0.0.1", port, limit=1 << 20)
        print("ready", flush=True)
        async with server:
            await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
