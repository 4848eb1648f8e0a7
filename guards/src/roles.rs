//! What a file may know by its role in a feature. Only handlers, extractors, sockets and responses know HTTP
//! types, whatever the other files are called, and these four know no SQL. Of another feature a file may use the
//! service and the model; handlers also its extractor, which puts authentication in their signatures.

use crate::{
    Violation,
    facts::RustFile,
    modules::{Crate, Resolved},
    tree,
};

/// Where the reference backend has its features.
pub const FEATURES: &str = "target-app/src/features";

/// Crates and modules whose names make a path an HTTP one.
const HTTP: &[&str] = &[
    "axum",
    "http",
    "http_body_util",
    "hyper",
    "hyper_util",
    "headers",
    "tower",
    "tower_http",
];

/// A role in a feature, by the name of its file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Handlers,
    Extractor,
    /// Serves one WebSocket.
    Socket,
    /// Makes a response that is more than a value as JSON.
    Response,
    Service,
    Repository,
    Model,
}

fn role(path: &str) -> Option<Role> {
    let named = |name: &str, file: bool| {
        if name == "handlers" || file && name.ends_with("_handlers") {
            Some(Role::Handlers)
        } else if file && name == "extractor" {
            Some(Role::Extractor)
        } else if file && name == "socket" {
            Some(Role::Socket)
        } else if file && name == "response" {
            Some(Role::Response)
        } else if name == "service" || file && name.starts_with("service_") {
            Some(Role::Service)
        } else if name == "repository" || file && name.starts_with("repository_") {
            Some(Role::Repository)
        } else if name == "model" {
            Some(Role::Model)
        } else {
            None
        }
    };
    let mut parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    let file = parts.pop()?;
    let folder = parts.iter().rev().find_map(|part| named(part, false));
    named(file, true).or(folder)
}

/// Paths that a file's role forbids: HTTP in a feature's files that have no role which speaks it, and in
/// repositories and services elsewhere; SQL in those that do.
pub fn foreign_types(files: &[RustFile]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.iter().filter(|f| f.path.contains("target-app/src/")) {
        let role = role(&file.path);
        let in_feature = feature(&file.path).is_some();
        for (_, path, line) in file.all_paths() {
            let mut names = path
                .iter()
                .map(String::as_str)
                .skip_while(|name| matches!(*name, "crate" | "self" | "super"));
            let first = names.next().unwrap_or_default();
            let single = path.len() == 1;
            let http = !single && HTTP.contains(&first) || path.iter().any(|n| n == "StatusCode");
            let (broken, why) = match role {
                Some(Role::Repository) => (
                    http || path.iter().any(|name| name == "ApiError"),
                    "HTTP in a repository",
                ),
                Some(Role::Service) => (http, "HTTP in a service"),
                Some(Role::Handlers) => (first == "sqlx", "SQL in a handler"),
                Some(Role::Extractor) => (first == "sqlx", "SQL in an extractor"),
                Some(Role::Socket) => (first == "sqlx", "SQL in a socket"),
                Some(Role::Response) => (first == "sqlx", "SQL in a response"),
                Some(Role::Model) | None => (
                    http && in_feature,
                    "HTTP in a file of a feature that is none of handlers, extractor, socket, response",
                ),
            };
            if broken {
                violations.push(Violation::new(
                    &file.path,
                    format!("{}:{line}: `{}`: {why}", file.path, path.join("::")),
                ));
            }
        }
    }
    violations
}

/// Imports from one feature of anything but another's service and model, and in handlers its
/// extractor; and any import from a feature by what is outside of all features, which iterates over them
/// and knows none by name. `at` is the arrow.
pub fn feature_imports(found: &Crate<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, file) in found.files() {
        let own = feature(&file.path);
        // The list of all features.
        if own.is_none() && tree::is_in(&file.path, FEATURES) {
            continue;
        }
        for (scope, written, line) in file.all_paths() {
            let module = Crate::module(path, scope);
            let Some(Resolved::Item(target)) = found.resolve(&module, written) else {
                continue;
            };
            let Some(other) = found.file_of(&target) else {
                continue;
            };
            let allowed = match role(&other.path) {
                Some(Role::Service | Role::Model) => own.is_some(),
                Some(Role::Extractor) => role(&file.path) == Some(Role::Handlers),
                _ => false,
            };
            if let Some(foreign) = feature(&other.path)
                && Some(foreign) != own
                && !allowed
            {
                let what = if own.is_some() {
                    format!("neither service nor model of `{foreign}`")
                } else {
                    format!(
                        "of the feature `{foreign}`, which the application must not know by name"
                    )
                };
                violations.push(Violation::new(
                    format!("{} -> {foreign}", own.unwrap_or(&file.path)),
                    format!(
                        "{}:{line}: `{}` comes from {}, {what}",
                        file.path,
                        written.join("::"),
                        other.path
                    ),
                ));
            }
        }
    }
    violations
}

/// The feature whose folder a file lies in.
fn feature(path: &str) -> Option<&str> {
    if !tree::is_in(path, FEATURES) {
        return None;
    }
    let (name, _) = path.get(FEATURES.len() + 1..)?.split_once('/')?;
    Some(name)
}
