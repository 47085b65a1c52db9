#!/usr/bin/env bash
# gofmt, go vet and staticcheck over every module. All of them run even if one
# has something to say.
source "$(dirname "$0")/lib.sh"

# Run by version: Go checks what it fetches against the checksum database,
# caches the program, and no module of ours has to know of it.
staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2

status=0
say gofmt
unformatted=$(go_files | xargs gofmt -s -l)
if [[ -n $unformatted ]]; then
	printf 'not formatted (gofmt -s -w):\n%s\n' "$unformatted"
	status=1
fi
for module in $(modules); do
	say "$module: go vet"
	(cd "$module" && go vet ./...) || status=1
	say "$module: staticcheck"
	(cd "$module" && go run "$staticcheck" ./...) || status=1
done
exit $status
