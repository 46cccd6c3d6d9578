#!/bin/sh
# Runs clients that nobody here wrote against a weir of this checkout: its own port, its own data, nothing left behind.
# Needs Python 3, Node and package indexes for the first run; what is installed stays under target/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$top/target}
place=$target/clients
uv=$place/tools/bin/uv

# python NAME: an environment with what NAME.txt lists.
python() {
    if ! cmp -s "$here/$1.txt" "$place/$1/installed.txt"; then
        "$uv" venv --quiet --clear "$place/$1"
        "$uv" pip install --quiet --python "$place/$1" --requirement "$here/$1.txt"
        cp "$here/$1.txt" "$place/$1/installed.txt"
    fi
}
node_modules() {
    if ! cmp -s "$here/node/package-lock.json" "$place/node/installed.json"; then
        mkdir -p "$place/node"
        cp "$here/node/package.json" "$here/node/package-lock.json" "$place/node/"
        npm ci --prefix "$place/node" --no-audit --no-fund --silent
        cp "$here/node/package-lock.json" "$place/node/installed.json"
    fi
    cp "$here"/node/*.mjs "$place/node/"
}

if [ ! -x "$uv" ]; then
    rm -rf "$place"
    python3 -m venv "$place/tools"
    "$place/tools/bin/pip" install --quiet --disable-pip-version-check uv==0.13.8
fi
python official &
official=$!
python frameworks &
frameworks=$!
node_modules &
node=$!
cd "$top"
cargo build --quiet --workspace --bin weir --example serve
wait "$official"
wait "$frameworks"
wait "$node"

data=$(mktemp -d)
server=
sim=
silent=
finish() {
    for started in $server $sim $silent; do
        kill "$started" 2>/dev/null || true
        wait "$started" 2>/dev/null || true
    done
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
[deployments."sim/responses"]
provider = "sim"
model = "small"
dialect = "openai_responses"
[keys.ops]
secret = "env:WEIR_TEST_ADMIN"
grant = "admin"
[deployments."sim/claude"]
provider = "sim"
model = "small"
dialect = "anthropic"
[deployments."sim/gemini"]
provider = "sim"
model = "small"
dialect = "gemini"
[deployments."sim/mistral"]
provider = "sim"
model = "small"
dialect = "mistral"
[deployments."sim/cohere"]
provider = "sim"
model = "small"
dialect = "cohere"
[deployments."sim/bedrock"]
provider = "sim"
model = "small"
dialect = "bedrock"
api_key = "env:WEIR_TEST_AWS"
[workloads.default]
candidates = ["sim/large", "sim/small"]
floor = 0.8
[workloads.second]
candidates = ["sim/small"]
floor = 0.8
CONFIG

# address PID FILE SCRIPT: what the process has printed, once it has.
address() {
    tries=0
    found=
    while [ -z "$found" ]; do
        found=$(sed -n "$3" "$2")
        tries=$((tries + 1))
        if [ "$tries" -gt 200 ] || ! kill -0 "$1" 2>/dev/null; then
            cat "$data/err" >&2
            exit 1
        fi
        [ -n "$found" ] || sleep 0.1
    done
}

key=clients-0123456789abcdef
admin=clients-admin-0123456789abcdef
: > "$data/out"
: > "$data/sim"
: > "$data/silent"
# Takes connections and never answers, so that a client's own timeout always comes first.
python3 -u -c '
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listener.getsockname()[1]}")
time.sleep(3600)
' > "$data/silent" 2>> "$data/err" &
silent=$!
address "$silent" "$data/silent" '/^http:/p'
cat >> "$data/weir.toml" <<CONFIG
[deployments."silent/claude"]
provider = "silent"
base_url = "$found"
model = "claude"
dialect = "anthropic"
allow_private = true
CONFIG
WEIR_TEST_KEY=$key WEIR_TEST_ADMIN=$admin WEIR_TEST_AWS=SIMKEYID:secret \
    "$target/debug/weir" --config "$data/weir.toml" > "$data/out" 2> "$data/err" &
server=$!
"$target/debug/examples/serve" > "$data/sim" 2>> "$data/err" &
sim=$!
address "$server" "$data/out" 's/^weir is at \(http:[^ ]*\).*/\1/p'
base=$found
address "$sim" "$data/sim" '/^http:/p'

# All at once: most of their time is spent importing themselves.
running=
start() {
    name=$1
    shift
    (status=0; "$@" > "$data/$name.log" 2>&1 || status=$?; echo "$status" > "$data/$name.status") &
    running="$running $name:$!"
}
for script in openai_chat openai_evals anthropic_messages google_genai; do
    start "$script" "$place/official/bin/python" "$here/$script.py" "$base" "$key"
done
start langfuse_scores "$place/official/bin/python" "$here/langfuse_scores.py" "$base" "$key" "$admin"
start provider_sdks "$place/official/bin/python" "$here/provider_sdks.py" "$found"
for script in langchain_chat litellm_client instructor_models pydantic_ai_agents; do
    start "$script" "$place/frameworks/bin/python" "$here/$script.py" "$base" "$key"
done
for script in openai anthropic google_genai vercel_ai; do
    start "node_$script" node "$place/node/$script.mjs" "$base" "$key"
done
failed=0
for one in $running; do
    wait "${one#*:}" || true
    name=${one%%:*}
    echo "$name"
    cat "$data/$name.log"
    [ "$(cat "$data/$name.status")" = 0 ] || failed=1
done
exit "$failed"
