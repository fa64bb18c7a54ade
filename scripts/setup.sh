#!/bin/sh
# Set up .venv for one purpose, once: scripts/setup.sh demo | dev | bench | fuzz
#
# Asks nothing. A second run finds its stamp and ends at once; a changed pyproject.toml sets up again; a set-up that
# was interrupted, or a checkout that was moved, starts over. PYTHON=/path/to/python3 chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."

what=${1:?demo, dev, bench or fuzz}
venv=.venv
here=$(pwd -P)

say() { printf 'cookiegate: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Two targets at once must not set up the same folder: the second waits and then finds the first one's stamp.
if command -v flock >/dev/null 2>&1; then
    exec 9<pyproject.toml
    flock 9
fi

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
# Debian ships ensurepip apart from Python, in the package python3-venv.
has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# Print the first Python that is new enough, one that can make a virtual environment before one that cannot yet.
find_python() {
    found=
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        new_enough "$candidate" || continue
        if has_venv "$candidate"; then
            found=$candidate
            break
        fi
        found=${found:-$candidate}
    done
    printf '%s' "$found"
}

apt_install() {
    export DEBIAN_FRONTEND=noninteractive
    # One unreachable source need not matter: whether the package can be had is for the next line to say.
    apt-get update -qq </dev/null >&2 || say "apt-get update reported errors"
    apt-get install -qq -y --no-install-recommends "$@" </dev/null >&2
}

make_venv() {
    python=$(find_python)
    if [ -z "$python" ]; then
        version=$("${PYTHON:-python3}" --version 2>&1) || version="${PYTHON:-python3} cannot be run"
        die "needs Python 3.11 or newer ($version); install one, or say where it is: make PYTHON=/path/to/python3"
    fi
    if ! has_venv "$python"; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        command -v apt-get >/dev/null 2>&1 || die "$python has no ensurepip, which 'python3 -m venv' needs: install it"
        [ "$(id -u)" = 0 ] || die "$package is missing; install it: sudo apt-get install -y $package"
        say "installing $package"
        apt_install "$package" || die "could not install $package with apt-get (its messages are above)"
        has_venv "$python" || die "$python still has no ensurepip after $package was installed"
    fi
    say "making $venv with $("$python" --version 2>&1)"
    mkdir "$venv"
    : >"$venv/.incomplete"
    "$python" -m venv "$venv" || die "could not make $venv"
    printf '%s\n' "$here" >"$venv/.checkout"
}

key=$(cksum <pyproject.toml)
stamp=$venv/.ready-$what
works() { new_enough "$venv/bin/python" && "$venv/bin/python" -c 'import pip' >/dev/null 2>&1; }
moved() { [ -e "$venv/.checkout" ] && [ "$(cat "$venv/.checkout")" != "$here" ]; }

if [ -e "$venv" ] && { [ -e "$venv/.incomplete" ] || moved || ! works; }; then
    say "$venv is not usable (interrupted, moved, or without Python or pip): starting over"
    rm -rf "$venv"
fi
if [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$key" ]; then
    exit 0
fi
[ -e "$venv" ] || make_venv

pip() { "$venv/bin/python" -m pip --quiet --disable-pip-version-check --no-input "$@" 9<&-; }
case $what in
    demo) set -- -e '.[demo]' ;;
    dev) set -- --group dev -e '.[demo]' ;;
    bench) set -- --group bench -e '.[demo]' ;;
    fuzz) set -- --group fuzz -e . ;;
    *) die "unknown set-up '$what': demo, dev, bench or fuzz" ;;
esac

# With a trap the shell outlives the signal and leaves the marker behind, whatever pip makes of the signal.
trap 'exit 130' HUP INT TERM
: >"$venv/.incomplete"
say "installing what 'make' needs for $what into $venv"
status=0
# Dependency groups came with pip 25.1; Debian 12 brings 23.0.
pip install --upgrade 'pip>=25.1' && pip install "$@" || status=$?
# A peer that is not made for this machine keeps no other one from being timed.
if [ "$what" = bench ] && [ "$status" -gt 0 ] && [ "$status" -le 128 ]; then
    status=0
    pip install -e '.[demo]' || status=$?
    for peer in lxml python-lolhtml selectolax; do
        [ "$status" = 0 ] || break
        pip install --only-binary :all: "$peer" || say "$peer cannot be had here: the bench leaves it out"
    done
fi
# pip undoes what it could not finish, so .venv is kept; after a signal nobody knows, so the marker stays.
[ "$status" -gt 128 ] || rm -f "$venv/.incomplete"
[ "$status" = 0 ] || die "pip could not install what $what needs (its messages are above)"
printf '%s\n' "$key" >"$stamp"
[ "$what" != dev ] || printf '%s\n' "$key" >"$venv/.ready-demo"
