#!/usr/bin/env bash
# Runs a command with PostgreSQL and MariaDB installed. The tests of the store start servers of their own from the installed
# programs and stop them; here a missing engine is a failure instead of ignored tests.
# usage: databases.sh COMMAND...
set -euo pipefail
missing=()
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing+=(postgresql)
[ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server)
if [ ${#missing[@]} -gt 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
fi
export SCIM_TEST_ALL_ENGINES=1
exec "$@"
