#!/usr/bin/env bash
# Fetch the vendored files again, at exactly these versions, with the machine's own npm. Changes nothing else.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

unpack() { # package version folder
  mkdir "$3"
  tar xzf "$(npm pack --silent "$1@$2")" -C "$3" --strip-components 1
}

unpack htmx.org 2.0.11 htmx
unpack sortablejs 1.15.7 sortable
unpack @fontsource-variable/inter 5.3.0 inter
unpack @fontsource-variable/newsreader 5.3.0 newsreader

cp htmx/dist/htmx.min.js "$here/htmx.min.js"
cp htmx/LICENSE "$here/htmx.LICENSE"
cp sortable/modular/sortable.esm.js "$here/sortable.esm.js"
cp sortable/LICENSE "$here/sortable.LICENSE"
for family in inter newsreader; do
  cp "$family/files/$family-latin-wght-normal.woff2" "$family/files/$family-latin-ext-wght-normal.woff2" "$here/"
  cp "$family/LICENSE" "$here/$family.LICENSE"
done
