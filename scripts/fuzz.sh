#!/usr/bin/env bash
# Runs every fuzz target of every module, one after the other, for FUZZTIME each.
source "$(dirname "$0")/lib.sh"

found=0
failed=""
for module in $(modules); do
	cd "$module"
	for package in $(go list ./...); do
		for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
			found=$((found + 1))
			say "$package: $target for ${FUZZTIME:-10m}"
			go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-10m}" "$package" || failed+=" $target"
		done
	done
	cd - >/dev/null
done
say "$found fuzz targets${failed:+, failed:$failed}"
[[ -z $failed ]]
