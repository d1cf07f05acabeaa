"""Two superset_server processes on one PostgreSQL and 32 clients, for some time: no client sees an error of the server, no update
is lost, memory stays flat, and at the end the auxiliary tables, Superset's tables and the audit agree.

usage: soak.py DATABASE_URL TOKEN SECONDS SERVER ARGUMENTS...
"""

import json
import sys
import threading
import time

from crash import CORE, PATCH, Client, Lost, Run, Server, check, make_groups

CLIENTS = 32
# Of the memory after a fifth of the time: what a process may take at the end. Shorter runs still warm up.
MOST_GROWTH = 1.1
LONG = 300


def resident(process) -> int:
    """KiB that a process holds."""
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


class Counter:
    """A user whose title all clients count up, each by its own read and a write that names the version read."""

    def __init__(self, client: Client):
        body = {"schemas": [CORE + "User"], "userName": "counter", "title": "0"}
        _, answer = client.once("POST", "/Users", body)
        self.id, self.lock, self.deleted, self.conflicts = answer["id"], threading.Lock(), set(), 0
        self.state = {"name": "counter", "title": "0", "active": True, "groups": set(), "updates": 0}
        self.users = {self.id: self.state}

    def count(self, client: Client) -> None:
        while True:
            _, user = client.once("GET", f"/Users/{self.id}", None)
            operations = [{"op": "replace", "path": "title", "value": str(int(user["title"]) + 1)}]
            body = {"schemas": [PATCH], "Operations": operations}
            status, answer = client.once("PATCH", f"/Users/{self.id}", body, {"If-Match": user["meta"]["version"]})
            with self.lock:
                if status == 200:
                    self.state["updates"] += 1
                    self.state["title"] = str(self.state["updates"])
                    return
                self.conflicts += 1
            if status != 412:
                raise AssertionError(f"counting: {status} {answer}")


class Soak(Run):
    """Writes until the time is over."""

    def __init__(self, seconds: int, servers: list, groups: list, token: str):
        super().__init__(0, 0, servers, groups, token, "soak")
        self.until = time.monotonic() + seconds

    def take(self) -> bool:
        return time.monotonic() < self.until


class Steady(Client):
    """Nobody is killed, so every answer has to come."""

    def write(self, method: str, path: str, body: object, expected: int, happened) -> bool:
        status, answer = self.once(method, path, body)
        if status != expected:
            raise AssertionError(f"{method} {path}: {status} {answer}")
        self.acknowledged += 1
        self.answer = answer
        return True

    def step(self) -> None:
        if self.random.random() < 0.1:
            return self.run_of.counter.count(self)
        return super().step()

    def run(self) -> None:
        try:
            super().run()
        finally:
            if isinstance(self.failure, Lost):
                self.failure = AssertionError(f"a client saw: {self.failure}")


def main(database: str, token: str, seconds: str, *command: str) -> None:
    seconds = int(seconds)
    servers = [Server(list(command)), Server(list(command))]
    try:
        groups = make_groups(servers[0], token)
        run = Soak(seconds, servers, list(groups), token)
        run.counter = Counter(Client(-1, run))
        clients = [Steady(number, run) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(seconds / 5)
        early = [resident(server.process) for server in servers]
        for client in clients:
            client.join()
        late = [resident(server.process) for server in servers]
        for client in clients:
            if client.failure:
                raise client.failure
        checked = check(database, clients + [run.counter], groups)
        done = sum(client.acknowledged for client in clients) + run.counter.state["updates"]
        memory = ", ".join(f"{a // 1024} -> {b // 1024} MiB" for a, b in zip(early, late))
        print(
            f"{done} writes in {seconds} s by {CLIENTS} clients over 2 servers, no error; counted to {run.counter.state['title']} "
            f"beside {run.counter.conflicts} conflicts; memory {memory}; {checked} facts hold",
        )
        if seconds >= LONG and any(b > a * MOST_GROWTH for a, b in zip(early, late)):
            sys.exit(f"memory grew: expected at most {MOST_GROWTH} of what it was after a fifth of the time")
    finally:
        for server in servers:
            server.process.kill()


if __name__ == "__main__":
    main(*sys.argv[1:])
