#!/usr/bin/env bash
# What one client can cost the example servers, with 10,000 users in each store: CPU, memory, and what others wait meanwhile. And what a
# quiet tenant waits beside a noisy one, for SCIM_NEIGHBOURS_SECONDS (20 unless set; 600 for the long test).
# All traffic is on the loopback address.
# usage: availability.sh CACHE_FOLDER [WORD...]   only the rows with one of the words, where some are given; `neighbours` is one
set -euo pipefail
shift
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The profile and the features of the benchmarks, which are compiled already.
cargo build -q --profile bench --workspace --all-features --example scim_server --example superset_server
programs=${CARGO_TARGET_DIR:-target}/release/examples
neighbours() {
  python3 -B .ci/availability/neighbours.py "${SCIM_NEIGHBOURS_SECONDS:-20}" "$programs/scim_server" "$programs/superset_server"
}
[ "$*" != neighbours ] || { neighbours; exit; }
python3 -B .ci/availability/main.py "${SCIM_AVAILABILITY_USERS:-10000}" "$programs/scim_server" "$programs/superset_server" \
  "$work" "$@"
[ $# -gt 0 ] || neighbours
