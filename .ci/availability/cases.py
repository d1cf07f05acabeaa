"""The requests that each could stop a service: X4, X6 and X7. An example of each kind, and its neighbours."""
from urllib.parse import quote

from server import MESSAGES, USER

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
BULK, PATCH, SEARCH = (MESSAGES + name for name in ("BulkRequest", "PatchOp", "SearchRequest"))
LAST = 2**63 - 1


def anyof(tests):
    return " or ".join(tests)


def filters():
    """Filters that look at every one of the users, each with as many tests as a filter may have."""
    n = range(256)
    return {
        "displayName co": anyof(f'displayName co "zz{i}"' for i in n),
        "displayName ew": anyof(f'displayName ew "zz{i}"' for i in n),
        "displayName gt": anyof(f'displayName gt "zz{i}"' for i in n),
        "userName ne": " and ".join(f'userName ne "zz{i}"' for i in n),
        "userName co": anyof(f'userName co "zz{i}"' for i in n),
        "not (title pr)": anyof("not (title pr)" for _ in range(100)),
        "emails co": anyof(f'emails.value co "zz{i}"' for i in n),
        "emails[...]": anyof(f'emails[type eq "work" and value co "zz{i}"]' for i in range(100)),
        "name.familyName co": anyof(f'name.familyName co "zz{i}"' for i in n),
        "meta.lastModified": anyof(f'meta.lastModified lt "2001-01-01T00:00:{i % 60:02}Z"' for i in n),
        "different attributes": anyof(
            f'{name} co "zz{i}"'
            for i in range(40)
            for name in ("displayName", "title", "userName", "externalId", "name.givenName", "emails.value")
        ),
        "different operators": anyof(
            f'{name} {operator} "~{i}"'
            for i in range(10)
            for operator in ("co", "sw", "ew", "gt", "ge", "lt")
            for name in ("displayName", "title", "emails.value", "name.familyName")
        ),
        "displayName co, and": " and ".join(['displayName co "e"'] * 256),
        "emails.value co, and": " and ".join(['emails.value co "e"'] * 90),
        "userName sw": anyof(f'userName sw "zz{i}"' for i in n),
        "userName eq": anyof(f'userName eq "user{i:05}@example.com"' for i in range(200)),
        "emails[...], few": anyof(f'emails[type eq "work" and value co "zz{i}"]' for i in range(20)),
        "groups.value eq": 'groups.value eq "nobody"',
        "groups.display co": 'groups.display co "zz"',
    }


def group_filters():
    """Filters that look at the members of every group."""
    return {
        "members.value co": 'members.value co "zz"',
        "members.display co": 'members.display co "zz"',
        "60 x members.display co": anyof(f'members.display co "zz{i}"' for i in range(60)),
        "members[...]": 'members[type eq "User" and display co "zz"]',
    }


def queries():
    """Method, path and body of requests that ask for much. All of them are of one short line or little more."""
    for name, text in filters().items():
        if len(quote(text)) < 30_000:
            yield f"filter 256 x {name}", "GET", f"/Users?count=1&filter={quote(text)}", None
        body = {"schemas": [SEARCH], "filter": text, "count": 1}
        yield f".search 256 x {name}", "POST", "/Users/.search", body
        if name in ("displayName co", "userName ne"):
            yield f"root .search 256 x {name}", "POST", "/.search", body
    for name, text in group_filters().items():
        yield f"filter of groups {name}", "GET", f"/Groups?count=1&excludedAttributes=members&filter={quote(text)}", None
    yield "sort by id, far out", "GET", f"/?count=0&sortBy=id&startIndex={LAST}", None
    for by in ("id", "displayName", "emails", "meta.created", "name.familyName", "groups.display"):
        yield f"sort by {by}", "GET", f"/Users?count=1&sortBy={by}", None
        yield f"sort by {by}, far out", "GET", f"/Users?count=10&sortBy={by}&sortOrder=descending&startIndex={LAST}", None
        yield f"sort by {by}, at the end", "GET", f"/Users?count=10&sortBy={by}&startIndex=9990", None
    yield "sort of all types", "GET", "/?count=10&sortBy=displayName&excludedAttributes=members", None
    yield "sort of all types, at the end", "GET", "/?count=10&sortBy=displayName&startIndex=9990", None
    yield "sort of all types, by cursor", "GET", "/?cursor&count=10&sortBy=userName", None
    yield "far out", "GET", f"/Users?startIndex={LAST}&count=1000", None
    yield "sort and filter", "GET", "/Users?count=1&sortBy=displayName&filter=" + quote('displayName co "Number"'), None


def emails(count):
    return [{"value": f"e{i}@many.example", "type": "other"} for i in range(count)]


def holders():
    """Users with very many values, which a service may refuse to keep."""
    for count in (19_000, 15_000, 1_000):
        yield count, {"schemas": [USER], "userName": f"holder-{count}@example.com", "emails": emails(count)}


def patches(count):
    """PATCH messages for a user with so many e-mail addresses, of no more than a request may hold."""
    def message(operations):
        return {"schemas": [PATCH], "Operations": operations}

    new = [{"op": "add", "path": "emails", "value": [{"value": f"new{i}@many.example", "type": "other"}]} for i in range(300)]
    yield "300 adds", message(new)
    paths = [
        {"op": "replace", "path": f'emails[value eq "e{i}@many.example"].display', "value": "x"} for i in range(1000)
    ]
    yield "1,000 value paths", message(paths)
    none = [{"op": "remove", "path": f'emails[value co "zz{i}" or type co "zz"]'} for i in range(1000)]
    yield "1,000 removes of what is not there", message(none)
    again = [{"op": "add", "value": {"emails": emails(200)}} for _ in range(50)]
    yield "50 adds of what is there", message(again)


def group_patches(members):
    """PATCH messages for a group that has these members: they change nothing, and do it a thousand times."""
    def message(operations):
        return {"schemas": [PATCH], "Operations": operations}

    none = [{"op": "remove", "path": f'members[value eq "nobody-{i}"]'} for i in range(1000)]
    yield "1,000 removes of who is no member", message(none)
    there = [{"op": "add", "path": "members", "value": [{"value": value}]} for value in members[:1000]]
    yield "1,000 adds of who is a member", message(there)
    if len(members) <= 2000:
        searching = [{"op": "remove", "path": f'members[value co "zz{i}" or display co "zz"]'} for i in range(1000)]
        yield "1,000 removes by searching", message(searching)
        same = [{"op": "replace", "path": "members", "value": [{"value": value} for value in members]}] * 4
        yield "4 replacements by the same", message(same)


def taken(count=100):
    """A bulk of users whose names are taken, each with a password."""
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": str(i),
         "data": {"schemas": [USER], "userName": f"user{i:05}@example.com", "password": f"a-password-{i}"}}
        for i in range(count)
    ]
    return {"schemas": [BULK], "Operations": operations}
