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

# Whose it is by name: the marker without its incarnation and the owner's id.
name() {
  sed -e '/^ "incarnation":/d' -e '/^ "owner":/d' -e 's/[,}]*$//'
}

# The owner's id, where the marker has one.
id() {
  sed -n 's/^ "owner":"\([0-9a-f]*\)"}*$/\1/p'
}

# What lies in the folder beside the marker.
others() {
  ls -A -- "$FOLDER" | sed '/^\.zenstrap\.json\(\.new\)\{0,1\}$/d'
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
  mine=$(printf '%s\n' "$MARKER" | id)
  theirs=$(id <"$file")
  { [ "$(name <"$file")" = "$(printf '%s\n' "$MARKER" | name)" ] && [ "${theirs:-$mine}" = "${mine:-$theirs}" ]; } || refuse "$FOLDER belongs to somebody else, as its .zenstrap.json says, so nothing was touched. Choose another root for this environment."
  # From before there were owners: an earlier run was killed here only if nothing lies in it yet.
  [ -n "$theirs" ] || [ -z "$mine" ] || [ -z "$(others)" ] || refuse "$FOLDER holds files and its .zenstrap.json names no owner, so nothing was touched. Move the folder away, or choose another root for this environment."
elif [ -n "$(others)" ]; then
  refuse "$FOLDER holds files and carries no marker of zenstrap, so nothing was touched. Move the folder away, or choose another root for this environment."
fi

printf '%s\n' "$MARKER" >"$file".new
mv -f -- "$file".new "$file"
made=
