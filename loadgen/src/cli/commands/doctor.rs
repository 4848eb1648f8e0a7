//! `loadgen doctor`: checks whether this machine is fit for measurements; exit code 97 if it is not.

use std::{
    env,
    io::{self, Write},
};

use shared::api::lab::ProfileView;

use crate::{
    cli::{
        failure::Failure,
        flags::{DoctorArgs, TargetArgs},
        output::closed_pipe,
        session::{ServiceSource, connect, local_runtime},
    },
    doctor::{self, Finding, FindingLevel},
    exit,
};
use loadgen_codeconnect::LabClient;
use loadgen_stack::missing_programs;

/// Examines the machine and prints the findings.
pub(in crate::cli) fn run(args: &DoctorArgs) -> Result<u8, Failure> {
    let targets = targets(args)?;
    let missing = if targets.is_empty() {
        missing_programs(
            args.topology.unwrap_or_default(),
            args.target_bin.as_deref(),
        )
    } else {
        Vec::new()
    };
    let folder = args.stack_dir.clone().unwrap_or_else(env::temp_dir);
    let findings = doctor::examine(&folder, &missing, &targets);
    let worst = doctor::worst(&findings);
    let mut out = io::stdout().lock();
    let written = if args.json {
        as_json(&mut out, worst, &findings)
    } else {
        as_text(&mut out, worst, &findings)
    };
    if let Err(error) = written.and_then(|()| out.flush()) {
        closed_pipe(error)?;
    }
    Ok(if worst == FindingLevel::Bad {
        exit::INVALID
    } else {
        exit::PASSED
    })
}

/// The profile of each process of a running target, with its host; none where no target is named.
fn targets(args: &DoctorArgs) -> Result<Vec<(String, ProfileView)>, Failure> {
    let named = TargetArgs {
        running: args.running.clone(),
        ..TargetArgs::default()
    };
    let ServiceSource::Running {
        targets,
        instances,
        token,
        ..
    } = ServiceSource::from_flags(&named)?
    else {
        return Ok(Vec::new());
    };
    let processes = if instances.is_empty() {
        targets
    } else {
        instances
    };
    let endpoints = connect(&processes)?;
    let runtime = local_runtime()?;
    runtime.block_on(async {
        let mut views = Vec::new();
        for endpoint in endpoints.iter() {
            let lab = LabClient::new(endpoint, token.clone())?;
            lab.live().await?;
            if !lab.has_token() {
                return Err(Failure::usage(
                    "a target describes itself only to requests with its lab token: give it with --lab-token, or omit --target to examine this machine alone",
                ));
            }
            views.push((endpoint.host.clone(), lab.profile().await?));
        }
        Ok(views)
    })
}

fn as_json(out: &mut impl Write, worst: FindingLevel, findings: &[Finding]) -> io::Result<()> {
    let value = serde_json::json!({ "verdict": worst, "findings": findings });
    writeln!(out, "{value:#}")
}

fn as_text(out: &mut impl Write, worst: FindingLevel, findings: &[Finding]) -> io::Result<()> {
    let width = findings
        .iter()
        .map(|finding| finding.name.len())
        .max()
        .unwrap_or(0);
    for finding in findings {
        writeln!(
            out,
            "{:4}  {:width$}  {}",
            finding.level.as_str(),
            finding.name,
            finding.found
        )?;
        if finding.level > FindingLevel::Ok {
            let blank = "";
            writeln!(
                out,
                "      {blank:width$}  what it does  {}",
                finding.effect
            )?;
            writeln!(out, "      {blank:width$}  what to do    {}", finding.fix)?;
        }
    }
    let sentence = match worst {
        FindingLevel::Ok => "fit for measurements",
        FindingLevel::Warn => "fit for measurements; consider the warnings above",
        FindingLevel::Bad => "not fit for measurements: fix what is BAD first",
    };
    writeln!(out, "\n{}: {sentence}", worst.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_printed_with_effect_and_remedy_as_text_and_as_json() {
        let findings = [Finding {
            name: "clock",
            level: FindingLevel::Warn,
            found: "hpet".into(),
            effect: "slow".into(),
            fix: "another".into(),
        }];
        let mut text = Vec::new();
        as_text(&mut text, FindingLevel::Warn, &findings).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("WARN  clock  hpet\n"), "{text}");
        assert!(text.contains("what to do    another"), "{text}");
        let mut json = Vec::new();
        as_json(&mut json, FindingLevel::Warn, &findings).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["verdict"], "WARN");
        assert_eq!(json["findings"][0]["fix"], "another");
    }
}
