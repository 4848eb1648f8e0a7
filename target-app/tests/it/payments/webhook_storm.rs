//! Thousands of webhooks at once: duplicates, reorderings, replays and forgeries.

use std::{collections::BTreeSet, env};

use chrono::TimeDelta;
use futures_util::{StreamExt as _, stream};
use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use shared::{
    api::payments::{PaymentEvent, PaymentEventKind, PaymentStatus, PaymentView},
    problem::Code,
};
use target_app::provider::WebhookKey;

use super::step::{REQUIRED, event, held, key, made, post, wait_for};
use crate::support::TestApp;

/// Webhooks, if the environment variable `WEBHOOKS` has no other number: what a debug build sends in
/// seconds.
const WEBHOOKS: usize = 2_000;
/// Of each payment.
const EACH: usize = 20;
/// Webhooks that are on their way at once.
const AT_ONCE: usize = 48;

/// One delivery.
struct Sent {
    event: PaymentEvent,
    signed: Signed,
}

/// By whom, and when.
#[derive(Clone, Copy, PartialEq)]
enum Signed {
    Genuine,
    TooLongAgo,
    Forged,
}

/// What the provider decides about a payment.
#[derive(Clone, Copy, PartialEq)]
enum Decision {
    Captured,
    Declined,
    /// First one, then the other: both events are genuine.
    Both,
}

impl Decision {
    const fn of(n: usize) -> Self {
        match n % 5 {
            0 => Self::Declined,
            1 => Self::Both,
            _ => Self::Captured,
        }
    }
}

/// Everything that is sent about one payment.
fn deliveries(payment: &PaymentView, decision: Decision) -> Vec<Sent> {
    use PaymentEventKind::{Captured, Failed, Processing, Refunded};
    let genuine: &[PaymentEventKind] = match decision {
        Decision::Captured => &[Processing, Captured],
        Decision::Declined => &[Processing, Failed],
        Decision::Both => &[Processing, Captured, Failed],
    };
    let mut all = Vec::new();
    while all.len() < EACH - 6 {
        for &kind in genuine {
            all.push(Sent {
                event: event(payment, kind),
                signed: Signed::Genuine,
            });
        }
    }
    // What nobody but the provider may say: above all that a declined payment was captured.
    for signed in [Signed::TooLongAgo, Signed::Forged] {
        for kind in [Captured, Refunded, Failed] {
            let mut event = event(payment, kind);
            event.id = format!("{}-forged", event.id);
            all.push(Sent { event, signed });
        }
    }
    all
}

#[tokio::test]
async fn every_booking_of_a_storm_of_webhooks_has_one_captured_payment_or_none() {
    let number = env::var("WEBHOOKS").map_or(WEBHOOKS, |text| text.parse().unwrap());
    let app = TestApp::with(&[REQUIRED]).start().await;
    let mut payments = Vec::new();
    for n in 0..number.div_ceil(EACH) {
        let student = app.student(n as u32 % 20);
        let booking = held(&app, &student).await;
        payments.push((student.clone(), made(&student, &booking).await));
    }
    let mut sent: Vec<Sent> = payments
        .iter()
        .enumerate()
        .flat_map(|(n, (_, payment))| deliveries(payment, Decision::of(n)))
        .collect();
    assert!(sent.len() >= number);
    sent.shuffle(&mut ChaCha8Rng::seed_from_u64(6));

    let ids: BTreeSet<&str> = sent
        .iter()
        .filter(|one| one.signed == Signed::Genuine)
        .map(|one| one.event.id.as_str())
        .collect();
    let now = app.state.clock().now();
    let forger = WebhookKey::new(&"another secret".to_owned().into());
    stream::iter(&sent)
        .for_each_concurrent(AT_ONCE, |one| {
            let (app, forger) = (&app, &forger);
            async move {
                let body = serde_json::to_vec(&one.event).unwrap();
                let signature = match one.signed {
                    Signed::Genuine => key().sign(&body, app.state.clock().now()),
                    Signed::TooLongAgo => key().sign(&body, now - TimeDelta::minutes(10)),
                    Signed::Forged => forger.sign(&body, app.state.clock().now()),
                };
                let answer = post(app, body, &signature).await;
                if one.signed == Signed::Genuine {
                    assert_eq!(answer.status, 200, "{}", answer.text());
                } else {
                    answer.refused(Code::BadSignature);
                }
            }
        })
        .await;

    let recorded = app.db.count("select count(*) from payment_event").await;
    // The provider confirms each refund with an event of its own.
    let refunds = "select count(*) from payment_event where kind = 'refunded'";
    let mut refunded = 0;
    for (n, (student, payment)) in payments.iter().enumerate() {
        let seen: PaymentView = student.payment(payment.id).await.ok();
        match Decision::of(n) {
            Decision::Captured => assert_eq!(seen.status, PaymentStatus::Captured),
            Decision::Declined => assert_eq!(seen.status, PaymentStatus::Failed),
            // Whichever came first decides, and what came too late is given back.
            Decision::Both if seen.status == PaymentStatus::Captured => {}
            Decision::Both => {
                wait_for(student, payment.id, PaymentStatus::Refunded).await;
                refunded += 1;
            }
        }
    }
    assert!(recorded >= ids.len() as i64);
    assert_eq!(app.db.count(refunds).await, refunded);
    let all = app.db.count("select count(*) from payment_event").await;
    assert_eq!(all, ids.len() as i64 + refunded);
    let doubles = "select count(*) from (
                       select booking_id from payment where status = 'captured'
                       group by booking_id having count(*) > 1
                   ) doubles";
    assert_eq!(app.db.count(doubles).await, 0);
    app.lab().audits_clean().await;
    app.finish().await;
}
