"""SQLite, a file, and the module of Python for what is written by hand."""
import hashlib
import sqlite3
import tempfile
import threading
import time
import uuid
from pathlib import Path

from engine import Engine, median


class Sqlite(Engine):
    name, dialect = "SQLite", "sqlite"
    # Clients wait for the file's lock by looking again and again, which measures nothing.
    concurrent = False
    counts_transactions = False

    def __init__(self, folder):
        self.folder = tempfile.TemporaryDirectory(prefix="scim-superset-", dir=folder)
        self.version, self.settings = sqlite3.sqlite_version, "a journal, synchronous"

    def stop(self):
        self.folder.cleanup()

    def file(self, database):
        return Path(self.folder.name, f"{database}.db")

    def url(self, database):
        return f"sqlite://{self.file(database)}"

    def create(self, database):
        sqlite3.connect(self.file(database)).close()

    def drop(self, database):
        self.file(database).unlink()

    def connect(self, database):
        connection = sqlite3.connect(self.file(database), timeout=60, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.create_function("person", 1, person, deterministic=True)
        return connection

    def script(self, database, text):
        with self.connect(database) as connection:
            connection.executescript(text)
        connection.close()

    def query(self, database, sql):
        connection = self.connect(database)
        rows = connection.execute(sql).fetchall()
        connection.close()
        return [["" if value is None else str(value) for value in row] for row in rows]

    def analyze(self, database):
        self.script(database, "ANALYZE")

    def tables(self, database):
        named = [row[0] for row in self.query(database, "SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {table: self.rows(database, table) for table in named if not table.startswith("sqlite_")}

    def rows(self, database, table):
        connection = self.connect(database)
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
        connection.close()
        return rows

    def own_columns(self, database, table):
        columns = self.query(database, f"SELECT name FROM pragma_table_info('{table}') WHERE pk = 1 AND type = 'INTEGER'")
        return {row[0] for row in columns} if len(columns) == 1 and "id" not in columns[0] else set()

    number, local, person = ":number", ":local", ":number"

    def by_hand(self, database, inserts, count, clients):
        statements = [
            (table, f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})")
            for table, values in inserts
        ]
        begin = time.monotonic()
        writers = [threading.Thread(target=self.write, args=(database, statements, count // clients)) for _ in range(clients)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        return count / (time.monotonic() - begin)

    def write(self, database, statements, count):
        connection = self.connect(database)
        for _ in range(count):
            values = {"number": str(uuid.uuid4()), "local": None}
            connection.execute("BEGIN IMMEDIATE")
            for table, statement in statements:
                row = connection.execute(statement, values).lastrowid
                if table == "ab_user":
                    values["local"] = row
            connection.execute("COMMIT")
        connection.close()

    def milliseconds(self, database, sql, count):
        connection = self.connect(database)
        times = []
        for _ in range(count):
            begin = time.perf_counter()
            connection.execute(sql).fetchall()
            times.append((time.perf_counter() - begin) * 1e3)
        connection.close()
        return median(times)

    def transactions(self, database):
        """Not counted: `counts_transactions` says so."""
        return 0


def person(name):
    """An id of a resource, as the other engines make it of a name."""
    return str(uuid.UUID(hashlib.md5(name.encode()).hexdigest()))
