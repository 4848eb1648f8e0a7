//! What this feature hands to the application.

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{cached, handlers, plans, seed, service_submit};
use crate::{db::audit::invariants, feature::Feature, registry::FeatureCache};

/// Courses and what students do in them.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::new()
                .routes(routes!(handlers::list))
                .routes(routes!(handlers::list_mine))
                .routes(routes!(handlers::detail))
                .routes(routes!(handlers::enrolment, handlers::enrol))
                .routes(routes!(handlers::lesson))
                .routes(routes!(handlers::complete_lesson))
                .routes(routes!(handlers::attempt_quiz))
                .routes(routes!(handlers::submissions, handlers::submit))
                .routes(routes!(handlers::complete))
        },
        caches: vec![FeatureCache {
            kind: &cached::COURSES,
            reload: |engine, key| Box::pin(cached::reload(engine, key)),
        }],
        explained: plans::explained(),
        invariants: invariants![
            "34_progress_in_step",
            "35_one_enrolment",
            "36_quiz_score_in_step",
            "37_submission_numbers_dense",
            "38_completed_course_is_complete",
        ],
        tables: seed::tables(),
        unseeded_tables: vec!["quiz_attempt", "submission"],
        sweep: Some(|engines, folder, before| {
            Box::pin(service_submit::sweep(engines, folder, before))
        }),
        ..Feature::new("courses", "Courses, enrolments and submissions")
    }
}
