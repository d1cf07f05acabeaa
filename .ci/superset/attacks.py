"""Published ways to another person's roles, tried on a real Superset: each ends without a role, with sessions and tokens that are dead,
and with a record of what was tried.

usage: attacks.py SUPERSET_URL SCIM_URL TAKEOVER_URL TOKEN PARTNERS_URL STAFF_URL KEYS LOGINS_OF_PARTNERS LOGINS_OF_STAFF DATABASE PSQL

The SCIM servers keep tenants apart by path. At the second one clients may take over what logins made.
"""

import json
import subprocess
import sys

import requests
from browser import Browser, recorded
from clients import TIMEOUT, Checks, Scim
from idp import IdentityProvider

same = Checks.same


class Lab:
    """What the attacks are aimed at."""

    def __init__(self, arguments: list):
        self.superset, scim, takeover, token, self.partners, self.staff, keys, self.partner_log, self.staff_log = arguments[:9]
        self.database, self.psql = arguments[9:]
        self.scim, self.other, self.takeover = (Scim(url, token) for url in (scim + "/t/alpha", scim + "/t/beta", takeover + "/t/alpha"))
        metadata = [requests.get(url + "/saml/metadata", timeout=TIMEOUT).text for url in (self.partners, self.staff)]
        self.partner_idp, self.staff_idp = (IdentityProvider(text, keys) for text in metadata)

    def partner(self) -> Browser:
        return Browser(self.partners, self.partner_idp)

    def rows(self, statement: str) -> list:
        """What the database has, as lines of columns with `|` between them."""
        command = [self.psql, self.database, "-X", "-A", "-t", "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()

    def roles(self, username: str) -> list:
        """The roles that Superset has for somebody, directly or by groups."""
        user = f"(SELECT id FROM ab_user WHERE username = '{username}')"
        return sorted(
            self.rows(
                f"SELECT r.name FROM ab_user_role ur JOIN ab_role r ON r.id = ur.role_id WHERE ur.user_id = {user} UNION "
                "SELECT r.name FROM ab_user_group ug JOIN ab_group_role gr ON gr.group_id = ug.group_id "
                f"JOIN ab_role r ON r.id = gr.role_id WHERE ug.user_id = {user}"
            )
        )

    def audited(self, action: str) -> list:
        """The details of the records of this action."""
        return [json.loads(line) for line in self.rows(f"SELECT detail FROM scim_audit WHERE action = '{action}' ORDER BY 1")]


def refused(lab: Lab, subject: str, reason: str, groups: list = ()) -> None:
    browser = lab.partner()
    same(f"the login of {subject!r}", browser.logs_in(subject, list(groups)).status_code, 403)
    record = recorded(lab.partner_log)
    same(f"the record of {subject!r}", (record["outcome"], record["reason"], record["subject"]), ("refused", reason, subject))
    same(f"a session of {subject!r}", browser.open("/api/v1/me/").status_code, 401)


def x1_pre_hijack(lab: Lab) -> None:
    """A partner's identity provider makes the CFO before SCIM does."""
    cfo = "cfo2@corp.example"
    for name in [cfo, "CFO2@CORP.EXAMPLE", "cfo2@corp.example@partner.example", "cfo2@partner.example.corp.example"]:
        refused(lab, name, "domain")
    same("nobody was made", lab.rows("SELECT username FROM ab_user WHERE username ILIKE 'cfo2%'"), [])
    user = lab.scim.user(userName=cfo, externalId="00u-cfo2")
    lab.scim.group("x1 board", [user["id"]], externalId="grp-exec")
    same("the CFO's roles", lab.roles(cfo), ["Admin"])
    refused(lab, cfo, "domain")

    # Within the partner's own domain: SCIM and the login meet at one person.
    joint = "joint@partner.example"
    mallory = lab.partner()
    same("a partner's first login", mallory.logs_in(joint, []).status_code, 303)
    same("the partner's session", mallory.me()["username"], joint)
    lab.scim.user(userName=joint, externalId="00u-joint", expected=409)
    found = lab.scim.send("GET", f'/Users?filter=userName eq "{joint}"', 200)["Resources"][0]["id"]
    message = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": joint, "externalId": "00u-joint", "active": True}
    answer = lab.scim.session.put(f"{lab.scim.url}/Users/{found}", json=message, timeout=TIMEOUT)
    same("a takeover that the operator does not allow", answer.status_code in (400, 403, 409), True)
    same("what was tried", len(lab.audited("takeover refused")), 1)
    same("the partner is who they were", mallory.me()["username"], joint)
    lab.takeover.send("PUT", f"/Users/{found}", 200, message)
    group = lab.scim.send("GET", '/Groups?filter=externalId eq "grp-exec"', 200)["Resources"][0]["id"]
    lab.scim.join(group, found)
    same("the roles of whom SCIM has taken over", lab.roles(joint), ["Admin"])
    same("the old session of the partner", mallory.open("/api/v1/me/").status_code, 401)
    refused(lab, joint, "taken")
    same("the old session after the login", mallory.open("/api/v1/me/").status_code, 401)
    same("what happened", len(lab.audited("takeover")), 1)


def x2_freed_name(lab: Lab) -> None:
    """Whoever gets a freed name is not who had it."""
    name = "john.smith@partner.example"
    first = lab.scim.user(userName=name, externalId="00u-john-1")
    john = Browser(lab.staff, lab.staff_idp)
    same("the first one's login", john.logs_in(name, []).status_code, 303)
    same("the first one's session", john.me()["username"], name)
    row = lab.rows(f"SELECT id FROM ab_user WHERE username = '{name}'")
    lab.scim.send("DELETE", f"/Users/{first['id']}", 204)
    same("the session of whoever was deleted", john.open("/api/v1/me/").status_code, 401)
    newcomer = lab.partner()
    same("a newcomer of the name", newcomer.logs_in(name, []).status_code, 303)
    same("the newcomer's row is another one", lab.rows(f"SELECT id FROM ab_user WHERE username = '{name}'") != row, True)
    same("S1 the first one's session is not the newcomer's", john.open("/api/v1/me/").status_code, 401)
    same("the first one's row", lab.rows(f"SELECT active FROM ab_user WHERE id = {row[0]}"), ["f"])
    user = recorded(lab.partner_log)["user"]
    lab.scim.send("DELETE", f"/Users/{user}", 204)
    same("the newcomer's session after a deletion", newcomer.open("/api/v1/me/").status_code, 401)
    lab.scim.user(userName=name, externalId="00u-john-2")
    same("a third one's row is another one again", lab.rows(f"SELECT id FROM ab_user WHERE username = '{name}'") != row, True)
    same("the sessions of both", (john.open("/api/v1/me/").status_code, newcomer.open("/api/v1/me/").status_code), (401, 401))


def x3_claimed_identifier(lab: Lab) -> None:
    """An identifier that gives Admin belongs to whom the rules believe, and to the first group that claimed it."""
    eve = lab.other.user(userName="eve@beta.example", externalId="00u-eve")
    claims = len(lab.audited("claim"))
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "x3", "externalId": "grp-exec"}
    answer = lab.other.session.post(lab.other.url + "/Groups", json={**body, "members": [{"value": eve["id"]}]}, timeout=TIMEOUT)
    same("the claim of another tenant", answer.status_code in (201, 409), True)
    same("its member's roles", "Admin" in lab.roles("eve@beta.example"), False)
    mallory = lab.scim.user(userName="mallory@corp.example", externalId="00u-mallory")
    body |= {"displayName": "x3 again", "members": [{"value": mallory["id"]}]}
    lab.scim.send("POST", "/Groups", 409, body)
    same("the second group's member", "Admin" in lab.roles("mallory@corp.example"), False)
    same("what was tried", len(lab.audited("claim")) - claims >= 2, True)


def x9_asserted_names(lab: Lab) -> None:
    """A group or a department that an identity provider asserts is not the SCIM client's."""
    mallory = lab.partner()
    name = "mallory@partner.example"
    same("a login in a group of SCIM's name", mallory.logs_in(name, ["analysts", "grp-exec"], department="Finance").status_code, 303)
    same("the record", (recorded(lab.partner_log)["outcome"], recorded(lab.partner_log)["roles"]), ("loggedIn", ["Gamma"]))
    same("the roles in Superset", (mallory.roles(), lab.roles(name)), ({"Gamma"}, ["Gamma"]))
    ada = lab.scim.user(userName="ada@corp.example", externalId="00u-ada")
    lab.scim.group("analysts", [ada["id"]])
    same("SCIM's own group of the name", lab.roles("ada@corp.example"), ["Alpha"])
    same("another login in it", mallory.logs_in(name, ["analysts"]).status_code, 303)
    same("the roles after it", (mallory.roles(), lab.roles(name)), ({"Gamma"}, ["Gamma"]))
    many = [f"g{n}" for n in range(201)]
    refused(lab, "many@partner.example", "mapping", many)


def x12_look_alikes(lab: Lab) -> None:
    """Only the very name is the person whom SCIM provisioned."""
    lab.scim.user(userName="mike@corp.example", externalId="00u-mike")
    for name in ["mi\u212ae@corp.example", "\uff4d\uff49\uff4b\uff45@corp.example", "mike@corp.example\u00a0", "m\u0131ke@corp.example"]:
        browser = Browser(lab.staff, lab.staff_idp)
        same(f"the login of {name!r}", browser.logs_in(name, []).status_code, 403)
        record = recorded(lab.staff_log)
        same(f"the record of {name!r}", (record["outcome"], record["reason"] in ("mapping", "spelling", "not_provisioned")), ("refused", True))
        same(f"a session of {name!r}", browser.open("/api/v1/me/").status_code, 401)
    mike = Browser(lab.staff, lab.staff_idp)
    same("the login of the person", mike.logs_in("mike@corp.example", []).status_code, 303)
    same("who Superset says it is", mike.me()["username"], "mike@corp.example")


def s4_closed_account(lab: Lab) -> None:
    """Whoever was deactivated in Superset itself stays out."""
    name = "closed@partner.example"
    browser = lab.partner()
    same("the first login", browser.logs_in(name, []).status_code, 303)
    lab.rows(f"UPDATE ab_user SET active = FALSE WHERE username = '{name}'")
    same("the open session", browser.open("/api/v1/me/").status_code, 401)
    refused(lab, name, "inactive")
    lab.rows(f"UPDATE ab_user SET active = TRUE WHERE username = '{name}'")
    same("the old session after the return", browser.open("/api/v1/me/").status_code, 401)
    same("a new login after the return", browser.logs_in(name, []).status_code, 303)


def main(*arguments: str) -> None:
    lab = Lab(list(arguments))
    for attack in [x1_pre_hijack, x2_freed_name, x3_claimed_identifier, x9_asserted_names, x12_look_alikes, s4_closed_account]:
        attack(lab)
        print(f"{attack.__name__}: defended")
    print(f"attacks: {Checks.count} checks passed")


main(*sys.argv[1:])
