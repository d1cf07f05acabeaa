"""A PostgreSQL of our own, with fsync, and pgbench for what is written by hand."""
import json
import re
import subprocess
import tempfile
from pathlib import Path

from harness.server import Wrong

from engine import Account, Engine, free_port, listens, median, program, until

PROGRAMS = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/local/bin"), Path("/usr/bin")]
SETTINGS = {"listen_addresses": "127.0.0.1", "shared_buffers": "1GB", "max_wal_size": "8GB", "max_connections": "200"}


class Postgres(Engine):
    name, dialect = "PostgreSQL", "postgres"

    def __init__(self, folder):
        self.programs = program(folder / "postgres" for folder in PROGRAMS).parent
        account = Account("postgres")
        self.folder = account.folder(folder)
        data, self.port = Path(self.folder.name, "data"), free_port()
        account.run([self.programs / "initdb", "-D", data, "-U", "scim", "-A", "trust", "-E", "UTF8", "--locale=C"])
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = [self.programs / "postgres", "-D", data, "-p", self.port, "-k", self.folder.name, *settings]
        self.process = account.start(command)
        listens(self.port, self.process)
        ready = self.client("pg_isready", "postgres", "-q", "-d")
        until(lambda: subprocess.run(ready).returncode == 0, "the database server to be ready")
        shown = ((name, self.query("postgres", f"SHOW {name}")[0][0]) for name in ("fsync", "shared_buffers"))
        self.settings = ", ".join(f"{name} {value}" for name, value in shown)
        self.version = self.query("postgres", "SHOW server_version")[0][0].split(" ")[0]

    def stop(self):
        # SIGINT: everybody is sent away, and the files are closed.
        self.process.send_signal(2)
        self.process.wait()
        self.folder.cleanup()

    def url(self, database):
        return f"postgres://scim@127.0.0.1:{self.port}/{database}"

    def create(self, database):
        self.script("postgres", f'CREATE DATABASE "{database}"')

    def drop(self, database):
        self.script("postgres", f'DROP DATABASE "{database}"')

    def client(self, program, database, *words):
        return list(map(str, [self.programs / program, "-h", "127.0.0.1", "-p", self.port, "-U", "scim", *words, database]))

    def run(self, command, text=None):
        ran = subprocess.run(command, input=text, capture_output=True, text=True)
        if ran.returncode:
            raise Wrong(f"{Path(command[0]).name} failed: {ran.stderr[-1000:]}")
        return ran.stdout

    def script(self, database, text):
        self.run(self.client("psql", database, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-", "-d"), text)

    def query(self, database, sql):
        out = self.run(self.client("psql", database, "-X", "-At", "-F", "\t", "-c", sql, "-d"))
        return [line.split("\t") for line in out.splitlines()]

    def analyze(self, database):
        self.script(database, "VACUUM (ANALYZE)")

    def tables(self, database):
        return {table: self.rows(database, table) for table in self.named(database)}

    def named(self, database):
        sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name"
        return [row[0] for row in self.query(database, sql)]

    def rows(self, database, table):
        return [json.loads(row[0]) for row in self.query(database, f"SELECT row_to_json(t)::text FROM {table} t")]

    def own_columns(self, database, table):
        identity = (
            f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' AND is_identity = 'YES'"
        )
        return {row[0] for row in self.query(database, identity)}

    def by_hand(self, database, inserts, count, clients):
        lines = ["\\set n random(1, 9000000000000000000)", "BEGIN;"]
        for table, values in inserts:
            into = {"id": f"nextval('{table}_id_seq')", **values} if table.startswith("ab_") else values
            end = " RETURNING id AS local \\gset" if table == "ab_user" else ";"
            lines.append(f"INSERT INTO {table} ({', '.join(into)}) VALUES ({', '.join(into.values())}){end}")
        words = ["-n", "-M", "prepared", "-c", clients, "-j", min(2, clients), "-t", count // clients, "-f"]
        out = self.bench(database, "\n".join([*lines, "COMMIT;"]), words)
        return float(re.search(r"tps = ([\d.]+)", out)[1])

    def quoted(self, text):
        """pgbench takes a colon for the beginning of a variable."""
        return "E" + super().quoted(text.replace("\\", "\\\\").replace(":", "\\x3a"))

    # Of one row by hand: its number, who it is, and the row of `ab_user`.
    number, local, person = ":n", ":local", "md5(:n::text)::uuid::text"

    def milliseconds(self, database, sql, count):
        with tempfile.TemporaryDirectory() as folder:
            words = ["-n", "-M", "prepared", "-c", 1, "-t", count, "-l", f"--log-prefix={folder}/log", "-f"]
            self.bench(database, sql + ";", words)
            log = next(Path(folder).iterdir()).read_text()
        return median(int(line.split()[2]) / 1e3 for line in log.splitlines())

    def bench(self, database, script, words):
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script)
            file.flush()
            return self.run(self.client("pgbench", database, *words, file.name))

    def transactions(self, database):
        """Those that ended in the database. What is told at last is told when a connection ends."""
        others = (
            f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND backend_type = 'client backend'"
        )
        until(lambda: self.query("postgres", others)[0][0] == "0", "the connections to end")
        sql = f"SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{database}'"
        return int(self.query("postgres", sql)[0][0])
