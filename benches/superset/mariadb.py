"""A MariaDB of our own, with a durable log, and mariadb-slap for what is written by hand."""
import json
import re
import subprocess
import tempfile
from pathlib import Path

from harness.server import Wrong

from engine import Account, Engine, free_port, listens, on_path, program

SERVERS = [Path(folder, "mariadbd") for folder in ("/usr/sbin", "/usr/bin", "/usr/local/bin")]
SETTINGS = ["--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=1G", "--innodb-log-file-size=2G"]
# `||` joins texts, as on the other engines, and no backslash is more than one.
MODE = "SET sql_mode = 'STRICT_TRANS_TABLES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES';\n"


class MariaDb(Engine):
    name, dialect = "MariaDB", "mysql"

    def __init__(self, folder):
        account = Account("mysql")
        self.folder = account.folder(folder)
        data, self.port = Path(self.folder.name, "data"), free_port()
        installer = [on_path("mariadb-install-db"), "--no-defaults", f"--datadir={data}"]
        account.run([*installer, "--auth-root-authentication-method=normal", "--skip-test-db"])
        place = [f"--datadir={data}", f"--port={self.port}", f"--socket={self.folder.name}/socket", "--bind-address=127.0.0.1"]
        self.process = account.start([program(SERVERS), "--no-defaults", *place, "--max-connections=200", *SETTINGS])
        listens(self.port, self.process)
        self.settings = "a flushed log at each commit, buffer pool 1GB"
        self.version = self.query("mysql", "SELECT version()")[0][0].split("-")[0]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()

    def url(self, database):
        return f"mysql://root@127.0.0.1:{self.port}/{database}"

    def create(self, database):
        self.script("mysql", f"CREATE DATABASE {database} CHARACTER SET utf8mb4")

    def drop(self, database):
        self.script("mysql", f"DROP DATABASE {database}")

    def run(self, program, words, text=None):
        connection = ["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={self.port}", "--user=root"]
        command = [on_path(program), *connection, *map(str, words)]
        ran = subprocess.run(command, input=text, capture_output=True, text=True)
        if ran.returncode or "rror" in ran.stderr:
            raise Wrong(f"{program} failed: {ran.stderr[-1000:]}")
        return ran.stdout

    def script(self, database, text):
        self.run("mariadb", ["--default-character-set=utf8mb4", database], MODE + text)

    def query(self, database, sql):
        out = self.run("mariadb", ["-N", "-B", "--raw", "--default-character-set=utf8mb4", database], MODE + sql)
        return [line.split("\t") for line in out.splitlines()]

    def analyze(self, database):
        self.script(database, f"ANALYZE TABLE {', '.join(self.named(database))}")

    def named(self, database):
        return [row[0] for row in self.query(database, "SHOW TABLES")]

    def columns(self, database, table, more="TRUE"):
        sql = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = database()"
        return self.query(database, f"{sql} AND table_name = '{table}' AND {more} ORDER BY ordinal_position")

    def tables(self, database):
        return {table: self.rows(database, table) for table in self.named(database)}

    def rows(self, database, table):
        columns = self.columns(database, table)
        # What has the type of bytes is text of ours; a truth is a number here.
        text = {"varbinary": "convert({} USING utf8mb4)", "datetime": "date_format({}, '%Y-%m-%d %H:%i:%s.%f')"}
        pairs = (f"'{column}', " + text.get(kind, "{}").format(f"t.`{column}`") for column, kind in columns)
        return [json.loads(row[0]) for row in self.query(database, f"SELECT json_object({', '.join(pairs)}) FROM {table} t")]

    def own_columns(self, database, table):
        return {row[0] for row in self.columns(database, table, "extra LIKE '%auto_increment%'")}

    number, local, person = "@number", "@local", "@number"

    def by_hand(self, database, inserts, count, clients):
        statements = ["BEGIN", "SET @number = uuid()"]
        for table, values in inserts:
            statements.append(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})")
            statements += ["SET @local = last_insert_id()"] if table == "ab_user" else []
        statements.append("COMMIT")
        return count / self.slap(database, statements, count * len(statements), clients)

    def milliseconds(self, database, sql, count):
        return self.slap(database, [sql], count, 1) / count * 1e3

    def slap(self, database, statements, count, clients):
        """Seconds of so many statements."""
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write("\n".join(statement + "~" for statement in statements).removesuffix("~"))
            file.flush()
            words = [f"--create-schema={database}", "--no-drop", "--delimiter=~", f"--query={file.name}", "--iterations=1"]
            words += [f"--concurrency={clients}", f"--number-of-queries={count}", f"--init-command={MODE.strip()}"]
            out = self.run("mariadb-slap", words)
        return float(re.search(r"Average number of seconds to run all queries: ([\d.]+)", out)[1])

    def transactions(self, database):
        ends = "SHOW GLOBAL STATUS WHERE variable_name IN ('Com_commit', 'Com_rollback')"
        return sum(int(count) for _, count in self.query("mysql", ends))
