"""What the engines have in common: a throw-away server, and a new user's rows as somebody writes them by hand."""
import os
import pwd
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

# The user whose rows are looked at. No value of another column has this text, or the number of the row.
SAMPLE = "sample"


class Engine:
    """`create`, `drop`, `script`, `query`, `tables`, `by_hand` and `milliseconds` are each engine's own.

    A value by hand is an expression of SQL."""

    # Whether more than one client can write at a time.
    concurrent = True
    counts_transactions = True

    def by_hand_of(self, database, before, after, local, id):
        """The rows that a user has brought, as expressions: what names one user is computed for each anew.

        A row that has taken the place of another is left out, such as that of a counter."""
        inserts = []
        for table, rows in after.items():
            new = [row for row in rows if row not in before[table]]
            if len(rows) == len(before[table]):
                continue
            own = self.own_columns(database, table)
            for row in new:
                skipped = own | ({"id"} if table.startswith("ab_") else set())
                values = {column: value for column, value in row.items() if column not in skipped and value is not None}
                inserts.append((table, {column: self.expression(value, local, id) for column, value in values.items()}))
        # Others refer to the row of Superset.
        inserts.sort(key=lambda insert: insert[0] != "ab_user")
        return inserts

    def expression(self, value, local, id):
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, (int, float)):
            return self.local if value == local else str(value)
        if value == id:
            return self.person
        # Between the parts stands a name that no other has.
        pieces = [piece for part in value.split(SAMPLE) for piece in (self.quoted(part), f"'hand' || {self.number}")][:-1]
        return " || ".join(piece for piece in pieces if piece != self.quoted("")) or self.quoted("")

    def quoted(self, text):
        return "'" + text.replace("'", "''") + "'"


class Account:
    """The system user that a server runs as, because it refuses to run as root."""

    def __init__(self, name):
        self.user = pwd.getpwnam(name) if os.getuid() == 0 else None

    def folder(self, parent):
        folder = tempfile.TemporaryDirectory(prefix="scim-superset-", dir=parent, ignore_cleanup_errors=True)
        if self.user:
            os.chown(folder.name, self.user.pw_uid, self.user.pw_gid)
        return folder

    def options(self):
        # The folder that we are in may be closed to the other user.
        quiet = {"cwd": "/", "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return {**quiet, "user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else quiet

    def run(self, command):
        subprocess.run(list(map(str, command)), check=True, **self.options())

    def start(self, command):
        return subprocess.Popen(list(map(str, command)), **self.options())


def program(candidates):
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise SystemExit(f"expected `{candidate.name}`, which is not installed")


def on_path(name):
    found = shutil.which(name)
    if not found:
        raise SystemExit(f"expected `{name}`, which is not installed")
    return found


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(true, what):
    """Waits for something for a minute."""
    end = time.monotonic() + 60
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"expected {what} within a minute")
        time.sleep(0.05)


def listens(port, process):
    def connected():
        if process.poll() is not None:
            raise SystemExit("the database server does not start")
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) == 0

    until(connected, "the database server to listen")


def median(values):
    return statistics.median(values)
