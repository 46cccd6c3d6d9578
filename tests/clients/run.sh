#!/bin/sh
# Runs the official clients against a weir of this checkout: its own port, its own data, nothing left behind.
# Needs Python 3 and a package index for the first run; the virtual environment stays under target/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$top/target}
venv=$target/clients

cd "$top"
cargo build --quiet --package weir
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/installed.txt"
fi

data=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$data"
}
trap finish EXIT
trap 'exit 1' INT TERM

cat > "$data/weir.toml" <<'CONFIG'
[server]
bind = "127.0.0.1:0"
data_dir = "data"
[keys.tests]
secret = "env:WEIR_TEST_KEY"
grant = "caller"
[deployments."sim/claude"]
provider = "sim"
model = "small"
dialect = "anthropic"
[deployments."sim/gemini"]
provider = "sim"
model = "small"
dialect = "gemini"
[workloads.default]
candidates = ["sim/large", "sim/small"]
floor = 0.8
[workloads.second]
candidates = ["sim/small"]
floor = 0.8
CONFIG

key=clients-0123456789abcdef
: > "$data/out"
WEIR_TEST_KEY=$key "$target/debug/weir" --config "$data/weir.toml" > "$data/out" 2> "$data/err" &
server=$!
base=
tries=0
while [ -z "$base" ]; do
    base=$(sed -n 's/^weir is at \(http:[^ ]*\).*/\1/p' "$data/out")
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$data/err" >&2
        exit 1
    fi
    [ -n "$base" ] || sleep 0.1
done
failed=0
for script in openai_chat anthropic_messages google_genai; do
    echo "$script"
    "$venv/bin/python" "$here/$script.py" "$base" "$key" || failed=1
done
exit "$failed"
