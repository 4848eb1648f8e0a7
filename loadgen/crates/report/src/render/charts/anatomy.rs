//! What the response time consists of, as bars: each band of an operation whole, its parts as
//! shares, so that a fast band can be read as well as a slow one.

use std::fmt::Write as _;

use serde::Serialize;

use crate::render::figures;
use crate::render::metrics;
use loadgen_engine::sample::ResponsePart;
use loadgen_experiment::events::printable;
use loadgen_experiment::schema::{Arm, Band, Operation, Summary};

/// Parts below this share of a band are not named in words.
const WORTH_NAMING: f64 = 0.005;

/// One operation, or all together.
#[derive(Debug, Clone, Serialize)]
pub(in crate::render) struct Anatomy {
    /// Name of the operation; `total` for all together.
    pub(in crate::render) operation: String,
    pub(in crate::render) arms: Vec<AnatomyArm>,
}

/// One arm of it.
#[derive(Debug, Clone, Serialize)]
pub(in crate::render) struct AnatomyArm {
    /// Name of the arm.
    pub(in crate::render) arm: String,
    /// From the fastest to the slowest, the failures last.
    pub(in crate::render) bands: Vec<AnatomyBand>,
}

/// One band.
#[derive(Debug, Clone, Serialize)]
pub(in crate::render) struct AnatomyBand {
    /// `p50 to p90`.
    pub(in crate::render) name: String,
    /// The drawing.
    pub(in crate::render) svg: String,
    /// Its mean response time.
    pub(in crate::render) mean: String,
    /// The parts in words.
    pub(in crate::render) parts: String,
}

/// Class and name of each part, for the legend.
pub(in crate::render) fn legend() -> Vec<(&'static str, &'static str)> {
    ResponsePart::all()
        .map(|part| (part.name(), part.label()))
        .collect()
}

/// All requests together first, then each operation; without those that were not taken apart.
pub(in crate::render) fn anatomies(summary: &Summary) -> Vec<Anatomy> {
    let total = anatomy(summary, "All requests", |arm| Some(&arm.total));
    let names = metrics::operation_names(summary);
    // A single operation is all requests.
    let each = names.iter().filter(|_| names.len() > 1).map(|name| {
        anatomy(summary, name, |arm| {
            arm.operations.iter().find(|one| one.name == *name)
        })
    });
    std::iter::once(total)
        .chain(each)
        .filter(|one| !one.arms.is_empty())
        .collect()
}

/// One operation in all arms.
fn anatomy(summary: &Summary, name: &str, pick: impl Fn(&Arm) -> Option<&Operation>) -> Anatomy {
    let arms = summary.arms.iter().filter_map(|arm| {
        let bands: Vec<AnatomyBand> = pick(arm)?.anatomy.iter().filter_map(band).collect();
        (!bands.is_empty()).then(|| AnatomyArm {
            arm: printable(&arm.name),
            bands,
        })
    });
    Anatomy {
        operation: printable(name),
        arms: arms.collect(),
    }
}

/// One band; nothing where nothing was measured.
fn band(band: &Band) -> Option<AnatomyBand> {
    let sum: f64 = band.parts_ms.values().map(|ms| ms.max(0.0)).sum();
    if sum <= 0.0 {
        return None;
    }
    let mut svg = String::from(r#"<svg class="strip" aria-hidden="true">"#);
    let mut words: Vec<String> = Vec::new();
    let mut from = 0.0;
    for (part, ms) in band.parts_ms {
        let (class, name) = (part.name(), part.label());
        let share = ms.max(0.0) / sum;
        if share <= 0.0 {
            continue;
        }
        let text = format!("{name} {:.0}%, {}", share * 100.0, figures::ms(Some(ms)));
        let _infallible = write!(
            svg,
            r#"<rect class="part {class}" x="{from:.2}%" width="{:.2}%" height="100%"><title>{text}</title></rect>"#,
            share * 100.0
        );
        from += share * 100.0;
        if share >= WORTH_NAMING {
            words.push(format!("{name} {:.0}%", share * 100.0));
        }
    }
    svg.push_str("</svg>");
    Some(AnatomyBand {
        name: printable(&band.name),
        svg,
        mean: figures::ms(Some(band.mean_ms)),
        parts: words.join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::fixture;

    #[test]
    fn the_parts_of_a_band_fill_its_bar() {
        let summary = fixture::experiment(false);
        let all = anatomies(&summary);
        assert_eq!(all.len(), 1 + summary.arms[0].operations.len());
        for one in all
            .iter()
            .flat_map(|one| &one.arms)
            .flat_map(|arm| &arm.bands)
        {
            let widths = one.svg.split(" width=\"").skip(1);
            let sum: f64 = widths
                .map(|rest| rest.split('%').next().unwrap().parse::<f64>().unwrap())
                .sum();
            assert!((sum - 100.0).abs() < 0.1, "{sum}: {}", one.svg);
        }
    }

    #[test]
    fn a_folder_without_anatomy_has_no_bars() {
        let mut summary = fixture::experiment(false);
        for arm in &mut summary.arms {
            arm.total.anatomy.clear();
            for operation in &mut arm.operations {
                operation.anatomy.clear();
            }
        }
        assert!(anatomies(&summary).is_empty());
    }
}
