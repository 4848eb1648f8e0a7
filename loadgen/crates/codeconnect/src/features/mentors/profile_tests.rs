//! What a mentor sends who edits the own page, and answers to that which are wrong.

use shared::{
    api::auth::{LoginRequest, Role, Session, UserView},
    ids::UserId,
};
use uuid::Uuid;

use super::*;
use crate::features::{
    mentors::fixture::{page, reviewed, updated},
    scripted::{SentRequest, all_right, iterate, reply, tokens, world},
};
use loadgen_engine::{request::Request, sample::Outcome, schedule::LoadShare};

/// What is wrong with a target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ProfileFault {
    None,
    /// It forgets the text.
    Forgets,
    /// It changes what was not sent.
    ChangesMore,
    /// Pages are those of before.
    OldPages,
}

/// What a mentor sends to a target with that fault; each page has a review more than the one before.
async fn sent(fault: ProfileFault, number: u64, may_be_old: bool) -> Vec<SentRequest> {
    let mut world = world();
    world.reads_may_be_old = may_be_old;
    let mentors = world.counts.mentors;
    let mut now = page(MentorId(Uuid::nil()), "Ada Stone");
    now.bio = format!("Teaches.{LINE}an old one");
    let mut first = now.clone();
    let target = |op: &'static str, request: &Request| {
        now = reviewed(&now);
        Some(match op {
            "auth.login" => {
                let asked: LoginRequest = serde_json::from_slice(&request.body).ok()?;
                let n = (0..mentors).find(|n| dataset::mentor_email(*n) == asked.email)?;
                now.card.id = MentorId(dataset::id(RowKind::Mentor, n));
                first = now.clone();
                let session = Session {
                    user: UserView {
                        id: UserId(dataset::id(RowKind::MentorUser, n)),
                        email: asked.email,
                        display_name: "Ada Stone".to_owned(),
                        role: Role::Mentor,
                        mentor_id: Some(now.card.id),
                        grade: None,
                    },
                    tokens: tokens(1),
                };
                reply(200, &session)
            }
            "mentors.update_own" => {
                let mut asked: MentorUpdate = serde_json::from_slice(&request.body).ok()?;
                if fault == ProfileFault::Forgets {
                    asked.bio = None;
                }
                if fault == ProfileFault::ChangesMore {
                    asked.headline = Some("another".to_owned());
                }
                now = updated(&now, asked);
                reply(200, &now)
            }
            _ if fault == ProfileFault::OldPages => reply(200, &first),
            _ => reply(200, &now),
        })
    };
    iterate("mentors.profile", &world, number, target).await
}

const STEPS: [&str; 4] = [
    "auth.login",
    "mentors.detail",
    "mentors.update_own",
    "mentors.detail",
];

#[tokio::test]
async fn a_mentor_finds_the_own_change_beside_reviews_that_come_meanwhile() {
    for number in 0..8 {
        let sent = sent(ProfileFault::None, number, false).await;
        assert_eq!(all_right(&sent), STEPS);
    }
}

#[tokio::test]
async fn a_change_that_is_lost_and_one_that_nobody_asked_for_are_noticed() {
    for (fault, op) in [
        (ProfileFault::Forgets, "mentors.update_own"),
        (ProfileFault::ChangesMore, "mentors.update_own"),
        (ProfileFault::OldPages, "mentors.detail"),
    ] {
        let sent = sent(fault, 0, false).await;
        assert_eq!(sent.last(), Some(&(op, Some(Outcome::BodyMismatch))));
    }
    assert_eq!(
        all_right(&sent(ProfileFault::OldPages, 0, true).await),
        STEPS
    );
}

#[test]
fn the_line_of_an_earlier_change_goes_and_prices_go_up_and_down_in_turn() {
    let mut before = page(MentorId(Uuid::nil()), "Ada Stone");
    before.bio = "Teaches.".to_owned();
    before.card.hourly_price_cents = Cents(4_550);
    let first = change(&before, 10, true);
    assert_eq!(
        first.bio.as_deref(),
        Some("Teaches.\nLesson of the week: a")
    );
    assert_eq!(first.hourly_price_cents, Some(Cents(4_450)));
    assert_eq!(first.headline, None);
    let second = change(&updated(&before, first), 11, true);
    assert_eq!(
        second.bio.as_deref(),
        Some("Teaches.\nLesson of the week: b")
    );
    assert_eq!(second.hourly_price_cents, Some(Cents(4_550)));
    assert_eq!(change(&before, 10, false).hourly_price_cents, None);
}

#[test]
fn a_page_is_edited_by_one_user_at_a_time_and_in_one_process() {
    let mut world = world();
    world.counts.mentors = 2;
    let first = reserve(&world, 3).unwrap();
    let second = reserve(&world, 3).unwrap();
    assert_eq!((first.number(), second.number()), (1, 0));
    assert!(reserve(&world, 0).is_none());
    drop((first, second));
    world.share = LoadShare::new(1, 2).unwrap();
    let own = reserve(&world, 0).unwrap();
    assert_eq!(own.number(), 1);
    assert!(reserve(&world, 0).is_none());
}
