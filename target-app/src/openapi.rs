//! The API's description, collected from the features, and the page that shows it.
//!
//! The page's scripts are inside of the binary: it works without a network.

mod links;
mod refusals;

use std::sync::LazyLock;

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
                       every response but that of a refused sign-in carries `Server-Timing`.",
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
        document.merge((feature.requests)().into_openapi());
        document.merge((feature.streams)().into_openapi());
    }
    tags.extend(document.tags.take().unwrap_or_default());
    document.tags = Some(tags);
    refusals::describe(&mut document);
    links::add(&mut document);
    document
}

/// `/openapi.json`, and the page under `/docs`; made once, for all applications of the process.
pub fn routes() -> Router<AppState> {
    static ROUTES: LazyLock<Router<AppState>> = LazyLock::new(|| {
        let config = Config::from(paths::OPENAPI)
            // No badge of a validator on another host.
            .validator_url("none")
            .try_it_out_enabled(true)
            .persist_authorization(true);
        SwaggerUi::new(DOCS)
            .config(config)
            .url(paths::OPENAPI, document())
            .into()
    });
    Router::clone(&ROUTES)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::openapi::RefOr;

    use super::{refusals::operations, *};

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
    fn every_problem_has_its_media_type_and_every_operation_the_common_ones() {
        let text = serde_json::to_value(document()).unwrap();
        for item in text["paths"].as_object().unwrap().values() {
            for (method, operation) in item.as_object().unwrap() {
                let id = &operation["operationId"];
                let responses = operation["responses"].as_object().unwrap();
                for status in ["400", "413", "500", "503", "504"] {
                    assert!(responses.contains_key(status), "{id} {status}");
                }
                let secured = operation.get("security").is_some();
                assert!(!secured || responses.contains_key("401"), "{id}");
                let reads = method == "get" || operation["tags"][0] == "lab";
                assert!(reads || responses.contains_key("409"), "{id}");
                for (status, response) in responses {
                    let content = &response["content"];
                    let plain = content["application/json"]["schema"]["$ref"].as_str();
                    assert_ne!(plain, Some("#/components/schemas/Problem"), "{id} {status}");
                }
            }
        }
    }

    #[test]
    fn bounds_are_in_the_schema() {
        let text = serde_json::to_value(document()).unwrap();
        let schemas = &text["components"]["schemas"];
        let stars = &schemas["ReviewRequest"]["properties"]["stars"];
        assert_eq!(
            (&stars["minimum"], &stars["maximum"]),
            (&1.into(), &5.into())
        );
        let email = &schemas["RegisterRequest"]["properties"]["email"];
        assert_eq!(email["maxLength"], 254);
        let answers = &schemas["QuizRequest"]["properties"]["answers"];
        assert_eq!(
            (&answers["minItems"], &answers["maxItems"]),
            (&1.into(), &100.into())
        );
        assert_eq!(
            (&answers["items"]["minimum"], &answers["items"]["maximum"]),
            (&0.into(), &99.into())
        );
        assert_eq!(
            schemas["LoginRequest"]["properties"]["password"]["minLength"],
            1
        );
        let roles = &schemas["RegisteredRole"]["enum"];
        assert_eq!(*roles, serde_json::json!(["student", "mentor", "parent"]));
        // A body that may be left out may be null as well.
        for path in [paths::LAB_RESET, paths::LAB_AUDIT] {
            let body = &text["paths"][path]["post"]["requestBody"];
            assert_ne!(body["required"], true, "{path}");
        }
        for item in text["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    let name = parameter["name"].as_str().unwrap();
                    if ["page", "per_page", "limit"].contains(&name) {
                        let schema = &parameter["schema"];
                        assert_eq!(schema["minimum"], 1, "{parameter}");
                        assert!(schema["maximum"].is_u64(), "{parameter}");
                    }
                }
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
        assert!(wanted > 10, "most routes need a token");
    }
}
