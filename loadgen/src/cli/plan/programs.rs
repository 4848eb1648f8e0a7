//! The programs that the arms of an experiment run, where the command line names them: an experiment on two
//! builds of target-app.

use std::path::Path;

use crate::cli::{failure::Failure, flags::ExperimentArgs};
use loadgen_experiment::{paired::Experiment, services::TargetProgram};
use loadgen_stack::target_program;

/// Gives both arms their programs if the command line names one of them.
pub(super) fn choose_programs(
    experiment: &mut Experiment,
    args: &ExperimentArgs,
) -> Result<(), Failure> {
    if !args.names_programs() {
        return Ok(());
    }
    let named = |given: Option<&Path>| {
        let given = given.or(args.target.target_bin.as_deref());
        let path = target_program(given).map_err(Failure::usage)?;
        TargetProgram::read(&path)
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
    };
    let before = named(args.target_bin_before.as_deref())?;
    let after = named(args.target_bin_after.as_deref())?;
    let control = args.aa || args.plant.is_some();
    if before.is_same_build(&after) && experiment.differences().is_empty() && !control {
        return Err(Failure::usage(format!(
            "both arms run the same build, {before}: name two, or ask for a control of one with --aa"
        )));
    }
    (experiment.before.program, experiment.after.program) = (Some(before), Some(after));
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;
    use crate::cli::{flags::one_command::flags_of, plan::plan_experiment};

    fn planned(words: &[&str]) -> Result<Experiment, String> {
        let args =
            flags_of(["experiment"].iter().chain(words)).map_err(|error| error.to_string())?;
        plan_experiment(&args)
            .map(|(experiment, _)| experiment)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn two_builds_are_an_experiment_and_one_build_or_no_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let program = |name: &str, bytes: &str| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path.display().to_string()
        };
        let (one, other) = (program("one", "1"), program("other", "2"));
        let copy = program("copy", "1");
        let flags = |before: &str, after: &str| {
            [
                format!("--target-bin-before={before}"),
                format!("--target-bin-after={after}"),
            ]
        };
        let with = |[before, after]: [String; 2], more: &[&str]| {
            planned(&[&[before.as_str(), after.as_str()], more].concat())
        };

        let found = with(flags(&one, &other), &["--flow", "mentors.browse"]).unwrap();
        let differences = found.differences();
        assert_eq!(differences.len(), 1);
        assert_eq!(differences[0].0, "program");
        assert!(differences[0].1.contains(&one) && differences[0].2.contains(&other));
        assert_eq!(found.before.settings, found.after.settings);
        assert!(
            found.suite.question.contains(&one),
            "{}",
            found.suite.question
        );

        // A bundled experiment compares its switches on one build or on two.
        let cache = with(flags(&one, &copy), &["mentor_cache"]).unwrap();
        assert!(
            cache
                .differences()
                .iter()
                .any(|(path, ..)| path == "cache.mentors")
        );
        assert!(with(flags(&one, &copy), &["--flow", "mentors.browse", "--aa"]).is_ok());

        for (words, right) in [
            (flags(&one, &copy), "both arms run the same build"),
            (flags(&one, "/nowhere"), "/nowhere"),
        ] {
            let refusal = with(words, &[]).unwrap_err();
            assert!(refusal.contains(right), "{refusal}");
        }
        let not_executable = folder.path().join("text");
        fs::write(&not_executable, "3").unwrap();
        let text = not_executable.display().to_string();
        assert!(with(flags(&one, &text), &[]).unwrap_err().contains(&text));
        for more in [["--capacity"].as_slice(), &["--target", "8080"]] {
            let refusal = with(flags(&one, &other), more).unwrap_err();
            assert!(refusal.contains("--target-bin-before"), "{refusal}");
        }
    }
}
