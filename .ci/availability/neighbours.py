"""What a quiet tenant waits beside a noisy one: each has a client with a limit of 25 requests a second. The quiet one sends as many, the
noisy one ten times as many, and both mean to go on like that.

The database lies in memory where there is such a folder: how long a disk takes, and who else uses it, is not the servers' matter.

usage: neighbours.py SECONDS SCIM_SERVER SUPERSET_SERVER
"""
import http.client
import json
import multiprocessing
import pathlib
import sys
import tempfile
import time

from server import MESSAGES, USER, Server

RATE, BURST, NOISE = 25, 50, 10
# Seconds that 99 of 100 answers may take.
SLOWEST = 0.050
USERS = 500
# Connections of the noisy tenant, over which its requests are spread.
CONNECTIONS = 10
MEMORY = pathlib.Path("/dev/shm")
TOKENS = {"quiet": "c4Zt9LwQ7nRk2Yx8", "noisy": "p1Vb6HsE3mJd5Ua0", "setup": "w8Gf2KoN4rTc7Iz6"}


def clients(folder):
    path = folder / "clients.toml"
    path.touch(mode=0o600)
    entries = [f'[[client]]\nname = "{name}"\ntokens = ["{token}"]\n' + (f'tenant = "{name}"\n' if name != "setup" else "")
               for name, token in TOKENS.items()]
    path.write_text("\n".join(entries), encoding="ascii")
    return path


def rules(folder):
    """No roles for anybody: rules that believe all clients, and say nothing."""
    path = folder / "rules.toml"
    path.write_text(f"sources = {json.dumps([f'client:{name}' for name in TOKENS])}\n", encoding="ascii")
    return path


class Tenant:
    """A client of one tenant, over one connection."""

    def __init__(self, server, name, token=None):
        self.server, self.name, self.token = server, name, TOKENS[token or name]
        self.connection = server.connect(timeout=30)

    def ask(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"}
        data = None if body is None else json.dumps(body)
        path = f"{self.server.path}/t/{self.name}{path}"
        try:
            self.connection.request(method, path, data, headers)
            response = self.connection.getresponse()
            text = response.read()
        except (http.client.HTTPException, ConnectionError):
            # A refused request may end its connection, because its body was not read.
            self.connection.close()
            raise
        if response.getheader("connection") == "close":
            self.connection.close()
        return response, text


def user(tenant, i):
    """Tenants of one Superset share its names."""
    address = f"person{i}@{tenant}.example.com"
    return {"schemas": [USER], "userName": address, "externalId": f"ext{i}", "displayName": f"Person {i}",
            "emails": [{"value": address, "type": "work", "primary": True}]}


def load(server, name):
    """People of a tenant, by a client that may enter every tenant, and their ids."""
    tenant, ids = Tenant(server, name, "setup"), []
    operations = [{"method": "POST", "path": "/Users", "bulkId": str(i), "data": user(name, i)} for i in range(USERS)]
    response, text = tenant.ask("POST", "/Bulk", {"schemas": [MESSAGES + "BulkRequest"], "Operations": operations})
    assert response.status == 200, text[:300]
    for operation in json.loads(text)["Operations"]:
        assert operation["status"] == "201", operation
        ids.append(operation["location"].rpartition("/")[2])
    return ids


def request(tenant, i, ids):
    """What an identity provider sends: look-ups mostly, changes of people, now and then a page."""
    person = i * 7 % len(ids)
    if i % 10 == 9:
        return "GET", "/Users?count=50", None
    if i % 5 == 3:
        operation = {"op": "replace", "path": "title", "value": f"title {i}"}
        return "PATCH", f"/Users/{ids[person]}", {"schemas": [MESSAGES + "PatchOp"], "Operations": [operation]}
    if i % 5 == 4:
        return "GET", f"/Users/{ids[person]}", None
    return "GET", f"/Users?filter=userName%20eq%20%22person{person}@{tenant}.example.com%22", None


def send(server, name, ids, rate, start, seconds, answers, offset=0, step=1):
    """So many requests a second, each at its time; a process of its own, because threads would wait for each other. A request that
    could not be sent at its time counts from then on."""
    tenant, seen = Tenant(server, name), []
    for i in range(offset, int(rate * seconds), step):
        due = start + i / rate
        time.sleep(max(0.0, due - time.monotonic()))
        response, _ = tenant.ask(*request(name, i, ids))
        seen.append((response.status, time.monotonic() - due, response.getheader("retry-after")))
    answers.put(seen)


def measure(server, seconds):
    ids = {name: load(server, name) for name in ("quiet", "noisy")}
    quiet, noisy = multiprocessing.Queue(), multiprocessing.Queue()
    start = time.monotonic() + 0.5
    processes = [multiprocessing.Process(target=send, args=(server, "quiet", ids["quiet"], RATE, start, seconds, quiet))]
    processes += [
        multiprocessing.Process(
            target=send, args=(server, "noisy", ids["noisy"], RATE * NOISE, start, seconds, noisy, offset, CONNECTIONS)
        )
        for offset in range(CONNECTIONS)
    ]
    for process in processes:
        process.start()
    seen = {"quiet": quiet.get(), "noisy": [answer for _ in range(CONNECTIONS) for answer in noisy.get()]}
    for process in processes:
        process.join()
        assert process.exitcode == 0, "a client broke off"
    return seen


def judge(name, seen, seconds):
    times = sorted(waited for _, waited, _ in seen["quiet"])
    half, most = (times[int(len(times) * share)] for share in (0.50, 0.99))
    served = sum(status in (200, 204) for status, _, _ in seen["noisy"])
    refused = [retry for status, _, retry in seen["noisy"] if status == 429]
    print(f"{name:9} quiet: {len(times)} requests, p50 {half * 1000:.1f} ms, p99 {most * 1000:.1f} ms, slowest "
          f"{times[-1] * 1000:.1f} ms; noisy: {len(seen['noisy'])} requests, {served} served, {len(refused)} refused", flush=True)
    wrong = [status for status, _, _ in seen["quiet"] if status not in (200, 204)]
    assert not wrong, f"the quiet tenant was answered with {wrong[:5]}"
    assert served + len(refused) == len(seen["noisy"]), "the noisy tenant was answered with something else"
    assert all(retry and int(retry) >= 1 for retry in refused), "a 429 says when to come again"
    # No more than its limit, and no less.
    allowed = RATE * seconds + BURST
    assert 0.9 * (allowed - BURST) <= served <= 1.05 * allowed + 1, f"{served} requests served, expected about {allowed}"
    return most


def main():
    seconds, scim_server, superset_server = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        slow = [*measured(float(seconds), scim_server, superset_server, pathlib.Path(folder))]
    if slow:
        sys.exit(f"99 of 100 answers to the quiet tenant may take {SLOWEST * 1000:.0f} ms: " + ", ".join(slow))


def measured(seconds, scim_server, superset_server, folder):
    """The stores in which the quiet tenant waited too long."""
    stores = {
        "memory": [scim_server],
        "SQLite": [superset_server, "--database", f"sqlite://{folder}/neighbours.db", "--demo", "--rules", str(rules(folder))],
    }
    for name, command in stores.items():
        limits = ["--tenants", "--rate", str(RATE), "--burst", str(BURST)]
        server = Server(name, f"{folder}/{name}.log", [*command, *limits], ["--clients-file", str(clients(folder))])
        try:
            most = judge(name, measure(server, seconds), seconds)
        finally:
            server.stop()
        if most > SLOWEST:
            yield f"{name}: {most * 1000:.0f} ms"


if __name__ == "__main__":
    main()
