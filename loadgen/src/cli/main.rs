//! From the command line to the exit code.

use std::{env, ffi::OsString, process::ExitCode};

use clap::{
    CommandFactory as _,
    error::{ContextKind, ContextValue, ErrorKind},
};
use shared::{text::unknown, usage};

use super::{
    commands,
    failure::Failure,
    flags::{self, Cli, Command, ExperimentAction, parse_arguments},
    output::print_error,
};
use crate::exit;
use loadgen_engine::driver;
use loadgen_stack::OTHER_SERVER;

/// Parses the arguments, runs the command and returns its exit code.
pub fn main() -> ExitCode {
    // Thousands of users are as many connections. If the limit cannot be raised, connecting fails
    // with a message of its own.
    let _limit = driver::raise_file_limit();
    survive_large_files();
    let cli = match parse_arguments() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(refuse(&error)),
    };
    forget_other_servers(&cli.command);
    match variables_are_known().and_then(|()| run(cli.command)) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            print_error(&failure.to_string());
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Forgets what the environment says of another PostgreSQL, which this process, or a program that it starts, would
/// apply to that of an own stack.
#[expect(
    unsafe_code,
    reason = "the library for PostgreSQL reads the environment, and only that"
)]
fn forget_other_servers(command: &Command) {
    // It says how a database that is named is reached.
    if matches!(command, Command::Db(args) if args.db.is_some()) {
        return;
    }
    for name in OTHER_SERVER {
        // SAFETY: no thread has been started that could read the environment meanwhile.
        unsafe { env::remove_var(name) };
    }
}

/// Refuses a mistyped variable, as a mistyped flag is.
fn variables_are_known() -> Result<(), Failure> {
    let names = env::vars_os().map(|(name, _)| name);
    // As declared: a variable that says no is taken from its flag otherwise.
    let unknown = usage::unknown_variable("LOADGEN_", &Cli::command(), names);
    unknown.map_or(Ok(()), |line| Err(Failure::Usage(line)))
}

/// Makes a write beyond the largest file that this process may make (`ulimit -f`) fail, so that it is
/// reported, where it would end the process. A handler that does nothing, because an ignored signal
/// would stay ignored in every program that is started from here.
fn survive_large_files() {
    extern "C" fn nothing(_signal: libc::c_int) {}
    #[expect(
        unsafe_code,
        reason = "the standard library sets no handlers of signals"
    )]
    // SAFETY: the handler does nothing, and so nothing that a handler may not do.
    unsafe {
        libc::signal(libc::SIGXFSZ, nothing as *const () as libc::sighandler_t);
    }
}

fn run(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Run(args) => commands::run::run(&args),
        Command::Worker(args) => commands::worker::run(&args),
        Command::Experiment(args) => match args.action() {
            ExperimentAction::List => commands::experiment_list::run(),
            ExperimentAction::RunAll => commands::run_all::run(&args),
            ExperimentAction::Run => commands::experiment::run(&args, None),
        },
        Command::Demo(args) => commands::demo::run(*args),
        Command::Report(args) => commands::report::run(&args),
        Command::Results(args) => commands::results::run(&args),
        Command::Validate(args) => commands::validate::run(&args),
        Command::Stack(args) => commands::stack::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Capacity(args) => commands::capacity::run(&args),
        Command::Chaos(args) => commands::chaos::run(&args),
        Command::Plan(args) => commands::sizing::run(&args),
        Command::Factorial(args) => commands::factorial::run(&args),
        Command::History(args) => commands::history::run(&args),
        Command::Http(args) => commands::http::run(&args),
        Command::Db(args) => commands::db::run(&args),
        Command::Ws(args) => commands::ws::run(&args),
        Command::Bench(args) => commands::bench::run(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Switches => commands::switches::run(),
    }
}

/// Prints what the parser says. Help and version are answers, everything else is wrong usage.
fn refuse(error: &clap::Error) -> u8 {
    match message(error) {
        Some(line) => {
            let words: Vec<OsString> = env::args_os().collect();
            let line = usage::naming_variables(line, &flags::command(), &words);
            print_error(&line);
        }
        None => {
            let _closed = error.print();
        }
    }
    if error.use_stderr() {
        exit::USAGE
    } else {
        exit::PASSED
    }
}

/// What is wrong, in one line; `None` for help and version, which are printed as they are.
fn message(error: &clap::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::InvalidSubcommand => Some(unknown_command(error)),
        kind => (error.use_stderr() && kind != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)
            .then(|| usage::one_line(&error.to_string())),
    }
}

/// The commands, and the one that was probably meant.
fn unknown_command(error: &clap::Error) -> String {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return usage::one_line(&error.to_string());
    };
    let cli = Cli::command();
    let names: Vec<&str> = cli.get_subcommands().map(clap::Command::get_name).collect();
    unknown("command", word, names.into_iter())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cli::flags::command;

    fn walk(
        command: &clap::Command,
        above: &[String],
        see: &mut impl FnMut(&[String], &clap::Command),
    ) {
        for below in command.get_subcommands() {
            if below.get_name() == "help" {
                continue;
            }
            let path = [above, &[below.get_name().to_owned()]].concat();
            see(&path, below);
            walk(below, &path, see);
        }
    }

    #[test]
    fn every_number_is_known_by_the_name_of_its_value() {
        assert_eq!(usage::misnamed_numbers(&command()), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_number_is_refused_in_one_line_with_the_flag_and_what_would_be_right() {
        let mut tried = 0;
        walk(&command(), &["loadgen".to_owned()], &mut |path, one| {
            for argument in one.get_arguments() {
                let names = argument.get_value_names().unwrap_or_default();
                let Some(long) = argument.get_long() else {
                    continue;
                };
                let others = ["ADDRESS:PORT", "SWITCH=LOW,HIGH"];
                let is_other = names.iter().any(|name| others.contains(&name.as_str()));
                if !argument.is_allow_hyphen_values_set() && !is_other {
                    continue;
                }
                for value in ["ten", "-1", "1e999", "", "NaN"] {
                    let words = [path, &[format!("--{long}"), value.to_owned()]].concat();
                    let error = command().try_get_matches_from(&words).unwrap_err();
                    let line = message(&error).unwrap_or_default();
                    let shown = format!("{words:?}: {line}");
                    assert_eq!(line.lines().count(), 1, "{shown}");
                    assert!(line.contains(&format!("--{long}")), "{shown}");
                    assert!(
                        error.use_stderr() && !line.contains("invalid digit"),
                        "{shown}"
                    );
                    let right = ["write", "from", "like", "at most"];
                    assert!(right.iter().any(|word| line.contains(word)), "{shown}");
                    tried += 1;
                }
            }
        });
        assert!(tried > 150, "{tried}");
    }

    #[test]
    fn a_word_that_is_none_of_a_closed_list_is_refused_with_the_list() {
        let mut tried = 0;
        walk(&command(), &["loadgen".to_owned()], &mut |path, one| {
            for argument in one.get_arguments() {
                let values = argument.get_possible_values();
                let Some(long) = argument.get_long() else {
                    continue;
                };
                if values.is_empty() || !argument.get_action().takes_values() {
                    continue;
                }
                let words = [path, &[format!("--{long}=no-such-word")]].concat();
                let error = command().try_get_matches_from(&words).unwrap_err();
                let line = message(&error).unwrap_or_default();
                assert_eq!(line.lines().count(), 1, "{line}");
                for right in values.iter().filter(|value| !value.is_hide_set()) {
                    assert!(line.contains(right.get_name()), "{words:?}: {line}");
                }
                tried += 1;
            }
        });
        assert!(tried >= 5, "{tried}");
        // Lists that are read by a function of their own.
        for (words, right) in [
            ("report --format=pdf", "text, md, html, junit, csv or json"),
            ("stack --scale=huge", "tiny, small, medium or large"),
            ("run core --crash=mysql@5s", "balancer, instance, rolling"),
        ] {
            let words = ["loadgen"].into_iter().chain(words.split(' '));
            let error = command().try_get_matches_from(words).unwrap_err();
            let line = message(&error).unwrap_or_default();
            assert!(line.contains(right), "{line}");
        }
    }

    #[test]
    fn every_command_has_examples_in_its_help() {
        walk(&command(), &[], &mut |path, one| {
            let help = one.clone().render_long_help().to_string();
            let call = format!("Examples:\n  loadgen {}", path[0]);
            assert!(help.contains(&call), "{path:?}: {help}");
        });
    }

    #[test]
    fn a_letter_is_short_for_the_same_flag_in_every_command() {
        let mut whole = command();
        whole.build();
        let mut meanings: BTreeMap<char, BTreeMap<String, String>> = BTreeMap::new();
        let mut note = |path: &[String], one: &clap::Command| {
            for argument in one.get_arguments() {
                let aliases = argument.get_all_short_aliases().unwrap_or_default();
                for letter in argument.get_short().into_iter().chain(aliases) {
                    let long = argument.get_long().unwrap_or("(no long name)");
                    let of_letter = meanings.entry(letter).or_default();
                    of_letter.insert(long.to_owned(), path.join(" "));
                }
            }
        };
        note(&["loadgen".to_owned()], &whole);
        walk(&whole, &["loadgen".to_owned()], &mut note);
        for (letter, longs) in &meanings {
            assert_eq!(longs.len(), 1, "-{letter} is short for {longs:?}");
        }
        let of = |letter| meanings[&letter].keys().next().map(String::as_str);
        assert_eq!(of('q'), Some("quiet"));
        assert_eq!(of('R'), Some("rate"));
        assert_eq!(of('h'), Some("help"));
    }

    #[test]
    fn a_mistyped_command_suggests_the_nearest() {
        let error = command()
            .try_get_matches_from(["loadgen", "rnu"])
            .unwrap_err();
        let line = message(&error).unwrap();
        assert!(line.contains("did you mean `run`?"), "{line}");
    }
}
