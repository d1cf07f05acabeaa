"""Superset with the settings that the example `fab_config` prints: its pages, and a login by SAML.

usage: fab.py SUPERSET_URL FOLDER_WITH_IDP_KEYS COOKIES_OF_AN_ADMINISTRATOR
"""

import json
import sys

import requests
from clients import TIMEOUT, Checks
from idp import IdentityProvider

same = Checks.same
PAGES = ["/superset/welcome/", "/dashboard/list/", "/chart/list/", "/sqllab/"]


def status(browser: requests.Session, url: str) -> int:
    return browser.get(url, headers={"Accept": "text/html"}, allow_redirects=False, timeout=TIMEOUT).status_code


def login_page(superset: str) -> None:
    page = requests.get(superset + "/login/", timeout=TIMEOUT)
    same("the login page", page.status_code, 200)
    same("the button on it", 'id="btn-signin-sso"' in page.text, True)
    same("the metadata", requests.get(superset + "/saml/metadata/", timeout=TIMEOUT).status_code, 200)
    away = requests.get(superset + "/users/", allow_redirects=False, timeout=TIMEOUT)
    same("a page without a session", (away.status_code, "/login/" in away.headers["location"]), (302, True))


def logs_in(superset: str, idp: IdentityProvider, subject: str, groups: list) -> requests.Session:
    browser = requests.Session()
    answer = browser.get(superset + "/login/sso", allow_redirects=False, timeout=TIMEOUT)
    same("the way to the identity provider", answer.headers["location"].startswith("https://idp.test/sso?"), True)
    person = {"firstName": ["Grace"], "lastName": ["Åberg"], "email": [subject], "groups": groups}
    form = idp.answer(answer.headers["location"], subject, person)
    answer = browser.post(**form, allow_redirects=False, timeout=TIMEOUT)
    same("the login", (answer.status_code, "/login/" in answer.headers["location"]), (302, False))
    return browser


def roles(superset: str, browser: requests.Session) -> set:
    return set(browser.get(superset + "/api/v1/me/roles/", timeout=TIMEOUT).json()["result"]["roles"])


def main(superset: str, keys: str, cookies: str) -> None:
    login_page(superset)
    idp = IdentityProvider(requests.get(superset + "/saml/metadata/", timeout=TIMEOUT).text, keys)
    grace = logs_in(superset, idp, "grace@example.com", ["sql"])
    same("the roles of the group", roles(superset, grace), {"Alpha", "sql_lab"})
    same("the pages", {page: status(grace, superset + page) for page in PAGES}, dict.fromkeys(PAGES, 200))
    grace = logs_in(superset, idp, "grace@example.com", [])
    same("the roles without the group", roles(superset, grace), {"Gamma"})
    admin = requests.Session()
    admin.cookies.update(json.loads(cookies))
    pages = ["/users/", "/roles/", *PAGES]
    same("an administrator's pages", {page: status(admin, superset + page) for page in pages}, dict.fromkeys(pages, 200))
    print(f"fab_config: {Checks.count} checks passed")


main(*sys.argv[1:])
