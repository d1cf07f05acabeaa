"""The table: each piece of work, what it costs by hand and by us, and what it may cost."""
from harness.report import dependency, machine, said
from harness.report import table as markdown

import work
from population import CROWD, FEW, crowd_size

HEAD = ["", "by hand", "ours", "ours is", "goal", "reached"]


def begin(engine):
    return f"<!-- begin of what superset/run writes about {engine.name} -->"


def end(engine):
    return f"<!-- end of what superset/run writes about {engine.name} -->"


def rate(value):
    return f"{value:,.0f} a second"


def milli(value):
    return f"{value:,.2f} ms" if value < 10 else f"{value:,.0f} ms"


class Table:
    def __init__(self, figures):
        self.figures, self.lines = figures, []

    def row(self, label, hand, ours, value, shown, goal, is_reached):
        reached = "no figure" if value is None else "yes" if is_reached(value) else "**no**"
        self.lines.append([label, hand, ours, "" if value is None else shown.format(value), goal, reached])

    def share(self, label, name, least):
        hand, ours = self.figures.get(name, (None, None))
        value = ours / hand if hand else None
        shown = (rate(hand), rate(ours)) if hand else ("", "")
        self.row(label, *shown, value, "{:.2f} of by hand", f">= {least} of by hand", lambda value: value >= least)

    def at_least(self, label, name, least):
        value = self.figures.get(name)
        shown = "" if value is None else rate(value)
        self.row(label, "", shown, value, shown, f">= {least:,} a second", lambda value: value >= least)

    def at_most(self, label, name, most):
        self.time(label, self.figures.get(name), most)

    def time(self, label, value, most):
        shown = "" if value is None else milli(value)
        self.row(label, "", shown, value, shown, f"<= {most:,} ms", lambda value: value <= most)

    def times(self, label, over, under, most, by_hand=False):
        """One cost as a multiple of another one, which may be that of the same by hand."""
        value = over / under if over and under else None
        shown = [milli(cost) for cost in (under, over) if cost]
        hand, ours = shown if by_hand and value else ("", " and ".join(reversed(shown)))
        self.row(label, hand, ours, value, "{:.2f} times", f"<= {most} times", lambda value: value <= most)

    def within(self, label, value, most, unit):
        shown = "" if value is None else f"{value:,.1f} {unit}"
        self.row(label, "", shown, value, shown, f"<= {most} {unit}", lambda value: value <= most)

    def count(self, label, value, most):
        """The server's own upkeep counts too, a little."""
        whole = None if value is None else round(value)
        self.row(label, "", "" if whole is None else f"{whole}", whole, "{}", f"<= {most}", lambda value: value <= most)

    def fact(self, label, ours):
        """Without a goal."""
        self.lines.append([label, "", ours, "", "", ""])

    def __str__(self):
        return markdown(HEAD, self.lines)


def table(asked, engine, figures):
    table, people = Table(figures), asked.people
    table.share("create, 1 connection, empty directory", "creates 1", 0.4)
    if engine.concurrent:
        table.share("create, 16 connections, empty directory", "creates 16", 0.7)
    many, few = figures.get("create and delete", (None, None))
    table.times(f"create and delete, 1 connection: among {people:,} / among {FEW:,}", many, few, 1.2)
    users, groups = work.imported(asked)
    table.at_least(f"import by SCIM bulk: {users:,} users and {groups} groups", "bulk", 1_500)
    for label, name in (
        ("`userName eq`", "userName"),
        ("`externalId eq`", "externalId"),
        ("`emails.value eq`", "emails.value"),
        ('`emails[type eq "work"].value eq`', "work address"),
        ('`emails[type eq "work" and value eq ...]`', "work and value"),
    ):
        table.at_most(f"{label}, among {people:,}", name, 1)
    table.at_most("`active eq false`, page of 100", "inactive", 5)
    table.at_most("`meta.lastModified gt`, page of 100", "lastModified", 5)
    table.at_most("page of 100 by index, at 1", "first page", 3)
    late, by_hand = figures.get("late page"), figures.get("ids by hand")
    label = f"page of 100 by index, at {work.late(people):,}; by hand: the ids alone"
    table.times(label, late, by_hand, 1.3, by_hand=True)
    table.at_most("page of 100 by cursor, the next one", "next page", 2)
    size = crowd_size(people)
    table.at_most(f"PATCH: one member into a group of {size:,}", "join", 3)
    table.at_most("PATCH: another name for that group", "rename", 300)
    login, transactions = figures.get("login", (None, None))
    table.time("login by SAML, 10 groups, two changed", login, 10)
    if engine.counts_transactions:
        table.count("the same: transactions", transactions, 1)
    seconds, memory = figures.get("drift", (None, None))
    table.within(f"drift of {people:,} people: time", seconds and seconds / 60, 5, "minutes")
    table.within("the same: memory", memory, 300, "MiB")
    table.fact(f"the first start over tables of version 2 with {people:,} people", f"{figures['migration']:,.1f} s")
    return table


def report(asked, engine, measured):
    notes = "".join(f"\n- {note}" for note in measured.notes)
    rounds = f"{asked.rounds} rounds, of which the median counts" if asked.rounds > 1 else "one round"
    return (
        f"{machine()}. {said('rustc', '--version')}, sqlx {dependency('sqlx')}, "
        f"{engine.name} {engine.version} ({engine.settings}). {asked.people:,} people; {rounds}.\n\n"
        f"{table(asked, engine, measured.figures)}\n"
        + (f"\nNo figure, because the answer is not what it should be:\n{notes}\n" if notes else "")
    )
