"""Puts load on servers of this machine, and reads what that costs them."""
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from harness.server import TOKEN, Wrong

TICK = os.sysconf("SC_CLK_TCK")


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
