#!/usr/bin/env bash
# Compares the classifier with the servers' own parsers. It is apart from the
# rest because it needs cgo and takes minutes to build.
source "$(dirname "$0")/lib.sh"

if [[ ! -f oracle/go.mod ]]; then
	echo "there is no module oracle" >&2
	exit 1
fi
if [[ -z ${CORPUS:-} ]]; then
	echo "say what to classify: make oracle CORPUS=file" >&2
	exit 1
fi
corpus=$(realpath "$CORPUS")
cd oracle
CGO_ENABLED=1 go run . "$corpus"
