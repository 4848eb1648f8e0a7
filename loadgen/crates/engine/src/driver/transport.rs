//! The interface through which flows send requests, implemented by a virtual user.

use std::time::Duration;

use futures_util::future::join_all;

use super::{
    connection::{Connection, exchange},
    message::message,
    request_record::conclude,
    request_timer::RequestTimer,
    user::User,
    user_socket::{self, Sending},
    web_socket::WebSocket,
};
use crate::{
    check::Reply,
    flow::{FlowFuture, OnText, OwnRequest, ResumableExchange, Transport},
    request::Request,
    sample::{OpId, Outcome},
};

/// Most requests that one user sends at the same time.
const MOST_AT_ONCE: usize = 256;

impl Transport for User {
    fn exchange(&mut self, op: OpId, request: Request) -> FlowFuture<'_, Option<Reply>> {
        self.begin(std::iter::once(op));
        let shown = self.worker.trace.as_ref().and_then(|trace| {
            let sent = || message(self.worker.endpoint(self.number), &request);
            trace.request(sent, &request.body)
        });
        FlowFuture::new(async move {
            let sample = &mut self.records[0].sample;
            let result = exchange(
                &self.worker,
                &mut self.connection,
                self.number,
                &mut self.timer,
                &request,
                sample,
            )
            .await;
            if let Some((trace, shown)) = self.worker.trace.as_ref().zip(shown) {
                trace.keep(shown, &result);
            }
            let reply = conclude(&self.worker, &mut self.records[0], result);
            self.advance();
            reply
        })
    }

    fn settle(&mut self, outcome: Outcome, why: Option<String>) {
        self.settle_record(0, outcome, why.as_deref());
    }

    fn burst(&mut self, op: OpId, requests: Vec<Request>) -> FlowFuture<'_, Vec<Option<Reply>>> {
        FlowFuture::new(async move {
            let count = requests.len();
            self.begin(std::iter::repeat_n(op, count));
            let at_once = count.min(MOST_AT_ONCE);
            if self.burst.len() < at_once {
                self.burst.resize_with(at_once, || None);
            }
            let (worker, user) = (&*self.worker, self.number);
            // All connections are opened first, so that requests do not wait for handshakes. A
            // failure shows again, and is counted, when the request itself is sent.
            let left = worker.left(self.intended).duration();
            let connected = join_all(
                self.burst[..at_once]
                    .iter_mut()
                    .map(|slot| Connection::ready(slot, worker, user)),
            );
            let _late_or_refused = tokio::time::timeout(left, connected).await;
            let sent = self
                .records
                .iter_mut()
                .zip(&mut self.burst)
                .zip(requests)
                .map(|((record, slot), request)| async move {
                    let sample = &mut record.sample;
                    let mut timer = RequestTimer::default();
                    let result = exchange(worker, slot, user, &mut timer, &request, sample).await;
                    conclude(worker, record, result)
                });
            let mut replies = join_all(sent).await;
            for record in self.records.iter_mut().skip(at_once) {
                let why = format!("more than {MOST_AT_ONCE} at once");
                replies.push(conclude(worker, record, Err((Outcome::Dropped, why))));
            }
            self.advance();
            replies
        })
    }

    fn settle_nth(&mut self, index: usize, outcome: Outcome, why: Option<String>) {
        self.settle_record(index, outcome, why.as_deref());
    }

    fn pause(&mut self, think: Duration) -> FlowFuture<'_> {
        FlowFuture::new(self.think(think))
    }

    fn socket_is_open(&self) -> bool {
        self.socket.as_ref().is_some_and(WebSocket::is_open)
    }

    fn socket_overflow(&self) -> u64 {
        self.socket.as_ref().map_or(0, WebSocket::overflow)
    }

    fn socket_open(&mut self, op: OpId, request: Request) -> FlowFuture<'_, bool> {
        FlowFuture::new(user_socket::open(self, op, request))
    }

    fn socket_exchange<'a>(
        &'a mut self,
        ops: &'a [OpId],
        text: Option<String>,
        on_text: &'a mut OnText<'a>,
    ) -> FlowFuture<'a, bool> {
        let sending = Sending {
            text,
            over_other: false,
        };
        FlowFuture::new(user_socket::exchange(self, ops, sending, on_text))
    }

    fn socket_exchange_resumed<'a>(
        &'a mut self,
        ops: &'a [OpId],
        text: String,
        exchange: &'a mut (dyn ResumableExchange + 'a),
    ) -> FlowFuture<'a, bool> {
        FlowFuture::new(user_socket::exchange_resumed(self, ops, text, exchange))
    }

    fn socket_relay<'a>(
        &'a mut self,
        ops: &'a [OpId],
        text: String,
        on_text: &'a mut OnText<'a>,
    ) -> FlowFuture<'a, bool> {
        let sending = Sending {
            text: Some(text),
            over_other: true,
        };
        FlowFuture::new(user_socket::exchange(self, ops, sending, on_text))
    }

    fn socket_swap(&mut self) {
        std::mem::swap(&mut self.socket, &mut self.other_socket);
    }

    fn perform<'a>(&'a mut self, op: OpId, request: OwnRequest<'a>) -> FlowFuture<'a, bool> {
        FlowFuture::new(async move {
            self.begin(std::iter::once(op));
            self.records[0].sample.sent = self.worker.clock.now();
            let left = self.worker.left(self.intended).duration();
            let ended = tokio::time::timeout(left, request)
                .await
                .unwrap_or_else(|_elapsed| Err((Outcome::Timeout, "not done in time".to_owned())));
            self.records[0].sample.done = self.worker.clock.now();
            match &ended {
                Ok(cost) => {
                    self.records[0].sample.cost = *cost;
                    self.settle_record(0, Outcome::Ok, None);
                }
                Err((outcome, why)) => self.settle_record(0, *outcome, Some(why)),
            }
            self.advance();
            ended.is_ok()
        })
    }

    fn socket_close(&mut self) -> FlowFuture<'_> {
        FlowFuture::new(async move {
            if let Some(socket) = self.socket.take() {
                socket.close().await;
                // It waited for the target's close frame: no lateness of what comes next.
                self.waited();
            }
        })
    }
}
