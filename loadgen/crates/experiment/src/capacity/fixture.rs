//! Made-up trials of a search, for tests.

use super::outcome::KeptTrial;
use crate::{
    schema::{LoadTrial, LoadVote, Percentile, Trial, TrialPurpose, ValidityWord},
    trial::operation,
};
use loadgen_engine::aggregator::OpData;

/// A trial of 1,000 requests of which nothing else is known.
pub(crate) fn trial() -> Trial {
    let mut total = operation("total", &OpData::default(), 10.0);
    total.planned = 1_000;
    Trial {
        folder: "t01".into(),
        arm: "x".into(),
        seed: 1,
        total,
        ..Trial::default()
    }
}

/// A trial of a load with its vote.
pub(super) fn kept(load: f64, vote: LoadVote) -> KeptTrial {
    let word = match vote {
        LoadVote::Invalid => ValidityWord::Invalid,
        LoadVote::Met | LoadVote::Missed | LoadVote::Undecided => ValidityWord::Valid,
    };
    let mut trial = trial();
    trial.validity.word = word;
    KeptTrial {
        step: LoadTrial {
            folder: "t01".into(),
            load,
            purpose: TrialPurpose::Narrow,
            vote,
            why: Vec::new(),
            took_s: 10.0,
            goodput_per_s: load,
            in_system: load / 10.0,
            response_ms: Percentile::Known(load),
            success: 1.0,
            validity: word,
        },
        thresholds: Vec::new(),
        audit: Vec::new(),
        breakdown: None,
        trial,
    }
}
