//! How the page starts a command: this program, with the target settings of the one that serves.

use std::{collections::BTreeMap, path::Path};

use crate::{
    cli::{failure::Failure, flags::TargetArgs},
    library,
    web::{CatalogueEntry, JobCatalogue, JobTemplate, SwitchEntry},
};
use loadgen_codeconnect::CodeConnect;
use loadgen_experiment::system::Application as _;

/// Suites and experiments that a page can start, and the flags that each gets.
pub(in crate::cli) fn job_template(
    target: &TargetArgs,
    results: &Path,
) -> Result<JobTemplate, Failure> {
    let mut catalogue = JobCatalogue::default();
    let entry = |name: &str, question: String| CatalogueEntry {
        name: name.to_owned(),
        question,
    };
    for name in library::suite_names() {
        let (suite, _) = library::find_suite(name)?;
        catalogue.suites.push(entry(name, suite.question));
    }
    for name in library::experiment_names() {
        let (experiment, _) = library::find_experiment(name)?;
        let question = experiment.suite.question;
        catalogue.experiments.push(entry(name, question));
    }
    let after = CodeConnect.default_profile();
    let switches = after.0.into_iter();
    catalogue.switches = switches
        .map(|(path, value)| SwitchEntry { path, value })
        .collect();
    // A token on the command line could be read by everyone on the machine.
    let token = target.running.lab_token.clone();
    let environment: BTreeMap<String, String> = token
        .map(|token| ("LOADGEN_LAB_TOKEN".to_owned(), token))
        .into_iter()
        .collect();
    Ok(JobTemplate {
        program: std::env::current_exe().map_err(Failure::internal)?,
        arguments: arguments(target, results),
        environment,
        catalogue,
    })
}

/// Flags for the target and the results folder.
fn arguments(target: &TargetArgs, results: &Path) -> Vec<String> {
    let path = |path: &Path| path.display().to_string();
    let flags = [
        ("results", Some(path(results))),
        ("scale", target.scale.map(|scale| scale.to_string())),
        ("topology", target.topology.map(|one| one.to_string())),
        ("target-bin", target.target_bin.as_deref().map(path)),
        ("stack-dir", target.stack_dir.as_deref().map(path)),
        ("crash", target.crash.map(|crash| crash.to_string())),
    ];
    let mut words: Vec<String> = flags
        .into_iter()
        .filter_map(|(flag, value)| Some(format!("--{flag}={}", value?)))
        .collect();
    let running = &target.running;
    words.extend(running.targets.iter().map(|url| format!("--target={url}")));
    let instances = running.instances.iter();
    words.extend(instances.map(|url| format!("--instance={url}")));
    let rules = running.resolve.iter();
    words.extend(rules.map(|rule| format!("--resolve={rule}")));
    if running.allow_remote_target {
        words.push("--allow-remote-target".to_owned());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::flags::{ExperimentArgs, RunningTargetArgs, one_command::flags_of};

    /// What an experiment that is started with these settings of the target is given.
    fn started(template: JobTemplate) -> TargetArgs {
        let words = ["experiment", "mentor_cache", "--quick"];
        let words = words.into_iter().map(str::to_owned);
        let all = words.chain(template.arguments);
        let extra = ["--quiet", "--events-to", "-", "--control-from", "-"].map(str::to_owned);
        let args: ExperimentArgs = flags_of(all.chain(extra)).unwrap();
        assert_eq!(args.result.folder.results, Path::new("elsewhere"));
        args.target
    }

    #[test]
    fn a_child_understands_the_flags_and_gets_the_token_by_its_environment() {
        let target = TargetArgs {
            running: RunningTargetArgs {
                targets: vec!["http://a.test:80".into(), "http://127.0.0.1:8080".into()],
                lab_token: Some("secret-token".into()),
                allow_remote_target: true,
                instances: vec!["http://b.test:80".into()],
                resolve: vec!["a.test:80:::1".parse().unwrap()],
            },
            ..TargetArgs::default()
        };
        let template = job_template(&target, Path::new("elsewhere")).unwrap();
        assert!(
            !template
                .arguments
                .iter()
                .any(|word| word.contains("secret"))
        );
        assert_eq!(template.environment["LOADGEN_LAB_TOKEN"], "secret-token");
        assert_eq!(
            template.catalogue.suites.len(),
            library::suite_names().count()
        );
        let (given, wanted) = (started(template).running, &target.running);
        assert_eq!(given.targets, wanted.targets);
        assert_eq!(given.instances, wanted.instances);
        assert_eq!(given.resolve, wanted.resolve);
        let own = TargetArgs {
            scale: Some(shared::dataset::Scale::Tiny),
            target_bin: Some("-odd name".into()),
            stack_dir: Some("kept".into()),
            ..TargetArgs::default()
        };
        let given = started(job_template(&own, Path::new("elsewhere")).unwrap());
        assert_eq!(given.scale, own.scale);
        assert_eq!(given.target_bin, own.target_bin);
        assert_eq!(given.stack_dir, own.stack_dir);
    }
}
