# Copies the buckets of BUCKETS to KEPT. What is replaced or gone here is moved to a folder of today in REPLACED, and
# thrown away there after KEEP_DAYS days. One bucket that fails does not keep the others from being copied.
today=$(date -u +%Y-%m-%d)
oldest=$(date -u -d "@$(($(date +%s) - KEEP_DAYS * 86400))" +%Y-%m-%d)
failed=""

for bucket in $BUCKETS; do
  echo "$bucket"
  rclone sync "source:$bucket" "$KEPT/$bucket" --backup-dir "$REPLACED/$today/$bucket" \
    --transfers 8 --checkers 16 --stats 10m --stats-one-line --stats-log-level NOTICE || failed="$failed $bucket"
done

# 3: nothing has ever been replaced
days=$(rclone lsf --dirs-only "$REPLACED") || [ $? -eq 3 ] || failed="$failed $REPLACED"
for day in $days; do
  day=${day%/}
  if expr "$day" '<' "$oldest" >/dev/null; then
    rclone purge "$REPLACED/$day" || failed="$failed $REPLACED/$day"
  fi
done

if [ -n "$failed" ]; then
  echo "failed:$failed" >&2
  exit 1
fi
