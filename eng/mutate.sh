#!/bin/sh
# Injects each wrong meaning of eng/mutants.txt and checks that the Policy tests (or the packet tests, as root) notice. Arguments: names of mutants, default all.
# Takes a few minutes; ./build.sh nightly runs it. The last line is "N mutants, N noticed".
set -eu
repository=$(cd "$(dirname "$0")/.." && pwd)
# From /tmp, so that the repository's build settings (lock files, analyzers) do not apply to the script itself.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$repository/eng/mutate.cs" "$work/mutate.cs"
cd "$work"
dotnet run mutate.cs -- "$repository" "$@"
