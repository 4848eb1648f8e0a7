//! The API's description, collected from the features, and the page that shows it.
//!
//! The page's scripts are inside of the binary: it works without a network.

use axum::Router;
use shared::{headers, paths};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
        tag::TagBuilder,
    },
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{features, lab, state::AppState};

/// Path of the page that shows the description.
const DOCS: &str = "/docs";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "CodeConnect",
        description = "A mentoring platform's backend whose optimizations are run-time switches. \
                       Every refusal is an `application/problem+json` body with a stable `code`; \
                       every response carries `Server-Timing`.",
    ),
    paths(
        lab::live,
        lab::ready,
        lab::get_profile,
        lab::put_profile,
        lab::reset,
        lab::telemetry,
        lab::audit,
        lab::explain,
    ),
    tags(
        (name = "health", description = "Liveness and readiness"),
        (name = "lab", description = "The control plane; off unless a lab token is configured"),
    ),
    modifiers(&Schemes),
)]
struct ApplicationDocument;

/// Adds the ways to authenticate.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The access token of a login"))
            .build();
        let lab = ApiKeyValue::with_description(headers::LAB_TOKEN, "The configured lab token");
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme("lab_token", SecurityScheme::ApiKey(ApiKey::Header(lab)));
    }
}

/// The description of every route: those of the features first, as their order is.
pub fn document() -> openapi::OpenApi {
    let mut document = ApplicationDocument::openapi();
    let mut tags = Vec::new();
    for feature in features::all() {
        tags.push(
            TagBuilder::new()
                .name(feature.name)
                .description(Some(feature.about))
                .build(),
        );
        document.merge(feature.requests.into_openapi());
        document.merge(feature.streams.into_openapi());
    }
    tags.extend(document.tags.take().unwrap_or_default());
    document.tags = Some(tags);
    document
}

/// `/openapi.json`, and the page under `/docs`.
pub fn routes() -> Router<AppState> {
    let config = Config::from(paths::OPENAPI)
        // No badge of a validator on another host.
        .validator_url("none")
        .try_it_out_enabled(true)
        .persist_authorization(true);
    SwaggerUi::new(DOCS)
        .config(config)
        .url(paths::OPENAPI, document())
        .into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::openapi::RefOr;

    use super::*;

    /// The operations of a path, each with its method.
    fn operations(
        item: &mut openapi::path::PathItem,
    ) -> impl Iterator<Item = (&'static str, &mut openapi::path::Operation)> {
        [
            ("GET", &mut item.get),
            ("PUT", &mut item.put),
            ("POST", &mut item.post),
            ("PATCH", &mut item.patch),
            ("DELETE", &mut item.delete),
        ]
        .into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
    }

    #[test]
    fn every_path_of_the_contract_is_described_and_no_other() {
        let described: BTreeSet<_> = document().paths.paths.into_keys().collect();
        let contract: BTreeSet<_> = paths::ALL
            .iter()
            .filter(|path| ![paths::METRICS, paths::OPENAPI].contains(path))
            .map(|path| (*path).to_owned())
            .collect();
        assert_eq!(described, contract);
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_a_feature_and_a_sentence() {
        let mut seen = BTreeSet::new();
        for (path, mut item) in document().paths.paths {
            for (_, operation) in operations(&mut item) {
                let id = operation.operation_id.clone().unwrap_or_default();
                assert!(id.contains('.'), "{path}: {id}");
                assert!(seen.insert(id.clone()), "{id} twice");
                let summary = operation.summary.as_deref().unwrap_or_default();
                assert!(!summary.is_empty(), "{id} says nothing");
            }
        }
    }

    #[test]
    fn every_parameter_in_a_path_is_declared() {
        for (path, mut item) in document().paths.paths {
            let Some((_, rest)) = path.split_once('{') else {
                continue;
            };
            let name = rest.split('}').next().unwrap_or_default();
            for (_, operation) in operations(&mut item) {
                let declared = operation
                    .parameters
                    .iter()
                    .flatten()
                    .any(|p| matches!(p, RefOr::T(p) if p.name == name));
                assert!(declared, "{path}: {name} is not declared");
            }
        }
    }

    #[test]
    fn every_scheme_that_an_operation_wants_is_explained() {
        let text = serde_json::to_value(document()).unwrap();
        let schemes = text["components"]["securitySchemes"].as_object().unwrap();
        let mut wanted = 0;
        for item in text["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                for asked in operation["security"].as_array().into_iter().flatten() {
                    for name in asked.as_object().unwrap().keys() {
                        assert!(schemes.contains_key(name), "{name}");
                        wanted += 1;
                    }
                }
            }
        }
        assert!(wanted > 10, "most routes want somebody to be signed in");
    }
}
