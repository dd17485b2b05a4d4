#!/bin/sh
# Find a Chromium for the browser tests, or install Debian's. Without one those tests are skipped by name, so this never fails.
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        printf 'browser tests use %s\n' "$(command -v "$name")"
        exit 0
    fi
done
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    printf 'installing Chromium from the distribution, about 400 MB\n'
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 && exit 0
    printf 'recollect: apt-get could not install chromium: the browser tests will be skipped\n' >&2
    exit 0
fi
printf 'recollect: no Chromium here: install one (Debian, as root: apt-get install chromium), or the browser tests are skipped\n' >&2
