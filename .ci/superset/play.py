"""Joiner, mover and leaver over SCIM; every effect is seen as the person affected sees it, in Superset.

usage: play.py SUPERSET_URL SCIM_URL TOKEN ADMIN_PASSWORD
"""

import sys

from clients import Checks, Person, Scim

same = Checks.same


def joiner_and_mover(scim: Scim, superset: str) -> tuple:
    name = {"givenName": "Åsa", "familyName": "李🔑"}
    user = scim.user(userName="ada@example.com", password="first-pass-1", name=name, externalId="x-1")
    ada = Person(superset, "ada@example.com", "first-pass-1")
    same("a new person logs in", ada.logs_in(), True)
    same("a new person gets a token", ada.gets_token(), 200)
    same("who Superset says it is", (ada.me()["first_name"], ada.me()["last_name"]), ("Åsa", "李🔑"))
    same("the role of whom no rule matches", ada.roles(), {"Gamma"})
    same("the dashboard list", ada.status("/api/v1/dashboard/"), 200)

    group = scim.group("analysts", [user["id"]])
    same("the role of the group, on the next request of the open session", ada.roles(), {"Alpha"})
    scim.leave(group, user["id"])
    same("the role after leaving, on the next request", ada.roles(), {"Gamma"})
    scim.join(group, user["id"])
    same("the role after joining again", ada.roles(), {"Alpha"})
    scim.set(f"/Groups/{group}", "displayName", "sql")
    same("the roles after the group got another name", ada.roles(), {"Alpha", "sql_lab"})
    scim.set(f"/Groups/{group}", "displayName", "analysts")

    dashboard = ada.api("POST", "/api/v1/dashboard/", 201, {"dashboard_title": "Ada's"})["id"]
    ada.api("POST", f"/api/v1/dashboard/{dashboard}/favorites/", 200)
    return ada, user["id"], group, dashboard


def case(scim: Scim, superset: str) -> None:
    again = scim.user(userName="ADA@EXAMPLE.COM", expected=409)
    same("why", again["scimType"], "uniqueness")
    scim.user(userName="ADMIN", expected=409)
    same("nobody is locked out", Person(superset, "ADA@example.com", "first-pass-1").logs_in(), True)


def leaver(scim: Scim, ada: Person, admin: Person, user: str, dashboard: int) -> None:
    same("the session is open", (ada.status(), ada.token_status()), (200, 200))
    scim.set(f"/Users/{user}", "active", False)
    same("the next request of session and token", (ada.status(), ada.token_status()), (401, 401))
    same("logins after deactivation", (ada.logs_in(), ada.gets_token()), (False, 401))
    scim.set(f"/Users/{user}", "active", True)
    same("logins after reactivation", (ada.logs_in(), ada.gets_token()), (True, 200))
    same("the roles after reactivation", ada.roles(), {"Alpha"})

    scim.send("DELETE", f"/Users/{user}", 204)
    scim.send("GET", f"/Users/{user}", 404)
    same("the deleted person", (ada.status(), ada.token_status(), ada.logs_in(), ada.gets_token()), (401, 401, False, 401))
    same("the page of users", admin.status("/users/"), 200)
    listed = admin.api("GET", "/api/v1/security/users/?q=(page_size:100)", 200)["result"]
    same("the deleted person in it", [u["active"] for u in listed if u["username"] == "ada@example.com"], [False])
    owners = admin.api("GET", f"/api/v1/dashboard/{dashboard}", 200)["result"]["owners"]
    same("the dashboard and its owner", [owner["last_name"] for owner in owners], ["李🔑"])
    same("the dashboard list", admin.status("/api/v1/dashboard/"), 200)


def again(scim: Scim, superset: str, before: str) -> None:
    user = scim.user(userName="ada@example.com", password="second-pass-2")
    same("another id", user["id"] != before, True)
    same("the old password", Person(superset, "ada@example.com", "first-pass-1").logs_in(), False)
    ada = Person(superset, "ada@example.com", "second-pass-2")
    same("the new password", ada.logs_in(), True)
    same("nothing of the past", ada.roles(), {"Gamma"})
    scim.user(userName="no-password")
    same("no password, no login", Person(superset, "no-password", "").gets_token() in (400, 401), True)
    same("nor by any", Person(superset, "no-password", "!").gets_token(), 401)


def last_admin(scim: Scim, superset: str, admin: Person) -> None:
    user = scim.user(userName="boss", password="boss-pass-1")["id"]
    group = scim.group("board", [user], externalId="grp-exec")
    boss = Person(superset, "boss", "boss-pass-1")
    same("the boss logs in", (boss.logs_in(), boss.gets_token()), (True, 200))
    same("the boss is an administrator", boss.roles(), {"Admin"})
    local = admin.me()["id"]
    boss.api("PUT", f"/api/v1/security/users/{local}", 200, {"active": False})
    same("the local administrator is out", admin.status(), 401)
    refused = scim.set(f"/Users/{user}", "active", False, expected=403)
    same("the reason", "`Admin`" in refused["detail"], True)
    scim.send("DELETE", f"/Users/{user}", 403)
    scim.leave(group, user, expected=403)
    scim.set(f"/Groups/{group}", "externalId", "other", expected=403)
    scim.send("DELETE", f"/Groups/{group}", 403)
    same("the boss is still in", (boss.status(), boss.roles()), (200, {"Admin"}))
    boss.api("PUT", f"/api/v1/security/users/{local}", 200, {"active": True})
    scim.send("DELETE", f"/Users/{user}", 204)
    same("the boss is out", boss.status(), 401)
    same("the local administrator is in", admin.logs_in(), True)


def supersets_own_inserts_go_on(admin: Person) -> None:
    role = next(r["id"] for r in admin.api("GET", "/api/v1/security/roles/", 200)["result"] if r["name"] == "Gamma")
    body = {
        "username": "local", "first_name": "L", "last_name": "L", "email": "local@example.com", "active": True,
        "roles": [role], "password": "local-pass-1",
    }
    admin.api("POST", "/api/v1/security/users/", 201, body)
    admin.api("POST", "/api/v1/security/groups/", 201, {"name": "by hand", "label": "", "description": ""})


def main(superset: str, scim_url: str, token: str, admin_password: str) -> None:
    scim = Scim(scim_url, token)
    admin = Person(superset, "admin", admin_password)
    same("the administrator logs in", (admin.logs_in(), admin.gets_token()), (True, 200))
    ada, user, _, dashboard = joiner_and_mover(scim, superset)
    case(scim, superset)
    leaver(scim, ada, admin, user, dashboard)
    again(scim, superset, user)
    last_admin(scim, superset, admin)
    supersets_own_inserts_go_on(admin)
    scim.user(userName="after", expected=201)
    print(f"joiner, mover, leaver: {Checks.count} checks passed")


if __name__ == "__main__":
    main(*sys.argv[1:])
