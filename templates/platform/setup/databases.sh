# Ends when every database lets its role in with its password. Each has a folder in FOLDER; HOST and PORT say where they
# answer.
for folder in "$FOLDER"/*; do
  name=${folder##*/}
  PGPASSWORD=$(cat "$folder/password")
  export PGPASSWORD
  until psql --no-password --quiet --tuples-only --command 'select 1' \
    "host=$HOST port=$PORT dbname=$name user=$name sslmode=require connect_timeout=5" >/dev/null; do
    sleep 5
  done
  echo "$name answers"
done
