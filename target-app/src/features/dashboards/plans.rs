//! The statements of this feature's operations, for the control plane to explain.

use shared::{
    dataset::{self, RowKind},
    ids::{MentorId, UserId},
};

use super::{
    model::{DashboardPeriod, DashboardScope},
    repository,
};
use crate::{clock::Clock, db::Statement, engine::Policies, registry::ExplainedOperation};

/// The operations whose statements are explained.
pub(super) fn explained() -> Vec<ExplainedOperation> {
    vec![
        ExplainedOperation {
            name: "dashboards.admin",
            statements: |_: &Policies| statements(DashboardScope::Platform),
        },
        ExplainedOperation {
            name: "dashboards.mentor",
            statements: |_: &Policies| {
                let mentor = dataset::id(RowKind::Mentor, 1);
                statements(DashboardScope::Mentor(MentorId(mentor)))
            },
        },
        ExplainedOperation {
            name: "dashboards.student",
            statements: |_: &Policies| {
                let student = dataset::id(RowKind::Student, 1);
                statements(DashboardScope::Student(UserId(student)))
            },
        },
    ]
}

/// The three statements of a dashboard of today.
fn statements(scope: DashboardScope) -> Vec<Statement> {
    let period = DashboardPeriod::of(Clock::system().now().date_naive());
    let all = [
        Statement::of("figures", repository::figures_text(scope))
            .bind(period.from)
            .bind(period.day)
            .bind(period.next)
            .bind(period.week)
            .bind(period.to),
        Statement::of("upcoming", repository::upcoming_text(scope))
            .bind(period.day)
            .bind(repository::SHOWN),
        Statement::of("activity", repository::activity_text(scope)).bind(repository::SHOWN),
    ];
    let keyed = |statement: Statement| match scope.key() {
        Some(key) => statement.bind(key),
        None => statement,
    };
    all.into_iter().map(keyed).collect()
}
