"""What one client can cost a service that holds 10,000 users: a table. A row beyond its limit is marked; one beyond twice its
limit is a failure, because other programs on the machine make up for less.

usage: main.py USERS SCIM_SERVER SUPERSET_SERVER WORK_FOLDER [WORD...]   only rows with one of the words, where some are given
"""
import sys
import threading

import cases
import floods
from server import MESSAGES, USER, Beside, Server

# What each may cost.
CPU, HEALTH, WAITED, BYTES, MEMORY, HELD = 0.100, 0.050, 0.100, 8 << 20, 64.0, 32.0
ROUNDS = 3


class Table:
    def __init__(self, words):
        self.words, self.missed, self.failed, self.count = words, [], [], 0
        print(f"{'':1} {'store':9} {'request':68} {'measured':>12} {'limit':>8}")

    def wants(self, name):
        return not self.words or any(word in name for word in self.words)

    def row(self, store, name, value, limit, unit, note=""):
        held = value <= limit
        self.count += 1
        if not held:
            self.missed.append(f"{store}: {name}")
        if value > 2 * limit:
            self.failed.append(f"{store}: {name}")
        scale, digits = {"ms": (1000, 1), "MiB": (1, 1)}[unit]
        mark = " " if held else "!"
        print(f"{mark} {store:9} {name[:68]:68} {value * scale:9.{digits}f} {unit:>3}{limit * scale:6.0f} {unit} {note}",
              flush=True)


def cost(server, table, name, ask):
    """The CPU of a request, the least of some rounds: what else the machine does is not its cost."""
    if not table.wants(name):
        return
    answers = [ask() for _ in range(ROUNDS)]
    best = min(answers, key=lambda answer: answer.cpu)
    table.row(server.name, name, best.cpu, CPU, "ms", f"{best.status}, {best.seconds * 1000:.0f} ms in all")


def beside(server, table, name, ask, clients=1):
    """How long `/health` takes meanwhile: the slowest answer in the best of some rounds."""
    name = f"/health beside {name}" + (f", {clients} at once" if clients > 1 else "")
    if not table.wants(name):
        return
    worst = []
    for _ in range(ROUNDS):
        with Beside(server) as health:
            threads = [threading.Thread(target=ask) for _ in range(clients)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        worst.append(health.worst)
    table.row(server.name, name, min(worst), HEALTH, "ms")


def measure(server, table, users):
    assert server.load(users) >= users, "not all users were created"
    measure_group(server, table, users)
    measure_group(server, table, min(users // 2, 2000))
    queries = list(cases.queries())
    for name, method, path, body in queries:
        cost(server, table, name, lambda: server.ask(method, path, body))
    for name, method, path, body in queries:
        if name.startswith((".search", "root", "sort by id")):
            beside(server, table, name, lambda: server.ask(method, path, body))
    for name in ("displayName co", "userName ne"):
        body = {"schemas": [cases.SEARCH], "filter": cases.filters()[name], "count": 1}
        beside(server, table, f".search 256 x {name}", lambda: server.ask("POST", "/Users/.search", body), 12)

    cost(server, table, "bulk of 100 taken names with passwords", lambda: server.ask("POST", "/Bulk", cases.taken()))
    for count, holder in cases.holders():
        cost(server, table, f"a user with {count:,} e-mail addresses", lambda: server.ask("POST", "/Users", holder))
        found = server.ask("GET", f'/Users?filter=userName%20eq%20%22holder-{count}@example.com%22&attributes=id').json()
        for name, message in cases.patches(count) if found["totalResults"] else ():
            path = f"/Users/{found['Resources'][0]['id']}"
            cost(server, table, f"PATCH of {name} to {count:,} values", lambda: server.ask("PATCH", path, message))
            beside(server, table, f"PATCH of {name} to {count:,} values", lambda: server.ask("PATCH", path, message))
    if table.wants("whole page"):
        page = server.ask("GET", "/Users?count=1000")
        table.row(server.name, "a whole page of ordinary users", len(page.body) / (1 << 20), BYTES / (1 << 20), "MiB")

    if table.wants("half-open"):
        table.row(server.name, "a client beside 1,100 half-open connections", floods.half_open(server), WAITED, "ms")
        table.row(server.name, "a client beside 1,100 silent connections", floods.silent(server), WAITED, "ms")
    if table.wants("tokenless"):
        waited, held = floods.tokenless(server)
        table.row(server.name, "a client beside 200 tokenless bodies", waited, WAITED, "ms")
        table.row(server.name, "memory for 200 tokenless bodies", held, HELD, "MiB")
    if table.wants("passwords"):
        with Beside(server) as health:
            statuses, growth = floods.passwords(server)
        table.row(server.name, "300 parallel passwords, growth per core", growth, MEMORY, "MiB", str(statuses))
        table.row(server.name, "/health beside 300 parallel passwords", health.worst, HEALTH, "ms")
    large_page(server, table)


def measure_group(server, table, size):
    """PATCH of a group of so many members."""
    members = []
    for start in range(1, size, 1000):
        page = server.ask("GET", f"/Users?attributes=id&count=1000&startIndex={start}").json()
        members += [{"value": user["id"]} for user in page["Resources"]]
    group = {"schemas": [cases.GROUP], "displayName": f"Group of {size}"}
    path = "/Groups/" + server.ask("POST", "/Groups", group).json()["id"]
    for start in range(0, size, 1000):
        add = {"op": "add", "path": "members", "value": members[start : start + 1000]}
        answer = server.ask("PATCH", path, {"schemas": [cases.PATCH], "Operations": [add]})
        assert answer.status in (200, 204), answer.body[:300]
    for name, message in cases.group_patches([member["value"] for member in members]):
        name = f"PATCH of {name} to {size:,} members"
        cost(server, table, name, lambda: server.ask("PATCH", path, message))
        beside(server, table, name, lambda: server.ask("PATCH", path, message))


def large_page(server, table):
    """Users as large as they are taken, and one page of them. Last, because everything afterwards is slower."""
    if not table.wants("large page"):
        return
    kept = 0
    for size in (2000, 1500):
        values = [{"value": f"{i}" + "x" * size} for i in range(100)]
        for i in range(60):
            large = {"schemas": [USER], "userName": f"large{size}-{i}@example.com", "entitlements": values,
                     "nickName": f"large{i}"}
            kept += server.ask("POST", "/Users", large).status == 201
    assert kept >= 60, kept
    page = server.ask("POST", "/Users/.search", {
        "schemas": [MESSAGES + "SearchRequest"], "filter": 'nickName sw "large"', "count": 1000,
    })
    assert page.status == 200, page.body[:200]
    assert len(page.json()["Resources"]) < kept, "all on one page"
    table.row(server.name, f"a large page of {kept} users", len(page.body) / (1 << 20), BYTES / (1 << 20), "MiB")


def main():
    users, scim_server, superset_server, work, *words = sys.argv[1:]
    table = Table(words)
    stores = {
        "memory": [scim_server],
        "SQLite": [superset_server, "--database", f"sqlite://{work}/superset.db", "--demo", "--no-rules"],
    }
    for name, command in stores.items():
        server = Server(name, f"{work}/{name}.log", command)
        try:
            measure(server, table, int(users))
        finally:
            server.stop()
    print(f"{table.count - len(table.missed)} of {table.count} within their limits")
    if table.missed:
        print("missed: " + "; ".join(table.missed))
    if table.failed:
        sys.exit("missed by more than the noise of the machine: " + "; ".join(table.failed))


main()
