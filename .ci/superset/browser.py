"""Somebody at a browser before the gateway, whose identity provider answers at once."""

import json

import requests
from clients import TIMEOUT, Checks
from idp import IdentityProvider

same = Checks.same


class Browser(requests.Session):
    def __init__(self, gateway: str, idp: IdentityProvider):
        super().__init__()
        self.gateway, self.idp = gateway, idp

    def open(self, path: str, **more: object) -> requests.Response:
        return self.get(self.gateway + path, allow_redirects=False, timeout=TIMEOUT, **more)

    def begin(self, subject: str, groups: list, path: str = "/saml/login", **said: str) -> dict:
        answer = self.open(path)
        same("the status of the way to the login", answer.status_code, 303)
        person = {"givenName": ["Grace"], "sn": ["Åberg"], "mail": [subject], "groups": groups}
        person |= {name: [value] for name, value in said.items()}
        return self.idp.answer(answer.headers["location"], subject, person)

    def post_form(self, form: dict) -> requests.Response:
        return self.post(**form, allow_redirects=False, timeout=TIMEOUT)

    def logs_in(self, subject: str, groups: list, path: str = "/saml/login", **said: str) -> requests.Response:
        return self.post_form(self.begin(subject, groups, path, **said))

    def me(self) -> dict:
        return self.open("/api/v1/me/").json()["result"]

    def roles(self) -> set:
        return set(self.open("/api/v1/me/roles/").json()["result"]["roles"])


def recorded(audit: str) -> dict:
    """The last record of a login."""
    with open(audit) as lines:
        return json.loads(lines.readlines()[-1])
