#!/usr/bin/env bash
# Builds the images, starts the services, runs the quick experiment through docker compose,
# and checks the live page while it runs, and what it left behind: exit code, report on disk,
# report on a page of localhost. COMPOSE_PROFILES=scale,pgbouncer,replica: with several instances behind the
# balancer, a pooler and a replica of PostgreSQL.
set -euo pipefail
cd "$(dirname "$0")/.."

for program in docker curl; do
    command -v "$program" >/dev/null || { echo "compose-test: there is no $program" >&2; exit 2; }
done
project=codeconnect-test-$$
export COMPOSE_PROJECT_NAME=$project APP_PORT=${APP_PORT:-18080} REPORT_PORT=${REPORT_PORT:-18090}
export PROMETHEUS_PORT=${PROMETHEUS_PORT:-19090} BALANCER_PORT=${BALANCER_PORT:-18081}
export COMPOSE_PROFILES=${COMPOSE_PROFILES:-}
results=$(mktemp -d)
export RESULTS_DIR=$results RESULTS_USER="$(id -u):$(id -g)" DEMO_ARGS=${DEMO_ARGS:---quick}
# Whether the text is in what a command prints. Not a pipe: grep would end at the first match, and the
# command would fail at a closed pipe.
prints() { # pattern, command
    local pattern=$1
    shift
    grep -Eq -- "$pattern" <<<"$("$@" 2>/dev/null)"
}
finish() {
    local code=$?
    if [ $code -ne 0 ]; then docker compose logs --no-color --tail 60 || true; fi
    docker compose --profile '*' down --volumes --timeout 5 >/dev/null 2>&1 || true
    rm -rf "$results"
    exit $code
}
trap finish EXIT

docker compose build ${BUILD_PROFILE:+--build-arg PROFILE="$BUILD_PROFILE"}
docker compose up --detach
# Prometheus comes along where its image is here: a test downloads nothing large.
prometheus=${PROMETHEUS_IMAGE:-prom/prometheus:v3.5.0} scraped=no
if docker image inspect "$prometheus" >/dev/null 2>&1; then
    docker compose --profile observability up --detach prometheus
else
    scraped=skipped
    echo "compose-test: SKIPPED: Prometheus, there is no image $prometheus"
fi
# Whether Prometheus has an answer to a query.
knows() {
    prints '"value"' curl -fsS --get "http://127.0.0.1:$PROMETHEUS_PORT/api/v1/query" --data-urlencode "query=$1"
}

page=http://127.0.0.1:$REPORT_PORT
secret=$(docker compose exec -T target-app sh -c '. /keys/env && printf %s "$LOADGEN_PAGE_SECRET"')
[ ${#secret} -ge 32 ] || { echo "compose-test: there is no page secret" >&2; exit 1; }
as_reader=(-H "Authorization: Bearer $secret")
seen_running=no
echo "compose-test: waiting for the experiment"
for _ in $(seq 240); do
    # The page shows the command while it runs: its state says so, and its events flow.
    if [ $seen_running = no ] && prints '"running":true' curl -fsS "${as_reader[@]}" "$page/api/state"; then
        events=$(curl -sSN --max-time 3 "${as_reader[@]}" "$page/events" 2>/dev/null || true)
        if grep -q '^event: state' <<<"$events"; then seen_running=yes; fi
    fi
    if [ $scraped = no ] && knows 'loadgen_requests_total > 0' && knows 'targetapp_memory_limit_bytes > 0'; then scraped=yes; fi
    if curl -fsS "${as_reader[@]}" "$page/latest/report.html" -o "$results/page.html" 2>/dev/null; then break; fi
    state=$(docker compose ps --all --format '{{.Service}} {{.State}} {{.ExitCode}}' | grep '^loadgen ' || true)
    case $state in *exited*) echo "compose-test: loadgen stopped early: $state" >&2; exit 1 ;; esac
    sleep 2
done

docker compose logs --no-color --no-log-prefix loadgen | tail -60
[ $scraped != no ] || { echo "compose-test: Prometheus did not scrape loadgen and target-app" >&2; exit 1; }
[ $scraped = skipped ] || prints '"SlowTarget"' curl -fsS "http://127.0.0.1:$PROMETHEUS_PORT/api/v1/rules" || { echo "compose-test: the alert rules are not loaded" >&2; exit 1; }
[ $seen_running = yes ] || { echo "compose-test: the live page did not show the run" >&2; exit 1; }
prints 'name="token"' curl -fsS "${as_reader[@]}" "$page/" || { echo "compose-test: the live page is gone" >&2; exit 1; }
prints '"name":"before_after"' curl -fsS "${as_reader[@]}" "$page/api/runs" || { echo "compose-test: the run is not listed" >&2; exit 1; }
status=$(curl -sS -o /dev/null -w '%{http_code}' -H 'Host: elsewhere.example' "$page/")
[ "$status" = 421 ] || { echo "compose-test: the page answered to a strange name: $status" >&2; exit 1; }
status=$(curl -sS -o /dev/null -w '%{http_code}' -H 'Host: localhost' "$page/")
[ "$status" = 401 ] || { echo "compose-test: the page opened without its secret: $status" >&2; exit 1; }
lab_token=$(docker compose exec -T target-app sh -c '. /keys/env && printf %s "$LAB_TOKEN"')
lab_status() { # host
    curl -sS -o /dev/null -w '%{http_code}' -H "Host: $1" -H "X-Lab-Token: $lab_token" "http://127.0.0.1:$APP_PORT/lab/profile"
}
[ "$(lab_status elsewhere.example)" = 421 ] || { echo "compose-test: the control plane answered to a strange name" >&2; exit 1; }
[ "$(lab_status target-app:8080)" = 200 ] || { echo "compose-test: the control plane does not answer to its service's name" >&2; exit 1; }
for service in target-app postgres redis; do
    user=$(docker compose exec -T "$service" id -u)
    [ "$user" != 0 ] || { echo "compose-test: $service runs as root" >&2; exit 1; }
done
grep -q '<svg' "$results/page.html" || { echo "compose-test: the page has no chart" >&2; exit 1; }
scripts/check-result.sh "$results/latest"
if [[ ",$COMPOSE_PROFILES," == *,scale,* ]]; then
    # The control plane of each instance was asked, and each of them got requests.
    for number in $(seq 2 $((${MORE_INSTANCES:-3} + 1))); do
        grep -q "\"target-app-$number\"" "$results/latest/summary.json" || { echo "compose-test: instance $number got nothing" >&2; exit 1; }
    done
    prints '200 OK' curl -sSi "http://127.0.0.1:$BALANCER_PORT/balancer/ready" || { echo "compose-test: the balancer is not ready" >&2; exit 1; }
fi
if [[ ",$COMPOSE_PROFILES," == *,replica,* ]]; then
    # target-app knows it, and it follows.
    telemetry() { curl -fsS -H "X-Lab-Token: $lab_token" "http://127.0.0.1:$APP_PORT/lab/telemetry"; }
    prints '"replica":\{"usable":true' telemetry || { echo "compose-test: the replica is not used" >&2; exit 1; }
    [ "$(docker compose exec -T postgres-replica id -u)" != 0 ] || { echo "compose-test: the replica runs as root" >&2; exit 1; }
fi
prints 'Audit: .* 0 violations' docker compose logs --no-color loadgen || { echo "compose-test: no clean audit line" >&2; exit 1; }
# On a machine that others use the generator may say that its figures do not count (96, 97): what counts here
# is that nothing failed and the audit is clean.
code=0
COMPOSE_PROFILES=${COMPOSE_PROFILES:+$COMPOSE_PROFILES,}test docker compose run --rm -T test >"$results/smoke" || code=$?
cat "$results/smoke"
case $code in 0 | 96 | 97) ;; *) echo "compose-test: the smoke test ended with $code" >&2; exit 1 ;; esac
grep -Eq '^ *PASS +errors < 1% ' "$results/smoke" || { echo "compose-test: the smoke test had errors" >&2; exit 1; }
grep -Eq 'Audit: .* 0 violations' "$results/smoke" || { echo "compose-test: the smoke test has no clean audit" >&2; exit 1; }
echo "compose-test: passed"
