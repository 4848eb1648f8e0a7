#!/bin/sh
# Entry point of the containers that run loadgen: finds the target among the services that were started,
# then runs `loadgen` with the arguments it was given. Without any it is what `docker compose up` is for:
# the experiment, or, where workers can join, a run whose load they generate.
set -eu
. "${KEYS:-/keys}/env"

# Said before anything is measured; commands that store nothing go on.
results=${LOADGEN_RESULTS:-/results}
if [ ! -w "$results" ]; then
    owner=$(stat -c %u:%g "$results" 2>/dev/null || echo UID:GID)
    echo "loadgen.sh: user $(id -u):$(id -g) cannot write into the results folder, which belongs to $owner: put RESULTS_USER=$owner before the command" >&2
fi

# A service's name exists once it was started; what loadgen needs is started before it.
started() { getent hosts "$1" >/dev/null; }
# A load past this container. Without it the load stays on loopback, in the network of the target.
target_is() {
    export LOADGEN_TARGET="http://$1:8080" LOADGEN_ALLOW_REMOTE_TARGET=true
}

if started balancer; then
    # The load goes to the balancer, the control plane to each instance; a name may have several.
    target_is balancer
    export LOADGEN_INSTANCE=http://target-app:8080,http://instance:8080
elif started coordination; then
    # Workers reach the target by its name.
    target_is target-app
fi

if [ $# -eq 0 ]; then
    # The page listens on every address of the container, is published on loopback alone, and wants its
    # secret. The port of the metrics is not published: Prometheus alone sees it. The variables hold several
    # words.
    # shellcheck disable=SC2086
    if started coordination; then
        set -- run $RUN_ARGS --workers "$WORKERS" --coordinate redis://coordination:6379/0 --web 0.0.0.0:8090
    else
        set -- demo --serve 0.0.0.0:8090 $DEMO_ARGS
    fi
    set -- "$@" --metrics 0.0.0.0:9464
fi
exec loadgen "$@"
