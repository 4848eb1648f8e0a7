//! Examples below the help of each command, and what all commands have in common.

use std::env;

use clap::{
    Arg, ArgAction, ArgMatches, Command as Parser, CommandFactory as _, FromArgMatches as _,
};
use shared::usage::with_signed_values;

use super::{command_line::Cli, values::switch};

/// Each command with calls of it.
const EXAMPLES: [(&str, &str); 25] = [
    (
        "run",
        "loadgen run core --duration 30s\nloadgen run core --target http://127.0.0.1:8080 --lab-token TOKEN\nloadgen run core --workers 4 --coordinate redis://127.0.0.1:6379/0\nloadgen run --flow bookings.book --rate 50/s --threshold 'p95 < 200ms'\nloadgen run music_full --target http://127.0.0.1:8080 --overrides '{\"config\":{\"phases\":[{\"duration\":60,\"arrivalRate\":10}]}}'",
    ),
    (
        "worker",
        "loadgen worker --coordinate redis://127.0.0.1:6379/0\nloadgen worker --coordinate redis://10.0.0.5:6379/0 --index 2 --allow-remote-target",
    ),
    (
        "experiment",
        "loadgen experiment list\nloadgen experiment mentor_cache --budget 10m\nloadgen experiment --set-before pool.max=5 --set-after pool.max=50 --flow mentors.browse",
    ),
    (
        "capacity",
        "loadgen capacity core --slo 'p95<1000ms,errors<1%'\nloadgen capacity core --profile before --quick --search users\nloadgen capacity http://127.0.0.1:8080/ --slo 'p99<100ms,errors<0.1%' --budget 5m\nloadgen capacity core --soak 30m\nloadgen capacity core --breakdown\nloadgen capacity core --quick --what-if cache.mentors=off --what-if pool.max=5",
    ),
    (
        "chaos",
        "loadgen chaos --list\nloadgen chaos core --topology scale=2 --fault redis.down --fault postgres.restart\nloadgen chaos --for 10s --settle 15s",
    ),
    (
        "factorial",
        "loadgen factorial --factor pool.max=5,50 --factor cache.mentors=off,redis --flow mentors.browse",
    ),
    ("demo", "loadgen demo\nloadgen demo --quick --serve 8090"),
    (
        "report",
        "loadgen report\nloadgen report latest --format md\nloadgen report latest --format html,csv --out reports",
    ),
    (
        "results",
        "loadgen results list --limit 5\nloadgen results prune --older-than 30d",
    ),
    ("results list", "loadgen results list --name core --json"),
    (
        "results baseline",
        "loadgen results baseline main latest\nloadgen results baseline main --remove",
    ),
    (
        "results prune",
        "loadgen results prune --keep 20 --dry-run\nloadgen results prune --older-than 30d",
    ),
    (
        "results export",
        "loadgen results export latest --out run.tar.gz",
    ),
    (
        "compare",
        "loadgen compare latest 1a2b3c4\nloadgen compare --baseline main --format md",
    ),
    (
        "plan",
        "loadgen plan latest --assume assumptions.yaml\nloadgen plan latest --assume assumptions.yaml --validate other_load --validate small_pool\nloadgen plan latest --assume assumptions.yaml --format html > plan.html",
    ),
    (
        "history",
        "loadgen history --name core\nloadgen history --name core --metric 'total p97.5' --csv",
    ),
    (
        "validate",
        "loadgen validate core mentor_cache\nloadgen validate my_suite.yaml",
    ),
    (
        "stack",
        "loadgen stack --scale tiny\nloadgen stack --services postgres,redis -- make test",
    ),
    ("switches", "loadgen switches"),
    ("serve", "loadgen serve --listen 127.0.0.1:8090"),
    (
        "http",
        "loadgen http http://127.0.0.1:8080/ -c 50 -d 30s\nloadgen http http://127.0.0.1:8080/ --rate 200/s --poisson --threshold 'p99 < 100ms'\nloadgen http http://127.0.0.1:8080/items -m POST -H 'content-type: application/json' -b @item.json --expect 201,409",
    ),
    (
        "db",
        "loadgen db --queries 10000\nloadgen db --preset heavy --pool 20\nloadgen db --db postgres://me@127.0.0.1/codeconnect --workers 20 --duration 30s",
    ),
    (
        "ws",
        "loadgen ws --preset full\nloadgen ws ws://127.0.0.1:9000/echo --users 50 --duration 60s --token TOKEN",
    ),
    (
        "bench",
        "loadgen bench --quick\nloadgen bench --against wrk\nloadgen bench --against wrk --url http://127.0.0.1:8080/api/v1/mentors --login-every 2000\nloadgen bench --target",
    ),
    ("doctor", "loadgen doctor\nloadgen doctor --json"),
];

/// Reads the arguments of the process.
pub fn parse_arguments() -> Result<Cli, clap::Error> {
    let matches: ArgMatches = command().try_get_matches()?;
    Cli::from_arg_matches(&matches)
}

/// The command line with its examples. A number with a sign is the value of the flag before it, so
/// that the flag refuses it, and not an unknown flag. The variable of a flag without a value takes the usual
/// words for yes and no.
pub fn command() -> Parser {
    with_signed_values(Cli::command().mut_subcommands(|command| completed(command, "")))
}

fn completed(command: Parser, above: &str) -> Parser {
    let path = format!("{above}{}", command.get_name());
    let examples = EXAMPLES.iter().find(|(name, _)| *name == path);
    let examples = examples.map_or_else(String::new, |(_, calls)| {
        format!("Examples:\n  {}", calls.replace('\n', "\n  "))
    });
    let below = format!("{path} ");
    command
        .after_help(examples)
        .mut_args(|arg| {
            let takes_value = arg.get_action().takes_values() && !arg.is_positional();
            // One with a parser of its own keeps it.
            let plain = arg.get_value_parser().possible_values().is_some();
            let is_switch = plain && matches!(arg.get_action(), ArgAction::SetTrue);
            let arg = arg.allow_negative_numbers(takes_value);
            if !is_switch {
                return arg;
            }
            let arg = arg.value_parser(switch);
            if says_no(&arg) {
                arg.env(None::<&'static str>)
            } else {
                arg
            }
        })
        .mut_subcommands(|command| completed(command, &below))
}

/// Whether the variable of a flag without a value says no. It is not read then: the parser would take it for the
/// flag itself where others conflict with that, or are required by it.
fn says_no(flag: &Arg) -> bool {
    let value = flag.get_env().and_then(env::var_os);
    value.is_some_and(|value| value.to_str().is_some_and(|text| switch(text) == Ok(false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_can_be_parsed_and_is_of_its_own_command() {
        for (path, calls) in EXAMPLES {
            for call in calls.lines() {
                let words = shell_words(call);
                let parsed = command().try_get_matches_from(&words);
                assert!(parsed.is_ok(), "{call}: {}", parsed.unwrap_err());
                let begin = format!("loadgen {}", path.split(' ').next().unwrap_or_default());
                assert!(call.starts_with(&begin), "{path}: {call}");
            }
        }
    }

    /// The words of a call, those in quotes whole.
    fn shell_words(call: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (index, part) in call.split('\'').enumerate() {
            if index % 2 == 1 {
                words.push(part.to_owned());
            } else {
                words.extend(part.split_whitespace().map(str::to_owned));
            }
        }
        words
    }
}
