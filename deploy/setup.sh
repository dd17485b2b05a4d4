#!/bin/sh
# Make .venv hold exactly what requirements/<set>.lock names, every file verified by its hash: `deploy/setup.sh run|dev`.
# Needs a Python >= 3.11 with venv, and the package index that pip is configured for; nothing else. A repeat costs 0.05 s:
# a stamp in .venv says for which lock and which folder it was made.
set -eu

set_name=${1:?usage: deploy/setup.sh run|dev}
CDPATH='' cd -- "$(dirname -- "$0")/.."
here=$(pwd)
venv=.venv
stamp=$venv/recollect.stamp

say() { printf '%s\n' "$*"; }
fail() { printf 'recollect: %s\n' "$*" >&2; exit 1; }

stamp_of() { printf '%s %s %s' "$1" "$(cat requirements/bootstrap.lock "requirements/$1.lock" deploy/setup.sh | cksum)" "$here"; }

is_stamped() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(stamp_of "$1")" ]; }

# A .venv of this folder is kept when only a lock changed; one that was moved, or whose Python is gone, is made anew.
is_usable() { [ "$("$venv/bin/python" -c 'import sys; print(sys.prefix)' 2>/dev/null)" = "$here/$venv" ] && [ -f "$venv/made-here" ] && [ "$(cat "$venv/made-here")" = "$here" ]; }

find_python() {
    for name in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
        found=$(command -v "$name" 2>/dev/null) || continue
        "$found" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { say "$found"; return; }
    done
    fail "Python 3.11 or newer is needed: install one (Debian: apt-get install python3 python3-venv), or name it: PYTHON=/path/to/python3 make run"
}

make_venv() {
    python=$1
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
            fail "$python lacks the module venv: install it (Debian: apt-get install $package), then repeat"
        fi
        say "      installing $package, which $python lacks"
        { apt-get update -qq && apt-get install -y -qq "$package"; } >/dev/null 2>&1 ||
            fail "apt-get could not install $package: do it by hand, then repeat"
    fi
    rm -rf "$venv"
    "$python" -m venv "$venv" || fail "could not make $here/$venv: is the disk full, or the folder not yours?"
    printf '%s' "$here" >"$venv/made-here"
}

# uv is fast, but knows neither pip's configuration nor its proxies; pip knows them.
install_lock() {
    lock=requirements/$set_name.lock
    count=$(grep -c '^[a-zA-Z0-9].*==' "$lock")
    say "[3/4] installing up to $count packages of $lock, about half a minute"
    if "$venv/bin/uv" pip sync -q --python "$venv/bin/python" --require-hashes --no-build "$lock" 2>"$venv/uv.log"; then
        return
    fi
    say "      uv could not ($(grep -m 1 -i error "$venv/uv.log" | cut -c 1-120)): pip does it, about a minute"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --no-deps --only-binary :all: -r "$lock" ||
        fail "the packages could not be installed: see the lines above; is the package index reachable (PIP_INDEX_URL) and the disk not full?"
}

# The checkout is the application: its folders are importable, and `recollect` is the command line in it.
link_checkout() {
    "$venv/bin/python" - "$here" <<'PYTHON'
import pathlib, sys, sysconfig
pathlib.Path(sysconfig.get_path("purelib"), "recollect.pth").write_text(sys.argv[1] + "\n")
PYTHON
    cat >"$venv/bin/recollect" <<'SCRIPT'
#!/bin/sh
exec "$(dirname -- "$(readlink -f -- "$0")")/python" -P -m app.cli "$@"
SCRIPT
    chmod 755 "$venv/bin/recollect"
}

if is_stamped "$set_name" || { [ "$set_name" = run ] && is_stamped dev; }; then
    exit 0
fi
[ -w . ] || fail "$here is not writable for $(id -un 2>/dev/null || id -u): clone to a folder of yours"
export UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS="${CI:+1}" PIP_DISABLE_PIP_VERSION_CHECK=1
[ -n "$UV_NO_PROGRESS" ] || unset UV_NO_PROGRESS

say "Setting up Recollect in $here/$venv, once"
python=$(find_python)
say "[1/4] making $venv with $("$python" --version 2>&1)"
rm -f "$stamp"
is_usable || make_venv "$python"
say "[2/4] installing the installer (uv, 17 MB)"
"$venv/bin/python" -m pip install -q --require-hashes --only-binary :all: -r requirements/bootstrap.lock ||
    fail "the package index did not give uv: see the lines above; check the network, or name an index in PIP_INDEX_URL"
install_lock
say "[4/4] linking the checkout"
link_checkout
stamp_of "$set_name" >"$stamp"
