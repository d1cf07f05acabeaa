"""The table: each piece of work, what it costs, and what it may cost."""
from pathlib import Path

from harness.report import dependency, first, machine, said
from harness.report import table as markdown

from comparison import (
    BULK, BY_NAME, FLOOR, GET, JOIN, OURS, PAGE_END, PAGE_START, PATCH, PEER, POST, PUT, SCAN_TEXT, SCAN_VALUES, SERIALISING,
)

BEGIN, END = "<!-- begin of what compare/run writes -->", "<!-- end of what compare/run writes -->"
HEAD = ["", "floor", "ours", "`scim-server`", "ours is", "goal", "reached"]


def micro(cost):
    if cost is None:
        return ""
    return f"{cost:,.2f} µs" if cost < 10 else f"{cost:,.1f} µs" if cost < 100 else f"{cost:,.0f} µs"


class Table:
    def __init__(self, figures):
        self.figures, self.lines = figures, []

    def cost(self, work, size, server):
        return self.figures.get(work, {}).get(size, {}).get(server)

    def row(self, label, value, shown, limit, unit, floor="", ours="", peer=""):
        reached = "" if value is None else "yes" if value <= limit else "no"
        self.lines.append([label, floor, ours, peer, "" if value is None else shown, f"<= {limit:,g}{unit}", reached])

    def over_floor(self, label, work, size, limit, floor=FLOOR):
        base, ours, peer = (self.cost(work, size, server) for server in (floor, OURS, PEER))
        times = ours / base if ours and base else None
        beside = f"{micro(peer)} ({peer / base:,.1f}x)" if peer and base else ""
        self.row(label, times, f"{times or 0:,.2f}x", limit, "x", micro(base), micro(ours), beside)

    def ratio(self, label, over, under, limit):
        value = over / under if over and under else None
        self.row(label, value, f"{value or 0:.2f}", limit, "")

    def each_user(self, label, work, size, limit):
        ours = self.cost(work, size, OURS)
        value = ours and ours / size
        self.row(label, value, f"{value or 0:.3f} µs a user", limit, " µs a user", ours=micro(ours))

    def time(self, label, nanoseconds, limit):
        cost = nanoseconds / 1e3
        self.row(label, cost, micro(cost), limit, " µs", ours=micro(cost))

    def bytes(self, label, value, limit, peer=None):
        self.row(label, value, f"{value:,.0f} B", limit, " B", ours=f"{value:,.0f} B", peer=f"{peer:,.0f} B" if peer else "")

    def __str__(self):
        return markdown(HEAD, self.lines)


def table(asked, comparison, inside, few):
    table, n, tenth = Table(comparison.figures), asked.users, asked.users // 10
    table.over_floor("GET by id", GET, n, 1.4)
    table.over_floor(f"`userName eq`, {n:,} users", BY_NAME, n, 1.9)
    table.ratio(f"the same: {n:,} users / {tenth:,}", table.cost(BY_NAME, n, OURS), table.cost(BY_NAME, tenth, OURS), 1.1)
    table.over_floor("page of 100 at the start; floor: serialising it", PAGE_START, n, 0.7, SERIALISING)
    table.over_floor("page of 100 at the end; floor: serialising it", PAGE_END, n, 0.7, SERIALISING)
    table.ratio("the same: end / start", table.cost(PAGE_END, n, OURS), table.cost(PAGE_START, n, OURS), 1.15)
    table.each_user("filter without index, a text", SCAN_TEXT, n, 0.15)
    table.each_user("filter without index, a multi-valued attribute", SCAN_VALUES, n, 0.5)
    table.over_floor("PATCH `active`", PATCH, n, 2.2)
    table.over_floor("PUT", PUT, n, 2.5)
    table.over_floor("POST", POST, n, 2.5)
    for size in asked.groups:
        table.over_floor(f"PATCH: one member into a group of {size:,}", JOIN, size, 2.5)
    least, most = asked.groups[0], asked.groups[-1]
    largest, smallest = table.cost(JOIN, most, OURS), table.cost(JOIN, least, OURS)
    table.ratio(f"the same: {most:,} members / {least:,}", largest, smallest, 1.3)
    table.over_floor("bulk of 100 creates", BULK, n, 4)
    memory = comparison.user_memory
    table.bytes(f"memory a user of {comparison.user_bytes} B", memory[OURS], 1300, memory.get(PEER))
    table.bytes("memory a user of 1.9 KB, in process", inside["large"]["user_bytes"], 3000)
    gib = inside["many"]["bytes"] / 2**30
    table.row(f"memory of {asked.many:,} users, in process", gib, f"{gib:.2f} GiB", 1.4 * asked.many / 1e6, " GiB")
    table.time(f"GET by id among {asked.many:,}, in process", inside["many"]["get"], 4)
    table.ratio(f"the same: {asked.many:,} users / {few:,}", inside["many"]["get"], inside["few"]["get"], 1.3)
    table.time(f"POST to {asked.many:,}, in process", inside["many"]["post"], 15)
    table.time(f"PATCH: one member into {most:,}, in process", inside["many"]["join"], 8)
    kinds = zip(("1 comparison", "4 comparisons", "20 comparisons"), inside["filter"]["parse"], (1.2, 1.8, 3.0))
    for kind, costs, limit in kinds:
        times, floor, ours = costs["ours"] / costs["floor"], costs["floor"] / 1e3, costs["ours"] / 1e3
        label = f"parse a filter of {kind}; floor: the text as a JSON string"
        table.row(label, times, f"{times:.2f}x", limit, "x", micro(floor), micro(ours))
    table.time("match 20 comparisons with a user of 1.9 KB", inside["filter"]["match_twenty"], 0.7)
    return table


def versions(peer):
    """Of what was measured and of what built it."""
    manifest = (Path(__file__).parent / "scim_server/Cargo.toml").read_text()
    version = first(r'^scim-server = "=(.*)"$', manifest)
    return f"{said('rustc', '--version')}, axum {dependency('axum')}" + (f", `scim-server` {version}" if peer else "")


def report(asked, comparison, inside, few):
    load = comparison.load
    others = load.others / load.available if load.available else 0
    notes = "".join(f"\n- {note}" for note in comparison.notes)
    return (
        f"{machine()}. {versions(comparison.peer)}. {asked.connections} connections; rounds of at most {asked.seconds:g} s, "
        f"of which there were {asked.rounds} and the median counts; other processes had {others:.0%} of the processors meanwhile.\n\n"
        f"{table(asked, comparison, inside, few)}\n"
        + (f"\nNo figure, because the answer is not what it should be:\n{notes}\n" if notes else "")
    )
