//! A mentor logs in, opens the own page, changes the text and maybe the price, and finds that there.

use rand::RngExt as _;
use shared::{
    api::mentors::{MentorDetail, MentorUpdate},
    dataset::{self, RowKind},
    ids::MentorId,
    money::Cents,
};

use super::steps::{self, DETAIL, UPDATE_OWN};
use crate::features::auth;
use crate::flows::{AppFlow, AppIteration, Reservation, World, until_failure};

/// Share of the changes that are of the price too.
const PRICES: f64 = 0.3;
/// By how much: up and down in turn, so that prices stay what they are by and large.
const STEP: i64 = 100;
/// What the line begins with that is new in the text; that of an earlier change goes.
const LINE: &str = "\nLesson of the week: ";

pub(super) const FLOW: AppFlow = AppFlow {
    name: "mentors.profile",
    help: "a mentor logs in, opens the own page, changes the text and sometimes the price, and finds that there",
    operations: &[&auth::LOGIN, &DETAIL, &UPDATE_OWN],
    needs_sessions: false,
    at_once: 1,
    run: |it| until_failure(edit(it)),
};

async fn edit(mut it: AppIteration<'_>) -> Option<()> {
    let first: u32 = it.rng.random();
    let (is_price, number) = (it.rng.random_bool(PRICES), it.rng.random::<u64>());
    // Two users who edit one page would find each other's text there.
    let reserved = reserve(it.world, first)?;
    let n = reserved.number();
    let login = it.call(&auth::LOGIN, auth::mentor_login_request(n), |reply| {
        auth::check_mentor_login(reply, n)
    });
    let session = login.await?;
    let token = &session.tokens.access_token;
    let id = MentorId(dataset::id(RowKind::Mentor, n));
    let before = steps::read_page(&mut it, token, id).await?;
    let update = change(&before, number, is_price);
    if let Some(changed) = steps::update(&mut it, token, &before, &update).await {
        steps::find_changed(&mut it, token, &changed).await;
    }
    Some(())
}

/// A mentor, that one or one of the next, whose profile no other virtual user edits now.
fn reserve(world: &World, first: u32) -> Option<Reservation<'_>> {
    let all = world.counts.mentors;
    let numbers = (0..all).map(|step| (first % all + step) % all);
    // A reservation holds within this process: no other one has these mentors.
    world
        .edited
        .first(numbers.filter(|n| world.share.has(u64::from(*n))))
}

/// Another last line, and maybe another price.
fn change(before: &MentorDetail, number: u64, is_price: bool) -> MentorUpdate {
    let text = before.bio.split(LINE).next().unwrap_or_default();
    let Cents(price) = before.card.hourly_price_cents;
    let is_odd = price / STEP % 2 == 1;
    let price = if is_odd { price - STEP } else { price + STEP };
    MentorUpdate {
        headline: None,
        bio: Some(format!("{text}{LINE}{number:x}")),
        hourly_price_cents: is_price.then_some(Cents(price)),
    }
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
