//! Reading up: one's rooms, and the newest messages of one of them, over HTTP.
//!
//! The rooms are the ones that the account is a member of, in the order of their ids; a page of
//! messages has no gap, ends with the newest, and holds nothing of another room.

use shared::{
    api::chat::{History, RoomList},
    ids::RoomId,
    paths,
};

use crate::flows::{AppFlow, AppIteration, DrawnPlace, Op, until_failure};
use loadgen_engine::{
    check::{self, Mismatch, Reply},
    request::Request,
};

/// Messages of a page.
const PAGE: usize = 50;

pub(super) static ROOMS: Op = Op::get("chat.rooms");
pub(super) static HISTORY: Op = Op::get("chat.history");

/// `chat.read`: list one's rooms, read the newest page of one.
pub(super) const READ: AppFlow = AppFlow {
    name: "chat.read",
    help: "a student lists the own chat rooms and reads the newest messages of one",
    operations: &[&ROOMS, &HISTORY],
    needs_sessions: true,
    at_once: 1,
    run: |it| until_failure(read(it)),
};

async fn read(mut it: AppIteration<'_>) -> Option<()> {
    let place = DrawnPlace::draw(it.rng);
    let account = it.world.any_account(it.rng)?;
    let list = Request::get(paths::CHAT_ROOMS).bearer(&account.token.get());
    it.call(&ROOMS, list, |reply| check_rooms(reply, &account.rooms))
        .await?;
    let room = *place.item(&account.rooms)?;
    let path = paths::with_id(paths::CHAT_MESSAGES, room);
    let page = Request::get(format!("{path}?limit={PAGE}")).bearer(&account.token.get());
    it.call(&HISTORY, page, |reply| check_history(reply, room))
        .await;
    Some(())
}

fn check_rooms(reply: &Reply, expected: &[RoomId]) -> Result<(), Mismatch> {
    let list: RoomList = check::json(reply, 200)?;
    if list
        .rooms
        .iter()
        .map(|room| room.id)
        .eq(expected.iter().copied())
    {
        return Ok(());
    }
    Err(Mismatch::new(format!(
        "{} rooms, or others, where the account is in {}",
        list.rooms.len(),
        expected.len()
    )))
}

fn check_history(reply: &Reply, room: RoomId) -> Result<(), Mismatch> {
    let page: History = check::json(reply, 200)?;
    let count = page.messages.len() as i64;
    if count != page.last_seq.min(PAGE as i64) {
        return Err(Mismatch::new(format!(
            "{count} messages of a room that has {}",
            page.last_seq
        )));
    }
    let first = page.last_seq - count + 1;
    for (message, seq) in page.messages.iter().zip(first..) {
        if message.seq != seq || message.room != room {
            return Err(Mismatch::new(format!(
                "message {} of {} where {seq} of {room} belongs",
                message.seq, message.room
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::features::scripted;

    fn reply(body: serde_json::Value) -> Reply {
        scripted::reply(200, &body)
    }

    fn message(room: RoomId, seq: i64) -> serde_json::Value {
        json!({
            "id": Uuid::nil(), "room": room, "seq": seq, "sender": Uuid::nil(),
            "client_id": "c", "text": "t", "sent_at": "2026-01-01T00:00:00Z",
        })
    }

    #[test]
    fn a_page_with_a_gap_or_from_another_room_is_wrong() {
        let (room, other) = (RoomId(Uuid::nil()), RoomId(Uuid::max()));
        let page = |messages: Vec<serde_json::Value>, last_seq: i64| {
            check_history(
                &reply(json!({"messages": messages, "last_seq": last_seq})),
                room,
            )
        };
        assert!(page(vec![message(room, 1), message(room, 2)], 2).is_ok());
        assert!(page(vec![], 0).is_ok());
        assert!(page(vec![message(room, 1)], 2).is_err());
        assert!(page(vec![message(room, 1), message(room, 3)], 2).is_err());
        assert!(page(vec![message(room, 1), message(other, 2)], 2).is_err());
    }

    #[test]
    fn a_list_without_a_room_of_the_account_is_wrong() {
        let room = RoomId(Uuid::nil());
        let listed = json!({"rooms": [{"id": room, "title": "x", "last_seq": 0, "members": 2}]});
        assert!(check_rooms(&reply(listed.clone()), &[room]).is_ok());
        assert!(check_rooms(&reply(listed), &[]).is_err());
        assert!(check_rooms(&reply(json!({"rooms": []})), &[room]).is_err());
    }
}
