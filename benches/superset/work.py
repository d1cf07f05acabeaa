"""What is measured, each with a check of the answers before it is timed."""
import json
import subprocess
import sys
import time

from engine import median
from harness.server import Wrong, expect

import asking
import population
from directory import RULES, Directory
from population import CROWD, INACTIVE, crowd_size, id_of, time_of, user_name

# Users and groups of the import, users in one request, and members of each group.
BULK, BULK_GROUPS, BULK_REQUEST = 10_000, 50, 1_000
# How many queries of a kind are timed, and how many changes of a large group.
QUERIES, JOINS, RENAMES = 200, 100, 6
# How long one of these is asked at most; the median is that of what came.
SECONDS = 60.0
# Who is found by time, and who logs in.
LATE, PEOPLE_LOGGING_IN = 1_000, 10


def imported(asked):
    """How many users and groups are imported."""
    return (BULK // 10, BULK_GROUPS // 10) if asked.quick else (BULK, BULK_GROUPS)


def late(people):
    """Where the late page begins."""
    return people * 99 // 100


def ids_by_hand(start):
    """The ids of a page, as somebody asks the database for them."""
    return (
        "SELECT id FROM scim_resource WHERE tenant = '' AND resource_type = 'User' "
        f"ORDER BY id LIMIT {asking.PAGE} OFFSET {start - 1}"
    )


class Measured:
    """The figures by name; what cannot be measured has a note in its place."""

    def __init__(self, asked, programs, engine, load):
        self.asked, self.programs, self.engine, self.load = asked, programs, engine, load
        self.figures, self.notes = {}, []
        self.names = (f"new{number}@example.com" for number in range(10**9))
        # The rows of a create, once they are known, and the directories that are open.
        self.rows, self.open = None, []

    def directory(self, name, people=0):
        """One more, of a name of its own."""
        self.open.append(Directory(self.programs, self.engine, f"{name}_{len(self.open)}", people))
        return self.open[-1]

    def stop(self):
        for directory in self.open:
            directory.server.stop()

    def attempt(self, name, measure, *arguments):
        """The figure of this name; a wrong answer is noted, and the next piece of work goes on."""
        try:
            self.figures[name] = measure(*arguments)
        except (Wrong, KeyError, TypeError, IndexError, StopIteration) as wrong:
            self.notes.append(f"{name}: {type(wrong).__name__}: {str(wrong)[:300]}")
        print(f"{name}: {self.figures.get(name, 'no figure')}", file=sys.stderr)

    def creations(self, count):
        return [asking.creation(next(self.names)) for _ in range(count)]

    def creates(self, connections):
        """Users a second by hand and by us, each into a new directory in each round."""
        if not self.rows:
            directory = self.directory("sample")
            self.rows = directory.rows_by_hand(self.load)
            directory.close()
        hand, ours = [], []
        for _ in range(self.asked.rounds):
            for rates, by_hand in ((hand, True), (ours, False)):
                directory = self.directory("empty")
                if by_hand:
                    rates.append(self.engine.by_hand(directory.name, self.rows, self.asked.creates, connections))
                    count = int(self.engine.query(directory.name, "SELECT count(*) FROM ab_user")[0][0])
                    expect(count == self.asked.creates, f"{count} rows by hand")
                else:
                    answered = self.load.send(directory.server, self.creations(self.asked.creates), connections)
                    expect(len(set(answered.ids)) == self.asked.creates, "two users with one id")
                    rates.append(answered.rate)
                directory.close()
        return median(hand), median(ours)

    def bulk(self):
        """Resources a second of an import: users, then groups with all of them as members."""
        users, groups = imported(self.asked)
        directory = self.directory("imported")
        ids, seconds = [], 0.0

        def send(path, bodies):
            nonlocal seconds
            request = asking.bulk(path, bodies)
            begin = time.monotonic()
            answer = directory.server.ok(*request)
            seconds += time.monotonic() - begin
            wrong = [operation for operation in answer["Operations"] if str(operation["status"]) != "201"]
            expect(len(answer["Operations"]) == len(bodies) and not wrong, f"not created: {wrong[:1]}")
            return [operation["location"].rsplit("/", 1)[1] for operation in answer["Operations"]]

        for begin in range(0, users, BULK_REQUEST):
            ids += send("/Users", [asking.user(next(self.names)) for _ in range(begin, min(begin + BULK_REQUEST, users))])
        each = users // groups
        send("/Groups", [asking.group(f"import {n}", ids[n * each : (n + 1) * each]) for n in range(groups)])
        directory.close()
        return (users + groups) / seconds

    def reads(self, directory):
        people, count = directory.people, QUERIES
        ask = directory.server.ok

        def one(filter):
            """Somebody else with each request; each time exactly that one."""
            numbers = [1 + n * 7919 % people for n in range(count)]
            for number in numbers[:3]:
                found = ask(*asking.query(filter.format(user_name(number))))["Resources"]
                expect([user["id"] for user in found] == [id_of(user_name(number))], f"{filter} does not find the one")
            return self.timed(directory, [asking.query(filter.format(user_name(number))) for number in numbers])

        self.attempt("userName", one, 'userName eq "{}"')
        self.attempt("externalId", one, 'externalId eq "{}"')
        self.attempt("emails.value", one, 'emails.value eq "{}"')
        self.attempt("work address", one, 'emails[type eq "work"].value eq "{}"')
        self.attempt("work and value", one, 'emails[type eq "work" and value eq "{}"]')

        def several(filter, least, right):
            answer = ask(*asking.query(filter))
            found = answer["Resources"]
            expect(len({user["id"] for user in found}) == min(asking.PAGE, least), f"a page of {len(found)}")
            expect(all(right(user) for user in found), "somebody is found whom the filter does not mean")
            expect(answer.get("totalResults", least) == least, f"{answer.get('totalResults')} in all, not {least}")
            return self.timed(directory, [asking.query(filter)] * (count // 4))

        self.attempt("inactive", several, "active eq false", people // INACTIVE, lambda user: user["active"] is False)
        since = time_of(people - LATE)
        is_late = lambda user: user["meta"]["lastModified"] > since  # noqa: E731
        self.attempt("lastModified", several, f'meta.lastModified gt "{since}"', LATE, is_late)
        self.attempt("first page", self.page, directory, 1)
        self.attempt("late page", self.page, directory, late(people))
        self.attempt("ids by hand", self.engine.milliseconds, directory.name, ids_by_hand(late(people)), count // 10)
        self.attempt("next page", self.next_page, directory)

    def page(self, directory, start):
        by_hand = [row[0] for row in self.engine.query(directory.name, ids_by_hand(start))]
        found = [user["id"] for user in directory.server.ok(*asking.page(start))["Resources"]]
        expect(found == by_hand, "the page is another one than by hand")
        return self.timed(directory, [asking.page(start)] * (QUERIES // 4))

    def next_page(self, directory):
        cursors, seen, cursor = [], set(), None
        for _ in range(QUERIES // 4):
            answer = directory.server.ok(*asking.cursor(cursor))
            ids = {user["id"] for user in answer["Resources"]}
            expect(len(ids) == asking.PAGE and not ids & seen, "a page that is short, or that was there before")
            seen |= ids
            cursor = answer["nextCursor"]
            cursors.append(cursor)
        return self.timed(directory, [asking.cursor(cursor) for cursor in cursors])

    def timed(self, directory, requests):
        return self.load.send(directory.server, requests, seconds=SECONDS).milliseconds

    def create_and_delete(self, many, few):
        """Milliseconds of both together, among many people and among few, in turns."""
        costs = {many: [], few: []}
        for _ in range(self.asked.rounds):
            for directory, milliseconds in costs.items():
                created = self.load.send(directory.server, self.creations(self.asked.creates // 8))
                deleted = self.load.send(directory.server, [asking.deletion(id) for id in created.ids])
                status, _ = directory.server.ask("GET", f"/Users/{created.ids[0]}")
                expect(status == 404, "a deleted user is there")
                milliseconds.append(created.milliseconds + deleted.milliseconds)
        return median(costs[many]), median(costs[few])

    def join(self, directory):
        """Milliseconds of one member more in the crowd."""
        crowd, size = id_of(CROWD), crowd_size(directory.people)
        ids = [id_of(user_name(number)) for number in range(size + 1, size + 1 + JOINS)]
        answered = self.load.send(directory.server, [asking.join(crowd, id) for id in ids], seconds=SECONDS)
        for id in (ids[0], ids[answered.count - 1]):
            filter = f'id eq "{crowd}" and members.value eq "{id}"'
            found = directory.server.ok("GET", f"/Groups?excludedAttributes=members&filter={asking.quote(filter)}")
            expect(found["totalResults"] == 1, "a member has not come")
        return answered.milliseconds

    def rename(self, directory):
        crowd = id_of(CROWD)
        names = [f"{CROWD} {number}" for number in range(RENAMES)]
        answered = self.load.send(directory.server, [asking.rename(crowd, name) for name in names], seconds=SECONDS)
        name = names[answered.count - 1]
        group = directory.server.ok("GET", f"/Groups/{crowd}?excludedAttributes=members")
        expect(group["displayName"] == name, "the group has another name")
        user = directory.server.ok("GET", f"/Users/{id_of(user_name(1))}")
        expect(name in {group["display"] for group in user["groups"]}, "a member's group has another name")
        return answered.milliseconds

    def login(self, directory):
        """Milliseconds of a login, and transactions, which are told when the program has ended."""
        people, logins = PEOPLE_LOGGING_IN, 5 * PEOPLE_LOGGING_IN if self.asked.quick else 20 * PEOPLE_LOGGING_IN

        def run(more):
            """The first logins are the same in each run; all end with the same groups."""
            before = self.engine.transactions(directory.name)
            command = [self.programs / "superset_login", self.engine.url(directory.name), RULES, people, people + more]
            ran = subprocess.run([str(word) for word in command], capture_output=True, text=True)
            expect(ran.returncode == 0, f"superset_login: {ran.stderr[-300:]}")
            after = self.engine.transactions(directory.name)
            return json.loads(ran.stdout)["milliseconds"], after - before

        run(0)
        _, few = run(0)
        times, many = run(2 * logins)
        return median(times), (many - few) / (2 * logins)

    def everything(self):
        for connections in (1, 16) if self.engine.concurrent else (1,):
            self.attempt(f"creates {connections}", self.creates, connections)
        self.attempt("bulk", self.bulk)
        many = self.directory("many", self.asked.people)
        self.figures["migration"] = many.migration
        self.attempt("drift", many.drift)
        self.reads(many)
        self.attempt("join", self.join, many)
        self.attempt("rename", self.rename, many)
        few = self.directory("few", population.FEW)
        self.attempt("create and delete", self.create_and_delete, many, few)
        few.close()
        many.server.stop()
        self.attempt("login", self.login, many)
