"""A SCIM client, and people who use Superset."""

import json
import sys

import requests

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
TIMEOUT = 120


class Checks:
    """Counts what was checked; the first difference ends the program."""

    count = 0

    @classmethod
    def same(cls, what: str, found: object, expected: object) -> None:
        cls.count += 1
        if found != expected:
            sys.exit(f"FAILED {what}: found {found!r}, expected {expected!r}")


class Scim:
    def __init__(self, url: str, token: str):
        self.url, self.session = url, requests.Session()
        self.session.headers.update({"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"})

    def send(self, method: str, path: str, expected: int, body: object = None) -> dict:
        data = None if body is None else json.dumps(body)
        response = self.session.request(method, self.url + path, data=data, timeout=TIMEOUT)
        if response.status_code != expected:
            print(response.text)
        Checks.same(f"SCIM {method} {path}", response.status_code, expected)
        return response.json() if response.content else {}

    def user(self, expected: int = 201, **attributes: object) -> dict:
        return self.send("POST", "/Users", expected, {"schemas": [CORE + "User"], **attributes})

    def group(self, name: str, members: list = (), **attributes: object) -> str:
        members = [{"value": member} for member in members]
        body = {"schemas": [CORE + "Group"], "displayName": name, "members": members, **attributes}
        return self.send("POST", "/Groups", 201, body)["id"]

    def patch(self, path: str, *operations: dict, expected: int = 200) -> dict:
        return self.send("PATCH", path, expected, {"schemas": [PATCH], "Operations": list(operations)})

    def set(self, path: str, attribute: str, value: object, expected: int = 200) -> dict:
        return self.patch(path, {"op": "replace", "path": attribute, "value": value}, expected=expected)

    def join(self, group: str, user: str) -> None:
        self.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": user}]}, expected=204)

    def leave(self, group: str, user: str, expected: int = 204) -> None:
        self.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{user}"]'}, expected=expected)


class Person:
    """Somebody at a browser, with a session that stays open, and with a token for the API."""

    def __init__(self, url: str, username: str, password: str):
        self.url, self.username, self.password = url, username, password
        self.browser, self.token = requests.Session(), None

    def logs_in(self) -> bool:
        """Whether the login form lets the person in."""
        form = {"username": self.username, "password": self.password}
        browser = requests.Session()
        answer = browser.post(self.url + "/login/", data=form, allow_redirects=False, timeout=TIMEOUT)
        Checks.same(f"status of the login of {self.username}", answer.status_code, 302)
        if "/login/" in answer.headers["location"]:
            return False
        self.browser = browser
        return True

    def gets_token(self) -> int:
        """The status of the login by API."""
        body = {"username": self.username, "password": self.password, "provider": "db"}
        answer = requests.post(self.url + "/api/v1/security/login", json=body, timeout=TIMEOUT)
        if answer.status_code == 200:
            self.token = {"Authorization": "Bearer " + answer.json()["access_token"]}
        return answer.status_code

    def get(self, path: str) -> requests.Response:
        """What the open session of the browser is answered."""
        return self.browser.get(self.url + path, allow_redirects=False, timeout=TIMEOUT)

    def status(self, path: str = "/api/v1/me/") -> int:
        return self.get(path).status_code

    def api(self, method: str, path: str, expected: int, body: object = None) -> dict:
        answer = requests.request(method, self.url + path, headers=self.token, json=body, timeout=TIMEOUT)
        if answer.status_code != expected:
            print(answer.text)
        Checks.same(f"Superset {method} {path} as {self.username}", answer.status_code, expected)
        return answer.json() if answer.content else {}

    def token_status(self) -> int:
        return requests.get(self.url + "/api/v1/me/", headers=self.token, timeout=TIMEOUT).status_code

    def me(self) -> dict:
        return self.get("/api/v1/me/").json()["result"]

    def roles(self) -> set:
        return set(self.get("/api/v1/me/roles/").json()["result"]["roles"])
