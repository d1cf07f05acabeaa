"""Plots of cost against size, as SVG: lines over two logarithmic axes."""
import math
from html import escape

from comparison import BY_NAME, FLOOR, GET, JOIN, OURS, PAGE_END, PEER, POST, SERIALISING

# What is drawn of each server: its name in the legend, its colour, its mark.
SERVERS = {
    OURS: ("ours, in memory", "#1558b0", "circle"),
    PEER: ("scim-server, in memory", "#b3541e", "square"),
    FLOOR: ("floor: axum, fixed answers", "#6b6b6b", "diamond"),
    SERIALISING: ("floor, serialising users", "#a0a0a0", "diamond"),
}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 430, 300, 66, 14, 34, 46
HEADER = 58


def label(value):
    """A power of ten, short."""
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"


def duration(micro):
    return f"{micro / 1e6:g} s" if micro >= 1e6 else f"{micro / 1e3:g} ms" if micro >= 1e3 else f"{micro:g} µs"


def mark(kind, x, y, colour):
    if kind == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" fill="{colour}"/>'
    turn = f' transform="rotate(45 {x:.1f} {y:.1f})"' if kind == "diamond" else ""
    return f'<rect x="{x - 3.2:.1f}" y="{y - 3.2:.1f}" width="6.4" height="6.4" fill="{colour}"{turn}/>'


def text(x, y, words, anchor="middle", extra=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(words)}</text>'


class Axis:
    """From a decade to a decade, onto pixels."""

    def __init__(self, values, begin, end):
        self.low, self.high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        self.high = max(self.high, self.low + 1)
        self.begin, self.end = begin, end

    def at(self, value):
        return self.begin + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.begin)

    def decades(self):
        return [10.0**power for power in range(self.low, self.high + 1)]


def panel(x, y, title, below, sizes):
    """One plot of `sizes[size][server]`, with its corner at x and y."""
    points = {
        server: [(size, costs[server]) for size, costs in sorted(sizes.items()) if server in costs] for server in SERVERS
    }
    across = Axis(sizes, x + LEFT, x + WIDTH - RIGHT)
    up = Axis([cost for line in points.values() for _, cost in line], y + HEIGHT - BOTTOM, y + TOP)
    parts = [text(x + LEFT, y + 20, title, "start", ' font-weight="600" font-size="14"')]
    for size in across.decades():
        parts.append(f'<path class="grid" d="M{across.at(size):.1f} {up.begin}V{up.end}"/>')
        parts.append(text(across.at(size), up.begin + 17, label(size)))
    for cost in up.decades():
        parts.append(f'<path class="grid" d="M{across.begin} {up.at(cost):.1f}H{across.end}"/>')
        parts.append(text(across.begin - 7, up.at(cost) + 4, duration(cost), "end"))
    parts.append(text((across.begin + across.end) / 2, up.begin + 36, below))
    for server, line in points.items():
        _, colour, kind = SERVERS[server]
        places = [(across.at(size), up.at(cost)) for size, cost in line]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        parts += [f'<path class="line" stroke="{colour}" d="M{path}"/>'] if len(places) > 1 else []
        parts += [mark(kind, x, y, colour) for x, y in places]
    return parts


def svg(title, panels, columns):
    """Panels side by side under one legend. Each is a title, what its axis is, and what is on it."""
    rows = math.ceil(len(panels) / columns)
    width, height = columns * WIDTH, HEADER + rows * HEIGHT
    shown = {server for _, _, sizes in panels for costs in sizes.values() for server in costs}
    parts, x = [text(14, 22, title, "start")], 20
    for server, (name, colour, kind) in SERVERS.items():
        if server in shown:
            parts += [mark(kind, x, 44, colour), text(x + 10, 48, name, "start")]
            x += 34 + 6.6 * len(name)
    for index, (name, below, sizes) in enumerate(panels):
        parts += panel(index % columns * WIDTH, HEADER + index // columns * HEIGHT, name, below, sizes)
    width = max(width, math.ceil(x))
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" font-family="system-ui, sans-serif" font-size="12" fill="#222">',
        f"<title>{escape(title)}</title>",
        "<style>.grid{stroke:#ddd;stroke-width:1}.line{fill:none;stroke-width:2}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *parts,
        "</svg>\n",
    ])


def without(server, sizes):
    return {size: {name: cost for name, cost in costs.items() if name != server} for size, costs in sizes.items()}


def draw(folder, comparison, users):
    figures = comparison.figures
    directory = [
        ("GET by id", without(SERIALISING, figures[GET])),
        ("userName eq", without(SERIALISING, figures[BY_NAME])),
        ("page of 100 at the end", figures[PAGE_END]),
        ("POST", without(SERIALISING, figures[POST])),
    ]
    panels = [(name, "users in the directory", sizes) for name, sizes in directory]
    title = "Processor time of a request against the size of the directory"
    (folder / "cost_by_directory.svg").write_text(svg(title, panels, 2))
    panels = [("PATCH: one member more", f"members of the group, beside {users:,} users", without(SERIALISING, figures[JOIN]))]
    title = "Processor time of one more member against the size of the group"
    (folder / "cost_by_group.svg").write_text(svg(title, panels, 1))
