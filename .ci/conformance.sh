#!/usr/bin/env bash
# Starts the example servers and lets independent tools judge them.
# usage: conformance.sh CACHE_FOLDER
set -euo pipefail
cache=$1
here=$(cd "$(dirname "$0")" && pwd)
venv=$cache/conformance
token=conformance-token
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

wanted="scim2-server==0.8.3 scim2-tester==0.5.2 scim2-client[httpx2]==0.13.2 scim2-models==0.12.3 scim-sanity==0.7.4 ocsf-json-schema==1.2.0 jsonschema==4.26.0"
if [ "$(cat "$venv/wanted" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  # shellcheck disable=SC2086
  "$venv/bin/pip" install -q $wanted
  echo "$wanted" >"$venv/wanted"
fi

cargo build -q -p scim-examples --all-features --example scim_server --example superset_server --example certify --example superset-scim
programs=${CARGO_TARGET_DIR:-target}/debug/examples

# start LOG PROGRAM ARGS...: starts a server on a free port and sets $url to its base URL.
start() {
  local log=$1; shift
  "$@" --listen 127.0.0.1:0 --token "$token" >"$log" 2>&1 &
  servers+=($!)
  for _ in $(seq 100); do
    url=$(sed -n 's/^listening on //p' "$log")
    [ -z "$url" ] || return 0
    sleep 0.1
  done
  cat "$log"; echo "no server"; return 1
}

# scim2-tester takes a member that has more than was sent for a fault, so it meets a server without `members.display`, which
# RFC 7643 section 8.4 has and the other tools want.
echo '{"without": {"Group": ["members.display"]}}' >"$work/types.json"
start "$work/types.log" "$programs/scim_server" --resource-types "$work/types.json"
"$venv/bin/python" "$here/conformance.py" "$url" "$token" 135

# scim-sanity wants the resource after every PATCH; by default a patch of members is answered without.
start "$work/scim.log" "$programs/scim_server" --patch-response 200
"$venv/bin/scim-sanity" probe "$url" --token "$token" --i-accept-side-effects >"$work/sanity.txt" || { cat "$work/sanity.txt"; exit 1; }
tail -n 4 "$work/sanity.txt"
grep -q '28 passed' "$work/sanity.txt"

# Our own checks, over the profiles that we have, and over a server of others, whose known differences they find.
certify() {
  local profile=$1 url=$2
  "$programs/certify" "$url" --token "$token" --profile "$profile" --junit "$work/$profile.xml" >"$work/$profile.txt"
}
held() {
  certify "$1" "$2" || { grep -A1 -E '^(FAILED|NOT RUN)' "$work/$1.txt"; exit 1; }
  echo "certify --profile $1: $(grep ' checks: ' "$work/$1.txt")"
}
start "$work/rfc.log" "$programs/scim_server" --profile rfc
held rfc "$url"
# Entra ID's validator takes neither of these in /Schemas.
echo '{"without": {"User": ["password", "emails.display"]}}' >"$work/types.json"
start "$work/compatible.log" "$programs/scim_server" --resource-types "$work/types.json"
held entra "$url"
held okta "$url"
start "$work/ipsie.log" "$programs/superset_server" --database "sqlite://$work/ipsie.db" --demo --profile rfc \
  --rules "$here/../examples/quickstart/rules.toml" --resource-types "$work/types.json"
held ipsie "$url"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$venv/bin/scim2-server" --port "$port" --bearer-token "$token" >"$work/others.log" 2>&1 &
servers+=($!)
for _ in $(seq 100); do grep -q 'Serving SCIM' "$work/others.log" && break; sleep 0.1; done
if certify entra "http://127.0.0.1:$port/v2"; then echo "certify finds nothing in scim2-server"; exit 1; fi
for fault in rfc-group entra-manager entra-members; do grep -q "^FAILED *$fault " "$work/entra.txt"; done
echo "certify over scim2-server: $(grep ' checks: ' "$work/entra.txt")"

if "$programs/superset_server" --token "$token" --no-rules --database "sqlite://$work/empty.db" 2>"$work/refused.txt"; then
  echo "superset_server started on a file without Superset's tables"; exit 1
fi
cat "$work/refused.txt"

start "$work/superset.log" "$programs/superset_server" --database "sqlite://$work/superset.db" --demo \
  --rules "$here/../examples/quickstart/rules.toml"
"$venv/bin/python" "$here/superset.py" "$url" "$token" "$work/superset.db"

start "$work/audited.log" "$programs/superset_server" --database "sqlite://$work/audited.db" --demo \
  --rules "$here/../examples/quickstart/rules.toml" --audit-log "$work/audit.jsonl" --audit-checkpoints "$work/ends.jsonl"
"$venv/bin/python" "$here/ocsf.py" "$url" "$token" "$work/audit.jsonl" "$work/audited.db" "$programs/superset-scim"

# `--demo` leaves alone what somebody works with.
python3 - "$work/real.db" <<'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
database.commit()
PYTHON
if "$programs/superset_server" --token "$token" --no-rules --demo --database "sqlite://$work/real.db" 2>"$work/refused.txt"; then
  echo "superset_server --demo started beside real data"; exit 1
fi
grep -q 'has real data' "$work/refused.txt"
# A set-up for demonstrations: nothing is broken, and somebody should look at it.
"$programs/superset-scim" doctor --database "sqlite://$work/superset.db" --rules "$here/../examples/quickstart/rules.toml" \
  --url "$url" && exit 1 || [ $? = 1 ]

python3 "$here/tls.py" "$programs"

kill -TERM "${servers[@]}"
wait "${servers[@]}"
servers=()
echo "all servers ended on SIGTERM"
