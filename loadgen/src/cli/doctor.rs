//! `loadgen doctor`: is this machine fit to measure on? Exit code 97 where it is not.

use std::{
    env,
    io::{self, Write},
};

use shared::api::lab::ProfileView;

use super::{
    args::DoctorArgs,
    outcome::{Failure, closed_pipe},
    services::Services,
};
use crate::{
    codeconnect::LabClient,
    doctor::{self, Finding, FindingLevel},
    exit,
};

/// Examines and tells.
pub(super) fn run(args: &DoctorArgs) -> Result<u8, Failure> {
    let view = view(args)?;
    let folder = args.target.stack_dir.clone().unwrap_or_else(env::temp_dir);
    let findings = doctor::examine(&folder, view.as_ref());
    let worst = doctor::worst(&findings);
    let mut out = io::stdout().lock();
    let told = if args.json {
        as_json(&mut out, worst, &findings)
    } else {
        tell(&mut out, worst, &findings)
    };
    if let Err(error) = told.and_then(|()| out.flush()) {
        closed_pipe(error)?;
    }
    Ok(if worst == FindingLevel::Bad {
        exit::INVALID
    } else {
        exit::PASSED
    })
}

/// What a running target says of itself, where one is named.
fn view(args: &DoctorArgs) -> Result<Option<ProfileView>, Failure> {
    let Services::Running { base, token, .. } = Services::of(&args.target)? else {
        return Ok(None);
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::internal)?;
    runtime.block_on(async {
        let lab = LabClient::new(&base, token).map_err(Failure::internal)?;
        lab.live().await.map_err(Failure::usage)?;
        if !lab.has_token() {
            return Err(Failure::usage(
                "what a target is made of is only told to who has its lab token: give it with --lab-token, or leave --target away to examine this machine alone",
            ));
        }
        lab.profile().await.map(Some).map_err(Failure::usage)
    })
}

fn as_json(out: &mut impl Write, worst: FindingLevel, findings: &[Finding]) -> io::Result<()> {
    let value = serde_json::json!({ "verdict": worst, "findings": findings });
    writeln!(out, "{value:#}")
}

fn tell(out: &mut impl Write, worst: FindingLevel, findings: &[Finding]) -> io::Result<()> {
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
        FindingLevel::Ok => "fit to measure on",
        FindingLevel::Warn => "fit to measure on, with the warnings above in mind",
        FindingLevel::Bad => "not fit to measure on: fix what is BAD first",
    };
    writeln!(out, "\n{}: {sentence}", worst.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_told_with_what_they_do_and_what_to_do_as_text_and_as_json() {
        let findings = [Finding {
            name: "clock",
            level: FindingLevel::Warn,
            found: "hpet".into(),
            effect: "slow".into(),
            fix: "another".into(),
        }];
        let mut text = Vec::new();
        tell(&mut text, FindingLevel::Warn, &findings).unwrap();
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
