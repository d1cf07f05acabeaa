"""Servers on this machine: start them, ask them, put load on them, and read what that costs them."""
import http.client
import json
import os
import re
import subprocess
import tempfile
import time
from pathlib import Path

TOKEN = "secret-token"
TICK = os.sysconf("SC_CLK_TCK")


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


class Load:
    """Sends requests by the program `load`, and adds up what other processes used of the processors meanwhile."""

    def __init__(self, program, connections):
        self.program, self.connections = program, connections
        self.others = self.available = 0.0
        self.folder = tempfile.TemporaryDirectory(prefix="scim-load-")

    def send(self, server, requests, seconds=600.0, count=None, connections=None):
        """Microseconds of the server's processor time for each request, and the locations of what was created.

        Without a `count` each request is sent once."""
        lines = Path(self.folder.name, "requests")
        lines.write_text("".join(f"{method}\t{server.base}{path}\t{body or ''}\n" for method, path, body in requests))
        command = [self.program, server.address, TOKEN, connections or self.connections, seconds, count or len(requests), lines]
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if process.stdout.readline() != "ready\n":
            raise Wrong("cannot connect")
        # The server has still to accept what has connected.
        time.sleep(0.02)
        begin, busy, cpu = time.monotonic(), busy_seconds(), server.cpu()
        before = os.times()
        process.stdin.write("\n")
        process.stdin.flush()
        line = process.stdout.readline()
        used = server.cpu() - cpu
        wall, busy = time.monotonic() - begin, busy_seconds() - busy
        process.communicate("\n")
        own = sum(now - then for now, then in zip(os.times()[:4], before[:4]))
        self.others += max(0.0, busy - used / 1e9 - own)
        self.available += wall * os.cpu_count()
        if not line:
            raise Wrong("no answer, or one that cannot be read")
        answers = json.loads(line)
        if answers["failed"]:
            raise Wrong(f"{answers['failed']} of {answers['count']} failed: {answers['failure'][:300]!r}")
        return used / 1e3 / answers["count"], [location.rsplit("/", 1)[1] for location in answers["locations"]]


def busy_seconds():
    """Seconds that the processors of this machine were busy since it started."""
    times = [int(time) for time in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return (sum(times[:3]) + sum(times[5:8])) / TICK
