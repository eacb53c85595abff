#!/bin/sh
# Installs the Debian packages named, where they are missing. Says what it does; asks for root only then.
missing=
for package in "$@"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
command -v apt-get >/dev/null || { echo "need:$missing (install them; this is not a Debian system)" >&2; exit 1; }
echo "installing:$missing"
as_root=; [ "$(id -u)" = 0 ] || as_root=sudo
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
  $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
} || { echo "could not install:$missing" >&2; exit 1; }
