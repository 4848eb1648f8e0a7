//! How both programs read their command line, and how they report a mistyped one: in one line.

use std::{collections::BTreeMap, env, ffi::OsString};

use clap::{Arg, Command, error::ErrorKind};

use crate::text::nearest;

/// Names of the values that begin with a digit; [`misnamed_numbers`] finds what it has too few or too many of.
const NUMBERS: [&str; 13] = [
    "DURATION", "FACTOR", "MIN..MAX", "N", "NUMBER", "PERCENT", "RATE", "S", "SECONDS", "SEED",
    "SHARE", "STATUSES", "TIME",
];

/// What is wrong and the tip of clap's usage error, without the usage: `--help` has that.
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    for part in text.lines().map(str::trim) {
        if part.starts_with("Usage:") || part.starts_with("For more information") {
            break;
        }
        if !part.is_empty() {
            let between = match line.chars().last() {
                None => "",
                Some(':') => " ",
                Some(_) => "; ",
            };
            line.push_str(between);
            line.push_str(part);
        }
    }
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

/// The command, and those below it, with numbers that may have a sign: `-5s` is the value of the flag before it,
/// so that this flag refuses it, and not an unknown flag.
pub fn with_signed_values(command: Command) -> Command {
    command
        .mut_args(|arg| {
            if takes_number(&arg) {
                arg.allow_hyphen_values(true)
            } else {
                arg
            }
        })
        .mut_subcommands(with_signed_values)
}

/// Whether a flag always has a value, and one that begins with a digit.
fn takes_number(arg: &Arg) -> bool {
    let names = arg.get_value_names().unwrap_or_default();
    takes_value(arg) && names.iter().any(|name| NUMBERS.contains(&name.as_str()))
}

/// Whether it is a flag that always has a value.
fn takes_value(arg: &Arg) -> bool {
    let always = arg
        .get_num_args()
        .is_none_or(|count| count.min_values() > 0);
    always && arg.get_action().takes_values() && !arg.is_positional()
}

/// Flags of a program whose values are numbers by what they accept and not by their names, or the other way round. For a
/// test of each program.
pub fn misnamed_numbers(program: &Command) -> Vec<String> {
    let mut found = Vec::new();
    find_misnamed(program, &[program.get_name()], program, &mut found);
    found
}

fn find_misnamed(program: &Command, path: &[&str], command: &Command, found: &mut Vec<String>) {
    let flags = command.get_arguments().filter(|arg| takes_value(arg));
    for (arg, long) in flags.filter_map(|arg| Some((arg, arg.get_long()?))) {
        // A value that is accepted may still leave the command without another one that it needs.
        let accepts = |value: &&str| {
            let flag = format!("--{long}={value}");
            let words = path.iter().copied().chain([flag.as_str()]);
            let error = program.clone().try_get_matches_from(words).err();
            !error.is_some_and(|error| {
                matches!(
                    error.kind(),
                    ErrorKind::ValueValidation | ErrorKind::InvalidValue
                )
            })
        };
        // An address may be a port alone, and is no number.
        let others = ["x", "127.0.0.1:1"];
        let numbers = ["5", "100", "5s", "5/s", "1s..2s", "0.5"];
        let is_number = !others.iter().any(&accepts) && numbers.iter().any(&accepts);
        if is_number != takes_number(arg) {
            found.push(format!("{} --{long}", path.join(" ")));
        }
    }
    for below in command.get_subcommands() {
        find_misnamed(program, &[path, &[below.get_name()]].concat(), below, found);
    }
}

/// A refusal of the `words` of a process, its program first, with the environment variable of each value that
/// came from one: nobody typed the flag that `line` names.
pub fn naming_variables(mut line: String, command: &Command, words: &[OsString]) -> String {
    let refused = |command: Command| {
        let error = command.try_get_matches_from(words).err();
        error.map(|error| error.to_string())
    };
    let original = refused(command.clone());
    let mut set = BTreeMap::new();
    variables(command, &mut set);
    set.retain(|variable, _| env::var_os(variable).is_some());
    for (variable, long) in &set {
        // A variable has no effect where its flag is typed.
        let without_it = refused(without(command.clone(), variable));
        if without_it == original {
            continue;
        }
        match quoted(&line, long).map(str::to_owned) {
            Some(flag) => {
                line = line.replace(&format!("'{flag}'"), &format!("{variable} ({flag})"));
            }
            None if without_it.is_none() => line = format!("{line}; {variable} is set"),
            None => {}
        }
    }
    line
}

/// What is wrong with the first of the variables `set` whose name begins with `prefix` and that no flag of the command, or
/// of those below it, has. Those behind `prefix` and `TEST_` are for tests of the program, and Kubernetes and Docker make
/// some for a service that has its name.
pub fn unknown_variable(
    prefix: &str,
    command: &Command,
    set: impl Iterator<Item = OsString>,
) -> Option<String> {
    let mut known = BTreeMap::new();
    variables(command, &mut known);
    let is_unknown = |name: &String| {
        let of_service =
            name.contains("_SERVICE_") || name.contains("_PORT_") || name.ends_with("_PORT");
        let of_others = of_service || name[prefix.len()..].starts_with("TEST_");
        name.len() > prefix.len() && !of_others && !known.contains_key(name)
    };
    let unknown = set
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with(prefix))
        .filter(is_unknown)
        .min()?;
    let word = unknown[prefix.len()..].to_uppercase();
    let words = known.keys().filter_map(|name| name.strip_prefix(prefix));
    Some(match nearest(&word, words) {
        Some(near) => format!("unknown variable {unknown}; did you mean {prefix}{near}?"),
        None => format!("unknown variable {unknown}; no flag has it: unset or rename it"),
    })
}

/// The variables of a command and of those below it, with the names of their flags.
fn variables(command: &Command, all: &mut BTreeMap<String, String>) {
    for arg in command.get_arguments() {
        if let (Some(variable), Some(long)) = (arg.get_env(), arg.get_long()) {
            all.insert(variable.to_string_lossy().into_owned(), long.to_owned());
        }
    }
    for below in command.get_subcommands() {
        variables(below, all);
    }
}

/// The command, and those below it, where that variable is not read.
fn without(command: Command, variable: &str) -> Command {
    command
        .mut_args(|arg| {
            if arg.get_env().is_some_and(|name| name == variable) {
                arg.env(None::<&'static str>)
            } else {
                arg
            }
        })
        .mut_subcommands(|below| without(below, variable))
}

/// The flag as clap writes it between quotes, like `--rate <RATE>`.
fn quoted<'a>(line: &'a str, long: &str) -> Option<&'a str> {
    line.split('\'').find(|part| {
        let flag = part.strip_prefix("--");
        let rest = flag.and_then(|flag| flag.strip_prefix(long));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '=', '[']))
    })
}

#[cfg(test)]
mod tests {
    use clap::value_parser;

    use super::*;

    #[test]
    fn a_usage_error_is_what_is_wrong_and_the_tip() {
        let usage = "error: unexpected argument '--rte' found\n\n  tip: a similar argument exists: '--rate'\n\nUsage: loadgen http\n\nFor more information, try '--help'.\n";
        assert_eq!(
            one_line(usage),
            "unexpected argument '--rte' found; tip: a similar argument exists: '--rate'"
        );
        let usage = "error: the following required arguments were not provided:\n  <URL>\n  --rate <RATE>\n\nUsage: x\n";
        assert_eq!(
            one_line(usage),
            "the following required arguments were not provided: <URL>; --rate <RATE>"
        );
    }

    /// A program with a command, whose flags have variables that every process has and none has.
    fn program() -> Command {
        let places = Arg::new("places").long("places").env("PATH");
        let users = Arg::new("users").long("users").env("NO_SUCH_VARIABLE");
        let users = users.value_name("N").value_parser(value_parser!(u8));
        let quick = Arg::new("quick").long("quick");
        let run = Command::new("run").args([
            places.value_name("N").value_parser(value_parser!(u8)),
            users,
            quick.num_args(0..=1).value_name("N"),
        ]);
        Command::new("program").subcommand(run)
    }

    fn refusal(command: &Command, words: &[&str]) -> String {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let error = command.clone().try_get_matches_from(&words).unwrap_err();
        naming_variables(one_line(&error.to_string()), command, &words)
    }

    #[test]
    fn a_value_from_a_variable_is_blamed_on_the_variable_and_a_typed_one_on_its_flag() {
        let line = refusal(&program(), &["program", "run"]);
        assert!(line.contains("for PATH (--places <N>)"), "{line}");
        let line = refusal(&program(), &["program", "run", "--places", "ten"]);
        assert!(line.contains("for '--places <N>'"), "{line}");
        let words = ["program", "run", "--places", "1", "--users", "ten"];
        let line = refusal(&program(), &words);
        assert!(line.contains("for '--users <N>'"), "{line}");
        assert!(!line.contains("PATH"), "{line}");
    }

    #[test]
    fn a_variable_without_which_nothing_would_be_refused_is_named() {
        let places = Arg::new("places").long("places").env("PATH");
        let users = Arg::new("users").long("users").value_name("N");
        let command = Command::new("program").args([places.requires("users"), users]);
        let line = refusal(&command, &["program"]);
        assert!(
            line.contains("--users <N>") && line.ends_with("; PATH is set"),
            "{line}"
        );
    }

    #[test]
    fn a_variable_of_no_flag_is_named_with_the_nearest_and_those_of_others_are_not() {
        let unknown = |names: &[&str]| {
            let names = names.iter().map(OsString::from);
            unknown_variable("NO_SUCH_", &program(), names)
        };
        for (names, said) in [
            (vec!["NO_SUCH_VARIABEL"], "did you mean NO_SUCH_VARIABLE?"),
            (vec!["NO_SUCH_variable"], "did you mean NO_SUCH_VARIABLE?"),
            (
                vec!["NO_SUCH_VARIABLE", "NO_SUCH_COLOUR"],
                "NO_SUCH_COLOUR; no flag",
            ),
        ] {
            let line = unknown(&names).unwrap();
            assert!(line.contains(said), "{line}");
        }
        let others = [
            "PATH",
            "NO_SUCH_",
            "NO_SUCH_VARIABLE",
            "NO_SUCH_TEST_PANIC",
            "NO_SUCH_PORT",
            "NO_SUCH_SERVICE_HOST",
            "NO_SUCH_PAGE_PORT_80_TCP_ADDR",
        ];
        assert_eq!(unknown(&others), None);
    }

    #[test]
    fn a_number_that_is_not_known_by_its_name_is_found_and_so_is_a_word_with_such_a_name() {
        let flag =
            |long: &'static str, name: &'static str| Arg::new(long).long(long).value_name(name);
        let number = value_parser!(u8);
        let run = Command::new("run").args([
            flag("users", "COUNT").value_parser(number),
            flag("title", "N"),
            flag("rate", "RATE").value_parser(number),
        ]);
        let found = misnamed_numbers(&Command::new("program").subcommand(run));
        assert_eq!(found, ["program run --users", "program run --title"]);
    }

    #[test]
    fn a_number_with_a_sign_is_the_value_of_the_flag_before_it() {
        let command = with_signed_values(program());
        let words = ["program", "run", "--places", "1", "--users", "-5s"];
        let line = refusal(&command, &words);
        assert!(
            line.contains("'-5s'") && line.contains("'--users <N>'"),
            "{line}"
        );
        // A flag that needs no value takes none that is a flag.
        let words = ["program", "run", "--quick", "--places", "1"];
        assert!(command.try_get_matches_from(words).is_ok());
    }
}
