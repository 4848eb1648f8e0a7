//! Seeded accounts and their credentials: students, mentors, parents, administrators.

use rand::RngExt;
use shared::dataset::{RowKind, admin_email, id, mentor_email, student_email};
use uuid::Uuid;

use crate::seed::{Rows, SeedData, SeedTable, plan::SeedPlan, planned::DAY};

pub(super) fn tables() -> Vec<SeedTable> {
    vec![
        SeedTable {
            name: "app_user",
            columns: "id, email, display_name, role, grade, is_active, seeded, created_at",
            after: &[],
            items: accounts,
            write: app_user,
        },
        SeedTable {
            name: "credential",
            columns: "user_id, hash",
            after: &["app_user"],
            items: accounts,
            write: credential,
        },
    ]
}

/// An account of the plan, in the order in which accounts are made.
#[derive(Clone, Copy)]
enum SeededAccount {
    Student(u32),
    Mentor(u32),
    Parent(u32),
    Admin(u32),
}

impl SeededAccount {
    fn nth(plan: &SeedPlan, n: u32) -> Self {
        let (students, mentors) = (plan.counts.students, plan.counts.mentors);
        match n {
            n if n < students => Self::Student(n),
            n if n < students + mentors => Self::Mentor(n - students),
            n if n < students + mentors + plan.parents => Self::Parent(n - students - mentors),
            n => Self::Admin(n - students - mentors - plan.parents),
        }
    }

    fn id(self) -> Uuid {
        match self {
            Self::Student(n) => id(RowKind::Student, n),
            Self::Mentor(n) => id(RowKind::MentorUser, n),
            Self::Parent(n) => id(RowKind::Parent, n),
            Self::Admin(n) => id(RowKind::Admin, n),
        }
    }
}

fn accounts(plan: &SeedPlan) -> u32 {
    plan.counts.students + plan.counts.mentors + plan.parents + plan.admins
}

fn app_user(data: &SeedData, n: u32, rows: &mut Rows) {
    let (name, mut rng) = data.name(n);
    let account = SeededAccount::nth(&data.plan, n);
    let (email, role) = match account {
        SeededAccount::Student(n) => (student_email(n), "student"),
        SeededAccount::Mentor(n) => (mentor_email(n), "mentor"),
        SeededAccount::Parent(n) => (format!("parent{n:06}@codeconnect.test"), "parent"),
        SeededAccount::Admin(n) => (admin_email(n), "admin"),
    };
    rows.uuid(account.id()).text(&email).text(&name).text(role);
    match account {
        SeededAccount::Student(_) => rows.int(rng.random_range(5..=13_i64)),
        _ => rows.null(),
    };
    let created = match account {
        SeededAccount::Mentor(n) => data.plan.mentors[n as usize].joined,
        _ => -rng.random_range(310 * DAY..=900 * DAY),
    };
    rows.flag(true).flag(true).time(created).end();
}

fn credential(data: &SeedData, n: u32, rows: &mut Rows) {
    rows.uuid(SeededAccount::nth(&data.plan, n).id())
        .opaque(&data.hash)
        .end();
}
