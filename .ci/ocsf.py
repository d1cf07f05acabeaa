"""Makes every kind of event of the audit log, and holds each line to the schema of OCSF.

usage: ocsf.py URL TOKEN AUDIT_LOG DATABASE SUPERSET_SCIM
"""
import json
import random
import sqlite3
import string
import subprocess
import sys
import time
import urllib.error
import urllib.request

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

url, token, log, database, program = sys.argv[1:]
USER, GROUP = ("urn:ietf:params:scim:schemas:core:2.0:" + name for name in ("User", "Group"))
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
draw = random.Random(20261128)
planted = []


def secret():
    """A secret that is looked for in the end."""
    planted.append("Pl4nted" + "".join(draw.choices(string.ascii_letters + string.digits, k=24)))
    return planted[-1]


def ask(method, path, body=None, bearer=token, status=None):
    headers = {"Authorization": "Bearer " + bearer, "Content-Type": "application/scim+json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            found, text = response.status, response.read()
    except urllib.error.HTTPError as error:
        found, text = error.code, error.read()
    assert status is None or found == status, (method, path, found, text)
    return json.loads(text) if text else None


def patch(path, *operations):
    return ask("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})


ada = ask("POST", "/Users", {"schemas": [USER], "userName": "audited", "title": "Dr", "password": secret()}, status=201)["id"]
eve = ask("POST", "/Users", {"schemas": [USER], "userName": "audited2"}, status=201)["id"]
patch(f"/Users/{ada}", {"op": "replace", "path": "title", "value": "Prof"})
patch(f"/Users/{ada}", {"op": "replace", "path": "password", "value": secret()})
patch(f"/Users/{ada}", {"op": "replace", "path": "active", "value": False})
patch(f"/Users/{ada}", {"op": "replace", "path": "active", "value": True})
group = ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "analytics-team", "members": [{"value": ada}]}, status=201)["id"]
patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": eve}]})
patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{ada}"]'})
patch(f"/Groups/{group}", {"op": "replace", "path": "displayName", "value": "renamed"})
ask("DELETE", f"/Groups/{group}", status=204)
ask("GET", "/Users", bearer=secret(), status=401)
ask("POST", "/Users", {"schemas": [USER], "userName": "audited", "password": secret()}, status=409)
ask("DELETE", "/Users/nobody", status=404)
ask("DELETE", "/Groups/nobody", status=404)
ask("GET", f"/Users?filter=password%20eq%20%22{secret()}%22", status=400)
for number in range(200):
    body = {"schemas": [USER], "userName": f"audited-{number}", "password": secret()}
    match number % 4:
        case 0:
            ask("POST", "/Users", body)
        case 1:
            ask("PUT", f"/Users/{ada}", {**body, "userName": "audited"})
        case 2:
            ask("POST", "/Users", body | {"unknown": secret(), "active": secret()})
        case _:
            ask("POST", "/Bulk", {"schemas": [secret()], "Operations": [{"method": "POST", "path": "/Users", "data": body}]}, bearer=draw.choice([token, secret()]))
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
operations = [
    {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"schemas": [GROUP], "externalId": "no name"}},
    {"method": "DELETE", "path": "/Users/nobody"},
]
ask("POST", "/Bulk", {"schemas": [BULK], "Operations": operations}, status=200)
ask("DELETE", f"/Users/{ada}", status=204)

schema = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.8.0"))
validators = {}
seen = {}
text = open(log, encoding="utf-8").read()
for line in text.splitlines():
    event = json.loads(line)
    uid = event["class_uid"]
    if uid not in validators:
        name = schema.lookup_class_name_from_uid(uid)
        validators[uid] = Draft202012Validator(schema.get_class_schema(name, []))
    errors = [error.message for error in validators[uid].iter_errors(event)]
    assert not errors, (errors, line)
    assert event["metadata"]["version"] == "1.8.0" and event["type_uid"] == uid * 100 + event["activity_id"], line
    key = event["type_uid"], event["status_id"]
    seen[key] = seen.get(key, 0) + 1
wanted = {(300100 + activity, 1) for activity in (1, 2, 4, 5, 6, 7, 8, 99)} | {(300600 + activity, 1) for activity in (1, 2, 3, 4, 5, 6, 99)}
wanted |= {(300101, 2), (300106, 2), (300605, 2), (300606, 2), (300201, 2), (600302, 2)}
assert wanted <= set(seen), sorted(wanted - set(seen))
leaked = [secret for secret in planted if secret in text]
assert not leaked, leaked
print(f"{sum(seen.values())} events of {len(seen)} kinds are OCSF 1.8, and none of {len(planted)} secrets is in them")


def audit(*arguments):
    command = [program, "audit", "--database", f"sqlite://{database}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


code, rows = audit("--json")
assert code == 0 and rows.count("\n") > 100 and not any(secret in rows for secret in planted), (code, rows[:1000])
code, rows = audit("--resource", "audited2", "--action", "members", "--json")
roles = [role for line in rows.splitlines() for role in json.loads(line).get("roles", [])]
assert code == 0 and roles and all(role["rule"].startswith("rule ") for role in roles), rows
time.sleep(1.5)
code, found = audit("--verify", "--json")
assert code == 0 and json.loads(found)["findings"] == [], found
with sqlite3.connect(database, timeout=10) as tables:
    tables.execute("UPDATE scim_audit SET principal = 'somebody' WHERE position = 7")
code, found = audit("--verify", "--json")
assert code == 1 and json.loads(found)["findings"] == [{"finding": "altered", "position": 7}], found
code, found = audit("--when", "yesterday")
assert code == 2, (code, found)
print("the audit names the row that was altered")
