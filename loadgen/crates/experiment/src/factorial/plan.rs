//! What a factorial experiment runs: factors, cells, and their random order.

use std::str::FromStr;

use rand::seq::SliceRandom as _;
use serde::Serialize;

use crate::{
    metric::MetricId,
    paired::{check_arm, planned_metric},
    system::{Application, Settings},
    trial::ArmConfig,
};
use loadgen_engine::suite::{Suite, load::BadFile};
use loadgen_stats::{
    Design, MOST_FACTORS,
    seed::{rng, sub_seed},
};

/// Most trials of each cell.
pub const MAX_REPLICATES: u32 = 20;

/// A switch with the two values that it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Factor {
    /// Path of the switch.
    pub switch: String,
    /// Its value in cells whose name lacks the factor's letter.
    pub low: String,
    /// Its value in cells whose name has the letter.
    pub high: String,
}

impl FromStr for Factor {
    type Err = String;

    /// Reads `switch=low,high`.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is no factor: write it as SWITCH=LOW,HIGH");
        let (switch, values) = text.split_once('=').ok_or_else(bad)?;
        let (low, high) = values.split_once(',').ok_or_else(bad)?;
        if switch.is_empty() || low.is_empty() || high.is_empty() || high.contains(',') {
            return Err(bad());
        }
        if low == high {
            return Err(format!(
                "{switch} has the same value twice: nothing would differ"
            ));
        }
        Ok(Self {
            switch: switch.to_owned(),
            low: low.to_owned(),
            high: high.to_owned(),
        })
    }
}

/// All that is decided before the first trial.
#[derive(Debug, Clone)]
pub struct FactorialPlan {
    /// The load of every trial.
    pub suite: Suite,
    /// The factors; the first is A.
    pub factors: Vec<Factor>,
    /// Whether half of the cells is run.
    pub half: bool,
    /// Which cells.
    pub design: Design,
    /// A cell each, in the order of the design.
    pub arms: Vec<ArmConfig>,
    /// Planned trials of each cell.
    pub replicates: u32,
    /// The metric that is compared.
    pub metric: MetricId,
}

impl FactorialPlan {
    /// One arm for each cell: `base` with each factor's switch set. Refuses a wrong switch or value,
    /// a switch that comes twice, too many factors, and a metric that no trial will have, or none of a cell.
    pub fn new(
        suite: Suite,
        base: &Settings,
        application: &dyn Application,
        factors: Vec<Factor>,
        half: bool,
        replicates: u32,
        metric: &str,
    ) -> Result<Self, BadFile> {
        let count = factors.len() as u32;
        if factors.len() < 2 || count > MOST_FACTORS {
            return Err(BadFile(format!(
                "{count} factor(s): it takes 2 to {MOST_FACTORS}; one switch alone is `loadgen experiment`"
            )));
        }
        for (index, one) in factors.iter().enumerate() {
            if factors[..index]
                .iter()
                .any(|other| other.switch == one.switch)
            {
                return Err(BadFile(format!("{} is a factor twice", one.switch)));
            }
        }
        let design = if half {
            Design::half(count)
        } else {
            Design::full(count)
        };
        let Some(design) = design else {
            return Err(BadFile(format!(
                "half of the cells says too little about {count} factors: --fraction takes 4 or 5"
            )));
        };
        if !(1..=MAX_REPLICATES).contains(&replicates) {
            return Err(BadFile(format!(
                "{replicates} replicates: it is 1 to {MAX_REPLICATES}, and 2 or more for an interval"
            )));
        }
        let metric = planned_metric(metric, &suite, application).map_err(BadFile)?;
        let mut arms = Vec::new();
        for cell in design.cells() {
            let mut settings = base.clone();
            for (bit, factor) in factors.iter().enumerate() {
                let high = cell & (1 << bit) != 0;
                let value = if high { &factor.high } else { &factor.low };
                application
                    .set(&mut settings, &factor.switch, value)
                    .map_err(BadFile)?;
            }
            let name = match letters(cell).to_lowercase() {
                none if none.is_empty() => "low".to_owned(),
                name => name,
            };
            check_arm(&metric, &name, &settings, application).map_err(BadFile)?;
            arms.push(ArmConfig::new(&name, settings, application));
        }
        Ok(Self {
            suite,
            factors,
            half,
            design,
            arms,
            replicates,
            metric,
        })
    }

    /// The cells of a replicate, by index, in a random order.
    pub fn order(&self, replicate: u32) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.arms.len()).collect();
        let seed = sub_seed(self.suite.seed, &format!("order {replicate}"));
        order.shuffle(&mut rng(seed));
        order
    }

    /// Seed of every trial of a replicate: its cells get the very same load.
    pub fn seed(&self, replicate: u32) -> u64 {
        sub_seed(self.suite.seed, &format!("block {replicate}"))
    }

    /// Trials in all, repetitions aside.
    pub fn trials(&self) -> u32 {
        self.replicates * self.arms.len() as u32
    }

    /// What the half of the cells was chosen by: `D = ABC`.
    pub fn fraction(&self) -> Option<String> {
        let last = self.factors.len() as u32 - 1;
        self.half
            .then(|| format!("{} = {}", letters(1 << last), letters((1 << last) - 1)))
    }
}

/// The factors of a term or cell: `ACD`.
pub fn letters(factors: u32) -> String {
    (0..MOST_FACTORS as u8)
        .filter(|bit| factors & (1 << bit) != 0)
        .map(|bit| char::from(b'A' + bit))
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::system::Shop;
    use loadgen_engine::{flow::shop, suite::load};

    pub(in crate::factorial) fn plan(
        factors: &[&str],
        half: bool,
        metric: &str,
    ) -> Result<FactorialPlan, String> {
        let suite = load::parse(
            "name: x\nload: { model: open, rate: 10/s, warmup: 1s, duration: 4s }\nflows: [ { flow: orders.browse } ]\n",
            "x.yaml",
            &shop(),
        )
        .unwrap();
        let factors = factors
            .iter()
            .map(|text| text.parse())
            .collect::<Result<Vec<Factor>, _>>()?;
        FactorialPlan::new(
            suite,
            &Shop.default_profile(),
            &Shop,
            factors,
            half,
            3,
            metric,
        )
        .map_err(|error| error.to_string())
    }

    const TWO: [&str; 2] = ["pool.max=5,200", "cache.orders=off,redis"];

    #[test]
    fn two_factors_make_four_cells_that_differ_in_them_alone() {
        let plan = plan(&TWO, false, "orders.list p97.5").unwrap();
        let names: Vec<&str> = plan.arms.iter().map(|arm| arm.name.as_str()).collect();
        assert_eq!(names, ["low", "a", "b", "ab"]);
        let differences = plan.arms[1].settings.differences(&plan.arms[3].settings);
        assert_eq!(
            differences,
            [("cache.orders".into(), "off".into(), "redis".into())]
        );
        assert_eq!(plan.trials(), 12);
        assert_eq!(plan.fraction(), None);
    }

    #[test]
    fn the_hit_ratio_of_a_cache_of_the_application_is_a_metric() {
        assert!(plan(&TWO, false, "cache hit ratio orders").is_ok());
    }

    #[test]
    fn each_replicate_has_an_order_of_its_own_with_every_cell_once() {
        let plan = plan(&TWO, false, "total p50").unwrap();
        let orders: Vec<Vec<usize>> = (1..=10).map(|one| plan.order(one)).collect();
        for order in &orders {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3]);
        }
        assert!(orders.iter().any(|order| *order != orders[0]));
        assert_ne!(plan.seed(1), plan.seed(2));
    }

    #[test]
    fn what_cannot_be_run_is_refused_with_the_way_out() {
        for (factors, half, metric, why) in [
            (&TWO[..1], false, "total p50", "2 to 5"),
            (&TWO[..], true, "total p50", "--fraction takes 4 or 5"),
            (&TWO[..], false, "total p51", "did you mean"),
            (
                &["pool.max=5", TWO[1]],
                false,
                "total p50",
                "SWITCH=LOW,HIGH",
            ),
            (&["pool.max=5,5", TWO[1]], false, "total p50", "same value"),
            (
                &["pool.maks=5,6", TWO[1]],
                false,
                "total p50",
                "unknown switch `pool.maks`",
            ),
            (&TWO[..], false, "cache hit ratio items", "did you mean"),
            (&[TWO[1], TWO[1]], false, "total p50", "twice"),
        ] {
            let error = plan(factors, half, metric).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
