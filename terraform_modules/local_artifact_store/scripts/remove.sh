#!/bin/sh
# Removes FOLDER with everything in it if it carries exactly MARKER, but for the owner's id, then
# ROOT and what lies between where nothing is left in them. Everything else is left alone.
set -eu

file=$FOLDER/.zenstrap.json

keep() {
  printf 'zenstrap: kept %s: %s\n' "$FOLDER" "$1"
  exit 0
}

without_id() {
  sed -e '/^ "owner":/d' -e 's/[,}]*$//'
}

# A link below ROOT would lead out of it.
rest=${FOLDER#"$ROOT"/}
at=$ROOT
while [ -n "$rest" ]; do
  at=$at/${rest%%/*}
  [ ! -L "$at" ] || keep "$at is a symbolic link."
  case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
done

if [ -d "$FOLDER" ]; then
  [ -f "$file" ] && [ ! -L "$file" ] || keep "it carries no marker of zenstrap."
  [ "$(without_id <"$file")" = "$(printf '%s\n' "$MARKER" | without_id)" ] || keep "its marker is not the one that was written for this folder."

  # The marker goes last: a removal that was cut short can then be repeated.
  for entry in "$FOLDER"/* "$FOLDER"/.[!.]* "$FOLDER"/..?*; do
    [ "$entry" = "$file" ] || rm -rf -- "$entry"
  done
  rm -f -- "$file"
  rmdir -- "$FOLDER"
fi

at=$FOLDER
while [ "$at" != "$ROOT" ]; do
  at=${at%/*}
  rmdir -- "$at" 2>/dev/null || break
done
