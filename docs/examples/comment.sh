#!/bin/sh
# Puts a file under a pull request as one comment, and writes the same comment anew when it is there already.
#
# usage: comment.sh FILE; COMMENTS is the address of the repository's issues in the forge's API, NUMBER the pull request's,
# TOKEN may write comments. Needs curl and jq. Gitea, Forgejo and GitHub have this API alike.
set -eu
mark="<!-- slipway review -->"
body=$(mktemp)
trap 'rm -f "$body"' EXIT
{ printf '%s\n' "$mark"; cat "$1"; } | jq -Rs '{body: .}' > "$body"

ask() { # METHOD ADDRESS: the body comes from the file, the token by standard input, not by an argument
    printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" |
        curl --fail --silent --show-error --config - --request "$1" --header "Content-Type: application/json" "$2" \
            ${3:+--data "@$3"}
}

page=1
known=""
before=""
while [ -z "$known" ]; do
    found=$(ask GET "$COMMENTS/$NUMBER/comments?per_page=50&limit=50&page=$page")
    known=$(printf '%s' "$found" | jq -r --arg mark "$mark" '[.[] | select(.body | startswith($mark))][0].id // empty')
    [ "$(printf '%s' "$found" | jq length)" -lt 50 ] && break
    first=$(printf '%s' "$found" | jq -r '.[0].id')
    [ "$first" = "$before" ] && break # Gitea gives all comments on every page
    before=$first
    page=$((page + 1))
done

if [ -n "$known" ]; then
    ask PATCH "$COMMENTS/comments/$known" "$body" > /dev/null
    echo "comment $known written anew"
else
    ask POST "$COMMENTS/$NUMBER/comments" "$body" > /dev/null
    echo "comment made"
fi
