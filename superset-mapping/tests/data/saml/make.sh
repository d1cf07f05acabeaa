#!/usr/bin/env bash
# Makes responses.json and idp_metadata.xml anew. Not part of the tests: they read the files that are committed.
# usage: make.sh CACHE_FOLDER   (needs python3, node, npm and xmlsec1)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${1:?a folder for what is installed}
mkdir -p "$cache"
[ -x "$cache/saml/bin/python" ] || python3 -m venv "$cache/saml"
"$cache/saml/bin/pip" install -q pysaml2==7.5.5 freezegun==1.5.5 lxml
(cd "$cache" && npm install --silent --no-audit --no-fund --prefix "$cache" samlp@8.0.0)
"$cache/saml/bin/python" "$here/make.py" "$cache"
