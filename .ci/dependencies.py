#!/usr/bin/env python3
"""Checks licences, sources and bans of all dependencies against deny.toml.

Advisories are another matter: their database has to be fetched. Where cargo-deny is installed and can fetch it, it is asked;
otherwise this says that nobody has looked.
"""
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

PLATFORM = "x86_64-unknown-linux-gnu"
ROOT = Path(__file__).resolve().parent.parent


def licensed(expression, allowed):
    """Whether an SPDX expression can be met by the licences allowed. `/` is how `OR` was written once; some write it small."""
    text = re.sub(r"\s+WITH\s+[\w.-]+", "", expression.replace("/", " OR "))
    tokens = re.findall(r"\(|\)|[\w.+-]+", text)
    words = {"AND": "and", "OR": "or", "(": "(", ")": ")"}
    # Nothing but these words, parentheses and truth values is evaluated.
    return eval(" ".join(words.get(token.upper()) or str(token.rstrip("+") in allowed) for token in tokens))


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text())
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--all-features", "--filter-platform", PLATFORM],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )
    packages = [package for package in json.loads(metadata.stdout)["packages"] if package["source"]]
    allowed = set(rules["licenses"]["allow"])
    registries = {f"registry+{url}" for url in rules["sources"]["allow-registry"]}
    faults = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if not package["license"] or not licensed(package["license"], allowed):
            faults.append(f"{name}: licence {package['license']}")
        if package["source"] not in registries:
            faults.append(f"{name}: from {package['source']}")
        if package["name"] in rules["bans"]["deny"]:
            faults.append(f"{name}: banned")
    if faults:
        sys.exit("\n".join(faults))
    print(f"{len(packages)} dependencies: licences, sources and bans as deny.toml has them")
    if shutil.which("cargo-deny") is None:
        print("advisories: NOT checked, cargo-deny is not installed (`cargo deny check advisories` needs network)")
    elif subprocess.run(["cargo", "deny", "fetch", "db"], cwd=ROOT, capture_output=True).returncode:
        print("advisories: NOT checked, their database cannot be fetched from here")
    else:
        subprocess.run(["cargo", "deny", "check", "advisories"], cwd=ROOT, check=True)


main()
