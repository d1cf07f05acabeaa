"""A server on this machine: start it, ask it, and read what it uses."""
import http.client
import json
import re
import subprocess
import time
from pathlib import Path

TOKEN = "secret-token"


class Wrong(Exception):
    """A server answers something else than it should, or not at all."""


class Server:
    """A process that prints `listening on http://ADDRESS[/PATH]`. A floor answers the same whatever it is asked."""

    def __init__(self, name, command, floor=False):
        self.name, self.floor = name, floor
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        listening = re.match(r"listening on http://([\d.:]+)(\S*)", self.process.stdout.readline())
        if not listening:
            raise SystemExit(f"{name} does not listen")
        self.address, self.base = listening[1], listening[2]
        self.connection = http.client.HTTPConnection(self.address, timeout=120)
        self.empty = self.memory()
        # Of the users of the directory, and of those who come to groups.
        self.ids, self.spares = [], []

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def ask(self, method, path, body=None):
        """The status of the answer, and what its body says."""
        headers = {"authorization": f"Bearer {TOKEN}", "accept": "application/scim+json"}
        if body:
            headers["content-type"] = "application/scim+json"
        try:
            self.connection.request(method, self.base + path, body, headers)
            answer = self.connection.getresponse()
            text = answer.read()
            if answer.status >= 300:
                return answer.status, text.decode(errors="replace")
            return answer.status, json.loads(text) if text else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Wrong(f"{method} {path[:40]}: {error!r}") from error
        finally:
            # Servers close what has been idle for long, and between two questions much may be measured.
            self.connection.close()

    def ok(self, method, path, body=None):
        """What the body of an answer says, which has to be a success."""
        status, answer = self.ask(method, path, body)
        if status >= 300:
            raise Wrong(f"{method} {path[:40]} is answered by {status}: {answer[:120]}")
        return answer

    def cpu(self):
        """Nanoseconds of processor time that the process has used, all threads together."""
        # The clock of another process, as clock_getcpuclockid(3) numbers it.
        return time.clock_gettime_ns(~self.process.pid << 3 | 2)

    def memory(self):
        """Bytes that the process has in memory."""
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())[1]) * 1024


def text(value):
    """A body."""
    return json.dumps(value, separators=(",", ":"))


def expect(truth, message):
    if not truth:
        raise Wrong(message)
