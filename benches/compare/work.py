"""What the servers are asked: requests, and whether the answers mean what they should."""
import json
import random
from pathlib import Path
from urllib.parse import quote

from harness.server import expect, text

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
USER = (Path(__file__).parent.parent / "src/user_650.json").read_text().strip()
PAGE = 100
# Requests in one file; they are sent again and again.
DISTINCT = 2000
# Most members added by one request while a group is filled.
AT_ONCE = 1000


def user(number):
    return USER.replace("{n}", f"{number:06}")


def user_name(number):
    return f"user{number:06}@example.com"


def patch(*operations):
    return text({"schemas": [PATCH], "Operations": operations})


def found(server, filter, count=1):
    return server.ok("GET", f"/Users?count={count}&filter={quote(filter)}")


class Work:
    """One kind of request. `check` asks once and looks at the answer; nothing is checked of a floor."""

    # Most requests in a round, for what changes the directory.
    most = None
    # Whether what a round creates is deleted after it.
    creates = False

    def __init__(self, seed=7):
        self.random = random.Random(seed)

    def somebody(self, server):
        return self.random.randrange(len(server.ids))


class Get(Work):
    def requests(self, server):
        return [("GET", f"/Users/{server.ids[self.somebody(server)]}", None) for _ in range(DISTINCT)]

    def check(self, server):
        number = self.somebody(server)
        answer = server.ok("GET", f"/Users/{server.ids[number]}")
        expect(answer["id"] == server.ids[number] and answer["userName"] == user_name(number), "another user")


class ByName(Work):
    def requests(self, server):
        names = (user_name(self.somebody(server)) for _ in range(DISTINCT))
        return [("GET", "/Users?filter=" + quote(f'userName eq "{name}"'), None) for name in names]

    def check(self, server):
        name = user_name(self.somebody(server))
        answer = found(server, f'userName eq "{name}"')
        expect(answer["totalResults"] == 1 and answer["Resources"][0]["userName"] == name, "another user")


class Page(Work):
    def __init__(self, end):
        super().__init__()
        self.end = end

    def path(self, server):
        return f"/Users?count={PAGE}&startIndex={len(server.ids) - PAGE + 1 if self.end else 1}"

    def requests(self, server):
        return [("GET", self.path(server), None)]

    def check(self, server):
        page = server.ok("GET", self.path(server))["Resources"]
        expect(len({user["userName"] for user in page}) == PAGE, f"a page of {len(page)}")
        other = server.ok("GET", f"/Users?count={PAGE}&startIndex={len(server.ids) // 2}")["Resources"]
        expect(len(server.ids) < 4 * PAGE or page[0]["id"] not in {user["id"] for user in other}, "the same page anywhere")


class Scan(Work):
    """A filter that nobody fulfils, over everybody; and one of its kind that everybody fulfils, to check it."""

    def __init__(self, nobody, everybody):
        super().__init__()
        self.nobody, self.everybody = nobody, everybody

    def requests(self, server):
        return [("GET", "/Users?count=1&filter=" + quote(self.nobody), None)]

    def check(self, server):
        expect(found(server, self.nobody)["totalResults"] == 0, "somebody is found")
        total = found(server, self.everybody)["totalResults"]
        expect(total == len(server.ids), f"{total} of {len(server.ids)} are found")


class PatchActive(Work):
    def requests(self, server):
        numbers = [self.somebody(server) for _ in range(DISTINCT // 2)]
        return [self.change(server, number, value) for value in (False, True) for number in numbers]

    def change(self, server, number, value):
        return "PATCH", f"/Users/{server.ids[number]}", patch({"op": "replace", "path": "active", "value": value})

    def check(self, server):
        number = self.somebody(server)
        for value in (False, True):
            server.ok(*self.change(server, number, value))
            expect(server.ok("GET", f"/Users/{server.ids[number]}")["active"] is value, "`active` is as before")


class Put(Work):
    def requests(self, server):
        numbers = [self.somebody(server) for _ in range(DISTINCT // 2)]
        return [self.change(server, number, title) for title in ("Director", "Engineer") for number in numbers]

    def change(self, server, number, title):
        body = user(number).replace('"Engineer"', f'"{title}"')
        return "PUT", f"/Users/{server.ids[number]}", text({**json.loads(body), "id": server.ids[number]})

    def check(self, server):
        number = self.somebody(server)
        for title in ("Director", "Engineer"):
            server.ok(*self.change(server, number, title))
            answer = server.ok("GET", f"/Users/{server.ids[number]}")
            expect((answer["title"], answer["userName"]) == (title, user_name(number)), "not replaced")


class Post(Work):
    most = 1000
    creates = True
    # Behind everyone that a directory is filled with.
    numbers = iter(range(500_000, 1_000_000))

    def requests(self, server):
        return [("POST", "/Users", user(next(self.numbers))) for _ in range(self.most)]

    def check(self, server):
        number = next(self.numbers)
        created = server.ok("POST", "/Users", user(number))
        expect(server.ok("GET", f"/Users/{created['id']}")["userName"] == user_name(number), "another user")
        server.ok("DELETE", f"/Users/{created['id']}")


class Bulk(Work):
    most = 20
    numbers = iter(range(100_000, 500_000))

    def requests(self, server, count=most):
        return [("POST", "/Bulk", text({"schemas": [BULK], "Operations": self.creates_of(100)})) for _ in range(count)]

    def creates_of(self, count):
        numbers = [next(self.numbers) for _ in range(count)]
        return [
            {"method": "POST", "path": "/Users", "bulkId": f"b{number}", "data": json.loads(user(number))} for number in numbers
        ]

    def check(self, server):
        operations = server.ok(*self.requests(server, 1)[0])["Operations"]
        created = sum(str(operation["status"]) == "201" for operation in operations)
        expect(created == 100, f"{created} of 100 are created")


def stranger(number):
    """An id as long as a UUID, of nobody."""
    return f"{number * 0x9E3779B9 & 0xFFFFFFFF:08x}-0000-4000-8000-{number:012}"


class Join(Work):
    """One user more in groups of this size: in many where they are small, so that they stay so."""

    most = 400

    def __init__(self, size):
        super().__init__()
        self.size = size
        self.many = 400 if size <= 100 else 20 if size <= 2000 else 1
        self.groups, self.next = {}, {}

    def prepare(self, server):
        """Fills the groups with users of the directory, and with strangers where it has not that many."""
        members = (server.ids[: self.size] + [stranger(number) for number in range(self.size)])[: self.size]
        self.groups[server.name], self.next[server.name] = [], 0
        for number in range(self.many):
            body = {"schemas": [GROUP], "displayName": f"group {self.size} {number}"}
            group = server.ok("POST", "/Groups", text({**body, "members": [{"value": id} for id in members[:AT_ONCE]]}))["id"]
            for begin in range(AT_ONCE, self.size, AT_ONCE):
                server.ok(*self.add(group, members[begin : begin + AT_ONCE]))
            self.groups[server.name].append(group)

    def add(self, group, ids):
        return "PATCH", f"/Groups/{group}", patch({"op": "add", "path": "members", "value": [{"value": id} for id in ids]})

    def requests(self, server):
        groups = self.groups.get(server.name, ["floor"])
        begin = self.next.get(server.name, 0)
        self.next[server.name] = begin + self.most
        spares = server.spares
        return [self.add(groups[turn % len(groups)], [spares[(begin + turn) % len(spares)]]) for turn in range(self.most)]

    def check(self, server):
        self.prepare(server)
        server.ok(*self.add(self.groups[server.name][0], server.spares[-1:]))
        expect(self.members(server) == self.size + 1, f"{self.members(server)} members, not {self.size + 1}")

    def members(self, server):
        group = self.groups[server.name][0]
        status, answer = server.ask("GET", f"/Groups/{group}")
        if status == 200:
            return len(answer.get("members", []))
        # Too many for one answer: that the one has come is all that can be seen.
        filter = quote(f'id eq "{group}" and members.value eq "{server.spares[-1]}"')
        answer = server.ok("GET", f"/Groups?excludedAttributes=members&filter={filter}")
        return self.size + answer["totalResults"]


def fill(server, load, count):
    """Creates users until there are `count`."""
    server.ids.extend(create(server, load, range(len(server.ids), count)))


def spare(server, load, rounds):
    """Creates the users that come to groups, one for each request and one for the check."""
    server.spares = create(server, load, range(900_000, 900_001 + Join.most * rounds))


def create(server, load, numbers):
    if server.floor or not numbers:
        return ["floor"] * len(numbers)
    ids = load.send(server, [("POST", "/Users", user(number)) for number in numbers])[1]
    expect(len(ids) == len(numbers), f"{len(ids)} of {len(numbers)} users are created")
    return ids
