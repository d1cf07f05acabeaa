"""Sends requests by the program `superset_load`, and tells how long the answers took."""
import json
import subprocess
import tempfile
from pathlib import Path

from engine import median
from harness.server import TOKEN, Wrong


class Answered:
    """What came back: a success each."""

    def __init__(self, answer):
        self.count = len(answer["milliseconds"])
        self.rate = self.count / answer["seconds"]
        self.milliseconds = median(answer["milliseconds"])
        self.ids = [location.rsplit("/", 1)[1] for location in answer["locations"]]


class Load:
    def __init__(self, program):
        self.program = program
        self.folder = tempfile.TemporaryDirectory(prefix="scim-load-")

    def send(self, server, requests, connections=1, seconds=3600.0):
        """Sends each request once, until the time is over."""
        lines = Path(self.folder.name, "requests")
        lines.write_text("".join(f"{method}\t{server.base}{path}\t{body or ''}\n" for method, path, body in requests))
        command = [self.program, server.address, TOKEN, connections, seconds, lines]
        ran = subprocess.run([str(word) for word in command], capture_output=True, text=True)
        if ran.returncode:
            raise Wrong(ran.stderr.strip())
        answer = json.loads(ran.stdout)
        if answer["failed"]:
            raise Wrong(f"{answer['failed']} of {len(answer['milliseconds'])} failed: {answer['failure'][:300]!r}")
        return Answered(answer)
