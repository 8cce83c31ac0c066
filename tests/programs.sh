#!/bin/sh
# Lists the system programs that the tests need and this machine lacks, with the one line that brings them.
set -eu
missing=
for pair in strace:strace unshare:util-linux setpriv:util-linux mount:mount sed:sed git:git faketime:faketime tmux:tmux Xvfb:xvfb \
    xclip:xclip xsel:xsel; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
done
[ -z "$missing" ] && exit 0
echo "Programs missing for the tests. Install them with:"
echo "  sudo apt-get install --no-install-recommends -y$(printf '%s\n' $missing | sort -u | sed 's/^/ /' | tr -d '\n')"
exit 1
