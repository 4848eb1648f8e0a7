//! Dashboards: an administrator, a mentor or a student opens the first page and sees figures, latest
//! changes and next lessons.

use shared::{
    api::dashboards::{Dashboard, MAX_SHOWN},
    dataset::{self, RowKind},
    paths,
};

use crate::flows::{AppFlow, AppIteration, CachedReads, FeatureFlows, Op, until_failure};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

static ADMIN: Op = Op::get("dashboards.admin");
static MENTOR: Op = Op::get("dashboards.mentor");
static STUDENT: Op = Op::get("dashboards.student");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&ADMIN, &MENTOR, &STUDENT],
    headline: &[&ADMIN, &MENTOR, &STUDENT],
    flows: &[
        AppFlow {
            name: "dashboards.admin",
            help: "an administrator opens the dashboard of the platform",
            operations: &[&ADMIN],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(admin(it)),
        },
        AppFlow {
            name: "dashboards.mentor",
            help: "a mentor opens the dashboard of their lessons",
            operations: &[&MENTOR],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(mentor(it)),
        },
        AppFlow {
            name: "dashboards.student",
            help: "a student opens the dashboard of their lessons",
            operations: &[&STUDENT],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(student(it)),
        },
    ],
    caches: &[CachedReads {
        switch: "cache.dashboards",
        operation: &ADMIN,
        weights: None,
    }],
    needs_staff: true,
    ..FeatureFlows::new("dashboards", "Dashboards")
};

async fn admin(mut it: AppIteration<'_>) -> Option<()> {
    let account = it.world.any_admin(it.rng)?;
    let request = Request::get(paths::DASHBOARD_ADMIN).bearer(&account.token.get());
    it.call(&ADMIN, request, |reply| check_dashboard(reply).map(drop))
        .await
}

async fn mentor(mut it: AppIteration<'_>) -> Option<()> {
    let account = it.world.any_mentor(it.rng)?;
    let request = Request::get(paths::DASHBOARD_MENTOR).bearer(&account.token.get());
    it.call(&MENTOR, request, |reply| {
        let shown = check_dashboard(reply)?;
        let own = dataset::id(RowKind::Mentor, account.mentor);
        only(shown.upcoming.iter().all(|one| one.mentor_id.0 == own))
    })
    .await
}

async fn student(mut it: AppIteration<'_>) -> Option<()> {
    let account = it.world.any_account(it.rng)?;
    let request = Request::get(paths::DASHBOARD_STUDENT).bearer(&account.token.get());
    it.call(&STUDENT, request, |reply| {
        let shown = check_dashboard(reply)?;
        only(
            shown
                .upcoming
                .iter()
                .all(|one| one.student_id == account.id),
        )
    })
    .await
}

fn only(own: bool) -> Result<(), Mismatch> {
    if own {
        Ok(())
    } else {
        Err(Mismatch::new("the dashboard shows somebody else's lesson"))
    }
}

/// A dashboard whose parts fit together.
fn check_dashboard(reply: &Reply) -> Result<Dashboard, Mismatch> {
    let shown: Dashboard = check::json(reply, 200)?;
    if shown.activity.len() > MAX_SHOWN || shown.upcoming.len() > MAX_SHOWN {
        return Err(Mismatch::new("a list of the dashboard is too long"));
    }
    if !shown.activity.is_sorted_by(|a, b| a.at >= b.at) {
        return Err(Mismatch::new("the activity is not latest first"));
    }
    if !shown
        .upcoming
        .is_sorted_by(|a, b| a.scheduled_at <= b.scheduled_at)
    {
        return Err(Mismatch::new("the next lessons are not earliest first"));
    }
    if shown
        .upcoming
        .iter()
        .any(|one| one.scheduled_at.date_naive() < shown.date)
    {
        return Err(Mismatch::new("a next lesson is over"));
    }
    let overview = &shown.overview;
    let marked = shown.students.present + shown.students.late + shown.students.absent;
    if overview.lessons_today > overview.lessons_week || marked > overview.lessons_held {
        return Err(Mismatch::new("the figures do not fit together"));
    }
    Ok(shown)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use shared::{
        api::{
            bookings::BookingStatus,
            dashboards::{
                DashboardActivity, DashboardOverview, FinancialSummary, StudentStatistics,
                UpcomingLesson,
            },
        },
        ids::{BookingId, MentorId, UserId},
        money::Cents,
    };
    use uuid::Uuid;

    use super::*;
    use crate::features::scripted;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::hours(hour)
    }

    fn dashboard() -> Dashboard {
        let activity = |hour| DashboardActivity {
            booking_id: BookingId(Uuid::nil()),
            status: BookingStatus::Confirmed,
            at: at(hour),
            scheduled_at: at(1),
            student_name: "Ada".to_owned(),
            mentor_name: "Bob".to_owned(),
        };
        let upcoming = |hour| UpcomingLesson {
            booking_id: BookingId(Uuid::nil()),
            student_id: UserId(Uuid::nil()),
            student_name: "Ada".to_owned(),
            mentor_id: MentorId(Uuid::nil()),
            mentor_name: "Bob".to_owned(),
            scheduled_at: at(hour),
            ends_at: at(hour + 1),
        };
        Dashboard {
            date: at(0).date_naive(),
            overview: DashboardOverview {
                lessons_today: 1,
                lessons_week: 2,
                lessons_held: 2,
                lessons_cancelled: 0,
                mentors: 1,
            },
            activity: vec![activity(2), activity(1)],
            upcoming: vec![upcoming(1), upcoming(3)],
            finances: FinancialSummary {
                held_cents: Cents(0),
                booked_cents: Cents(0),
                cancelled_cents: Cents(0),
            },
            students: StudentStatistics {
                active: 1,
                present: 1,
                late: 0,
                absent: 1,
            },
        }
    }

    fn judged(shown: &Dashboard) -> Result<Dashboard, Mismatch> {
        check_dashboard(&scripted::reply(200, shown))
    }

    #[test]
    fn a_dashboard_in_order_is_accepted_and_each_wrong_one_is_noticed() {
        let right = dashboard();
        assert_eq!(judged(&right).unwrap(), right);
        let mut wrong = dashboard();
        wrong.activity.reverse();
        assert!(judged(&wrong).is_err());
        let mut wrong = dashboard();
        wrong.upcoming.reverse();
        assert!(judged(&wrong).is_err());
        let mut wrong = dashboard();
        wrong.upcoming[0].scheduled_at = at(-48);
        assert!(judged(&wrong).is_err());
        let mut wrong = dashboard();
        wrong.overview.lessons_today = 3;
        assert!(judged(&wrong).is_err());
        let mut wrong = dashboard();
        wrong.students.late = 9;
        assert!(judged(&wrong).is_err());
        let mut wrong = dashboard();
        wrong.upcoming = vec![wrong.upcoming[0].clone(); MAX_SHOWN + 1];
        assert!(judged(&wrong).is_err());
    }
}
