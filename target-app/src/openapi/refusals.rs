//! What every operation may answer besides what it describes itself: refusals that come from
//! extractors, layers and the database.

use shared::problem::{CONTENT_TYPE, Code};
use utoipa::openapi::{
    ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder,
    path::{Operation, PathItem},
    response::Response,
};

const PROBLEM: &str = "#/components/schemas/Problem";

/// The operations of a path, each with its method.
pub(super) fn operations(
    item: &mut PathItem,
) -> impl Iterator<Item = (&'static str, &mut Operation)> {
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

/// Adds the common refusals, and gives every refusal the media type that it is sent with.
pub(super) fn describe(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for (method, operation) in operations(item) {
            for codes in common(method, operation) {
                let status = codes[0].status().to_string();
                let known = &mut operation.responses.responses;
                known.entry(status).or_insert_with(|| refusal(codes));
            }
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    retype(response);
                }
            }
        }
    }
}

/// The codes that an operation may answer with because of what it has, by status.
fn common(method: &str, operation: &Operation) -> impl Iterator<Item = &'static [Code]> + use<> {
    let has_body = operation.request_body.is_some();
    let is_secured = operation.security.is_some();
    let is_lab = operation
        .operation_id
        .as_ref()
        .is_some_and(|id| id.starts_with("lab."));
    // Any change may lose against another one, of rows that it shares with it.
    let is_change = method != "GET" && !is_lab;
    let malformed: &[Code] = if has_body {
        &[Code::BadRequest, Code::MalformedBody]
    } else {
        &[Code::BadRequest]
    };
    let is_read = has_body || operation.parameters.is_some();
    [
        Some(malformed),
        // A body is read in full, also where none is wanted.
        Some(&[Code::TooLarge][..]),
        Some(&[Code::Timeout]),
        Some(&[Code::Internal]),
        Some(&[Code::Overloaded, Code::Shed, Code::Unavailable]),
        is_read.then_some(&[Code::InvalidRequest]),
        is_change.then_some(&[Code::Contention]),
        is_secured.then_some(&[Code::Unauthenticated]),
        is_lab.then_some(&[Code::NotFound]),
        is_lab.then_some(&[Code::Misdirected]),
    ]
    .into_iter()
    .flatten()
}

fn refusal(codes: &[Code]) -> RefOr<Response> {
    let named: Vec<_> = codes
        .iter()
        .map(|code| format!("`{code}`: {}", code.title()))
        .collect();
    ResponseBuilder::new()
        .description(named.join("; "))
        .content(
            CONTENT_TYPE,
            ContentBuilder::new()
                .schema(Some(Ref::new(PROBLEM)))
                .build(),
        )
        .build()
        .into()
}

/// A problem is sent as `application/problem+json`; the macro of operations describes it as JSON.
fn retype(response: &mut Response) {
    let is_problem = |content: &RefOr<utoipa::openapi::Content>| match content {
        RefOr::T(content) => matches!(
            &content.schema,
            Some(RefOr::Ref(schema)) if schema.ref_location == PROBLEM
        ),
        RefOr::Ref(_) => false,
    };
    let json = "application/json";
    if response.content.get(json).is_some_and(is_problem)
        && let Some(content) = response.content.shift_remove(json)
    {
        response.content.insert(CONTENT_TYPE.to_owned(), content);
    }
}
