"""A directory of N people, written by SQL as version 2 of the auxiliary tables had it: the library's own migrations bring it on.

Person number `g` is user `g` of Superset. One in a hundred is inactive, everybody is in one of fifty teams, and the first ones are
in the crowd, a group of a hundred thousand. Times are a second apart, so that a filter by time finds as many as it should.
"""
import hashlib
import uuid
from datetime import datetime, timedelta
from pathlib import Path

SQL = Path(__file__).parent.parent.parent / "superset-mapping/sql"
VERSION = 2
TEAMS = 50
# The team whose name a rule knows, and who is inactive.
ALPHA, INACTIVE = 1, 100
BEGIN = datetime(2026, 1, 1)
CROWD = "crowd"
FEW = 1_000
SOURCE = "client:client"
# What the tables hold of a user and of a group, as the library writes it.
BODY = (
    '{"active":{active},"emails":[{"primary":true,"type":"work","value":"{name}"}],"externalId":"{name}",'
    '"name":{"familyName":"Family","givenName":"Given"},"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],'
    '"userName":"{name}"}'
)
GROUP_BODY = '{"displayName":"{name}","schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"]}'


def crowd_size(people):
    return min(100_000, people // 10)


def user_name(number):
    return f"user{number}@example.com"


def id_of(name):
    """The id of a resource: as scattered as one that was drawn, and known."""
    return str(uuid.UUID(hashlib.md5(name.encode()).hexdigest()))


def time_of(number):
    return f"{BEGIN + timedelta(seconds=number):%Y-%m-%dT%H:%M:%S}.000Z"


def md5_with_hyphens(name):
    text = f"md5({name})"
    for at in (9, 14, 19, 24):
        text = f"insert({text}, {at}, 0, '-')"
    return text


# What each engine calls: numbers from 1 on, the id of a name, a time of ours and of Superset's so many seconds after the first.
DIALECTS = {
    "postgres": {
        "numbers": "generate_series(1, {n}) AS s(g)",
        "id": "md5({0})::uuid::text",
        "time": "to_char(timestamp '2026-01-01' + {0} * interval '1 second', 'YYYY-MM-DD\"T\"HH24:MI:SS\".000Z\"')",
        "local": "timestamp '2026-01-01' + {0} * interval '1 second'",
        "mark": "''",
    },
    "mysql": {
        "numbers": "(SELECT seq AS g FROM seq_1_to_{n}) s",
        "id": md5_with_hyphens("{0}"),
        "time": "date_format(date_add('2026-01-01', INTERVAL {0} SECOND), '%Y-%m-%dT%H:%i:%s.000Z')",
        "local": "date_add('2026-01-01', INTERVAL {0} SECOND)",
        "mark": "''",
    },
    "sqlite": {
        "numbers": "(WITH RECURSIVE s(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < {n}) SELECT g FROM s) s",
        "id": "person({0})",
        "time": "strftime('%Y-%m-%dT%H:%M:%S.000Z', '2026-01-01', '+' || ({0}) || ' seconds')",
        "local": "strftime('%Y-%m-%d %H:%M:%S.000000', '2026-01-01', '+' || ({0}) || ' seconds')",
        # SQLite gives ids out again.
        "mark": "strftime('%Y-%m-%d %H:%M:%S.000000', '2026-01-01', '+' || ({0}) || ' seconds')",
    },
}

NAME = "'user' || g || '@example.com'"
TEAM = "'team-' || k"


def tables(dialect):
    """Superset's tables and ours, empty."""
    parts = [f"superset_{dialect}.sql", *(f"auxiliary_tables_{version}.{dialect}.sql" for version in range(1, VERSION + 1))]
    scripts = [(SQL / part).read_text() for part in parts]
    table = "CREATE TABLE scim_schema_version (version BIGINT NOT NULL PRIMARY KEY, applied_at VARCHAR(40) NOT NULL);"
    versions = ", ".join(f"({version}, '{time_of(0)}')" for version in range(1, VERSION + 1))
    return "\n".join([*scripts, table, f"INSERT INTO scim_schema_version (version, applied_at) VALUES {versions};"])


class Statements:
    """Each adds the rows of one table."""

    def __init__(self, dialect, people):
        self.dialect, self.people, self.lines = DIALECTS[dialect], people, []
        self.has_sequences = dialect == "postgres"

    def id(self, name):
        return self.dialect["id"].format(name)

    def time(self, seconds):
        return self.dialect["time"].format(seconds)

    def numbers(self, count):
        return self.dialect["numbers"].format(n=count)

    def insert(self, table, values, source):
        expressions = ", ".join(map(str, values.values()))
        self.lines.append(f"INSERT INTO {table} ({', '.join(values)}) SELECT {expressions} FROM {source};")

    def pairs(self, table, columns, source):
        """Rows of a table of Superset whose own ids mean nothing."""
        own = {"id": f"nextval('{table}_id_seq')"} if self.has_sequences else {}
        self.insert(table, {**own, **columns}, source)


def population(dialect, people):
    """The statements that make the people."""
    rows = Statements(dialect, people)
    users(rows)
    groups(rows)
    roles(rows)
    if rows.has_sequences:
        last = {"ab_user": people, "ab_group": TEAMS + 1}
        rows.lines += [f"SELECT setval('{table}_id_seq', {number});" for table, number in last.items()]
    return "\n".join(["BEGIN;", *rows.lines, "COMMIT;"])


ACTIVE = f"g % {INACTIVE} <> 0"


def users(rows):
    numbers = rows.numbers(rows.people)
    local = rows.dialect["local"].format("g")
    own = {"id": "g", "username": NAME, "email": NAME, "first_name": "'Given'", "last_name": "'Family'", "password": "'!'"}
    rows.insert("ab_user", {**own, "active": ACTIVE, "created_on": local, "changed_on": local}, numbers)
    body = BODY.replace("{name}", f"' || {NAME} || '")
    body = body.replace("{active}", f"' || CASE WHEN {ACTIVE} THEN 'true' ELSE 'false' END || '")
    resource = {"id": rows.id(NAME), "tenant": "''", "resource_type": "'User'"}
    record = {
        **resource, "local_id": "g", "local_mark": rows.dialect["mark"].format("g"), "external_id": NAME, "external_key": NAME,
        "display": NAME, "body": f"'{body}'", "version": 1, "created": rows.time("g"), "last_modified": rows.time("g"),
        "source": f"'{SOURCE}'",
    }
    rows.insert("scim_resource", record, numbers)
    value = {"tenant": "''", "resource_type": "'User'", "value": NAME, "resource_id": rows.id(NAME)}
    rows.insert("scim_unique", {**value, "attribute": "'userName'"}, numbers)
    rows.insert("scim_value", {**value, "attribute": "'emails.value'"}, numbers)
    rows.insert("scim_source", {"source": f"'{SOURCE}'", "position": 1, "first_at": rows.time("1")}, rows.numbers(1))


def groups(rows):
    teams = f"(SELECT g - 1 AS k FROM {rows.numbers(TEAMS)}) t"
    for name, local, source in ((TEAM, "k + 1", teams), (f"'{CROWD}'", str(TEAMS + 1), rows.numbers(1))):
        rows.insert("ab_group", {"id": local, "name": name, "label": name}, source)
        id, mark = rows.id(name), name if rows.dialect is DIALECTS["sqlite"] else "''"
        body = GROUP_BODY.replace("{name}", f"' || {name} || '")
        record = {
            "id": id, "tenant": "''", "resource_type": "'Group'", "local_id": local, "local_mark": mark, "display": name,
            "body": f"'{body}'", "version": 1, "created": rows.time("0"), "last_modified": rows.time("0"),
            "source": f"'{SOURCE}'",
        }
        rows.insert("scim_resource", record, source)
        value = {"tenant": "''", "resource_type": "'Group'", "attribute": "'displayName'", "value": name, "resource_id": id}
        rows.insert("scim_unique", value, source)
        rows.insert("scim_value", value, source)
    everybody = (f"'team-' || (g % {TEAMS})", f"g % {TEAMS} + 1", rows.people)
    for name, local, count in (everybody, (f"'{CROWD}'", TEAMS + 1, crowd_size(rows.people))):
        numbers = rows.numbers(count)
        member = {"tenant": "''", "group_id": rows.id(name), "member_id": rows.id(NAME), "member_key": rows.id(NAME)}
        rows.insert("scim_member", {**member, "source": f"'{SOURCE}'"}, numbers)
        rows.pairs("ab_user_group", {"user_id": "g", "group_id": local}, f"{numbers} WHERE {ACTIVE}")
        granted(rows, "ab_user_group", "g", local, f"{numbers} WHERE {ACTIVE}")


def roles(rows):
    """A team has its role as a group; whoever is in none with one has the default."""
    default = f"{rows.numbers(rows.people)}, ab_role r WHERE r.name = 'Gamma' AND {ACTIVE} AND g % {TEAMS} <> {ALPHA}"
    rows.pairs("ab_user_role", {"user_id": "g", "role_id": "r.id"}, default)
    granted(rows, "ab_user_role", "g", "r.id", default)
    alpha = "ab_role r WHERE r.name = 'Alpha'"
    rows.pairs("ab_group_role", {"group_id": ALPHA + 1, "role_id": "r.id"}, alpha)
    granted(rows, "ab_group_role", ALPHA + 1, "r.id", alpha)


def granted(rows, relation, holder, held, source):
    record = {"relation": f"'{relation}'", "holder_id": holder, "held_id": held, "source": f"'{SOURCE}'"}
    rows.insert("scim_grant", record, source)
