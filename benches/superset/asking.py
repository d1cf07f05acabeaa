"""What is asked: bodies, and the paths of queries."""
from urllib.parse import quote

from harness.server import text

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PAGE = 100


def user(name):
    """A user as Entra ID and Okta send them."""
    emails = [{"value": name, "type": "work", "primary": True}]
    names = {"givenName": "Given", "familyName": "Family"}
    return {"schemas": [USER], "userName": name, "externalId": name, "name": names, "emails": emails, "active": True}


def creation(name):
    return "POST", "/Users", text(user(name))


def deletion(id):
    return "DELETE", f"/Users/{id}", None


def query(filter, count=PAGE):
    return "GET", f"/Users?count={count}&filter={quote(filter)}", None


def page(start):
    return "GET", f"/Users?count={PAGE}&startIndex={start}", None


def cursor(name=None):
    return "GET", f"/Users?count={PAGE}&cursor" + (f"={quote(name)}" if name else ""), None


def join(group, id):
    operation = {"op": "add", "path": "members", "value": [{"value": id}]}
    return "PATCH", f"/Groups/{group}", text({"schemas": [PATCH], "Operations": [operation]})


def rename(group, name):
    """Without the members in the answer, which are too many for one."""
    operation = {"op": "replace", "path": "displayName", "value": name}
    return "PATCH", f"/Groups/{group}?excludedAttributes=members", text({"schemas": [PATCH], "Operations": [operation]})


def bulk(path, bodies):
    operations = [{"method": "POST", "path": path, "bulkId": f"b{n}", "data": body} for n, body in enumerate(bodies)]
    return "POST", "/Bulk", text({"schemas": [BULK], "Operations": operations})


def group(name, members):
    return {"schemas": [GROUP], "displayName": name, "members": [{"value": id} for id in members]}
