#!/usr/bin/env python3
"""Compares counted instructions with benches/instructions.tsv; with --record writes that file instead.

usage: instructions.py SUMMARIES [--record]

SUMMARIES is what `cargo bench --bench instructions -- --output-format=json` prints: an object of JSON for each path.
"""
import json
import sys
from pathlib import Path

RECORDED = Path(__file__).resolve().parent / "instructions.tsv"
# What may come to a path before it is a fault. The seeds of hash maps and the ids of resources are random, and move it by
# less than one percent.
MORE = 0.05


def counted(summaries):
    """Instructions by path."""
    counts = {}
    for summary in map(json.loads, summaries.read_text().splitlines()):
        path = summary["module_path"].rsplit("::", 1)[1] + "." + summary["id"]
        counts[path] = summary["profiles"][0]["data"]["total"]["metrics"]["Ir"]["values"]["new"]
    return counts


def recorded():
    lines = (line.split("\t") for line in RECORDED.read_text().splitlines())
    return {path: int(count) for path, count in lines}


def main():
    counts = counted(Path(sys.argv[1]))
    if not counts:
        sys.exit("nothing was counted")
    if sys.argv[2:] == ["--record"]:
        RECORDED.write_text("".join(f"{path}\t{count}\n" for path, count in counts.items()))
        return print(f"recorded in {RECORDED.name}")
    before, grown = recorded(), False
    for path in dict.fromkeys([*before, *counts]):
        was, now = before.get(path), counts.get(path)
        change = now / was - 1 if was and now else None
        # A path that is new, or is gone, is as much to be recorded as one that takes more.
        faulty = change is None or change > MORE
        grown |= faulty
        shown = "not recorded" if was is None else "not counted" if now is None else f"{change:+.1%}"
        print(f"{path:<36}{was or 0:>12,}{now or 0:>12,}  {shown}{'  <- over ' + format(MORE, '.0%') if faulty else ''}")
    if grown:
        sys.exit(
            "a hot path takes more instructions than recorded. Where that is meant: "
            "`bash benches/instructions.sh FOLDER --record`, and commit benches/instructions.tsv with the reason"
        )


main()
