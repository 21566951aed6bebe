#!/bin/sh
# Builds the guest agent the same way everywhere: equal sources and an equal Go
# give equal bytes. Run it by "go generate ./vmtest/internal/agentbin".
set -eu
cd "$(dirname "$0")"
out=${1:-agent_amd64}
CGO_ENABLED=0 GOOS=linux GOARCH=amd64 GOAMD64=v1 GOFLAGS= \
	go build -trimpath -buildvcs=false -ldflags='-s -w -buildid=' -o "$out" ../../agent
gzip -9 -n -f "$out"
go env GOVERSION >"$out.go-version"
