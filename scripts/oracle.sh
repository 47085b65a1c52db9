#!/usr/bin/env bash
# Compares the classifier with the servers' own parsers, over statements that it
# makes and over the corpus in the directory CORPUS, if one is given. It is apart
# from the rest because it needs cgo and takes minutes to build.

# Relative to where make was called.
[[ -z ${CORPUS:-} ]] || CORPUS=$(realpath -- "$CORPUS") || exit 1
source "$(dirname "$0")/lib.sh"

cd oracle
CGO_ENABLED=1 go run . ${CORPUS:+-corpus "$CORPUS"}
