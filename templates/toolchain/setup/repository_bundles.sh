# Writes each repository below REPOSITORIES to a bundle in BUNDLES, with all of its branches and tags as they were at one
# moment. What is pushed meanwhile is in the next one. A repository that fails is named in BUNDLES/failed, and does not
# keep the others from being written.
mkdir -p "$BUNDLES/repositories"
: >"$BUNDLES/failed"
if [ ! -d "$REPOSITORIES" ]; then
  echo "nothing was ever pushed"
  exit 0
fi

cd "$REPOSITORIES"
# not in a pipe: what find can't look into must fail the copy, not seem to be gone
find . -mindepth 2 -maxdepth 2 -type d -name '*.git' >"$BUNDLES/found"
while read -r repository; do
  name=${repository#./}
  bundle="$BUNDLES/repositories/${name%.git}.bundle"
  refs=$(git -C "$repository" for-each-ref --count=1) || {
    echo "$name" >>"$BUNDLES/failed"
    continue
  }
  [ -n "$refs" ] || continue # git makes no bundle of nothing
  mkdir -p "${bundle%/*}"
  # with one thread the same repository is the same file, which is not sent again
  git -C "$repository" -c pack.threads=1 bundle create --quiet "$bundle" --all </dev/null || {
    rm -f "$bundle"
    echo "$name" >>"$BUNDLES/failed"
  }
done <"$BUNDLES/found"
echo "$(wc -l <"$BUNDLES/found") repositories, $(wc -l <"$BUNDLES/failed") failed"
