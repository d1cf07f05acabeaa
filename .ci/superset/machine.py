"""Superset behind the gateway, asked by its own workers: with a machine session, and without the gateway's header.

usage: machine.py SUPERSET_URL COOKIES_OF_A_MACHINE_SESSION_OF_ADMIN
"""

import json
import sys

import requests
from clients import TIMEOUT, Checks

same = Checks.same


def who(superset: str, cookies: dict, name: str = "") -> tuple:
    """The status of a question, and who Superset says it is."""
    headers = {"X-Remote-User": name} if name else {}
    answer = requests.get(superset + "/api/v1/me/", cookies=cookies, headers=headers, timeout=TIMEOUT)
    return answer.status_code, answer.json().get("result", {}).get("username")


def main(superset: str, cookies: str) -> None:
    machine = json.loads(cookies)
    same("S7 a machine session", who(superset, machine), (200, "admin"))
    for page in ["/superset/welcome/", "/dashboard/list/", "/chart/list/", "/api/v1/dashboard/"]:
        answer = requests.get(superset + page, cookies=machine, allow_redirects=False, timeout=TIMEOUT)
        same(f"{page} with a machine session", answer.status_code, 200)
    same("nobody", who(superset, {}), (401, None))
    browser = requests.get(superset + "/api/v1/me/", headers={"X-Remote-User": "admin"}, timeout=TIMEOUT).cookies.get_dict()
    same("the session of a browser", bool(browser.get("session")), True)
    same("the same with its header", who(superset, browser, "admin"), (200, "admin"))
    same("the same without the header", who(superset, browser), (401, None))
    same("a machine session with the name of somebody else", who(superset, machine, "grace@partner.example")[1] == "admin", False)
    payload, rest = browser["session"].rsplit(".", 1)[0], machine["session"].rsplit(".", 1)[1]
    same("a session without its seal", who(superset, {"session": f"{payload}.{rest}"}), (401, None))
    print(f"machine sessions: {Checks.count} checks passed")


main(*sys.argv[1:])
