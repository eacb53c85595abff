#!/bin/sh
# Every relative link in the documents leads to a file.
cd "$(dirname "$0")/.." || exit 1
status=0
for document in *.md Docs/*.md Docs/*/*.md; do
  [ -f "$document" ] || continue
  folder=$(dirname "$document")
  for link in $(grep -oE '\]\([^)#: ]+(#[^)]*)?\)' "$document" | sed -E 's/^\]\(([^)#]+).*/\1/'); do
    [ -e "$folder/$link" ] || { echo "$document: the link to $link leads nowhere"; status=1; }
  done
done
[ $status = 0 ] && echo "links: all lead somewhere"
exit $status
