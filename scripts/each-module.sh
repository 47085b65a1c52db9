#!/usr/bin/env bash
# Runs a command in every module and fails if it failed in one.
source "$(dirname "$0")/lib.sh"

failed=""
for module in $(modules); do
	say "$module: $*"
	(cd "$module" && "$@") || failed+=" $module"
done
if [[ -n $failed ]]; then
	say "failed in$failed"
	exit 1
fi
