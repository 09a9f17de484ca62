#!/bin/sh
# Installs what `make`, `make test` and `make quickstart` need; with --dev also what CI needs; with
# --mpi also Open MPI for `make MPI=1`, unless an mpicc is there (with both, MPICH beside it).
# Says what it installs, and does nothing (in well under a second) when nothing is missing.
# Tested with apt (Debian 12, Ubuntu); dnf, pacman and brew: the same packages by their names there.
set -eu

usage() { echo "usage: sh setup.sh [--dev] [--mpi]"; }
dev= mpi=
for word in "$@"; do
    case "$word" in
        --dev) dev=1 ;;
        --mpi) mpi=1 ;;
        --help | -h) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
done

has() { command -v "$1" >/dev/null 2>&1; }

# Each manager: names of the packages, how to ask for one, how to install some.
if has apt-get; then
    manager=apt-get
    packages="gcc libc6-dev make pkg-config libopenblas-pthread-dev libcjson-dev zlib1g-dev
        libutf8proc-dev libcriterion-dev"
    dev_packages="clang llvm clang-format-14 valgrind librsvg2-bin python3 curl git"
    mpi_packages="libopenmpi-dev openmpi-bin"
    other_mpi="libmpich-dev mpich"
    installed() { dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }
    install() {
        $root apt-get update -qq
        $root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
    }
elif has dnf; then
    manager=dnf
    packages="gcc make pkgconf-pkg-config openblas-devel cjson-devel zlib-devel utf8proc-devel
        libcriterion-devel"
    dev_packages="clang compiler-rt clang-tools-extra libasan libubsan valgrind librsvg2-tools
        python3 curl git"
    mpi_packages="openmpi-devel"
    other_mpi="mpich-devel"
    installed() { rpm -q "$1" >/dev/null 2>&1; }
    install() { $root dnf install -y "$@"; }
elif has pacman; then
    manager=pacman
    packages="gcc make pkgconf openblas cblas cjson zlib libutf8proc criterion"
    dev_packages="clang compiler-rt valgrind librsvg python curl git"
    mpi_packages="openmpi"
    other_mpi=
    installed() { pacman -Q "$1" >/dev/null 2>&1; }
    install() { $root pacman -S --needed --noconfirm "$@"; }
elif has brew; then
    manager=brew
    packages="make pkg-config openblas cjson zlib utf8proc criterion"
    dev_packages="llvm clang-format librsvg python3"
    mpi_packages="open-mpi"
    other_mpi=
    installed() { brew list --versions "$1" >/dev/null 2>&1; }
    install() { brew install "$@"; }
else
    echo "setup.sh: found none of apt-get, dnf, pacman, brew. Install by hand: a C11 compiler," >&2
    echo "make, pkg-config, OpenBLAS (pthread build), cJSON, zlib, utf8proc, Criterion." >&2
    exit 1
fi

missing_of() {
    for package in "$@"; do
        installed "$package" || printf '%s ' "$package"
    done
}

# apt-get and the like need to be root; brew must not be.
become_root() {
    root=
    if [ "$(id -u)" != 0 ] && [ "$manager" != brew ]; then
        has sudo || {
            echo "setup.sh: missing: $1" >&2
            echo "setup.sh: run it as root, or install sudo, or install these packages by hand" >&2
            exit 1
        }
        root=sudo
    fi
}

add() {
    missing=$(missing_of "$@")
    [ -n "$missing" ] || return 0
    echo "setup.sh: installing $missing"
    become_root "$missing"
    # shellcheck disable=SC2086
    install $missing
}

# shellcheck disable=SC2086
add $packages ${dev:+$dev_packages}

# Clusters bring an mpicc of their own.
if [ -n "$mpi" ] && { [ -n "$dev" ] || ! has mpicc; }; then
    # shellcheck disable=SC2086
    add $mpi_packages ${dev:+$other_mpi}
fi

# Debian and Ubuntu keep clang's sanitizers in a package of its version.
if [ -n "$dev" ] && [ "$manager" = apt-get ]; then
    add "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
fi
