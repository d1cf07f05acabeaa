#!/usr/bin/env bash
# Checks the alert rules and the dashboard with Prometheus' own tool, which is installed where it is missing.
# usage: run.sh CACHE_FOLDER
set -euo pipefail
cache=$1
here=$(cd "$(dirname "$0")" && pwd)
docs=$here/../../docs/monitoring

promtool=$(command -v promtool || true)
if [ -z "$promtool" ]; then
  promtool=$cache/prometheus/usr/bin/promtool
  if [ ! -x "$promtool" ]; then
    # Only the program: nobody here needs a Prometheus that runs.
    package=$(mktemp -d)
    trap 'rm -rf "$package"' EXIT
    apt-get update -qq
    (cd "$package" && apt-get download -qq prometheus)
    mkdir -p "$cache/prometheus"
    dpkg-deb --extract "$package"/prometheus_*.deb "$cache/prometheus"
  fi
fi

"$promtool" check rules "$docs/alerts.yml"
"$promtool" test rules "$docs/alerts_test.yml" "$docs/alerts_week_test.yml"
# No alert without a test in which it fires.
for alert in $(sed -n 's/^ *- alert: //p' "$docs/alerts.yml"); do
  grep -q "alertname=\"$alert\"" "$docs"/alerts*_test.yml || { echo "$alert fires in no test"; exit 1; }
done
python3 "$here/dashboard.py" --check
python3 "$here/dashboard.py" --rules >"$cache/dashboard_rules.json"
"$promtool" check rules "$cache/dashboard_rules.json"
