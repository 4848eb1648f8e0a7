//! A plan with a small simulation, for the tests of its forms.

use crate::render::fixture;
use loadgen_experiment::{
    schema::Summary,
    sizing::{
        MeasuredRun, SimulationBounds, SimulationRequest, SizingPlan, parse_assumptions, plan,
    },
};

fn run(folder: &str, summary: Summary) -> MeasuredRun {
    MeasuredRun {
        folder: folder.to_owned(),
        summary,
    }
}

/// From a search, validated by the same at another load if there is one.
pub(super) fn planned_with(validate: Option<f64>) -> SizingPlan {
    let others = validate.map(|rate| {
        let mut summary = fixture::capacity();
        summary.arms[0].total.rate_per_s = rate;
        run("other_<load>", summary)
    });
    let request = SimulationRequest {
        validate: others.as_slice(),
        bounds: SimulationBounds {
            requests: 300,
            replications: 2,
            seed: 1,
            expired: &|| false,
        },
    };
    let text = "users: 3000\nrequests_per_user_hour: 120\nlargest_database_cores: 4\n";
    let assumed = parse_assumptions(text, "a.yaml").unwrap();
    let base = run("capacity_core", fixture::capacity());
    plan(&[base], &assumed, Some(request)).unwrap()
}

pub(super) fn planned() -> SizingPlan {
    planned_with(None)
}
