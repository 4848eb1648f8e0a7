//! Findings about the machine, from its state alone.

use super::{finding::Finding, kernel::MachineFacts};
use loadgen_engine::thread_priority::ThreadPrecedence;
use loadgen_experiment::observer::Hiccups;
use loadgen_experiment::services::SERVICE_NICE;

const GIB: f64 = 1_073_741_824.0;
/// Runnable tasks a core above which a measurement would mostly show how they take turns.
const MAX_TASKS: f64 = 2.0;

/// Everything about the machine that can be said without waiting.
pub(super) fn findings(facts: &MachineFacts) -> Vec<Finding> {
    vec![
        cores(facts),
        load(facts),
        scheduling(facts),
        files(facts),
        ports(facts),
        governor(facts),
        clock_source(facts),
        memory(facts),
        folder(facts),
    ]
}

/// Findings from watching the machine for some seconds.
pub(super) fn watched(steal: Option<f64>, hiccups: Option<Hiccups>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(share) = steal {
        let found = format!("{:.1} % of the time", share * 100.0);
        findings.push(if share > 0.1 {
            Finding::bad(
                "steal",
                found,
                "the hypervisor takes the processor away in the middle of requests: every trial would be noisy",
                "measure at a quieter hour, or on a machine that is not shared",
            )
        } else if share > 0.02 {
            Finding::warn(
                "steal",
                found,
                "trials in which the hypervisor takes more than 2 % count as noisy and are repeated",
                "measure at a quieter hour, or on a machine that is not shared",
            )
        } else {
            Finding::ok("steal", found)
        });
    }
    if let Some(seen) = hiccups {
        let found = format!(
            "a thread that slept for 1 ms woke at most {:.1} ms late",
            seen.longest.as_ms()
        );
        findings.push(if seen.longest.as_ms() > 50.0 {
            Finding::warn(
                "wake-ups",
                found,
                "requests are sent late, and trials with such a moment count as noisy",
                "stop other programs, or leave a core free",
            )
        } else {
            Finding::ok("wake-ups", found)
        });
    }
    findings
}

fn cores(facts: &MachineFacts) -> Finding {
    let allowed = facts
        .quota
        .map_or(facts.cores as f64, |quota| quota.min(facts.cores as f64));
    let found = match facts.quota {
        Some(quota) => format!(
            "{} cores, of which a control group allows {quota:.1}",
            facts.cores
        ),
        None => format!("{} cores", facts.cores),
    };
    if allowed < 1.5 {
        Finding::warn(
            "cores",
            found,
            "generator, target and database take the one core in turns: latencies show the queue for it, not the target",
            "use two cores or more, or keep the rate far below what the machine can do",
        )
    } else {
        Finding::ok("cores", found)
    }
}

fn load(facts: &MachineFacts) -> Finding {
    let Some(load) = facts.load else {
        return Finding::ok("load", "not visible");
    };
    let each = load / facts.cores.max(1) as f64;
    let found = format!("{load:.1} runnable tasks over the last minute, {each:.1} a core");
    let effect =
        "other work takes turns with the target: both arms become slower, by different amounts";
    let fix = "stop it, or wait until it has ended";
    if each > MAX_TASKS {
        Finding::bad("load", found, effect, fix)
    } else if each > 0.7 {
        Finding::warn("load", found, effect, fix)
    } else {
        Finding::ok("load", found)
    }
}

fn scheduling(facts: &MachineFacts) -> Finding {
    let Some(precedence) = facts.precedence else {
        return Finding::ok("scheduling", "not visible");
    };
    let found = format!("generator threads {precedence}, own services nice {SERVICE_NICE}");
    let effect = "beside a saturated target the generator waits for a processor, and those waits are in the response times: trials near capacity become INVALID";
    let fix = "run as root, or once `setcap cap_sys_nice+ep loadgen`, or raise `ulimit -r` to 2";
    match precedence {
        // A nice value counts only among the processes of one session there.
        ThreadPrecedence::LowerNice if facts.autogroup => Finding::warn(
            "scheduling",
            format!("{found}; kernel.sched_autogroup_enabled=1 limits nice values to one session"),
            effect,
            fix,
        ),
        ThreadPrecedence::RealTime | ThreadPrecedence::LowerNice => {
            Finding::ok("scheduling", found)
        }
        ThreadPrecedence::Ordinary => Finding::warn("scheduling", found, effect, fix),
    }
}

fn files(facts: &MachineFacts) -> Finding {
    let Some((soft, hard)) = facts.files else {
        return Finding::ok("open files", "not visible");
    };
    let shown = |limit: u64| {
        if limit == u64::MAX {
            "no limit".to_owned()
        } else {
            limit.to_string()
        }
    };
    let found = format!("{} allowed (at most {})", shown(soft), shown(hard));
    let fix = "`ulimit -n 65536` in the shell that starts loadgen";
    if soft < 256 {
        Finding::bad(
            "open files",
            found,
            "connections are refused by this machine, not by the target",
            fix,
        )
    } else if soft < 1_024 {
        Finding::warn(
            "open files",
            found,
            "a few hundred virtual users are the most that can be opened",
            fix,
        )
    } else {
        Finding::ok("open files", found)
    }
}

fn ports(facts: &MachineFacts) -> Finding {
    let Some((first, last)) = facts.ports else {
        return Finding::ok("ports", "not visible");
    };
    let count = (last + 1).saturating_sub(first);
    let found = format!("{count} for outgoing connections ({first} to {last})");
    let fix = "`sysctl net.ipv4.ip_local_port_range=\"1024 65535\"`";
    if count < 1_000 {
        Finding::bad(
            "ports",
            found,
            "connecting fails as soon as they are used up",
            fix,
        )
    } else if count < 10_000 {
        Finding::warn(
            "ports",
            found,
            "loads that open connections often run out of them",
            fix,
        )
    } else {
        Finding::ok("ports", found)
    }
}

fn governor(facts: &MachineFacts) -> Finding {
    match facts.governor.as_deref() {
        None => Finding::ok(
            "frequency",
            "chosen outside of this system (a virtual machine)",
        ),
        Some("performance") => Finding::ok("frequency", "governor performance"),
        Some(other) => Finding::warn(
            "frequency",
            format!("governor {other}"),
            "a processor that slows down when idle makes light loads look slower than heavy ones",
            "`cpupower frequency-set -g performance`",
        ),
    }
}

fn clock_source(facts: &MachineFacts) -> Finding {
    match facts.clock_source.as_deref() {
        None => Finding::ok("clock", "not visible"),
        Some(slow @ ("hpet" | "acpi_pm" | "jiffies" | "pit")) => Finding::warn(
            "clock",
            slow,
            "reading the time costs a microsecond or more, several times a request",
            "boot with `clocksource=tsc` if the processor has a steady one",
        ),
        Some(other) => Finding::ok("clock", other),
    }
}

fn memory(facts: &MachineFacts) -> Finding {
    let Some(free) = facts.memory else {
        return Finding::ok("memory", "not visible");
    };
    let swap = facts.swap_used.unwrap_or(0) as f64 / GIB;
    let gib = free as f64 / GIB;
    let found = if swap > 0.01 {
        format!("{gib:.1} GiB available, {swap:.1} GiB swapped out")
    } else {
        format!("{gib:.1} GiB available")
    };
    let fix = "stop other programs, or use a smaller --scale";
    if gib < 0.4 {
        Finding::bad(
            "memory",
            found,
            "a service may be killed in the middle of a trial",
            fix,
        )
    } else if gib < 1.0 {
        Finding::warn(
            "memory",
            found,
            "the database's pages do not stay in memory: reads go to the disk",
            fix,
        )
    } else {
        Finding::ok("memory", found)
    }
}

fn folder(facts: &MachineFacts) -> Finding {
    let Some((in_memory, free)) = facts.folder else {
        return Finding::ok("data folder", "not visible");
    };
    let gib = free as f64 / GIB;
    let fix = "name a folder on a disk with --stack-dir, or with TMPDIR";
    if gib < 0.5 {
        Finding::bad(
            "data folder",
            format!("{gib:.1} GiB free"),
            "the database stops when the disk is full",
            fix,
        )
    } else if in_memory {
        Finding::warn(
            "data folder",
            format!("in memory (tmpfs), {gib:.1} GiB free"),
            "writes and commits cost nothing there: what they cost in service is not measured",
            fix,
        )
    } else {
        Finding::ok("data folder", format!("on a disk, {gib:.1} GiB free"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::FindingLevel;
    use loadgen_engine::units::Nanos;

    fn sound() -> MachineFacts {
        MachineFacts {
            cores: 4,
            quota: None,
            load: Some(0.4),
            precedence: Some(ThreadPrecedence::RealTime),
            autogroup: true,
            files: Some((65_536, 65_536)),
            ports: Some((32_768, 60_999)),
            governor: Some("performance".into()),
            clock_source: Some("tsc".into()),
            memory: Some(8 << 30),
            swap_used: Some(0),
            folder: Some((false, 50 << 30)),
        }
    }

    #[test]
    fn a_sound_machine_and_an_unknown_one_have_nothing_to_fix() {
        for facts in [
            sound(),
            MachineFacts {
                cores: 4,
                ..MachineFacts::default()
            },
        ] {
            for finding in findings(&facts) {
                assert_eq!(finding.level, FindingLevel::Ok, "{finding:?}");
                assert!(finding.fix.is_empty());
            }
        }
    }

    #[test]
    fn each_fault_is_found_under_its_name_with_effect_and_fix() {
        type Spoil = fn(&mut MachineFacts);
        let faults: [(&str, FindingLevel, Spoil); 14] = [
            ("cores", FindingLevel::Warn, |f| f.quota = Some(1.0)),
            ("load", FindingLevel::Warn, |f| f.load = Some(6.0)),
            ("load", FindingLevel::Bad, |f| f.load = Some(9.6 * 4.0)),
            ("scheduling", FindingLevel::Warn, |f| {
                f.precedence = Some(ThreadPrecedence::Ordinary);
            }),
            ("scheduling", FindingLevel::Warn, |f| {
                f.precedence = Some(ThreadPrecedence::LowerNice);
            }),
            ("open files", FindingLevel::Bad, |f| {
                f.files = Some((64, 64));
            }),
            ("open files", FindingLevel::Warn, |f| {
                f.files = Some((512, 4_096));
            }),
            ("ports", FindingLevel::Bad, |f| {
                f.ports = Some((60_000, 60_100));
            }),
            ("frequency", FindingLevel::Warn, |f| {
                f.governor = Some("powersave".into());
            }),
            ("clock", FindingLevel::Warn, |f| {
                f.clock_source = Some("hpet".into());
            }),
            ("memory", FindingLevel::Bad, |f| f.memory = Some(100 << 20)),
            ("memory", FindingLevel::Warn, |f| f.memory = Some(800 << 20)),
            ("data folder", FindingLevel::Warn, |f| {
                f.folder = Some((true, 4 << 30));
            }),
            ("data folder", FindingLevel::Bad, |f| {
                f.folder = Some((false, 1 << 20));
            }),
        ];
        for (name, level, spoil) in faults {
            let mut facts = sound();
            spoil(&mut facts);
            let found: Vec<Finding> = findings(&facts)
                .into_iter()
                .filter(|finding| finding.level != FindingLevel::Ok)
                .collect();
            assert_eq!(found.len(), 1, "{name}: {found:?}");
            assert_eq!((found[0].name, found[0].level), (name, level));
            assert!(!found[0].effect.is_empty() && !found[0].fix.is_empty());
        }
    }

    #[test]
    fn steal_and_late_wake_ups_are_reported() {
        let late = Hiccups {
            count: 500,
            p99_9: Nanos::from_millis(1),
            longest: Nanos::from_millis(70),
            first: true,
        };
        let levels: Vec<FindingLevel> = watched(Some(0.2), Some(late))
            .iter()
            .map(|finding| finding.level)
            .collect();
        assert_eq!(levels, [FindingLevel::Bad, FindingLevel::Warn]);
        assert!(watched(None, None).is_empty());
    }
}
