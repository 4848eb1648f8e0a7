//! What this feature hands to the application.

use shared::api::mentors::MentorSort;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{cached, handlers, plans, seed, service};
use crate::{db::audit::invariants, feature::Feature, registry::FeatureCache};

/// A type that only a query refers to, which the description of handlers does not follow.
#[derive(OpenApi)]
#[openapi(components(schemas(MentorSort)))]
struct QuerySchemas;

/// Discovery, profiles, availability, reviews.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::with_openapi(QuerySchemas::openapi())
                .routes(routes!(handlers::list))
                .routes(routes!(handlers::detail))
                .routes(routes!(handlers::availability))
                .routes(routes!(handlers::list_reviews, handlers::create_review))
                .routes(routes!(handlers::update_own))
                .routes(routes!(handlers::set_active))
        },
        caches: vec![FeatureCache {
            kind: &cached::MENTORS,
            reload: |engine, key| Box::pin(cached::reload(engine, key)),
        }],
        explained: plans::explained(),
        invariants: invariants!["11_rating_in_step", "12_review_after_lesson"],
        tables: seed::tables(),
        on_registered: Some(|conn, account| Box::pin(service::on_registered(conn, account))),
        ..Feature::new("mentors", "Discovery, profiles, availability, reviews")
    }
}
