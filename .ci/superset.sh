#!/usr/bin/env bash
# Provisions a real Superset 6.1.0, on PostgreSQL and on SQLite, by SCIM and by SAML logins, through the gateway and by Superset's
# own login, and asks Superset what the people affected may do.
# usage: superset.sh CACHE_FOLDER [PART...]   parts: play import fab gateway attacks crash soak sqlite; all of them unless some are named
set -euo pipefail
cache=$1; shift
cd "$(dirname "$0")/.."
parts=" ${*:-play import fab gateway attacks crash soak sqlite} "
here=$PWD/.ci/superset
work=$(mktemp -d)
# shellcheck source=.ci/superset/lab.sh
. "$here/lab.sh"
trap 'lab_stop; rm -rf "$work"' EXIT
token=superset-token
rules=$here/rules.toml
started=$SECONDS
say() { printf '[%3ds] %s\n' "$((SECONDS - started))" "$*"; }
wanted() { case $parts in *" $1 "*) true ;; *) false ;; esac; }

cargo build -q -p scim-examples --all-features --example superset_server --example saml_gateway \
  --example fab_config
programs=${CARGO_TARGET_DIR:-target}/debug/examples
lab_install
python=$superset_venv/bin/python
say "Superset is installed"
lab_postgres_start

if wanted play || wanted import; then
  lab_metadata_postgres superset
  say "its PostgreSQL metadata is there"
  superset_serve "postgresql+psycopg2://superset@127.0.0.1:$postgres_port/superset"
  say "it serves"
  # In a file, as a password in the URL would have to be.
  (umask 077; echo "postgres://superset@127.0.0.1:$postgres_port/superset" >"$work/database")
  scim_serve "$work/scim.log" --database-file "$work/database"
  if wanted play; then
    "$python" "$here/play.py" "$superset_url" "$scim_url" "$token" "$superset_admin_password"
    scim_serve "$work/options.log" --database-file "$work/database" --adopt username --hard-delete-to admin
    "$python" "$here/play_options.py" "$superset_url" "$scim_url" "$token" "$superset_admin_password"
    say "played on PostgreSQL"
  fi
  if wanted import; then
    "$python" "$here/import_users.py" "$superset_url" "$scim_url" "$token" "$superset_admin_password" \
      "${SCIM_IMPORT_USERS:-10000}" "${SCIM_IMPORT_GROUPS:-50}"
    say "imported"
  fi
  lab_end
fi

keys=superset-mapping/tests/data/saml

if wanted fab; then
  lab_install_saml
  lab_install_saml_login
  lab_metadata_postgres fab
  port=$(free_port)
  "$programs/fab_config" "$rules" --from okta --entity-id https://idp.test/metadata --single-sign-on https://idp.test/sso \
    --certificate "$keys/idp.crt" --superset "http://127.0.0.1:$port" 2>"$work/fab-warnings" >"$work/fragment.py"
  cat "$work/fragment.py" >>"$work/superset_config.py"
  superset_serve "postgresql+psycopg2://superset@127.0.0.1:$postgres_port/fab" "$port"
  cookies=$(LAB_DATABASE=postgresql+psycopg2://superset@127.0.0.1:$postgres_port/fab "$python" "$here/session.py" admin 2>/dev/null | tail -n 1)
  "$saml_venv/bin/python" -W ignore "$here/fab.py" "$superset_url" "$keys" "$cookies" ||
    { tail -n 20 "$work/superset.log"; exit 1; }
  say "logged in by Superset's own login"
  lab_install_config
  lab_end
fi

if wanted gateway; then
  lab_install_saml
  lab_metadata_postgres gateway
  cat examples/saml_gateway/superset_config.py >>"$work/superset_config.py"
  superset_serve "postgresql+psycopg2://superset@127.0.0.1:$postgres_port/gateway"
  database=postgres://superset@127.0.0.1:$postgres_port/gateway
  scim_serve "$work/gateway-scim.log" --database "$database"
  # What pysaml2 calls attributes.
  claims=urn:mace:dir:attribute-def
  serve "$work/gateway.log" saml_gateway --database "$database" --superset "$superset_url" --audit "$work/logins" \
    --idp-entity-id https://idp.test/metadata --idp-metadata "$keys/idp_metadata.xml" \
    --preset none --group-attribute groups --map "$claims:givenName=name.givenName" --map "$claims:sn=name.familyName" \
    --map "$claims:mail=emails" --allow-domain partner.example
  "$saml_venv/bin/python" -W ignore "$here/gateway.py" "$served_url" "$scim_url" "$token" "$keys" "$work/logins" ||
    { tail -n 5 "$work/gateway.log" "$work/superset.log" "$work/logins"; exit 1; }
  cookies=$(LAB_DATABASE=postgresql+psycopg2://superset@127.0.0.1:$postgres_port/gateway "$python" "$here/session.py" admin 2>/dev/null |
    tail -n 1)
  "$python" "$here/machine.py" "$superset_url" "$cookies" || { tail -n 20 "$work/superset.log"; exit 1; }
  say "logged in through the gateway"
  lab_install_config
  lab_end
fi

if wanted attacks; then
  lab_install_saml
  lab_metadata_postgres attacks
  cat examples/saml_gateway/superset_config.py >>"$work/superset_config.py"
  superset_serve "postgresql+psycopg2://superset@127.0.0.1:$postgres_port/attacks"
  database=postgres://superset@127.0.0.1:$postgres_port/attacks
  rules=$here/attacks.toml
  scim_serve "$work/attacks-scim.log" --tenants --database "$database"
  confined_url=$scim_url
  scim_serve "$work/attacks-takeover.log" --tenants --database "$database" --takeover
  takeover_url=$scim_url
  claims=urn:mace:dir:attribute-def
  # attacks_gateway NAME ARGUMENTS...: a gateway whose identity provider is called so.
  attacks_gateway() {
    local name=$1; shift
    serve "$work/$name.log" saml_gateway --database "$database" --superset "$superset_url" --audit "$work/$name" --provider "$name" \
      --idp-entity-id https://idp.test/metadata --idp-metadata "$keys/idp_metadata.xml" --tenant alpha \
      --preset none --group-attribute groups --map "$claims:mail=emails" --map department=department "$@"
  }
  attacks_gateway partners --allow-domain partner.example
  partners_url=$served_url
  attacks_gateway staff --people provisioned
  "$saml_venv/bin/python" -W ignore "$here/attacks.py" "$superset_url" "$confined_url" "$takeover_url" "$token" "$partners_url" \
    "$served_url" "$keys" "$work/partners" "$work/staff" "${database/postgres:/postgresql:}" "$postgres_bin/psql" ||
    { tail -n 5 "$work"/attacks-*.log "$work"/partners* "$work"/staff* "$work/superset.log"; exit 1; }
  say "attacked"
  rules=$here/rules.toml
  lab_install_config
  lab_end
fi

if wanted crash; then
  lab_metadata_postgres crash
  url=postgres://superset@127.0.0.1:$postgres_port/crash
  "$python" "$here/load/crash.py" "$url" "$token" 5 "${SCIM_CRASH_WRITES:-1000}" \
    "$programs/superset_server" --token "$token" --rules "$rules" --database "$url"
  say "crashed"
fi

if wanted soak; then
  lab_metadata_postgres soak
  url=postgres://superset@127.0.0.1:$postgres_port/soak
  "$python" "$here/load/soak.py" "$url" "$token" "${SCIM_SOAK_SECONDS:-30}" \
    "$programs/superset_server" --token "$token" --rules "$rules" --database "$url"
  say "soaked"
fi

if wanted sqlite; then
  lab_metadata_sqlite "$work/superset.db"
  superset_serve "sqlite:///$work/superset.db"
  scim_serve "$work/scim-sqlite.log" --database "sqlite://$work/superset.db"
  "$python" "$here/play.py" "$superset_url" "$scim_url" "$token" "$superset_admin_password"
  say "played on SQLite"
fi
