"""Imports many users and groups over SCIM and asks Superset for its users page.

usage: import_users.py SUPERSET_URL SCIM_URL TOKEN ADMIN_PASSWORD USERS GROUPS
"""

import sys
import time

from clients import CORE, Checks, Person, Scim

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def user(number: int) -> dict:
    name = {"givenName": f"Given{number}", "familyName": f"Family{number}"}
    emails = [{"value": f"person{number}@import.example", "primary": True}]
    attributes = {"externalId": f"import-{number}", "name": name, "emails": emails}
    return {"schemas": [CORE + "User"], "userName": f"person{number}@import.example", **attributes}


def bulk(scim: Scim, path: str, resources: list, most: int) -> list:
    """The ids of the created resources, in order."""
    ids = []
    for start in range(0, len(resources), most):
        part = resources[start : start + most]
        operations = [
            {"method": "POST", "path": path, "bulkId": str(number), "data": data} for number, data in enumerate(part)
        ]
        answer = scim.send("POST", "/Bulk", 200, {"schemas": [BULK], "Operations": operations})
        by_id = {operation["bulkId"]: operation for operation in answer["Operations"]}
        for number in range(len(part)):
            operation = by_id[str(number)]
            Checks.same(f"status of {path} {start + number}", str(operation["status"]), "201")
            ids.append(operation["location"].rsplit("/", 1)[1])
    return ids


def main(superset: str, scim_url: str, token: str, admin_password: str, users: str, groups: str) -> None:
    users, groups = int(users), int(groups)
    scim = Scim(scim_url, token)
    config = scim.send("GET", "/ServiceProviderConfig", 200)
    people = [user(number) for number in range(users)]
    started = time.monotonic()
    supported = config["bulk"]["supported"]
    most = min(config["bulk"]["maxOperations"], 500) if supported else 0
    if supported:
        ids = bulk(scim, "/Users", people, most)
    else:
        ids = [scim.send("POST", "/Users", 201, person)["id"] for person in people]
    between = time.monotonic()
    teams = []
    for number in range(groups):
        members = [{"value": id} for id in ids[number::groups]]
        teams.append({"schemas": [CORE + "Group"], "displayName": f"team {number}", "members": members})
    if supported:
        bulk(scim, "/Groups", teams, min(most, 10))
    else:
        for team in teams:
            scim.send("POST", "/Groups", 201, team)
    ended = time.monotonic()
    how = "by bulk" if supported else "one by one"
    print(f"import {how}: {users} users in {between - started:.1f} s, {groups} groups in {ended - between:.1f} s")

    admin = Person(superset, "admin", admin_password)
    Checks.same("the administrator logs in", (admin.logs_in(), admin.gets_token()), (True, 200))
    asked = time.monotonic()
    Checks.same("the page of users", admin.status("/users/"), 200)
    listed = admin.api("GET", f"/api/v1/security/users/?q=(page_size:100,page:{users // 200})", 200)
    Checks.same("all are there", listed["count"] > users and len(listed["result"]) > 0, True)
    print(f"Superset's users page answers in {time.monotonic() - asked:.1f} s and knows {listed['count']} users")
    asked = time.monotonic()
    found = scim.send("GET", f"/Users?filter=userName%20eq%20%22PERSON{users - 1}@import.example%22", 200)
    Checks.same("found by name", found["totalResults"], 1)
    print(f"a user is found by name in {(time.monotonic() - asked) * 1000:.0f} ms")


if __name__ == "__main__":
    main(*sys.argv[1:])
