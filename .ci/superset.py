"""Drives a running superset_server over HTTP and looks at the rows in Superset's tables.

usage: superset.py BASE_URL TOKEN SQLITE_FILE
"""

import json
import sqlite3
import sys
import urllib.error
import urllib.request

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


class Check:
    def __init__(self, url: str, token: str, database: str):
        self.url, self.token, self.database, self.count = url, token, database, 0

    def send(self, method: str, path: str, expected: int, body: object = None) -> dict:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, text = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        self.same(f"{method} {path[:60]}", status, expected)
        return json.loads(text) if text else {}

    def rows(self, name: str, expected: tuple) -> None:
        """Active flag, roles (in person or by a group) and groups of a user, as Superset sees them."""
        with sqlite3.connect(self.database) as db:
            user = db.execute("select id, active from ab_user where username = ?", (name,)).fetchone()
            roles = db.execute(
                "select r.name from ab_user_role ur join ab_role r on r.id = ur.role_id where ur.user_id = ? union "
                "select r.name from ab_user_group ug join ab_group_role gr on gr.group_id = ug.group_id "
                "join ab_role r on r.id = gr.role_id where ug.user_id = ? order by 1",
                user[:1] * 2,
            ).fetchall()
            groups = db.execute(
                "select g.name from ab_user_group ug join ab_group g on g.id = ug.group_id where ug.user_id = ? order by 1",
                user[:1],
            ).fetchall()
        self.same(f"rows of {name}", (user[1], [r for r, in roles], [g for g, in groups]), expected)

    def same(self, what: str, found: object, expected: object) -> None:
        self.count += 1
        if found != expected:
            sys.exit(f"superset_server: {what}: found {found!r}, expected {expected!r}")


def main(url: str, token: str, database: str) -> None:
    check = Check(url, token, database)
    user = check.send("POST", "/Users", 201, {"schemas": [CORE + "User"], "userName": "ci@example.com", "password": "x-secret-1"})
    check.rows("ci@example.com", (1, ["Gamma"], []))
    group = check.send(
        "POST", "/Groups", 201,
        {"schemas": [CORE + "Group"], "displayName": "Analysts", "members": [{"value": user["id"]}]},
    )
    check.rows("ci@example.com", (1, ["Alpha"], ["Analysts"]))
    operations = [{"op": "remove", "path": f'members[value eq "{user["id"]}"]'}]
    check.send("PATCH", f"/Groups/{group['id']}", 204, {"schemas": [PATCH], "Operations": operations})
    check.rows("ci@example.com", (1, ["Gamma"], []))
    check.send("DELETE", f"/Users/{user['id']}", 204)
    check.rows("ci@example.com", (0, [], []))
    check.send("GET", f"/Users/{user['id']}", 404)
    again = check.send("POST", "/Users", 201, {"schemas": [CORE + "User"], "userName": "ci@example.com"})
    check.same("a new id", again["id"] != user["id"], True)
    check.rows("ci@example.com", (1, ["Gamma"], []))
    for text in ("(" * 1_000_000, "not (" * 100_000, " or ".join(["a pr"] * 100_000)):
        error = check.send("POST", "/Users/.search", 400, {"schemas": [SEARCH], "filter": text})
        check.same("scimType", error["scimType"], "invalidFilter")
    check.send("GET", "/health", 200)
    with open(database, "rb") as file:
        check.same("no password in the file", b"x-secret-1" in file.read(), False)
    print(f"superset_server: {check.count} checks passed")


if __name__ == "__main__":
    main(*sys.argv[1:])
