//! The API's description, collected from the handlers, and the page that shows it.
//!
//! The page's scripts are inside of the binary: it works without a network.

use axum::Router;
use shared::{
    api::{
        chat::{ClientFrame, ServerFrame},
        mentors::MentorSort,
    },
    headers, paths,
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self,
        path::{Operation, PathItem},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    features::{auth, bookings, chat, mentors, recordings},
    lab,
    state::AppState,
};

/// Where people read the description.
const DOCS: &str = "/docs";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "CodeConnect",
        description = "A mentoring platform's backend whose optimizations are run-time switches. \
                       Every refusal is an `application/problem+json` body with a stable `code`; \
                       every answer carries `Server-Timing`.",
    ),
    paths(
        auth::register,
        auth::login,
        auth::refresh,
        auth::logout,
        auth::me,
        mentors::list,
        mentors::detail,
        mentors::availability,
        mentors::list_reviews,
        mentors::create_review,
        mentors::update_own,
        mentors::set_active,
        bookings::create,
        bookings::list_mine,
        bookings::get,
        bookings::cancel,
        recordings::list,
        recordings::get,
        recordings::playback,
        recordings::stream,
        chat::rooms,
        chat::history,
        chat::socket,
        lab::live,
        lab::ready,
        lab::get_profile,
        lab::put_profile,
        lab::reset,
        lab::telemetry,
        lab::audit,
        lab::explain,
    ),
    // Only queries and the socket speak of these, which the macro does not follow.
    components(schemas(ClientFrame, MentorSort, ServerFrame)),
    tags(
        (name = "auth", description = "Accounts and tokens"),
        (name = "mentors", description = "Discovery, profiles, availability, reviews"),
        (name = "bookings", description = "Places in slots"),
        (name = "recordings", description = "Recorded classes"),
        (name = "chat", description = "Rooms, history, the socket"),
        (name = "health", description = "Is it up, is it ready?"),
        (name = "lab", description = "The control plane; off unless a lab token is configured"),
    ),
    modifiers(&Schemes, &OperationNames),
)]
struct Document;

/// The ways to prove who one is.
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

/// Names each operation `FEATURE.ACTION`, as the load client does: a handler's own name is the
/// same in several features, and an operation id has to be unique.
struct OperationNames;

impl Modify for OperationNames {
    fn modify(&self, document: &mut openapi::OpenApi) {
        for item in document.paths.paths.values_mut() {
            for operation in operations(item) {
                let tag = operation.tags.iter().flatten().next();
                if let (Some(id), Some(tag)) = (&mut operation.operation_id, tag)
                    && !id.contains('.')
                {
                    *id = format!("{tag}.{id}");
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}

/// The description of every route.
pub fn document() -> openapi::OpenApi {
    Document::openapi()
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
            for operation in operations(&mut item) {
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
            for operation in operations(&mut item) {
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
