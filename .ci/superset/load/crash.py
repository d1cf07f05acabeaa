"""Two superset_server processes on one PostgreSQL, many clients, and a kill -9 of one process at a random moment, again and
again. Each process serves the writes that wait together in one transaction, and some of those are refused. Then every
acknowledged write must be there, nothing of a refused one, and nothing half: auxiliary tables, Superset's tables and audit agree.

usage: crash.py DATABASE_URL TOKEN ROUNDS WRITES_PER_ROUND SERVER ARGUMENTS...
"""

import http.client
import json
import random
import subprocess
import sys
import threading
import time

import psycopg2

CLIENTS = 48
GROUPS = 4
CORE = "urn:ietf:params:scim:schemas:core:2.0:"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Server:
    """A process that can be killed and started again."""

    def __init__(self, arguments: list):
        self.arguments, self.kills = arguments, 0
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.arguments + ["--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        line = self.process.stdout.readline()
        self.address = line.split("//")[1].split("/")[0]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.kills += 1


class Lost(Exception):
    """The answer did not come: the write may have happened or not."""


class Client(threading.Thread):
    """Writes to users of its own, and to groups that all share, and remembers what must be true."""

    def __init__(self, number: int, run: "Run"):
        super().__init__()
        self.number, self.run_of, self.random = number, run, random.Random(f"{run.seed}-{number}")
        self.users: dict = {}  # id -> {"name", "title", "active", "groups", "updates"}
        self.deleted: set = set()
        self.created = self.acknowledged = self.unknown = self.refusals = 0
        self.connection, self.failure = None, None

    # HTTP

    def once(self, method: str, path: str, body: object, more: dict = {}) -> tuple:
        if self.connection is None:
            servers = self.run_of.servers
            address = servers[(self.number + self.random.randrange(2)) % 2].address
            self.connection = http.client.HTTPConnection(address, timeout=60)
        headers = {"Authorization": f"Bearer {self.run_of.token}", "Content-Type": "application/scim+json", **more}
        try:
            self.connection.request(method, "/scim/v2" + path, None if body is None else json.dumps(body), headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.connection = None
            raise Lost from error
        if answer.status >= 500:
            raise Lost(f"{answer.status} {text[:200]}")
        return answer.status, json.loads(text) if text else {}

    def ask(self, path: str) -> tuple:
        """A read, until it is answered."""
        while True:
            try:
                return self.once("GET", path, None)
            except Lost:
                time.sleep(0.05)

    def write(self, method: str, path: str, body: object, expected: int, happened) -> bool:
        """Whether the write happened. Where the answer is lost, `happened` looks."""
        try:
            status, answer = self.once(method, path, body)
            if status != expected:
                raise AssertionError(f"{method} {path}: {status} {answer}")
            self.acknowledged += 1
            self.answer = answer
            return True
        except Lost:
            self.unknown += 1
            # Whatever the killed process had begun is done or undone once its connection is gone.
            time.sleep(0.3)
            return happened()

    # What it does

    def create(self) -> None:
        self.created += 1
        name = f"u-{self.run_of.round}-{self.number}-{self.created}"
        body = {"schemas": [CORE + "User"], "userName": name, "title": "new"}

        def happened() -> bool:
            _, found = self.ask(f"/Users?filter=userName%20eq%20%22{name}%22")
            self.answer = (found.get("Resources") or [None])[0]
            return self.answer is not None

        if self.write("POST", "/Users", body, 201, happened):
            self.users[self.answer["id"]] = {"name": name, "title": "new", "active": True, "groups": set(), "updates": 0}

    def patch_user(self, user: str, attribute: str, value: object) -> None:
        operations = [{"op": "replace", "path": attribute, "value": value}]
        body = {"schemas": [PATCH], "Operations": operations}
        same = lambda: self.ask(f"/Users/{user}")[1].get(attribute) == value
        state = self.users[user]
        if state[attribute] != value and self.write("PATCH", f"/Users/{user}", body, 200, same):
            state[attribute] = value
            state["updates"] += 1

    def move(self, user: str, group: str) -> None:
        state = self.users[user]
        joins = group not in state["groups"]
        operation = {"op": "add", "path": "members", "value": [{"value": user}]}
        if not joins:
            operation = {"op": "remove", "path": f'members[value eq "{user}"]'}

        def happened() -> bool:
            _, found = self.ask(f"/Users/{user}")
            return (group in [g["value"] for g in found.get("groups", [])]) == joins

        body = {"schemas": [PATCH], "Operations": [operation]}
        if self.write("PATCH", f"/Groups/{group}?excludedAttributes=members", body, 200, happened):
            state["groups"] ^= {group}

    def delete(self, user: str) -> None:
        if self.write("DELETE", f"/Users/{user}", None, 204, lambda: self.ask(f"/Users/{user}")[0] == 404):
            del self.users[user]
            self.deleted.add(user)

    def refused(self, user: str) -> None:
        """A write that fails in the middle of what others write: it must leave nothing."""
        kind = self.random.randrange(3)
        if kind == 0:
            body = {"schemas": [CORE + "User"], "userName": self.users[user]["name"].upper(), "title": "refused"}
            attempt, expected = ("POST", "/Users", body), 409
        elif kind == 1:
            operations = [{"op": "replace", "path": "title", "value": "refused"}]
            body = {"schemas": [PATCH], "Operations": operations}
            attempt, expected = ("PATCH", f"/Users/{user}", body, {"If-Match": 'W/"0"'}), 412
        else:
            attempt, expected = ("DELETE", f"/Users/{self.run_of.round}-nobody", None), 404
        try:
            status, answer = self.once(*attempt)
        except Lost:
            return
        if status != expected:
            raise AssertionError(f"{attempt}: {status} {answer}")
        self.refusals += 1

    def step(self) -> None:
        dice = self.random.random()
        if len(self.users) < 3 or dice < 0.25:
            return self.create()
        user = self.random.choice(sorted(self.users))
        if dice < 0.35:
            return self.refused(user)
        if dice < 0.45:
            return self.patch_user(user, "title", f"t-{self.random.randrange(10**9)}")
        if dice < 0.55:
            return self.patch_user(user, "active", not self.users[user]["active"])
        if dice < 0.90:
            return self.move(user, self.random.choice(self.run_of.groups))
        return self.delete(user)

    def run(self) -> None:
        try:
            while self.run_of.take():
                self.step()
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            self.failure = error


class Run:
    """One round."""

    def __init__(self, number: int, writes: int, servers: list, groups: list, token: str, seed: str):
        self.round, self.left, self.writes = number, writes, writes
        self.servers, self.groups, self.token, self.seed = servers, groups, token, seed
        self.lock = threading.Lock()

    def take(self) -> bool:
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def go(self) -> list:
        clients = [Client(number, self) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        moment = random.Random(self.seed).randrange(self.writes // 10, self.writes * 8 // 10)
        while self.left > self.writes - moment:
            time.sleep(0.002)
        victim = self.servers[self.round % 2]
        victim.kill()
        time.sleep(0.5)
        victim.start()
        for client in clients:
            client.join()
        for client in clients:
            if client.failure:
                raise client.failure
        return clients


def check(database: str, clients: list, groups: dict) -> int:
    """Compares what was acknowledged with the tables, and the tables with each other."""
    connection = psycopg2.connect(database)
    cursor = connection.cursor()

    def rows(sql: str) -> list:
        cursor.execute(sql)
        return cursor.fetchall()

    faults = []
    checked = 0

    def same(what: str, found: object, expected: object) -> None:
        nonlocal checked
        checked += 1
        if found != expected:
            faults.append(f"{what}: found {found!r}, expected {expected!r}")

    people = {
        id: (json.loads(body), version, row, username, active)
        for id, body, version, row, username, active in rows(
            "SELECT r.id, r.body, r.version, u.id, u.username, u.active FROM scim_resource r "
            "LEFT JOIN ab_user u ON u.id = r.local_id WHERE r.resource_type = 'User'"
        )
    }
    members, of_row, roles, updates, audited = {}, {}, {}, {}, {}
    for group, member in rows("SELECT group_id, member_id FROM scim_member"):
        members.setdefault(member, set()).add(group)
    for user, group in rows("SELECT user_id, group_id FROM ab_user_group"):
        of_row.setdefault(user, set()).add(group)
    for user, role in rows("SELECT ur.user_id, r.name FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id"):
        roles.setdefault(user, set()).add(role)
    for id, action, count, last in rows(
        "SELECT resource_id, action, count(*), max(version) FROM scim_audit GROUP BY resource_id, action"
    ):
        audited.setdefault(id, {})[action] = (count, last)
    local = dict(rows("SELECT id, local_id FROM scim_resource WHERE resource_type = 'Group'"))
    mapped = {group for group, name in groups.items() if name in ("analysts", "sql")}

    expected = {user: state for client in clients for user, state in client.users.items()}
    deleted = set().union(*(client.deleted for client in clients))
    same("users", set(people), set(expected))
    for user, state in expected.items():
        if user not in people:
            continue
        body, version, row, username, active = people[user]
        same(f"title of {user}", body.get("title"), state["title"])
        same(f"name of {user}", (body["userName"], username), (state["name"], state["name"]))
        same(f"active of {user}", (body.get("active", True), active), (state["active"], state["active"]))
        same(f"members of {user}", members.get(user, set()), state["groups"])
        due = {local[group] for group in state["groups"]} if state["active"] else set()
        same(f"ab_user_group of {user}", of_row.get(row, set()), due)
        direct = {"Gamma"} if state["active"] and not state["groups"] & mapped else set()
        same(f"ab_user_role of {user}", roles.get(row, set()), direct)
        same(f"audited creations of {user}", audited[user]["create"], (1, 1))
        same(f"audited changes of {user}", audited[user].get("update", (0, 0))[0], state["updates"])
        same(f"versions of {user}", version >= (audited[user].get("update", (0, 1))[1] or 1), True)
    tombstones = dict(rows("SELECT id, local_id FROM scim_tombstone WHERE resource_type = 'User'"))
    same("tombstones", set(tombstones), deleted)
    for user, row in tombstones.items():
        same(f"audited deletions of {user}", audited[user]["delete"][0], 1)
        same(f"what the deleted {user} holds", (of_row.get(row, set()), roles.get(row, set())), (set(), set()))
    same("active rows of deleted users", rows("SELECT u.id FROM scim_tombstone t JOIN ab_user u ON u.id = t.local_id "
         "WHERE t.resource_type = 'User' AND u.active AND NOT EXISTS (SELECT 1 FROM scim_resource r "
         "WHERE r.resource_type = 'User' AND r.local_id = u.id)"), [])
    for what, sql in {
        "rows of ab_user that nobody knows": "SELECT username FROM ab_user u WHERE username <> 'admin' AND NOT EXISTS "
        "(SELECT 1 FROM scim_resource r WHERE r.resource_type = 'User' AND r.local_id = u.id) AND NOT EXISTS "
        "(SELECT 1 FROM scim_tombstone t WHERE t.resource_type = 'User' AND t.local_id = u.id)",
        "unique values without a resource": "SELECT value FROM scim_unique q WHERE NOT EXISTS "
        "(SELECT 1 FROM scim_resource r WHERE r.id = q.resource_id)",
        "resources without their unique values": "SELECT id FROM scim_resource r WHERE NOT EXISTS "
        "(SELECT 1 FROM scim_unique q WHERE q.resource_id = r.id)",
        "members of no group": "SELECT group_id FROM scim_member m WHERE NOT EXISTS "
        "(SELECT 1 FROM scim_resource r WHERE r.id = m.group_id)",
        "grants without a row": "SELECT * FROM scim_grant g WHERE NOT EXISTS (SELECT 1 FROM ab_user_role x "
        "WHERE g.relation = 'ab_user_role' AND x.user_id = g.holder_id AND x.role_id = g.held_id) AND NOT EXISTS "
        "(SELECT 1 FROM ab_user_group x WHERE g.relation = 'ab_user_group' AND x.user_id = g.holder_id "
        "AND x.group_id = g.held_id) AND NOT EXISTS (SELECT 1 FROM ab_group_role x "
        "WHERE g.relation = 'ab_group_role' AND x.group_id = g.holder_id AND x.role_id = g.held_id)",
        "memberships that are not recorded as ours": "SELECT user_id FROM ab_user_group x WHERE NOT EXISTS "
        "(SELECT 1 FROM scim_grant g WHERE g.relation = 'ab_user_group' AND g.holder_id = x.user_id "
        "AND g.held_id = x.group_id)",
        "audit of resources that never were": "SELECT resource_id FROM scim_audit a WHERE NOT EXISTS "
        "(SELECT 1 FROM scim_resource r WHERE r.id = a.resource_id) AND NOT EXISTS "
        "(SELECT 1 FROM scim_tombstone t WHERE t.id = a.resource_id)",
        "resources without audit": "SELECT id FROM scim_resource r WHERE NOT EXISTS "
        "(SELECT 1 FROM scim_audit a WHERE a.resource_id = r.id AND a.action = 'create')",
    }.items():
        same(what, rows(sql), [])
    connection.close()
    if faults:
        sys.exit("FAILED\n" + "\n".join(faults[:20]))
    return checked


def main(database: str, token: str, rounds: str, writes: str, *command: str) -> None:
    servers = [Server(list(command)), Server(list(command))]
    try:
        play(database, token, int(rounds), int(writes), servers)
    finally:
        for server in servers:
            server.process.kill()


def make_groups(server: Server, token: str) -> dict:
    """The names of new groups by their ids."""
    groups = {}
    for name in ("analysts", "sql", "plain", "other")[:GROUPS]:
        body = json.dumps({"schemas": [CORE + "Group"], "displayName": name})
        connection = http.client.HTTPConnection(server.address, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
        connection.request("POST", "/scim/v2/Groups", body, headers)
        groups[json.loads(connection.getresponse().read())["id"]] = name
    return groups


def play(database: str, token: str, rounds: int, writes: int, servers: list) -> None:
    groups = make_groups(servers[0], token)
    clients = []
    for number in range(rounds):
        seed = f"{number}-{time.time_ns()}"
        started = time.monotonic()
        done = Run(number, writes, servers, list(groups), token, seed).go()
        took = time.monotonic() - started
        clients += done
        checked = check(database, clients, groups)
        counts = ("acknowledged", "unknown", "refusals")
        acknowledged, unknown, refused = (sum(getattr(client, name) for client in done) for name in counts)
        print(
            f"round {number + 1}: {acknowledged} acknowledged, {refused} refused, {unknown} without an answer, {took:.1f} s, "
            f"{acknowledged / took:.0f} writes/s; {checked} facts hold", flush=True,
        )
    kills = sum(server.kills for server in servers)
    print(f"{kills} kills survived")


if __name__ == "__main__":
    main(*sys.argv[1:])
