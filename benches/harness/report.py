"""What a report says of the machine, and where it is put."""
import os
import platform
import re
import subprocess
from pathlib import Path


def first(pattern, text):
    found = re.search(pattern, text, re.M)
    return found[1].strip() if found else "?"


def said(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def machine():
    processor = first(r"^model name\s*:(.*)$", Path("/proc/cpuinfo").read_text())
    memory = int(first(r"^MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())) / 2**20
    return f"{os.cpu_count()} processors {processor}, {memory:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}"


def dependency(name):
    """The version of a crate that the workspace is built with."""
    lock = (Path(__file__).parent.parent.parent / "Cargo.lock").read_text()
    return first(rf'name = "{name}"\nversion = "([^"]*)"', lock)


def table(head, lines):
    """Markdown: the first and the last column are words, as is the goal before it; the others are figures."""
    rows = [head, ["---", *["--:"] * (len(head) - 3), "---", "---"], *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def write(readme, begin, end, text):
    """Puts the text between the two marks."""
    before, _, rest = readme.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"expected `{begin}` and `{end}` in {readme.name}")
    readme.write_text(f"{before}{begin}\n\n{text}\n{end}{after}")
