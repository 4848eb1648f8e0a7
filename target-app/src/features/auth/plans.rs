//! The statements of this feature's operations, for the control plane to explain.

use shared::{
    dataset::{self, RowKind},
    profile::LoginQueries,
};

use super::repository;
use crate::{db::Statement, engine::Policies, registry::ExplainedOperation};

/// The operations whose statements are explained.
pub(super) fn explained() -> Vec<ExplainedOperation> {
    vec![ExplainedOperation {
        name: "auth.login",
        statements: login,
    }]
}

/// What a login reads of the account: what it writes goes by primary key.
fn login(policies: &Policies) -> Vec<Statement> {
    let user = dataset::id(RowKind::Student, 1);
    let email = dataset::student_email(1);
    match policies.login.queries {
        LoginQueries::Joined => {
            vec![Statement::of("account", repository::ACCOUNT).bind(email)]
        }
        LoginQueries::Sequential => vec![
            Statement::of("user", repository::USER).bind(email),
            Statement::of("hash", repository::HASH).bind(user),
            Statement::of("grade", repository::GRADE).bind(user),
            Statement::of("mentor profile", repository::MENTOR).bind(user),
        ],
    }
}
