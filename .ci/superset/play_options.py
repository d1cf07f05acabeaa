"""What a host may choose: local accounts adopted by name, and rows of deleted users removed.

usage: play_options.py SUPERSET_URL SCIM_URL TOKEN ADMIN_PASSWORD
"""

import sys

from clients import Checks, Person, Scim

same = Checks.same


def adoption(scim: Scim, superset: str) -> None:
    """`local` was made by hand in play.py."""
    local = Person(superset, "local", "local-pass-1")
    same("the local account logs in", local.logs_in(), True)
    user = scim.user(userName="LOCAL", name={"givenName": "Lo", "familyName": "Cal"}, emails=[{"value": "new@example.com"}])
    same("the open session goes on", local.me()["first_name"], "Lo")
    same("the address is left alone", local.me()["email"], "local@example.com")
    same("the password still works", local.logs_in(), True)
    scim.set(f"/Users/{user['id']}", "active", False)
    same("it is managed now", local.status(), 401)


def hard_delete(scim: Scim, superset: str, admin: Person) -> None:
    user = scim.user(userName="carl", password="carl-pass-1")["id"]
    scim.group("sql", [user])
    carl = Person(superset, "carl", "carl-pass-1")
    same("carl logs in", (carl.logs_in(), carl.gets_token()), (True, 200))
    dashboard = carl.api("POST", "/api/v1/dashboard/", 201, {"dashboard_title": "Carl's"})["id"]
    carl.api("POST", f"/api/v1/dashboard/{dashboard}/favorites/", 200)
    same("carl looks around", [carl.status(path) for path in ("/api/v1/dashboard/", "/api/v1/chart/")], [200, 200])
    scim.send("DELETE", f"/Users/{user}", 204)
    same("carl is out", (carl.status(), carl.logs_in()), (401, False))
    listed = admin.api("GET", "/api/v1/security/users/?q=(page_size:100)", 200)["result"]
    same("carl's row is gone", [u["username"] for u in listed if u["username"] == "carl"], [])
    owners = admin.api("GET", f"/api/v1/dashboard/{dashboard}", 200)["result"]["owners"]
    same("the successor owns the dashboard", [owner["id"] for owner in owners], [admin.me()["id"]])
    same("pages", [admin.status(path) for path in ("/users/", "/api/v1/dashboard/", "/api/v1/log/")], [200, 200, 200])
    scim.user(userName="carl", password="carl-pass-2")
    same("the name again", Person(superset, "carl", "carl-pass-2").logs_in(), True)
    same("the session of the removed carl", carl.status(), 401)


def main(superset: str, scim_url: str, token: str, admin_password: str) -> None:
    scim = Scim(scim_url, token)
    admin = Person(superset, "admin", admin_password)
    same("the administrator logs in", (admin.logs_in(), admin.gets_token()), (True, 200))
    adoption(scim, superset)
    hard_delete(scim, superset, admin)
    print(f"adoption and hard delete: {Checks.count} checks passed")


if __name__ == "__main__":
    main(*sys.argv[1:])
