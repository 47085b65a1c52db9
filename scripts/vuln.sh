#!/usr/bin/env bash
# Looks for known vulnerabilities in what every module calls. It asks the
# database at vuln.go.dev, or a copy of it: VULNDB=file:///path/to/copy
source "$(dirname "$0")/lib.sh"

govulncheck=golang.org/x/vuln/cmd/govulncheck@v1.9.0 # by version, as staticcheck is

status=0
for module in $(modules); do
	say "$module"
	(cd "$module" && go run "$govulncheck" ${VULNDB:+-db "$VULNDB"} -test ./...) || status=1
done
exit $status
