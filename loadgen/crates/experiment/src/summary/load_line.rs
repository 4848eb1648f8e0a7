//! Describes the load of a suite in one line.

use std::collections::BTreeMap;

use loadgen_engine::suite::{Arrivals, LoadModel, Suite};

/// The load of a suite in one line: model, rates or users, windows, shares of the flows, faults.
pub fn load_line(suite: &Suite) -> String {
    let windows = suite.windows;
    let what = match &suite.load {
        LoadModel::Open { phases, arrivals } => {
            let mut rates: Vec<String> = Vec::new();
            for phase in phases {
                let rate = match phase.to {
                    Some(to) if to != phase.rate => format!("{} to {to}", phase.rate),
                    _ => phase.rate.to_string(),
                };
                if rates.last() != Some(&rate) {
                    rates.push(rate);
                }
            }
            let arrivals = match arrivals {
                Arrivals::Constant => "evenly",
                Arrivals::Poisson => "at random",
            };
            format!(
                "open: {} iterations, arriving {arrivals}",
                rates.join(", then ")
            )
        }
        LoadModel::Closed { users, .. } if suite.options.ramp.is_empty() => {
            format!("closed: {users} users")
        }
        LoadModel::Closed { users, .. } => format!("closed: up to {users} users"),
    };
    let until = match suite.options.shared_iterations {
        // Its window is only a limit of the time.
        Some(count) if matches!(suite.load, LoadModel::Closed { .. }) => {
            format!("{count} iterations")
        }
        _ => format!("{} warm-up, {} measured", windows.warm_up, windows.measure),
    };
    let phases: Vec<String> = suite
        .phase_flows()
        .into_iter()
        .map(|(phase, flows)| format!("{phase}: {}", flows.join(", ")))
        .collect();
    let flows = if phases.is_empty() {
        mix(suite)
    } else {
        phases.join("; ")
    };
    let faults: Vec<String> = suite.faults.iter().map(ToString::to_string).collect();
    let faults = match faults.as_slice() {
        [] => String::new(),
        all => format!("; faults: {}", all.join(", ")),
    };
    format!("{what}; {until}; {flows}{faults}")
}

pub(super) fn mix(suite: &Suite) -> String {
    let all: f64 = suite.flows.iter().map(|share| share.weight).sum();
    let mut shares: BTreeMap<&str, f64> = BTreeMap::new();
    for share in &suite.flows {
        *shares.entry(&share.flow).or_default() += share.weight / all * 100.0;
    }
    let mut sorted: Vec<(&str, f64)> = shares.into_iter().collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    sorted
        .iter()
        .map(|(flow, share)| format!("{flow} {share:.0} %"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use loadgen_engine::{flow::shop, suite::load};

    use super::*;

    #[test]
    fn the_load_is_described_in_one_line() {
        let text = "name: x\nload: { model: open, rate: 20/s, warmup: 5s, duration: 30s }\nflows: [ { flow: orders.browse, weight: 45 }, { flow: orders.buy, weight: 55 } ]\n";
        let suite = load::parse(text, "x.yaml", &shop()).unwrap();
        let line = load_line(&suite);
        assert!(
            line.starts_with("open: 20/s iterations, arriving at random; 5s warm-up, 30s measured"),
            "{line}"
        );
        assert!(line.contains("orders.browse 45 %") && !line.contains('\n'));
    }
}
