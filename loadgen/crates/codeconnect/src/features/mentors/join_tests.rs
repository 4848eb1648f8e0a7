//! What someone sends who becomes a mentor, and pages of a new mentor that are wrong.

use shared::{
    api::auth::{RegisterRequest, UserView},
    ids::UserId,
};
use uuid::Uuid;

use super::*;
use crate::features::{
    mentors::fixture::{page, reviewed, updated},
    scripted::{SentRequest, all_right, iterate, reply, tokens, world},
};
use loadgen_engine::sample::Outcome;

fn mentor() -> MentorId {
    MentorId(Uuid::from_u128(7))
}

/// What is wrong with a target.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JoinFault {
    None,
    /// Whoever registers gets no profile.
    NoProfile,
    /// A change of the profile is forgotten.
    Forgets,
    /// Whoever goes on the list stays off it.
    StaysOff,
    /// Pages are those of before.
    OldPages,
}

/// What someone sends to a target with that fault.
async fn sent(fault: JoinFault, may_be_old: bool) -> Vec<SentRequest> {
    let mut world = world();
    world.reads_may_be_old = may_be_old;
    let mut now = page(mentor(), NEW_MENTOR);
    let first = now.clone();
    let target = |op: &'static str, request: &Request| {
        Some(match op {
            "auth.register" => {
                let asked: RegisterRequest = serde_json::from_slice(&request.body).ok()?;
                let session = Session {
                    user: UserView {
                        id: UserId(Uuid::nil()),
                        email: asked.email,
                        display_name: asked.display_name,
                        role: asked.role.into(),
                        mentor_id: (fault != JoinFault::NoProfile).then(mentor),
                        grade: None,
                    },
                    tokens: tokens(1),
                };
                reply(201, &session)
            }
            "mentors.update_own" => {
                if fault != JoinFault::Forgets {
                    now = updated(&now, serde_json::from_slice(&request.body).ok()?);
                }
                reply(200, &now)
            }
            "mentors.set_active" => {
                let asked: ActiveRequest = serde_json::from_slice(&request.body).ok()?;
                now.is_active = asked.active && fault != JoinFault::StaysOff;
                reply(200, &now)
            }
            _ if fault == JoinFault::OldPages => reply(200, &first),
            _ => reply(200, &now),
        })
    };
    iterate("mentors.join", &world, 0, target).await
}

const STEPS: [&str; 7] = [
    "auth.register",
    "mentors.detail",
    "mentors.update_own",
    "mentors.set_active",
    "mentors.detail",
    "mentors.set_active",
    "mentors.detail",
];

#[tokio::test]
async fn a_new_mentor_fills_in_the_profile_and_is_on_the_list_and_off_it_again() {
    assert_eq!(all_right(&sent(JoinFault::None, false).await), STEPS);
}

#[tokio::test]
async fn what_a_new_mentor_did_has_to_be_answered_and_to_be_seen() {
    for (fault, op) in [
        (JoinFault::NoProfile, "auth.register"),
        (JoinFault::Forgets, "mentors.update_own"),
    ] {
        let sent = sent(fault, false).await;
        assert_eq!(sent.last(), Some(&(op, Some(Outcome::BodyMismatch))));
    }
    // The mentor goes off the list even where going on it failed, or was not seen.
    let (ok, wrong) = (Some(Outcome::Ok), Some(Outcome::BodyMismatch));
    for (fault, expected) in [
        (JoinFault::StaysOff, &[ok, ok, ok, wrong, ok, ok][..]),
        (JoinFault::OldPages, &[ok, ok, ok, ok, wrong, ok, wrong][..]),
    ] {
        let sent = sent(fault, false).await;
        let outcomes: Vec<_> = sent.iter().map(|(_, outcome)| *outcome).collect();
        assert_eq!(outcomes, expected);
    }
    assert_eq!(all_right(&sent(JoinFault::OldPages, true).await), STEPS);
}

#[test]
fn a_new_page_is_empty_and_off_the_list() {
    let new = page(mentor(), NEW_MENTOR);
    check_new(&reply(200, &new), mentor()).unwrap();
    let listed = MentorDetail {
        is_active: true,
        ..new.clone()
    };
    let mut priced = new.clone();
    priced.card.hourly_price_cents = Cents(1);
    let other = page(mentor(), "Ada Stone");
    let elsewhere = page(MentorId(Uuid::nil()), NEW_MENTOR);
    for wrong in [listed, priced, other, elsewhere, reviewed(&new)] {
        assert!(
            check_new(&reply(200, &wrong), mentor()).is_err(),
            "{wrong:?}"
        );
    }
}

#[test]
fn going_on_the_list_changes_nothing_else_and_a_review_meanwhile_is_no_change() {
    let before = page(mentor(), NEW_MENTOR);
    let listed = MentorDetail {
        is_active: true,
        ..before.clone()
    };
    check_active(&reply(200, &listed), &before, true).unwrap();
    check_active(&reply(200, &reviewed(&listed)), &before, true).unwrap();
    let mut changed = listed;
    changed.card.hourly_price_cents = Cents(1);
    for wrong in [before.clone(), changed] {
        assert!(check_active(&reply(200, &wrong), &before, true).is_err());
    }
}
