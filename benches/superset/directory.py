"""A database, and the server over it."""
import os
import subprocess
import time
from pathlib import Path

from engine import SAMPLE
from harness.server import TOKEN, Server, expect

import asking
import population

HERE = Path(__file__).parent
RULES = HERE / "rules.toml"


class Directory:
    """Made empty, or with so many people."""

    def __init__(self, programs, engine, name, people=0):
        self.programs, self.engine, self.name, self.people = programs, engine, name, people
        engine.create(name)
        if people:
            engine.script(name, population.tables(engine.dialect))
            engine.script(name, population.population(engine.dialect, people))
            engine.analyze(name)
        begin = time.monotonic()
        self.start()
        # Seconds in which the library brought its tables to its own version.
        self.migration = time.monotonic() - begin
        if people:
            engine.analyze(name)

    def start(self):
        command = [self.programs / "examples/superset_server", "--listen", "127.0.0.1:0", "--token", TOKEN, "--rules", RULES]
        command += ["--database", self.engine.url(self.name)] + ([] if self.people else ["--demo"])
        self.server = Server("superset_server", command)

    def close(self):
        self.server.stop()
        self.engine.drop(self.name)

    def drift(self):
        """Seconds and MiB of a comparison of everybody with the rules, which has to find nothing."""
        command = [self.programs / "examples/reconcile", "--database", self.engine.url(self.name), "--rules", RULES, "drift"]
        begin = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = process.stdout.read(2000)
        process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        expect(process.returncode == 0, f"drift ends with status {process.returncode}: {said}")
        return time.monotonic() - begin, used.ru_maxrss / 1024

    def rows_by_hand(self, load):
        """The rows that a create leaves, each as it would be written by hand."""
        # Numbers of rows are others than those of anything else.
        load.send(self.server, [asking.creation(f"first{number}") for number in range(100)])
        before = self.engine.tables(self.name)
        created = self.server.ok(*asking.creation(SAMPLE))
        after = self.engine.tables(self.name)
        local = max(row["id"] for row in after["ab_user"])
        return self.engine.by_hand_of(self.name, before, after, local, created["id"])
