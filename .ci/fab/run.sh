#!/usr/bin/env bash
# Compares the roles that the real Flask-AppBuilder computes from our settings with ours.
# usage: run.sh CACHE_FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=$1/fab-5.3.0
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install -q flask-appbuilder==5.3.0 jmespath
FAB_PYTHON=$venv/bin/python cargo test -q -p superset-mapping -p scim-examples --all-features --test fab -- --ignored
