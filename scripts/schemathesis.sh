#!/usr/bin/env bash
# Property tests of the whole API: schemathesis makes requests from the description that target-app serves,
# right ones and wrong ones, follows its links, and compares every response with the description.
#
#   scripts/schemathesis.sh [ROLE...]     anonymous student mentor parent admin lab; all of them by default
#
# It wants `schemathesis` (4.x; pip install schemathesis) in PATH, curl and built programs. EXAMPLES is the
# number of requests for each operation and phase (25), LOADGEN the program that starts the services.
set -euo pipefail
cd "$(dirname "$0")/.."
roles=("$@")
[ ${#roles[@]} -gt 0 ] || roles=(anonymous student mentor parent admin lab)
command -v schemathesis >/dev/null || { echo "schemathesis.sh: there is no schemathesis: pip install schemathesis" >&2; exit 2; }
if [ -z "${TARGET_URL:-}" ]; then
    exec "${LOADGEN:-${CARGO_TARGET_DIR:-target}/debug/loadgen}" stack --scale tiny --no-fsync -- scripts/schemathesis.sh "${roles[@]}"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
curl -fsS "$TARGET_URL/openapi.json" -o "$work/openapi.json"

# The settings of a role. An operation that describes its 422 itself has a rule that a schema cannot say,
# such as `to` after `from`: of those a right request may be refused.
settings() { # role
    python3 - "$1" "$work/openapi.json" <<'PYTHON'
import json, os, sys, urllib.request
role, path = sys.argv[1:]
document = json.load(open(path))
operations = [one for item in document["paths"].values() for one in item.values()]
common = "`invalid_request`: The request is not valid"
strict = lambda one: one["responses"].get("422", {}).get("description", common) == common
rules = [one["operationId"] for one in operations if not strict(one)]
print("[auth]\nauto-signup = false")
if role == "lab":
    print(f"[auth.openapi.lab_token]\napi_key = {json.dumps(os.environ['LAB_TOKEN'])}")
elif role != "anonymous":
    account = {"email": f"{role}000001@codeconnect.test", "password": "correct horse battery"}
    request = urllib.request.Request(os.environ["TARGET_URL"] + "/api/v1/auth/login", json.dumps(account).encode(), {"Content-Type": "application/json"})
    token = json.load(urllib.request.urlopen(request))["tokens"]["access_token"]
    print(f"[auth.openapi.bearer]\nbearer = {json.dumps(token)}")
print(f"[[operations]]\ninclude-operation-id = {json.dumps(rules)}")
print('checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 422, 429, "5xx"]')
PYTHON
}

failed=()
for role in "${roles[@]}"; do
    settings "$role" >"$work/$role.toml"
    # The control plane exchanges data and profile under the other roles: it has a role of its own, and
    # nothing to follow.
    only=()
    [ "$role" = lab ] && only=(--include-tag lab --phases examples,coverage,fuzzing)
    echo "schemathesis.sh: $role"
    # It keeps its files in the folder that it runs in.
    (cd "$work" && schemathesis --config-file "$work/$role.toml" run "$TARGET_URL/openapi.json" --url "$TARGET_URL" \
        --checks all --mode all --max-examples "${EXAMPLES:-25}" --continue-on-failure --warnings off \
        "${only[@]}") || failed+=("$role")
done
[ ${#failed[@]} -eq 0 ] || { echo "schemathesis.sh: findings as ${failed[*]}" >&2; exit 1; }
