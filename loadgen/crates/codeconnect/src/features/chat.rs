//! Chat: one virtual user sits in a room over one socket, says something, hears it, pings.
//!
//! Its own message is acknowledged with a number, comes back once with that number and the
//! same text, and the numbers of the room go up by one. That holds over the loss of a socket: on
//! another one the room is joined again behind the last message that was seen, and a message without
//! an acknowledgement is sent again under the same name.

mod exchanges;
#[cfg(test)]
mod fixture;
mod history;
mod room_listener;

use rand::RngExt as _;
use shared::ids::RoomId;

use self::{
    exchanges::{JoinExchange, PingExchange, SendExchange, connect},
    room_listener::Own,
};
use crate::flows::{
    AppFlow, AppIteration, ChatMemory, DrawnPlace, FeatureFlows, Op, TestAccount, World,
    until_failure,
};
use loadgen_engine::flow::Access;

/// Things that people say.
const TEXTS: [&str; 6] = [
    "Hello everyone!",
    "Could you look at exercise three once more?",
    "Thanks, that helped a lot.",
    "When is the next lesson?",
    "I pushed the solution, the second test still fails for me.",
    "See you tomorrow.",
];

pub(super) static CONNECT: Op = Op::message("chat.connect", Access::Read);
static JOIN: Op = Op::message("chat.join", Access::Read);
static SEND: Op = Op::message("chat.send", Access::Write);
static DELIVER: Op = Op::message("chat.deliver", Access::Read);
pub(super) static PING: Op = Op::message("chat.ping", Access::Read);

/// What the load generator knows of this feature.
pub(super) const FEATURE: FeatureFlows = FeatureFlows {
    operations: &[
        &CONNECT,
        &JOIN,
        &SEND,
        &DELIVER,
        &PING,
        &history::ROOMS,
        &history::HISTORY,
    ],
    headline: &[&SEND],
    completes: &[
        ("messages sent", &[&SEND]),
        ("messages delivered", &[&DELIVER]),
    ],
    flows: &[
        AppFlow {
            name: "chat.room",
            help: "a student sits in a chat room, sends a message, hears it back and pings",
            operations: &[&CONNECT, &JOIN, &SEND, &DELIVER, &PING],
            needs_sessions: true,
            at_once: 1,
            run: |it| until_failure(chat(it)),
        },
        history::READ,
    ],
    ..FeatureFlows::new("chat", "Chat")
};

async fn chat(mut it: AppIteration<'_>) -> Option<()> {
    let said = TEXTS[it.rng.random_range(0..TEXTS.len())];
    let choice = DrawnPlace::draw(it.rng);
    let nonce: u64 = it.rng.random();
    let (mut seat, account) = seated(&mut it, choice).await?;
    it.memory.made += 1;
    let own = Own {
        client_id: format!(
            "{:016x}-{}-{}-{nonce:x}",
            it.world.nonce, it.user, it.memory.made
        ),
        text: format!("{said} #{}", it.memory.made),
    };
    let heard = say(&mut it, account, &mut seat, &own).await
        && ping(&mut it, account, &mut seat, nonce).await;
    if heard {
        it.memory.chat = Some(seat);
    } else {
        // What went wrong is recorded; the next iteration starts on a new socket.
        it.transport.socket_close().await;
    }
    Some(())
}

/// The place of a virtual user's account among all: always the same, so that its sockets do not pile
/// up.
fn account_of(world: &World, user: u32) -> Option<usize> {
    let with_room = || {
        let accounts = world.accounts.iter().enumerate();
        accounts.filter(|(_, account)| !account.rooms.is_empty())
    };
    let place = user as usize % with_room().count().max(1);
    with_room().nth(place).map(|(number, _)| number)
}

/// Makes sure that the socket is open and a room joined; who sits there.
async fn seated<'w>(
    it: &mut AppIteration<'w>,
    choice: DrawnPlace,
) -> Option<(ChatMemory, &'w TestAccount)> {
    let world = it.world;
    let open = it.transport.socket_is_open();
    let seat = it.memory.chat.take();
    let number = match &seat {
        Some(seat) => seat.account,
        None => account_of(world, it.user)?,
    };
    let account = world.accounts.get(number)?;
    if !open
        && !it
            .transport
            .socket_open(CONNECT.id(), connect(account))
            .await
    {
        // What comes meanwhile is fetched once a socket opens.
        it.memory.chat = seat;
        return None;
    }
    let (room, after) = match seat {
        Some(seat) if open && seat.resume_after.is_none() => return Some((seat, account)),
        // Too slow for the socket, or lost between two iterations.
        Some(seat) => (seat.room, seat.resume_after.or(Some(seat.last_seq))),
        None if open => {
            it.transport.socket_close().await;
            return None;
        }
        None => (*choice.item(&account.rooms)?, None),
    };
    let overflow = it.transport.socket_overflow();
    let last_seq = join(it, account, room, after).await?;
    let seat = ChatMemory {
        account: number,
        room,
        last_seq,
        overflow,
        gap_excused: false,
        resume_after: None,
    };
    Some((seat, account))
}

/// Joins a room; the number that its next message follows.
async fn join(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    room: RoomId,
    after_seq: Option<i64>,
) -> Option<i64> {
    let mut exchange = JoinExchange {
        account,
        room,
        after_seq,
        joined: None,
    };
    let text = exchange.frame();
    let done = it
        .transport
        .socket_exchange_resumed(&[JOIN.id()], text, &mut exchange)
        .await;
    let joined = exchange.joined.filter(|_| done);
    if joined.is_none() {
        it.transport.socket_close().await;
    }
    joined
}

/// Sends a message; settles its acknowledgement and its delivery, in whichever order they come.
async fn say(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    seat: &mut ChatMemory,
    own: &Own,
) -> bool {
    let overflow = it.transport.socket_overflow();
    let ledger = &it.world.ledger;
    let entry = ledger.message(seat.room, account.id, &own.client_id);
    let mut exchange = SendExchange::new(account, seat, overflow, own);
    let text = exchange.frame();
    let done = it
        .transport
        .socket_exchange_resumed(&[SEND.id(), DELIVER.id()], text, &mut exchange)
        .await;
    if let Some(seq) = exchange.acked() {
        ledger.acknowledged(entry, seq);
    }
    done && exchange.is_right()
}

async fn ping(
    it: &mut AppIteration<'_>,
    account: &TestAccount,
    seat: &mut ChatMemory,
    nonce: u64,
) -> bool {
    let overflow = it.transport.socket_overflow();
    let mut exchange = PingExchange::new(account, seat, overflow, nonce);
    let text = exchange.frame();
    let done = it
        .transport
        .socket_exchange_resumed(&[PING.id()], text, &mut exchange)
        .await;
    done && exchange.is_right()
}
