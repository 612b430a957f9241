# Makes the buckets that are missing. BUCKETS has a line for each: its name, its owner, its room in MiB (0: all there is).
# What is there and not asked for stays as it is.
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

# weed ends with 0 whatever happens, so its words are looked at: every error of a command begins its line.
ask() {
  printf '%s\n' "$1" | weed shell -master="$MASTER" -filer="$FILER" >"$answer" 2>&1 || return 1
  if grep -Eq '^(error|unknown command)' "$answer"; then
    sed "s/^/$1: /" "$answer" >&2
    return 1
  fi
}

until ask 's3.bucket.list'; do
  sleep 5
done
there=$(awk '$2 ~ /^size:/ {print $1}' "$answer")

printf '%s\n' "$BUCKETS" | while read -r name owner room; do
  if ! printf '%s\n' "$there" | grep -Fxq "$name"; then
    ask "s3.bucket.create -name $name -owner $owner"
    echo "$name: made for $owner"
  fi
  if [ "$room" -gt 0 ]; then
    ask "s3.bucket.quota -name=$name -op=set -sizeMB=$room"
  else
    ask "s3.bucket.quota -name=$name -op=remove"
  fi
done

ask 's3.bucket.list'
there=$(awk '$2 ~ /^size:/ {print $1}' "$answer")
printf '%s\n' "$BUCKETS" | while read -r name _; do
  if ! printf '%s\n' "$there" | grep -Fxq "$name"; then
    echo "$name: was made and is not there" >&2
    exit 1
  fi
done
