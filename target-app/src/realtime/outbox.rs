//! Messages that wait to be stored together: a bounded queue, and who stores it next.
//!
//! There is no task of its own. Of those who wait, one leads: it takes what is queued, stores it
//! and answers. When it is done the lead goes to the first who still waits, or to whoever comes
//! next. So the engine that stores is always one that a waiting request holds, and at the end of
//! the process nothing is left behind: whoever put a message in waits for its answer.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use shared::{
    api::chat::ChatMessage,
    ids::{RoomId, UserId},
};
use tokio::sync::mpsc;

use crate::error::ApiError;

/// Most messages that wait; further ones are refused.
const CAPACITY: usize = 10_000;

/// A checked message that may be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Where.
    pub room: RoomId,
    /// By whom.
    pub sender: UserId,
    /// The sender's own name for it.
    pub client_id: String,
    /// What it says.
    pub text: String,
}

/// A draft in the queue.
pub struct Letter {
    /// What is to be stored.
    pub draft: Draft,
    told: mpsc::Sender<Word>,
}

/// What somebody is told whose draft waits.
pub enum Word {
    /// It is their turn to store what is queued, their own draft among it.
    Lead(Lead),
    /// What became of their draft.
    Done(Result<ChatMessage, ApiError>),
}

impl Letter {
    /// Tells whoever waits what became of the draft.
    pub fn answer(self, outcome: Result<ChatMessage, ApiError>) {
        // The channel holds both words that a letter can bring; who is gone needs no answer.
        let _gone = self.told.try_send(Word::Done(outcome));
    }
}

/// The queue; clones share it.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    letters: VecDeque<Letter>,
    /// Whether somebody has the lead, or is just being given it.
    led: bool,
}

impl Outbox {
    /// Queues a draft: the way to hear what becomes of it, and the lead where nobody has it.
    /// `None` when the queue is full.
    pub fn put(&self, draft: Draft) -> Option<(mpsc::Receiver<Word>, Option<Lead>)> {
        let (told, words) = mpsc::channel(2);
        let mut inner = self.inner();
        if inner.letters.len() >= CAPACITY {
            return None;
        }
        inner.letters.push_back(Letter { draft, told });
        let lead = (!inner.led).then(|| Lead(self.clone()));
        inner.led = true;
        Some((words, lead))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // No code that can panic runs under this lock, so the queue is whole even then.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right and duty to store what is queued; one exists at most. Dropping it, also in a panic,
/// hands it on.
pub struct Lead(Outbox);

impl Lead {
    /// Takes the oldest letters, at most `limit`.
    pub fn take(&self, limit: usize) -> Vec<Letter> {
        let mut inner = self.0.inner();
        let count = inner.letters.len().min(limit);
        inner.letters.drain(..count).collect()
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        let mut inner = self.0.inner();
        // Who is gone cannot lead, and wants no answer.
        while inner
            .letters
            .front()
            .is_some_and(|first| first.told.is_closed())
        {
            inner.letters.pop_front();
        }
        let Some(first) = inner.letters.front() else {
            inner.led = false;
            return;
        };
        let told = first.told.clone();
        // Unlocked first: should the word not arrive, its lead is dropped and comes here again.
        drop(inner);
        drop(told.try_send(Word::Lead(Lead(self.0.clone()))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str) -> Draft {
        Draft {
            room: RoomId(uuid::Uuid::nil()),
            sender: UserId(uuid::Uuid::nil()),
            client_id: name.to_owned(),
            text: "hello".to_owned(),
        }
    }

    fn names(letters: &[Letter]) -> Vec<&str> {
        letters
            .iter()
            .map(|letter| letter.draft.client_id.as_str())
            .collect()
    }

    #[tokio::test]
    async fn the_first_leads_and_hands_on_to_whoever_still_waits() {
        let outbox = Outbox::default();
        let (_one, lead) = outbox.put(draft("1")).unwrap();
        let lead = lead.expect("nobody led before");
        let (_two, none) = outbox.put(draft("2")).unwrap();
        assert!(none.is_none());
        let (mut three, _) = outbox.put(draft("3")).unwrap();
        assert_eq!(names(&lead.take(2)), ["1", "2"]);
        drop(lead);
        let Some(Word::Lead(next)) = three.recv().await else {
            panic!("the third should lead");
        };
        let letters = next.take(10);
        assert_eq!(names(&letters), ["3"]);
        for letter in letters {
            letter.answer(Err(ApiError::not_found("room")));
        }
        drop(next);
        assert!(matches!(three.recv().await, Some(Word::Done(Err(_)))));
        assert!(outbox.put(draft("4")).unwrap().1.is_some());
    }

    #[tokio::test]
    async fn who_went_away_is_passed_over() {
        let outbox = Outbox::default();
        let (one, lead) = outbox.put(draft("1")).unwrap();
        let (mut two, _) = outbox.put(draft("2")).unwrap();
        drop(one);
        drop(lead);
        assert!(matches!(two.recv().await, Some(Word::Lead(_))));
    }

    #[test]
    fn a_full_queue_refuses() {
        let outbox = Outbox::default();
        let kept: Vec<_> = (0..CAPACITY).map(|_| outbox.put(draft("x"))).collect();
        assert!(kept.iter().all(Option::is_some));
        assert!(outbox.put(draft("y")).is_none());
    }
}
