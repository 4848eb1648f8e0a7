//! What this feature hands to the application.

use utoipa_axum::{router::OpenApiRouter, routes};

use super::{cached, handlers, plans, seed, worker};
use crate::{
    db::{Purge, audit::invariants},
    feature::Feature,
    registry::FeatureCache,
};

/// Accounts and tokens.
pub(crate) fn feature() -> Feature {
    Feature {
        requests: || {
            OpenApiRouter::new()
                .routes(routes!(handlers::register))
                .routes(routes!(handlers::login))
                .routes(routes!(handlers::refresh))
                .routes(routes!(handlers::logout))
                .routes(routes!(handlers::me))
        },
        caches: vec![FeatureCache {
            kind: &cached::USERS,
            reload: |engine, key| Box::pin(cached::reload(engine, key)),
        }],
        explained: plans::explained(),
        invariants: invariants!["10_refresh_family_one_live"],
        tables: seed::tables(),
        unseeded_tables: vec!["refresh_token", "sign_in_attempt"],
        purges: vec![
            Purge {
                table: "refresh_token",
                since: "expires_at",
                kept: |retention| retention.refresh_tokens,
            },
            Purge {
                table: "sign_in_attempt",
                since: "tried_at",
                kept: |retention| retention.sign_in_attempts,
            },
        ],
        worker: Some(|state, stop| Box::pin(worker::run(state, stop))),
        ..Feature::new("auth", "Accounts and tokens")
    }
}
