#!/bin/sh
# Makes FOLDER below ROOT and writes MARKER into it, or takes over an empty folder, or one whose
# marker names the same owner (an earlier run was killed here). Refuses everything else.
set -eu

file=$FOLDER/.zenstrap.json
made=
trap '[ -z "$made" ] || { rm -f -- "$file".new; rmdir -- "$FOLDER"; } 2>/dev/null || :' EXIT

refuse() {
  printf 'zenstrap: %s\n' "$1" >&2
  exit 1
}

# The owner: the marker without its incarnation.
owner() {
  sed '/^ "incarnation":/d'
}

# A link below ROOT would lead out of it.
rest=${FOLDER#"$ROOT"/}
at=$ROOT
while [ -n "$rest" ]; do
  at=$at/${rest%%/*}
  [ ! -L "$at" ] || refuse "$at is a symbolic link, and zenstrap follows none. Remove the link, or choose another root for this environment."
  case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
done

[ ! -e "$FOLDER" ] || [ -d "$FOLDER" ] || refuse "$FOLDER exists and is not a folder. Move it away, or choose another root for this environment."

# Removing a neighbour at the same moment can take an empty parent away between two mkdirs.
tries=0
while [ ! -d "$FOLDER" ]; do
  if mkdir -p -- "${FOLDER%/*}" && mkdir -- "$FOLDER"; then
    made=yes
  fi 2>"/dev/null"
  tries=$((tries + 1))
  [ "$tries" -lt 20 ] || mkdir -p -- "$FOLDER"
done

if [ -e "$file" ]; then
  [ "$(owner <"$file")" = "$(printf '%s\n' "$MARKER" | owner)" ] || refuse "$FOLDER belongs to somebody else, as its .zenstrap.json says, so nothing was touched. Choose another root for this environment."
elif [ -n "$(ls -A -- "$FOLDER" | sed '/^\.zenstrap\.json\.new$/d')" ]; then
  refuse "$FOLDER holds files and carries no marker of zenstrap, so nothing was touched. Move the folder away, or choose another root for this environment."
fi

printf '%s\n' "$MARKER" >"$file".new
mv -f -- "$file".new "$file"
made=
