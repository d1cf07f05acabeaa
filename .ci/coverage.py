#!/usr/bin/env python3
"""Which test covers which requirement: writes COVERAGE.md from the tests themselves.

usage: coverage.py [--check]

A test covers R123 by its name (`r123_...`, `r123_r125_...`, `r123_to_r126_...`), by an id in a comment or message in its
body, or, where tests are data, by an id in the `rule` or `name` of a case (`R123`, `R123-R126`). The requirements are
listed in requirements.tsv.

Faults that were found and mended (faults.tsv: X1, P5, S3, A9) have tests of their own, whose names begin with the id:
`x1_...` and `p5_p17_...` for functions, `p5 ...` for cases and for the checks of the scripts in .ci.

With --check nothing is written: it fails where COVERAGE.md is out of date, and where a MUST of the protocol (R001 to R262)
or a fault has no test.
"""

import collections
import json
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
CRATES = ["scim-core", "scim-filter", "scim-patch", "scim-service", "superset-mapping", "examples"]
LAST_OF_THE_PROTOCOL = 262
MOST_SHOWN = 4

ID = re.compile(r"\bR(\d{3})(?:-R(\d{3}))?\b")
NAMED = re.compile(r"r(\d{3})(?:_to_r(\d{3}))?(?=_|$)")
FAULT_NAMED = re.compile(r"^(?:[xpsa]\d{1,2}_)+")
FAULT_OF_CASE = re.compile(r"^(?:[XPSAxpsa]\d{1,2}[ ,:]+)+")
FAULT = re.compile(r"[xpsa]\d{1,2}")
# A check of a script: the text begins with the id and goes on in words.
FAULT_OF_SCRIPT = re.compile(r"""["'#] ?([XPSAxpsa]\d{1,2}) [a-z`]""")
TEST_ATTRIBUTE = re.compile(r"^\s*#\[(?:\w+::)*test\b")
LISTED = re.compile(r"\bcases!\[([\w\s,]*)\]")
FUNCTION = re.compile(r"^(\s*)(?:pub )?(?:async )?fn (\w+)\s*\(")


def expand(matches):
    """The numbers that ids and ranges of ids name."""
    for first, last in matches:
        yield from range(int(first), int(last or first) + 1)


def faults(pattern, text):
    """The ids of faults that a name begins with, in capitals."""
    begins = pattern.match(text)
    return {found.upper() for found in FAULT.findall(begins[0].lower())} if begins else set()


def rust_tests(path):
    """Each test of a source file as it stands: its name, and the text from its attribute to its closing brace.

    Tests that a file lists in `cases![...]`, for a harness of its own, have no attribute."""
    text = path.read_text()
    lines = text.splitlines()
    listed = {name for names in LISTED.findall(text) for name in re.findall(r"\w+", names)}
    for start, line in enumerate(lines):
        function = FUNCTION.match(line)
        if not TEST_ATTRIBUTE.match(line) and not (function and function[2] in listed):
            continue
        for at in range(start, min(start + 8, len(lines))):
            if function := FUNCTION.match(lines[at]):
                indent, name = function.groups()
                end = next((i for i in range(at, len(lines)) if lines[i].startswith(f"{indent}}}")), at)
                # A doc comment above the attribute belongs to the test.
                first = start
                while first > 0 and lines[first - 1].lstrip().startswith("///"):
                    first -= 1
                yield name, "\n".join(lines[first : end + 1])
                break


def cases(value):
    """Every object of a corpus that has a `rule` or a `name`."""
    if isinstance(value, list):
        for element in value:
            yield from cases(element)
    elif isinstance(value, dict):
        if text := value.get("rule") or value.get("name"):
            yield text if isinstance(text, str) else " ".join(text)
        for member in value.values():
            if isinstance(member, list | dict):
                yield from cases(member)


def corpus(path):
    text = path.read_text()
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if path.suffix == ".toml":
        return tomllib.loads(text)
    return json.loads(text)


def covered():
    """From each id to the tests that cover it, in the order of the tree."""
    found = collections.defaultdict(collections.Counter)
    for crate in CRATES:
        for path in sorted((ROOT / crate).rglob("*.rs")):
            where = path.relative_to(ROOT).as_posix()
            for name, text in rust_tests(path):
                named = set(expand(NAMED.findall(name))) | set(expand(ID.findall(text)))
                for identifier in {f"R{number:03}" for number in named} | faults(FAULT_NAMED, name):
                    found[identifier][f"{where}: {name}"] += 1
        data = (path for path in (ROOT / crate).glob("tests/data/**/*") if path.suffix in {".json", ".jsonl", ".toml"})
        for path in sorted(data):
            where = path.relative_to(ROOT).as_posix()
            for text in cases(corpus(path)):
                named = {f"R{number:03}" for number in expand(ID.findall(text))}
                for identifier in named | faults(FAULT_OF_CASE, text):
                    found[identifier][where] += 1
    for path in sorted((ROOT / ".ci").rglob("*")):
        if path.suffix in {".py", ".sh"} and path != pathlib.Path(__file__).resolve():
            for identifier in set(FAULT_OF_SCRIPT.findall(path.read_text())):
                found[identifier.upper()][path.relative_to(ROOT).as_posix()] += 1
    return found


def shown(tests):
    texts = [f"`{test}`" + (f" ({count} cases)" if count > 1 else "") for test, count in tests.items()]
    more = len(texts) - MOST_SHOWN
    return "<br>".join(texts[:MOST_SHOWN] + ([f"and {more} more"] if more > 0 else []))


def table(file, found):
    """The rows of a table of requirements, the ids of those without a test, and how many there are by level."""
    header, *lines = (ROOT / ".ci" / file).read_text().splitlines()
    assert header.split("\t") == ["id", "level", "section", "rule"]
    rows, missing, counts = ["| id | level | section | rule | tests |", "|---|---|---|---|---|"], [], collections.Counter()
    for line in lines:
        identifier, level, section, rule = line.split("\t")
        tests = found.get(identifier, {})
        group = "MUST" if "MUST" in level else "other"
        counts[group] += 1
        counts[group, bool(tests)] += 1
        if not tests:
            missing.append((identifier, group, rule))
        rows.append(f"| {identifier} | {level} | {section} | {rule.replace('|', '&#124;')} | {shown(tests)} |")
    return rows, missing, counts


def main(check):
    found = covered()
    rows, untested, counts = table("requirements.tsv", found)
    missing = [line for line in untested if line[1] == "MUST" and int(line[0][1:]) <= LAST_OF_THE_PROTOCOL]
    fault_rows, untested_faults, fault_counts = table("faults.tsv", found)
    missing += untested_faults
    tested_faults = fault_counts["MUST", True] + fault_counts["other", True]
    all_faults = fault_counts["MUST"] + fault_counts["other"]
    page = "\n".join(
        [
            "# Which test covers which requirement",
            "",
            "Made by `.ci/coverage.py` from the names and data of the tests; do not edit. The requirements are those of RFC 7643,",
            "RFC 7644, RFC 9865 and RFC 9967 in our own words (`.ci/requirements.tsv`). DECIDE is what the texts leave open and",
            "we have settled, INTEROP what clients send beyond them, PROFILE what the interoperability profile asks.",
            "",
            f"With a test: {counts['MUST', True]} of {counts['MUST']} MUST, {counts['other', True]} of {counts['other']} others.",
            "",
            *rows,
            "",
            "# Which test keeps which fault closed",
            "",
            "Faults that were found by attacking and using the crates (`.ci/faults.tsv`): X security and availability, P protocol,",
            "S Superset, A embedding. The rule is what holds now.",
            "",
            f"With a test: {tested_faults} of {all_faults}.",
            "",
            *fault_rows,
            "",
        ]
    )
    target = ROOT / "COVERAGE.md"
    print(f"{counts['MUST', True]} of {counts['MUST']} MUST and {counts['other', True]} of {counts['other']} others have a test")
    print(f"{tested_faults} of {all_faults} faults have a test")
    for identifier, _, rule in missing:
        print(f"no test: {identifier} {rule}")
    if not check:
        target.write_text(page)
        return 0
    stale = not target.exists() or target.read_text() != page
    if stale:
        print("COVERAGE.md is out of date: run .ci/coverage.py")
    return 1 if stale or missing else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
