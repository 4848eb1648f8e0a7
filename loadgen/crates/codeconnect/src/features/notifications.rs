//! Notifications: a student looks at them, marks one read, sometimes all, and looks again.
//!
//! Errors are a list that is not newest first or shows one twice, and a mark that the next look does not
//! show. What was acknowledged as read is in the ledger. The flow of `push.rs` hears them as they come.

mod push;

use rand::RngExt as _;
use shared::{
    api::notifications::{MAX_UNREAD, MarkedRead, NotificationView, UnreadCount},
    ids::NotificationId,
    page::Page,
    paths,
};

use crate::{
    flows::{AppFlow, AppIteration, DrawnPlace, FeatureFlows, Op, TestAccount, until_failure},
    ledger::{OwnChange, OwnReading},
};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

/// Share of students who mark all of them read.
const ALL: f64 = 0.05;

static LIST: Op = Op::get("notifications.list");
static UNREAD: Op = Op::get("notifications.unread");
static READ: Op = Op::post("notifications.read");
static READ_ALL: Op = Op::post("notifications.read_all");

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[&LIST, &UNREAD, &READ, &READ_ALL, &push::PUSH],
    headline: &[&LIST, &push::PUSH],
    completes: &[("notifications pushed", &[&push::PUSH])],
    flows: &[
        AppFlow {
            name: "notifications.read",
            help: "a student counts and lists the own notifications, marks one read and looks again",
            operations: &[&LIST, &UNREAD, &READ, &READ_ALL],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(read(it)),
        },
        push::HEAR,
    ],
    needs_staff: true,
    ..FeatureFlows::new("notifications", "Notifications")
};

async fn read(mut it: AppIteration<'_>) -> Option<()> {
    let (place, all) = (DrawnPlace::draw(it.rng), it.rng.random_bool(ALL));
    let account = it.world.any_account(it.rng)?;
    let count = Request::get(paths::NOTIFICATIONS_UNREAD).bearer(&account.token.get());
    it.call(&UNREAD, count, check_count).await?;
    let listed = list(&mut it, account, None).await?;
    let chosen = place.item(&listed)?;
    let entry = it.world.ledger.marking(account.id, chosen.id);
    let path = paths::with_id(paths::NOTIFICATION_READ, chosen.id);
    let mark = Request::post(path).bearer(&account.token.get());
    it.call(&READ, mark, |reply| check_marked(reply, chosen))
        .await?;
    it.world.ledger.marked(entry);
    let change = OwnChange::acknowledged();
    if all {
        let request = Request::post(paths::NOTIFICATIONS_READ).bearer(&account.token.get());
        it.call(&READ_ALL, request, |reply| {
            check::json::<MarkedRead>(reply, 200)
        })
        .await?;
    }
    let marked = Some((chosen.id, change.read_begins()));
    list(&mut it, account, marked).await;
    Some(())
}

/// The newest notifications; `marked` is one that has to be shown as read, if it is shown.
async fn list(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    marked: Option<(NotificationId, OwnReading)>,
) -> Option<Vec<NotificationView>> {
    let request = Request::get(paths::NOTIFICATIONS).bearer(&account.token.get());
    let world = it.world;
    it.call(&LIST, request, |reply| {
        let items = check_list(reply)?;
        if let Some((id, reading)) = marked
            && let Some(shown) = shown_as_read(&items, id)
        {
            world.check_own(reading, shown, "a notification that was read is unread")?;
        }
        Ok(items)
    })
    .await
}

/// Whether a notification is shown as read; `None` where it is not on the list.
fn shown_as_read(items: &[NotificationView], id: NotificationId) -> Option<bool> {
    let found = items.iter().find(|one| one.id == id);
    found.map(|one| one.read_at.is_some())
}

fn check_count(reply: &Reply) -> Result<u32, Mismatch> {
    let count: UnreadCount = check::json(reply, 200)?;
    if count.unread <= MAX_UNREAD {
        Ok(count.unread)
    } else {
        Err(Mismatch::new("more unread notifications than are counted"))
    }
}

fn check_list(reply: &Reply) -> Result<Vec<NotificationView>, Mismatch> {
    let page: Page<NotificationView> = check::json(reply, 200)?;
    let items = page.items;
    if items.len() > page.per_page as usize || page.total.is_none_or(|all| all < items.len() as u64)
    {
        return Err(Mismatch::new("more notifications than fit the page"));
    }
    if !items.is_sorted_by(|one, next| one.created_at >= next.created_at) {
        return Err(Mismatch::new("the notifications are not newest first"));
    }
    if !check::all_differ(items.iter().map(|one| one.id)) {
        return Err(Mismatch::new("a notification is listed twice"));
    }
    Ok(items)
}

fn check_marked(reply: &Reply, chosen: &NotificationView) -> Result<(), Mismatch> {
    let seen: NotificationView = check::json(reply, 200)?;
    let same = (seen.id, seen.kind, seen.booking_id) == (chosen.id, chosen.kind, chosen.booking_id);
    // The first mark stays, whoever makes the second.
    let kept = chosen.read_at.is_none() || seen.read_at == chosen.read_at;
    if same && kept && seen.read_at.is_some() {
        Ok(())
    } else {
        Err(Mismatch::new("the notification is not marked read"))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use shared::{api::notifications::NotificationKind, ids::BookingId};
    use uuid::Uuid;

    use super::*;
    use crate::features::scripted;

    fn at() -> DateTime<Utc> {
        loadgen_engine::clock::time_of_day().into()
    }

    fn notification(n: u128, age: i64, read: bool) -> NotificationView {
        NotificationView {
            id: NotificationId(Uuid::from_u128(n)),
            kind: NotificationKind::BookingMoved,
            booking_id: BookingId(Uuid::from_u128(1)),
            created_at: at() - TimeDelta::hours(age),
            read_at: read.then(at),
        }
    }

    fn reply<T: serde::Serialize>(body: &T) -> Reply {
        scripted::reply(200, body)
    }

    fn page(items: Vec<NotificationView>) -> Reply {
        reply(&Page {
            total: Some(items.len() as u64),
            items,
            page: 1,
            per_page: 20,
            next_cursor: None,
        })
    }

    #[test]
    fn a_list_is_newest_first_and_shows_what_was_marked() {
        let (new, old) = (notification(1, 1, true), notification(2, 2, false));
        let right = page(vec![new.clone(), old.clone()]);
        let listed = check_list(&right).unwrap();
        assert_eq!(listed.len(), 2);
        assert_eq!(shown_as_read(&listed, new.id), Some(true));
        assert_eq!(shown_as_read(&listed, old.id), Some(false));
        let absent = NotificationId(Uuid::nil());
        assert_eq!(shown_as_read(&listed, absent), None);
        assert!(check_list(&page(vec![old, new.clone()])).is_err());
        assert!(check_list(&page(vec![new.clone(), new])).is_err());
    }

    #[test]
    fn a_mark_is_kept_and_of_the_right_notification() {
        let unread = notification(1, 1, false);
        let read = NotificationView {
            read_at: Some(at()),
            ..unread.clone()
        };
        check_marked(&reply(&read), &unread).unwrap();
        check_marked(&reply(&read), &read).unwrap();
        assert!(check_marked(&reply(&unread), &unread).is_err());
        let later = NotificationView {
            read_at: Some(at() + TimeDelta::hours(1)),
            ..unread.clone()
        };
        assert!(check_marked(&reply(&later), &read).is_err());
        assert!(check_marked(&reply(&notification(2, 1, true)), &unread).is_err());
    }
}
