"""Servers that are asked the same, side by side, and what each request costs them."""
import statistics
import sys
from pathlib import Path

from harness.server import TOKEN, Server, Wrong, text

import work
from load import Load

# What is measured, by the names that it has in the notes.
GET, BY_NAME, PAGE_START, PAGE_END = "GET by id", "`userName eq`", "page at the start", "page at the end"
SCAN_TEXT, SCAN_VALUES, PATCH, PUT, POST = "filter over a text", "filter over multi-valued", "PATCH `active`", "PUT", "POST"
JOIN, BULK = "one member more", "bulk of 100 creates"

OURS, FLOOR, SERIALISING, PEER = "scim_server", "floor", "serialising", "scim-server"


class Comparison:
    """`figures[work][size][server]` are microseconds of processor time for a request."""

    def __init__(self, asked, programs):
        self.asked, self.programs = asked, programs
        self.load = Load(programs / "load", asked.connections)
        self.figures, self.notes = {}, []
        self.start()

    def start(self):
        ours = [self.programs / "examples/scim_server", "--listen", "127.0.0.1:0", "--token", TOKEN]
        self.ours = Server(OURS, ours)
        # The floors answer with what ours answers.
        body = Path(self.load.folder.name, "user.json")
        created = self.ours.ok("POST", "/Users", work.user(999_999))
        body.write_text(text(created))
        self.ours.ok("DELETE", f"/Users/{created['id']}")
        self.user_bytes = body.stat().st_size
        floors = [(FLOOR, [self.programs / "floor", body]), (SERIALISING, [self.programs / "floor", body, "serialise"])]
        self.peer = None if self.asked.no_peer else Server(PEER, [self.programs / "peer-scim-server"])
        self.servers = [*(Server(name, command, floor=True) for name, command in floors), self.ours]
        self.servers += [self.peer] if self.peer else []

    def stop(self):
        for server in self.servers:
            server.stop()

    def measure(self, name, size, kind, servers=None):
        """The median of the rounds for each server; none for one that answers something else than it should."""
        right = []
        for server in servers or self.servers:
            try:
                if not server.floor:
                    kind.check(server)
                right.append(server)
            except (Wrong, KeyError, TypeError, IndexError) as wrong:
                self.notes.append(f"`{server.name}`, {name} at {size:,}: {str(wrong)[:160]}")
        costs = {server.name: [] for server in right}
        for turn in range(self.asked.rounds):
            first = turn % max(1, len(right))
            for server in right[first:] + right[:first]:
                requests = kind.requests(server)
                cost, created = self.load.send(server, requests, self.asked.seconds, kind.most or 10**9)
                costs[server.name].append(cost)
                if kind.creates and created:
                    self.load.send(server, [("DELETE", f"/Users/{id}", None) for id in created])
        medians = {server: statistics.median(cost) for server, cost in costs.items()}
        self.figures.setdefault(name, {})[size] = medians
        print(f"{name} at {size:,}:", ", ".join(f"{server} {cost:,.1f} µs" for server, cost in medians.items()), file=sys.stderr)

    def directories(self):
        """What is asked of directories of every size, and of the one of the table all that leaves it as it is."""
        for size in self.asked.sizes:
            here = [server for server in self.servers if server is not self.peer or size <= self.asked.users]
            for server in here:
                work.fill(server, self.load, size)
            if size == self.asked.users:
                self.measure_table(size)
            self.measure(GET, size, work.Get(), here)
            self.measure(BY_NAME, size, work.ByName(), here)
            self.measure(PAGE_END, size, work.Page(end=True), here)
            self.measure(POST, size, work.Post(), here)

    def measure_table(self, size):
        self.measure(PAGE_START, size, work.Page(end=False))
        scanned = [server for server in self.servers if not server.floor]
        self.measure(SCAN_TEXT, size, work.Scan('title eq "Nobody"', 'title eq "engineer"'), scanned)
        self.measure(SCAN_VALUES, size, work.Scan('emails.value ew "@nowhere"', 'emails.value ew "@example.com"'), scanned)
        self.measure(PATCH, size, work.PatchActive())
        self.measure(PUT, size, work.Put())

    def groups(self):
        """Groups of every size beside the directory of the table, in servers that have done nothing else."""
        self.stop()
        self.start()
        for server in self.servers:
            work.fill(server, self.load, self.asked.users)
        self.user_memory = {
            server.name: (server.memory() - server.empty) / self.asked.users for server in self.servers if not server.floor
        }
        for server in self.servers:
            work.spare(server, self.load, self.asked.rounds)
        for size in self.asked.groups:
            self.measure(JOIN, size, work.Join(size))
        self.measure(BULK, self.asked.users, work.Bulk())
