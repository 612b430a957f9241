# Brings bundles of repositories, and the files that people have put beside them, to KEPT. What is gone here goes there,
# unless some repository could not be read, whose last bundle has to stay, or there is none at all: an empty volume is
# what somebody needs the copies for.
how=sync
if [ -s "$BUNDLES/failed" ] || [ -z "$(find "$BUNDLES/repositories" -name '*.bundle' | head -n 1)" ]; then
  how=copy
fi
failed=$(tr '\n' ' ' <"$BUNDLES/failed")

rclone "$how" "$BUNDLES/repositories" "$KEPT/repositories" --checksum --stats-one-line --stats-log-level NOTICE ||
  failed="$failed bundles"
for folder in attachments avatars repo-avatars; do
  if [ -d "$DATA/$folder" ]; then
    rclone "$how" "$DATA/$folder" "$KEPT/$folder" --stats-one-line --stats-log-level NOTICE || failed="$failed $folder"
  fi
done

if [ -n "$failed" ]; then
  echo "failed: $failed" >&2
  exit 1
fi
