# What the scripts share. To be sourced from the root of the repository.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The next Go. Not 1.27.0: its database/sql can hang when rows end
# (golang/go#81043).
export NEXT_GO=${NEXT_GO:-go1.27.4}

# modules lists the directory of every module but oracle, which needs cgo and
# is heavy, and has a target of its own.
modules() {
	find . \( -name testdata -o -name node_modules -o -name '.?*' \) -prune -o -name go.mod -print |
		sed 's|/go.mod$||' | grep -vx ./oracle | LC_ALL=C sort
}

# go_files lists our own Go files.
go_files() {
	find . \( -name testdata -o -name node_modules -o -name '.?*' \) -prune -o -name '*.go' -print
}

say() { printf '\n== %s\n' "$*"; }
