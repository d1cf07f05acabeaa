# A real Superset on loopback, for the scripts beside this file; to be sourced. Everything ends with `lab_stop`.
# Needs: $cache (kept between runs), $work (a folder of this run).

superset_wanted="apache-superset==6.1.0 rich cachetools flask-caching==2.3.1 psycopg2-binary gunicorn requests"
superset_venv=$cache/superset/venv
superset_admin_password=admin-lab-only
export SUPERSET_SECRET_KEY=lab-only-not-a-secret-0123456789abcdef0123456789abcdef
export FLASK_APP=superset

lab_pids=()
lab_stop() {
  [ ${#lab_pids[@]} -eq 0 ] || kill "${lab_pids[@]}" 2>/dev/null || true
  [ -z "${lab_postgres:-}" ] || { kill -QUIT "$lab_postgres" 2>/dev/null || true; wait "$lab_postgres" 2>/dev/null || true; }
  lab_pids=() lab_postgres=
}

# Ends the servers, but not PostgreSQL.
lab_end() {
  kill "${lab_pids[@]}"; wait "${lab_pids[@]}" || true
  lab_pids=()
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "timed out: $*"; return 1; }
    sleep 0.3
  done
}

# Python with Superset in it. The pins are those that Superset's own metadata lacks: `rich` and `cachetools` are imported
# and not declared, and flask-caching 2.5 passes an argument that Superset's cache refuses.
lab_install() {
  if [ "$(cat "$superset_venv/wanted" 2>/dev/null)" != "$superset_wanted" ]; then
    rm -rf "$cache/superset"; mkdir -p "$cache/superset"
    python3 -m venv "$superset_venv"
    # shellcheck disable=SC2086
    "$superset_venv/bin/pip" install -q $superset_wanted
    echo "$superset_wanted" >"$superset_venv/wanted"
  fi
  lab_install_config
}

# Superset's settings, as they are for everything but the gateway.
lab_install_config() {
  cat >"$work/superset_config.py" <<'PY'
import os
SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["LAB_DATABASE"]
FAB_ADD_SECURITY_API = True
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
RATELIMIT_ENABLED = False
AUTH_RATE_LIMITED = False
SESSION_COOKIE_SECURE = False
PY
  export SUPERSET_CONFIG_PATH=$work/superset_config.py SUPERSET_HOME=$work/home
  mkdir -p "$SUPERSET_HOME"
}

# Python with an identity provider's library in it; it signs with the program xmlsec1.
lab_install_saml() {
  command -v xmlsec1 >/dev/null || {
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq xmlsec1 >/dev/null
  }
  saml_venv=$cache/superset-saml
  [ -x "$saml_venv/bin/python" ] || python3 -m venv "$saml_venv"
  "$saml_venv/bin/pip" install -q pysaml2==7.5.5 requests
}

# What Superset's own SAML login needs; its XML security library is a wheel.
lab_install_saml_login() { "$superset_venv/bin/pip" install -q python3-saml==1.16.0 jmespath==1.1.0; }

as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }

# Starts a throw-away PostgreSQL and sets $postgres_bin and $postgres_port.
lab_postgres_start() {
  postgres_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)
  if [ -z "$postgres_bin" ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null
    postgres_bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)
  fi
  chmod 755 "$work"; mkdir -p "$work/postgres"
  [ "$(id -u)" != 0 ] || chown postgres "$work/postgres"
  (cd / && as_postgres "$postgres_bin/initdb" -D "$work/postgres/data" -U superset -A trust -E UTF8 --locale=C --no-sync >/dev/null)
  postgres_port=$(free_port)
  local as=()
  [ "$(id -u)" != 0 ] || as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  (cd / && exec "${as[@]}" "$postgres_bin/postgres" -D "$work/postgres/data" -p "$postgres_port" -k "$work/postgres" \
    -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200) >"$work/postgres.log" 2>&1 &
  lab_postgres=$!
  wait_for 60 "$postgres_bin/pg_isready" -q -h 127.0.0.1 -p "$postgres_port"
}

psql_lab() { "$postgres_bin/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$postgres_port" -U superset "$@"; }

# Makes Superset's tables, roles and first administrator in the database that LAB_DATABASE names.
superset_init() {
  {
    "$superset_venv/bin/superset" db upgrade
    "$superset_venv/bin/superset" fab create-admin --username admin --firstname Lab --lastname Admin \
      --email admin@example.invalid --password "$superset_admin_password"
    "$superset_venv/bin/superset" init
  } >"$work/init.log" 2>&1 || { tail -n 30 "$work/init.log"; return 1; }
}

# lab_metadata_postgres NAME: a new database with Superset's tables; the first time takes minutes, then a copy is kept.
lab_metadata_postgres() {
  local copy=$cache/superset/metadata-postgres.sql
  psql_lab -d postgres -c "CREATE DATABASE $1"
  if [ ! -f "$copy" ]; then
    LAB_DATABASE=postgresql+psycopg2://superset@127.0.0.1:$postgres_port/$1 superset_init
    "$postgres_bin/pg_dump" -h 127.0.0.1 -p "$postgres_port" -U superset --no-owner -d "$1" >"$copy.new"
    mv "$copy.new" "$copy"
  else
    psql_lab -d "$1" -f "$copy" >/dev/null
  fi
}

# lab_metadata_sqlite FILE: the same in a file.
lab_metadata_sqlite() {
  local copy=$cache/superset/metadata-sqlite.db
  if [ ! -f "$copy" ]; then
    LAB_DATABASE=sqlite:///$1 superset_init
    cp "$1" "$copy.new"; mv "$copy.new" "$copy"
  else
    cp "$copy" "$1"
  fi
}

# superset_serve DATABASE [PORT]: serves Superset and sets $superset_url and $superset_pid.
superset_serve() {
  local port=${2:-}
  [ -n "$port" ] || port=$(free_port)
  LAB_DATABASE=$1 "$superset_venv/bin/gunicorn" --workers 2 --worker-class gthread --threads 4 --timeout 120 \
    --bind "127.0.0.1:$port" --error-logfile "$work/superset.log" --capture-output "superset.app:create_app()" \
    >>"$work/superset.log" 2>&1 &
  superset_pid=$!
  lab_pids+=("$superset_pid")
  superset_url=http://127.0.0.1:$port
  wait_for 180 python3 -c "import urllib.request; urllib.request.urlopen('$superset_url/health', timeout=5)" ||
    { tail -n 30 "$work/superset.log"; return 1; }
}

# serve LOG PROGRAM ARGUMENTS...: starts an example server on a free port and sets $served_url.
serve() {
  local log=$1 program=$2; shift 2
  "$programs/$program" --listen 127.0.0.1:0 --rules "$rules" "$@" >"$log" 2>&1 &
  lab_pids+=("$!")
  for _ in $(seq 300); do
    served_url=$(sed -n 's/^listening on //p' "$log")
    [ -z "$served_url" ] || return 0
    sleep 0.1
  done
  cat "$log"; echo "$program did not start"; return 1
}

# scim_serve LOG ARGUMENTS...: starts superset_server and sets $scim_url.
scim_serve() {
  local log=$1; shift
  serve "$log" superset_server --token "$token" "$@"
  scim_url=$served_url
}
