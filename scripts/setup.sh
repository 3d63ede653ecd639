# Sourced by the other scripts: makes .venv with winfs in it, installing what is missing. Says nothing when all is there.
# Works on a bare Debian 12 (or Ubuntu) as root or with sudo; elsewhere install the packages named below by hand.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
python=.venv/bin/python
# pip, the compiler and the tests keep things in the home directory; where there is none to write to, here.
cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
if [ -z "$cache" ] || ! mkdir -p "$cache" 2>/dev/null || [ ! -w "$cache" ]; then
    export XDG_CACHE_HOME=$PWD/.venv/cache
    mkdir -p "$XDG_CACHE_HOME"
fi
export HOME=${HOME:-$PWD/.venv}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "this needs root or sudo: $*" >&2
        exit 1
    fi
}

install_packages() {
    as_root apt-get update -qq -o Acquire::Retries=3
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y -o Acquire::Retries=3 --no-install-recommends "$@" >&2
}

# The Debian packages that are missing: pyfuse3 is compiled from source, fusermount3 mounts.
missing_packages() {
    command -v gcc >/dev/null || echo gcc
    command -v pkg-config >/dev/null || echo pkg-config
    command -v fusermount3 >/dev/null || echo fuse3
    # The tests work with them in the mount.
    command -v git >/dev/null || echo git
    command -v rsync >/dev/null || echo rsync
    pkg-config --exists fuse3 2>/dev/null || echo libfuse3-dev
    "$host_python" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    "$host_python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")))' 2>/dev/null || echo python3-dev
}

# The newest Python from 3.11 on.
find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

set_up() {
    local stamp=.venv/.set-up wanted packages
    # Anything that decides what is installed; the guest code is rebuilt by its own rules.
    wanted=$(cat pyproject.toml hatch_build.py scripts/setup.sh | sha256sum)
    if [ -x "$python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    host_python=$(find_python)
    if [ -z "$host_python" ]; then
        echo "installing python3" >&2
        install_packages python3 python3-venv python3-dev
        host_python=$(find_python)
        [ -n "$host_python" ] || { echo "winfs needs Python 3.11 or newer" >&2; exit 1; }
    fi
    packages=$(missing_packages)
    if [ -n "$packages" ]; then
        echo "installing" $packages >&2
        # shellcheck disable=SC2086
        install_packages $packages
    fi
    [ -x "$python" ] || "$host_python" -m venv .venv
    echo "installing winfs into .venv" >&2
    "$python" -m pip install --quiet --retries 10 --disable-pip-version-check -e '.[dev]'
    echo "$wanted" >"$stamp"
}

# The guest DLLs, compiled when their sources changed (a second when they did not).
build_guest() {
    "$python" -m runtime.guest.build >/dev/null
}
