#!/bin/sh
# Installs into an empty prefix, builds docs/example.c against it with the shared and with the
# static library, runs both, and takes everything away again.
# Usage: sh scripts/check_install.sh [MODEL]
set -eu
cd "$(dirname "$0")/.."
model=${1:-tests/golden/tiny/model}
mkdir -p build
prefix=$(mktemp -d "$PWD/build/install.XXXXXX")
trap 'rm -rf "$prefix"' EXIT
make -s install PREFIX="$prefix"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig:${PKG_CONFIG_PATH:-}"

check() {
    line=$("$prefix/$1" "$model" "a cat" "a cat")
    [ "$line" = "1.0000  a cat" ] || { echo "$1 printed: $line" >&2; exit 1; }
    echo "$1: $line"
}

# shellcheck disable=SC2046
cc -o "$prefix/shared" docs/example.c $(pkg-config --cflags --libs sbert) -Wl,-rpath,"$prefix/lib"
check shared
# shellcheck disable=SC2046
cc -o "$prefix/static" docs/example.c $(pkg-config --cflags sbert) "$prefix/lib/libsbert.a" \
    $(pkg-config --static --libs sbert | sed 's/-lsbert//')
check static
readelf -d "$prefix/shared" | grep -q 'NEEDED.*libsbert.so.[0-9]*]'
! readelf -d "$prefix/static" | grep -q 'NEEDED.*libsbert'

rm "$prefix/shared" "$prefix/static"
make -s uninstall PREFIX="$prefix"
left=$(find "$prefix" -not -type d)
[ -z "$left" ] || { echo "uninstall left $left" >&2; exit 1; }
