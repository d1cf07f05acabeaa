"""A partner at a browser and the partner's identity provider, before a gateway with a real Superset behind it.

usage: gateway.py GATEWAY_URL SCIM_URL TOKEN FOLDER_WITH_IDP_KEYS AUDIT_FILE
"""

import base64
import json
import sys

import requests
from clients import TIMEOUT, Checks, Scim
from idp import IdentityProvider

same = Checks.same


class Browser(requests.Session):
    def __init__(self, gateway: str, idp: IdentityProvider):
        super().__init__()
        self.gateway, self.idp = gateway, idp

    def open(self, path: str, **more: object) -> requests.Response:
        return self.get(self.gateway + path, allow_redirects=False, timeout=TIMEOUT, **more)

    def begin(self, subject: str, groups: list, path: str = "/saml/login") -> dict:
        answer = self.open(path)
        same("the status of the way to the login", answer.status_code, 303)
        person = {"givenName": ["Grace"], "sn": ["Åberg"], "mail": [subject], "groups": groups}
        return self.idp.answer(answer.headers["location"], subject, person)

    def post_form(self, form: dict) -> requests.Response:
        return self.post(**form, allow_redirects=False, timeout=TIMEOUT)

    def logs_in(self, subject: str, groups: list, path: str = "/saml/login") -> requests.Response:
        return self.post_form(self.begin(subject, groups, path))

    def me(self) -> dict:
        return self.open("/api/v1/me/").json()["result"]

    def roles(self) -> set:
        return set(self.open("/api/v1/me/roles/").json()["result"]["roles"])


def recorded(audit: str) -> dict:
    with open(audit) as lines:
        return json.loads(lines.readlines()[-1])


def partner(grace: Browser, audit: str) -> None:
    page = grace.open("/superset/welcome/?a=1", headers={"Accept": "text/html"})
    same("a page without a session", (page.status_code, page.headers["location"][:16]), (303, "/saml/login?to=%"))
    same("the API without a session", grace.open("/api/v1/me/").status_code, 401)

    name = "grace@partner.example"
    answer = grace.logs_in(name, ["analysts"], page.headers["location"])
    same("a partner whom nobody knew", (answer.status_code, answer.headers["location"]), (303, "/superset/welcome/?a=1"))
    record = recorded(audit)
    same("the record", (record["outcome"], record["created"], record["roles"]), ("loggedIn", True, ["Alpha"]))
    same("the assertion in it", record["assertion"].startswith("id-"), True)
    same("who Superset says it is", (grace.me()["username"], grace.me()["last_name"]), (name, "Åberg"))
    same("the role in Superset", grace.roles(), {"Alpha"})
    same("a page", grace.open("/superset/welcome/", headers={"Accept": "text/html"}).status_code, 200)
    same("the dashboards", grace.open("/api/v1/dashboard/").status_code, 200)

    same("the next login, without the group", grace.logs_in(name, []).status_code, 303)
    same("what the record says was left", recorded(audit)["left"], ["analysts"])
    same("the role after it", grace.roles(), {"Gamma"})
    same("the login after that, with two groups", grace.logs_in(name, ["analysts", "sql"]).status_code, 303)
    same("the roles of both", grace.roles(), {"Alpha", "sql_lab"})


def header(grace: Browser, gateway: str) -> None:
    for spelling in ["X-Remote-User", "X_Remote_User", "x-remote_user", "Remote-User", "REMOTE_USER"]:
        claim = {spelling: "admin"}
        same(f"{spelling} with a session", grace.open("/api/v1/me/", headers=claim).json()["result"]["username"], "grace@partner.example")
        claim |= {"Connection": "close, X-Remote-User"}
        same(f"{spelling} that ends with the connection", grace.open("/api/v1/me/", headers=claim).json()["result"]["username"], "grace@partner.example")
        alone = requests.get(gateway + "/api/v1/me/", headers=claim, timeout=TIMEOUT)
        same(f"{spelling} without a session", alone.status_code, 401)
    stolen = {"Cookie": "session=" + (grace.cookies.get("session") or "")}
    same("Superset's own cookie alone", requests.get(gateway + "/api/v1/me/", headers=stolen, timeout=TIMEOUT).status_code, 401)


def attacks(grace: Browser, idp: IdentityProvider, audit: str) -> None:
    form = grace.begin("grace@partner.example", ["analysts"])
    xml = base64.b64decode(form["data"]["SAMLResponse"])
    tampered = {"SAMLResponse": base64.b64encode(xml.replace(b"grace@", b"admin@")).decode()}
    same("a tampered answer", grace.post_form({**form, "data": tampered}).status_code, 403)
    same("why", (recorded(audit)["outcome"], recorded(audit)["reason"]), ("refused", "signature"))
    stranger = Browser(grace.gateway, idp)
    same("the answer in another browser", stranger.post_form(form).status_code, 403)
    same("why", recorded(audit)["reason"], "unsolicited")
    cookies = requests.cookies.merge_cookies(requests.cookies.RequestsCookieJar(), grace.cookies)
    same("the answer as it was", grace.post_form(form).status_code, 303)
    grace.cookies = cookies
    same("the same once more", grace.post_form(form).status_code, 403)
    same("why", recorded(audit)["reason"], "replayed")


def another(grace: Browser, gateway: str, idp: IdentityProvider) -> None:
    """Another person at the same browser, with what Superset left there."""
    left = grace.cookies.get("session")
    same("Superset has a session of its own", bool(left), True)
    joan = Browser(gateway, idp)
    joan.logs_in("joan@partner.example", [])
    joan.cookies.set("session", left)
    same("who Superset says it is", joan.me()["username"], "joan@partner.example")
    same("the roles", joan.roles(), {"Gamma"})


def leaver(grace: Browser, scim: Scim, audit: str) -> None:
    user = scim.send("GET", '/Users?filter=userName eq "grace@partner.example"', 200)["Resources"][0]
    scim.set(f"/Users/{user['id']}", "active", False)
    same("the next request of the open session", grace.open("/api/v1/me/").status_code, 401)
    same("the login", grace.logs_in("grace@partner.example", ["analysts"]).status_code, 403)
    same("why", recorded(audit)["reason"], "inactive")
    scim.set(f"/Users/{user['id']}", "active", True)
    same("the login after the return", grace.logs_in("grace@partner.example", ["analysts"]).status_code, 303)
    same("the role after the return", grace.roles(), {"Alpha"})


def logout(grace: Browser) -> None:
    copy = {"Cookie": "; ".join(f"{name}={value}" for name, value in grace.cookies.items())}
    same("the way out", grace.open("/saml/logout").status_code, 200)
    same("a link alone ends nothing", grace.open("/api/v1/me/").status_code, 200)
    out = {"url": grace.gateway + "/saml/logout", "allow_redirects": False, "timeout": TIMEOUT}
    same("another site's form", grace.post(**out, headers={"Origin": "https://evil.test"}).status_code, 403)
    same("logging out", grace.post(**out, headers={"Origin": grace.gateway}).status_code, 200)
    same("the session after it", grace.open("/api/v1/me/").status_code, 401)
    same("a copy of its cookie", requests.get(grace.gateway + "/api/v1/me/", headers=copy, timeout=TIMEOUT).status_code, 401)


def without_login(gateway: str) -> None:
    claim = {"X-Remote-User": "admin"}
    same("the health check", requests.get(gateway + "/health", headers=claim, timeout=TIMEOUT).text, "OK")
    for path in ["/static/../api/v1/me/", "/static/%2e%2e/api/v1/me/", "/health/../api/v1/me/"]:
        request = requests.Request("GET", gateway + "/", headers=claim).prepare()
        request.url = gateway + path
        status = requests.Session().send(request, timeout=TIMEOUT, allow_redirects=False).status_code
        same(f"{path} in nobody's name", status in (401, 404), True)
    same("a token without a login", requests.get(gateway + "/api/v1/me/", headers={"Authorization": "Bearer x"}, timeout=TIMEOUT).status_code, 401)
    same("TRACE", requests.request("TRACE", gateway + "/health", timeout=TIMEOUT).status_code, 405)


def main(gateway: str, scim: str, token: str, keys: str, audit: str) -> None:
    metadata = requests.get(gateway + "/saml/metadata", timeout=TIMEOUT)
    same("the metadata", (metadata.status_code, metadata.headers["content-type"]), (200, "application/samlmetadata+xml"))
    idp = IdentityProvider(metadata.text, keys)
    grace = Browser(gateway, idp)
    partner(grace, audit)
    header(grace, gateway)
    attacks(grace, idp, audit)
    another(grace, gateway, idp)
    leaver(grace, Scim(scim, token), audit)
    logout(grace)
    without_login(gateway)
    print(f"gateway: {Checks.count} checks passed")


main(*sys.argv[1:])
