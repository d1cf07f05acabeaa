#!/usr/bin/env python3
"""Draws which file of a crate imports from which, and fails on a circle, a folder of too many files, a file of too many lines.

    .ci/layout.py            checks every crate
    .ci/layout.py --draw D   writes one DOT graph per crate into the folder D besides

An import is a `use` or a path in the code of a file, resolved through re-exports to the file that defines the name. Code in
`#[cfg(test)]` does not count. Two kinds of circle are faults: among files, and among the entries of one folder (where a
sub-folder counts as one entry).
"""

import re
import sys
from pathlib import Path

CRATES = ["scim-core", "scim-filter", "scim-patch", "scim-service", "superset-mapping"]
MOST_FILES = 15
MOST_LINES = 500
MOST_ROOT_NAMES = 60

TOKENS = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?r(?P<hashes>\#*)".*?"(?P=hashes)|b?"(?:\\.|[^"\\])*"|b?'(?:\\.[^']*|[^'\\])'""", re.S | re.X
)
PATH = re.compile(r"(?<![\w:$])(?:r#)?[A-Za-z_]\w*(?:\s*::\s*(?:r#)?[A-Za-z_]\w*)+")


def code_of(path):
    """The code of a file without comments, literals and what is compiled for tests only."""
    code = TOKENS.sub(lambda found: " " if found.group().startswith("/") else '""', path.read_text())
    while True:
        found = re.search(r"#\[cfg\((?:all\()?test\b[^\]]*\]", code)
        if not found:
            return code
        end = end_of_item(code, found.end())
        code = code[: found.start()] + code[end:]


def end_of_item(code, start):
    depth = 0
    for at in range(start, len(code)):
        if code[at] in "{([":
            depth += 1
        elif code[at] in "})]":
            depth -= 1
            if depth == 0 and code[at] == "}":
                return at + 1
        elif code[at] == ";" and depth == 0:
            return at + 1
    return len(code)


def use_tree(text, before=()):
    """Every path of a `use` with the name that it binds: `a::{b, c as d}` gives (a, b) as b and (a, c) as d."""
    text = text.strip()
    if text.endswith("}"):
        head, _, inner = text.partition("{")
        segments = before + tuple(part.strip() for part in head.split("::") if part.strip())
        for part in split_list(inner[:-1]):
            yield from use_tree(part, segments)
        return
    path, _, name = text.partition(" as ")
    segments = before + tuple(part.strip() for part in path.split("::") if part.strip())
    if segments[-1:] == ("self",):
        segments = segments[:-1]
    if segments:
        yield segments, name.strip() or segments[-1]


def split_list(text):
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 0:
            yield text[start:at]
            start = at + 1
    if text[start:].strip():
        yield text[start:]


class Module:
    def __init__(self, path, file, parent):
        self.path, self.file, self.parent = path, file, parent
        self.children, self.bound, self.globs = {}, {}, []
        self.code = code_of(file)
        self.uses = []
        folder = file.parent if file.name in ("mod.rs", "lib.rs") else file.with_suffix("")
        for found in re.finditer(r"(?:#\[path[^\]]*\]\s*)?\bmod\s+(\w+)\s*;", self.code):
            name = found.group(1)
            for child in (folder / f"{name}.rs", folder / name / "mod.rs"):
                if child.exists():
                    self.children[name] = Module(path + (name,), child, self)
        for found in re.finditer(r"\b(pub(?:\s*\([^)]*\))?\s+)?use\s+([^;]+);", self.code):
            for segments, name in use_tree(" ".join(found.group(2).split())):
                if name == "*":
                    self.globs.append(segments[:-1])
                elif name != "_":
                    self.bound[name] = segments
                self.uses.append((segments if name != "*" else segments[:-1], bool(found.group(1))))

    def all(self):
        yield self
        for child in self.children.values():
            yield from child.all()


class Crate:
    def __init__(self, source):
        self.root = Module((), source / "lib.rs", None)
        self.modules = list(self.root.all())
        self.arrows = {}
        for module in self.modules:
            for target in self.imports(module):
                if target is not module:
                    self.arrows.setdefault(module, set()).add(target)

    def imports(self, module):
        for segments, reexport in module.uses:
            target = self.start(module, segments, as_import=True)
            if target and not (reexport and self.is_below(target, module)):
                yield target
        without_uses = re.sub(r"\buse\s+[^;]+;", ";", module.code)
        for found in PATH.finditer(without_uses):
            segments = tuple(re.split(r"\s*::\s*", found.group()))
            target = self.start(module, segments)
            if target:
                yield target

    @staticmethod
    def is_below(module, folder):
        return module.path[: len(folder.path)] == folder.path

    def start(self, module, segments, as_import=False):
        """The file that the path names, or none where it names another crate."""
        if segments[0] == "crate":
            return self.resolve(self.root, segments[1:], set())
        if segments[0] in ("self", "super"):
            at = module
            while segments and segments[0] in ("self", "super"):
                if segments[0] == "super":
                    at = at.parent
                segments = segments[1:]
            return self.resolve(at, segments, set()) if at else None
        if segments[0] in module.children:
            return self.resolve(module, segments, set())
        if not as_import and segments[0] in module.bound and module.bound[segments[0]][0] in ("crate", "super", "self"):
            return self.start(module, module.bound[segments[0]] + segments[1:])
        return None

    def resolve(self, module, segments, seen):
        if not segments or (module, segments) in seen:
            return module
        seen = seen | {(module, segments)}
        name, rest = segments[0], segments[1:]
        if name in module.children:
            return self.resolve(module.children[name], rest, seen)
        if name in module.bound:
            bound = module.bound[name]
            if bound[0] == "crate":
                return self.resolve(self.root, bound[1:] + rest, seen)
            if bound[0] in ("self", "super"):
                at = module
                while bound and bound[0] in ("self", "super"):
                    at = at.parent if bound[0] == "super" else at
                    bound = bound[1:]
                return self.resolve(at, bound + rest, seen)
            if bound[0] in module.children:
                return self.resolve(module, bound + rest, seen)
            return None
        for glob in module.globs:
            start = module.children.get(glob[0])
            if start and re.search(rf"\b(?:fn|struct|enum|trait|type|const|static|macro_rules!)\s+{name}\b", start.code):
                return self.resolve(start, glob[1:] + segments, seen)
        return module


def circles(arrows):
    """The strongly connected components of more than one node (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in arrows.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            part = []
            while True:
                part.append(stack.pop())
                if part[-1] == node:
                    break
            if len(part) > 1:
                found.append(part)

    sys.setrecursionlimit(10_000)
    for node in list(arrows):
        if node not in index:
            visit(node)
    return found


def name_of(module):
    return "::".join(module.path) or "lib"


def folder_circles(crate):
    """Circles among the entries of each folder, a sub-folder taken as one entry with all that lies in it."""
    for folder in crate.modules:
        if not folder.children:
            continue
        depth = len(folder.path)
        arrows = {}
        for module, targets in crate.arrows.items():
            if not Crate.is_below(module, folder) or module is folder:
                continue
            for target in targets:
                if Crate.is_below(target, folder) and target is not folder and target.path[depth] != module.path[depth]:
                    arrows.setdefault(module.path[depth], {}).setdefault(target.path[depth], []).append((module, target))
        for circle in circles({entry: set(others) for entry, others in arrows.items()}):
            lines = [
                f"    {name_of(a)} -> {name_of(b)}"
                for entry in sorted(circle)
                for other in sorted(arrows.get(entry, {}))
                if other in circle
                for a, b in arrows[entry][other]
            ]
            yield f"{name_of(folder)}: {', '.join(sorted(circle))}\n" + "\n".join(lines)


def draw(crate, path):
    lines = ["digraph modules {", "  rankdir=LR; node [shape=box, fontname=sans];"]
    for module, targets in sorted(crate.arrows.items(), key=lambda item: item[0].path):
        lines += [f'  "{name_of(module)}" -> "{name_of(target)}";' for target in sorted(targets, key=lambda t: t.path)]
    path.write_text("\n".join(lines + ["}", ""]))


def main():
    top = Path(__file__).resolve().parent.parent
    faults = []
    for name in CRATES:
        crate = Crate(top / name / "src")
        for circle in circles(crate.arrows):
            inside = [
                f"    {name_of(module)} -> {name_of(target)}"
                for module in sorted(circle, key=name_of)
                for target in sorted(crate.arrows[module], key=name_of)
                if target in circle
            ]
            faults.append(f"{name}: a circle of imports among {len(circle)} files\n" + "\n".join(inside))
        faults += [f"{name}: a circle in the folder {text}" for text in folder_circles(crate)]
        roots = {bound for bound in root_names(crate.root)}
        if len(roots) > MOST_ROOT_NAMES:
            faults.append(f"{name}: {len(roots)} public names at the root, at most {MOST_ROOT_NAMES} are expected")
        if "--draw" in sys.argv:
            draw(crate, Path(sys.argv[sys.argv.index("--draw") + 1]) / f"{name}.dot")
    faults += sizes(top)
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults in the layout of {len(CRATES)} crates")
    sys.exit(1 if faults else 0)


def root_names(root):
    """Names that a user finds at the root: public modules, re-exports and items, without what is hidden from the docs."""
    text = re.sub(r"#\[doc\(hidden\)\]\s*(?:#\[[^\]]*\]\s*)*pub\s+[^;{]*(?:\{[^}]*\})?[^;]*;", "", root.code)
    for found in re.finditer(r"\bpub\s+use\s+([^;]+);", text):
        for _, name in use_tree(" ".join(found.group(1).split())):
            yield name
    for found in re.finditer(r"\bpub\s+(?:mod|fn|struct|enum|trait|type|const)\s+(\w+)", text):
        yield found.group(1)


def sizes(top):
    for folder in sorted({path.parent for path in top.rglob("*") if path.is_file() and is_ours(path.relative_to(top))}):
        files = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
        if len(files) > MOST_FILES:
            yield f"{folder.relative_to(top)}: {len(files)} files, at most {MOST_FILES} are expected"
        for file in files:
            lines = file.read_text().count("\n") if file.suffix == ".rs" else 0
            if lines > MOST_LINES:
                yield f"{file.relative_to(top)}: {lines} lines, at most {MOST_LINES} are expected"


def is_ours(path):
    """Whether a person wrote it and keeps it in order: the seeds of the fuzzer are what it found worth keeping."""
    made = {"target", "seeds", "corpus", "artifacts", "__pycache__"}
    return made.isdisjoint(path.parts) and not any(part.startswith(".") for part in path.parts[:-1])


if __name__ == "__main__":
    main()
