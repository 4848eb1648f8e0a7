//! How flows reach the target: the door of the flows, kept by a virtual user.

use std::time::Duration;

use futures_util::future::{LocalBoxFuture, join_all};

use super::{
    connection::{Connection, exchange, message},
    patience::Patience,
    showing, socket,
    user::{User, conclude},
};
use crate::{
    check::Reply,
    flow::Transport,
    request::Request,
    sample::{OpId, Outcome},
};

/// Most requests that one user sends at once.
const MOST_AT_ONCE: usize = 256;

impl Transport for User {
    fn exchange(&mut self, op: OpId, request: Request) -> LocalBoxFuture<'_, Option<Reply>> {
        self.begin(std::iter::once(op));
        let showing = self.bench.showing.as_ref();
        let shown = showing.and_then(|one| one.request(&request, &self.bench.host));
        let mut message = message(&self.bench, request);
        Box::pin(async move {
            let sample = &mut self.entries[0].sample;
            let result = exchange(
                &self.bench,
                &mut self.connection,
                self.number,
                &mut self.patience,
                &mut message,
                sample,
            )
            .await;
            if let Some(text) = shown {
                showing::print(text, &result);
            }
            let reply = conclude(&self.bench, &mut self.entries[0], result);
            self.advance();
            reply
        })
    }

    fn settle(&mut self, outcome: Outcome, why: Option<String>) {
        self.settle_entry(0, outcome, why.as_deref());
    }

    fn burst(
        &mut self,
        op: OpId,
        requests: Vec<Request>,
    ) -> LocalBoxFuture<'_, Vec<Option<Reply>>> {
        Box::pin(async move {
            let count = requests.len();
            self.begin(std::iter::repeat_n(op, count));
            let at_once = count.min(MOST_AT_ONCE);
            if self.burst.len() < at_once {
                self.burst.resize_with(at_once, || None);
            }
            let (bench, user) = (&*self.bench, self.number);
            // Connected first, or the slowest handshake would decide who comes last. A failure
            // shows again, and is counted, when the request itself is sent.
            let left = bench.left(self.intended).duration();
            let connected = join_all(
                self.burst[..at_once]
                    .iter_mut()
                    .map(|slot| Connection::ready(slot, bench, user)),
            );
            let _late_or_refused = tokio::time::timeout(left, connected).await;
            let sent = self
                .entries
                .iter_mut()
                .zip(&mut self.burst)
                .zip(requests)
                .map(|((entry, slot), request)| async move {
                    let sample = &mut entry.sample;
                    let mut patience = Patience::default();
                    let mut message = message(bench, request);
                    let result =
                        exchange(bench, slot, user, &mut patience, &mut message, sample).await;
                    conclude(bench, entry, result)
                });
            let mut replies = join_all(sent).await;
            for entry in self.entries.iter_mut().skip(at_once) {
                let why = format!("more than {MOST_AT_ONCE} at once");
                replies.push(conclude(bench, entry, Err((Outcome::Dropped, why))));
            }
            self.advance();
            replies
        })
    }

    fn settle_nth(&mut self, index: usize, outcome: Outcome, why: Option<String>) {
        self.settle_entry(index, outcome, why.as_deref());
    }

    fn pause(&mut self, think: Duration) -> LocalBoxFuture<'_, ()> {
        Box::pin(self.think(think))
    }

    fn socket_is_open(&self) -> bool {
        self.socket.as_ref().is_some_and(socket::Socket::is_open)
    }

    fn socket_overflow(&self) -> u64 {
        self.socket.as_ref().map_or(0, socket::Socket::overflow)
    }

    fn socket_open(&mut self, op: OpId, request: Request) -> LocalBoxFuture<'_, bool> {
        Box::pin(socket::open(self, op, request))
    }

    fn socket_exchange<'a>(
        &'a mut self,
        ops: &'a [OpId],
        text: Option<String>,
        on_text: &'a mut dyn FnMut(&str) -> Option<(usize, Result<(), String>)>,
    ) -> LocalBoxFuture<'a, bool> {
        Box::pin(socket::exchange(self, ops, text, on_text))
    }

    fn socket_close(&mut self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(socket) = self.socket.take() {
                socket.close().await;
            }
        })
    }
}
