#!/usr/bin/env bash
# A drifted Superset, and the page that says so in a real browser: every finding is shown. Then people leave: a SCIM service over
# HTTP is the source of truth.
# usage: run.sh CACHE
set -euo pipefail
cache=$1
cd "$(dirname "$0")/../.."
if ! command -v chromium >/dev/null || ! command -v sqlite3 >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium sqlite3 >/dev/null
fi
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
cargo build -q -p scim-examples --all-features --example reconcile --example scim_server
target=${CARGO_TARGET_DIR:-target}
reconcile() { "$target/debug/examples/reconcile" --database "sqlite://$work/superset.db" --rules examples/reconcile/demo.toml --local=admin "$@"; }

reconcile demo
reconcile drift >/dev/null
sqlite3 "$work/superset.db" <.ci/reconcile/faults.sql
status=0
reconcile drift --format json --output "$work/drift.json" || status=$?
[ "$status" = 1 ] || { echo "expected status 1 for findings, got $status" >&2; exit 1; }
reconcile drift --format html --output "$work/drift.html" || [ $? = 1 ]

# Nothing of the browser outlives this script, and it asks nobody for anything.
browse() {
  timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update \
    --disable-sync --no-first-run --user-data-dir="$work/profile" "$@" "file://$work/drift.html" 2>/dev/null
}
browse --dump-dom >"$work/dom.html"
for scheme in light dark; do
  dark=(); [ $scheme = light ] || dark=(--force-dark-mode --blink-settings=preferredColorScheme=0)
  for width in 1200 500; do
    browse "${dark[@]}" --window-size=$width,2400 --screenshot="$cache/reconcile_${scheme}_$width.png"
  done
done
python3 - "$work/drift.json" "$work/dom.html" <<'PYTHON'
import html.parser, json, sys

class Page(html.parser.HTMLParser):
    """The kinds of the sections, and the rows in them, as the browser has them."""
    def __init__(self):
        super().__init__()
        self.kind, self.rows, self.cells = None, {}, None
    def handle_starttag(self, tag, attributes):
        if tag == "section": self.kind = dict(attributes)["id"]
        if tag == "td": self.cells.append("")
        if tag == "tr": self.cells = []
    def handle_endtag(self, tag):
        if tag == "tr":
            if self.cells: self.rows.setdefault(self.kind, []).append(self.cells)
            self.cells = None
    def handle_data(self, text):
        if self.cells: self.cells[-1] += text

findings = json.load(open(sys.argv[1]))["findings"]
page = Page(); page.feed(open(sys.argv[2]).read())
for finding in findings:
    who = finding["who"].get("name", "")
    rows = page.rows.get(finding["kind"], [])
    assert any(finding["why"] in row and (not who or who in row) for row in rows), finding
shown = sum(len(rows) for rows in page.rows.values())
assert shown == len(findings) >= 30, (shown, len(findings))
print(f"the browser shows {shown} findings of {len(page.rows)} kinds")
PYTHON
reconcile repair --revoke-by-hand --deactivate-unmanaged >/dev/null || [ $? = 1 ]
reconcile drift

(umask 077; echo directory-token >"$work/token")
"$target/debug/examples/scim_server" --listen 127.0.0.1:0 --token-file "$work/token" >"$work/server.log" 2>&1 &
server=$!
until url=$(sed -n 's/^listening on //p' "$work/server.log") && [ -n "$url" ]; do kill -0 "$server"; sleep 0.1; done
leavers() { reconcile leavers --scim "$url" --token-file "$work/token" --format json "$@" >"$work/leavers.json" || status=$?; }
# known NUMBER...: those who are still in the directory are created in it.
known() {
  python3 - "$url" "$@" <<'PYTHON'
import json, sys, urllib.request
for number in sys.argv[2:]:
    user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "active": number != "08",
            "userName": f"PERSON{number}@example.com"}
    headers = {"Authorization": "Bearer directory-token", "Content-Type": "application/scim+json"}
    urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/Users", json.dumps(user).encode(), headers))
PYTHON
}
# Forty people, of whom four are inactive.
known $(seq -w 1 20)
status=0; leavers --deactivate 2>"$work/refused"
[ "$status" = 2 ] && grep -q share "$work/refused" || { cat "$work/refused"; echo "expected half of the people to be too many" >&2; exit 1; }
known $(seq -w 21 40 | grep -vE '25|27')
status=0; leavers --deactivate
python3 - "$work/leavers.json" <<'PYTHON'
import json, sys
left = sorted((leaver["who"]["name"][:8], leaver["outcome"]) for leaver in json.load(open(sys.argv[1]))["leavers"])
assert left == [("person08", "deactivated"), ("person25", "deactivated"), ("person27", "deactivated")], left
PYTHON
[ "$status" = 1 ] || { echo "expected status 1 for leavers, got $status" >&2; exit 1; }
status=0; leavers
[ "$status" = 0 ] || { echo "expected nobody left, got $status" >&2; exit 1; }
reconcile drift
echo "three people left, and twenty at once were refused"
