#!/usr/bin/env bash
# Counts the instructions of ten hot paths and fails where one takes over 5 % more than benches/instructions.tsv has.
# usage: instructions.sh CACHE_FOLDER [--record]
set -euo pipefail
cache=$(mkdir -p "$1" && cd "$1" && pwd)
record=${2:-}
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq valgrind >/dev/null
fi
# The runner and the library have to be of one version.
version=$(sed -n 's/^gungraun = .*"=\([0-9.]*\)".*/\1/p' benches/Cargo.toml)
export GUNGRAUN_RUNNER=$cache/gungraun-$version/bin/gungraun-runner
if [ ! -x "$GUNGRAUN_RUNNER" ]; then
  CARGO_TARGET_DIR=$cache/gungraun-target cargo install -q gungraun-runner --version "=$version" --locked --root "$cache/gungraun-$version"
  rm -rf "$cache/gungraun-target"
fi

# With the features that `.ci/run` has built the benchmarks with; other packages could change those of dependencies.
cargo bench -q -p scim-benches --all-features --bench instructions -- --output-format=json >"$cache/instructions.json"
python3 benches/instructions.py "$cache/instructions.json" $record
