//! The statements of this feature's operations, for the control plane to explain.

use shared::{
    dataset::{self, Kind},
    profile::LoginQueries,
};

use super::repository;
use crate::{db::Statement, engine::Policies};

/// What `operation` sends under `policies`; `None`: it is none of this feature. Of a login that is
/// what it reads of the account: what it writes goes by primary key.
pub(crate) fn plans(operation: &str, policies: &Policies) -> Option<Vec<Statement>> {
    if operation != "auth.login" {
        return None;
    }
    let user = dataset::id(Kind::Student, 1);
    let email = dataset::student_email(1);
    Some(match policies.login.queries {
        LoginQueries::Joined => {
            vec![Statement::of("account", repository::ACCOUNT).bind(email)]
        }
        LoginQueries::Sequential => vec![
            Statement::of("user", repository::USER).bind(email),
            Statement::of("hash", repository::HASH).bind(user),
            Statement::of("grade", repository::GRADE).bind(user),
            Statement::of("mentor profile", repository::MENTOR).bind(user),
            Statement::of("lock", repository::LOCK).bind(user),
        ],
    })
}
