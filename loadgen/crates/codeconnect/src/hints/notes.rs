//! What the advice says of the reference backend besides.

use loadgen_experiment::diagnose::{Symptom, SymptomNote};

/// By symptom.
pub(super) const NOTES: &[SymptomNote<'static>] = &[
    SymptomNote {
        symptom: Symptom::WrongData,
        sentence: "double bookings are the usual corruption",
    },
    SymptomNote {
        symptom: Symptom::MissingIndex,
        sentence: "`GET /lab/explain` shows the plan",
    },
    SymptomNote {
        symptom: Symptom::ServerErrors,
        sentence: "each error is logged once, with its request id",
    },
];
