#!/usr/bin/env bash
# Installs the servers that the tests start, the browser and the terminal that
# they look at pages and screens with, and the shells whose completion they try,
# where they are missing. It does nothing, and asks for nothing, where everything
# is there.
source "$(dirname "$0")/lib.sh"

here() { # is one of the programs in PATH or where servers live?
	local name
	for name in "$@"; do
		command -v "$name" >/dev/null && return
		compgen -G "/usr/sbin/$name" >/dev/null && return
		compgen -G "/usr/libexec/$name" >/dev/null && return
		compgen -G "/usr/lib/postgresql/*/bin/$name" >/dev/null && return
		compgen -G "/usr/pgsql-*/bin/$name" >/dev/null && return
		compgen -G "/opt/homebrew/opt/postgresql@*/bin/$name" >/dev/null && return
	done
	return 1
}

missing=()
{ here initdb && here psql; } || missing+=(postgresql)
{ here mariadbd && here mariadb-install-db && here mariadb; } || missing+=(mariadb-server)
here pgbouncer || missing+=(pgbouncer)
{ here prometheus && here promtool; } || missing+=(prometheus)
here chromium chromium-browser google-chrome google-chrome-stable || missing+=(chromium fonts-dejavu-core)
for program in tmux zsh fish; do
	here $program || missing+=($program)
done
if [[ ${#missing[@]} -eq 0 ]]; then
	exit 0
fi

if ! command -v apt-get >/dev/null; then
	cat >&2 <<-TEXT
	The tests start servers, a browser and a terminal of their own and miss: ${missing[*]}
	Install what provides initdb, postgres and psql (PostgreSQL 12 or later), and
	mariadbd, mariadb-install-db and mariadb (MariaDB 10.5 or later), pgbouncer,
	prometheus with promtool, Chromium or Chrome, tmux, zsh and fish:
	  Fedora   dnf install postgresql-server mariadb-server pgbouncer prometheus chromium tmux zsh fish
	  Alpine   apk add postgresql mariadb mariadb-client pgbouncer prometheus chromium tmux zsh fish
	  macOS    brew install postgresql@17 mariadb pgbouncer prometheus tmux fish && brew install --cask google-chrome
	The services themselves need not run.
	TEXT
	exit 1
fi
as_root=env
if [[ $(id -u) -ne 0 ]]; then
	if ! sudo -n true 2>/dev/null && [[ ! -t 0 ]]; then
		echo "The tests miss ${missing[*]}: run 'apt-get install ${missing[*]}' as root." >&2
		exit 1
	fi
	as_root="sudo env"
fi

# Debian starts a server as it installs it. The tests have no use for that one:
# policy-rc.d is Debian's own way to say so, for the time of the installation. A
# file that is already there stays.
say "installing ${missing[*]}"
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
	trap '$as_root rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
fi
# Another apt-get may be at work, and a mirror may falter.
apt() { $as_root DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" </dev/null; }
apt update
apt install --no-install-recommends "${missing[@]}"
