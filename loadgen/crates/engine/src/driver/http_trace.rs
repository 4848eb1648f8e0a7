//! Prints complete HTTP exchanges, for a person who wants to see what is sent and received.
//!
//! A thread that sends only puts them aside: their text is made, and written, by whoever calls
//! [`HttpTrace::print`]. A terminal may let a write wait, which would be measured as a wait of the next request.

use std::{
    fmt::Write as _,
    io::Write as _,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use http::{StatusCode, header};

use super::message::{HttpMessage, RequestFailure};
use crate::check::Reply;

/// Most bytes of a body that are printed.
const MAX_PRINTED_BYTES: usize = 64 * 1024;

/// In place of a secret.
const NOT_SHOWN: &str = "(not shown)";

/// Keeps the first exchanges of a run until they are printed on standard error; clones share them.
#[derive(Debug, Clone)]
pub struct HttpTrace {
    left: Arc<AtomicU32>,
    /// Those that have ended and are not printed yet.
    ended: Arc<Mutex<Vec<TracedExchange>>>,
}

/// A request that is to be printed.
#[derive(Debug)]
pub(super) struct TracedRequest {
    message: HttpMessage,
    body: Bytes,
}

/// The same with its response or failure.
#[derive(Debug)]
struct TracedExchange {
    request: TracedRequest,
    result: Result<Reply, RequestFailure>,
}

impl HttpTrace {
    /// The first `count` exchanges of all users together.
    pub fn first(count: u32) -> Self {
        Self {
            left: Arc::new(AtomicU32::new(count)),
            ended: Arc::default(),
        }
    }

    /// A request that is to be printed, as `message` makes it; `None` once enough were.
    pub(super) fn request(
        &self,
        message: impl FnOnce() -> Option<HttpMessage>,
        body: &Bytes,
    ) -> Option<TracedRequest> {
        self.left
            .fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
            .ok()?;
        Some(TracedRequest {
            message: message()?,
            body: body.clone(),
        })
    }

    /// Puts a request aside with its response or failure.
    pub(super) fn keep(&self, request: TracedRequest, result: &Result<Reply, RequestFailure>) {
        self.ended().push(TracedExchange {
            request,
            result: result.clone(),
        });
    }

    /// Prints the exchanges that have ended since the last time, each in one write.
    pub fn print(&self) {
        let ended = mem::take(&mut *self.ended());
        for one in ended {
            // Nothing to do if standard error is closed.
            let _gone = std::io::stderr().lock().write_all(one.text().as_bytes());
        }
    }

    fn ended(&self) -> MutexGuard<'_, Vec<TracedExchange>> {
        // Nothing that can panic runs under this lock.
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TracedRequest {
    fn text(&self) -> String {
        let request = &self.message;
        let uri = request.uri();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let (method, path) = (request.method(), escaped(path));
        // Only a message of HTTP/2 has its host in the URI.
        let mut text = match uri.authority() {
            Some(host) => format!("> {method} {path} HTTP/2\n> :authority: {host}\n"),
            None => format!("> {method} {path} HTTP/1.1\n"),
        };
        for (name, value) in request.headers() {
            if value.is_sensitive() {
                let _infallible = writeln!(text, "> {name}: {NOT_SHOWN}");
            } else {
                let value = String::from_utf8_lossy(value.as_bytes());
                line(&mut text, '>', name.as_str(), &value);
            }
        }
        body(&mut text, '>', &self.body, self.body.len() as u64);
        text
    }
}

impl TracedExchange {
    fn text(&self) -> String {
        let mut text = self.request.text();
        finish(&mut text, &self.result);
        text
    }
}

fn finish(text: &mut String, result: &Result<Reply, RequestFailure>) {
    match result {
        Ok(reply) => {
            let reason = StatusCode::from_u16(reply.status)
                .ok()
                .and_then(|status| status.canonical_reason())
                .unwrap_or("");
            let _infallible = writeln!(text, "< {} {reason}", reply.status);
            for (name, value) in reply.headers.iter() {
                line(text, '<', &name, &value);
            }
            body(text, '<', &reply.body, reply.bytes);
        }
        Err((outcome, why)) => {
            let _infallible = writeln!(text, "! {}: {}", outcome.as_str(), escaped(why));
        }
    }
    text.push('\n');
}

fn line(text: &mut String, mark: char, name: &str, value: &str) {
    let secret = [
        header::AUTHORIZATION,
        header::PROXY_AUTHORIZATION,
        header::COOKIE,
        header::SET_COOKIE,
    ]
    .iter()
    .any(|one| name.eq_ignore_ascii_case(one.as_str()));
    let value = if secret {
        NOT_SHOWN.to_owned()
    } else {
        escaped(value)
    };
    let _infallible = writeln!(text, "{mark} {name}: {value}");
}

/// The beginning of a body that has `bytes` bytes.
fn body(text: &mut String, mark: char, body: &Bytes, bytes: u64) {
    let _infallible = match std::str::from_utf8(&body[..body.len().min(MAX_PRINTED_BYTES)]) {
        _ if body.is_empty() => Ok(()),
        Err(error) if error.error_len().is_some() => {
            writeln!(text, "{mark}\n{mark} ({bytes} bytes that are not text)")
        }
        // Cut in the middle of a character: the part before it is text.
        shown => {
            let whole = shown.map_or_else(|error| error.valid_up_to(), str::len);
            let _infallible = writeln!(text, "{mark}");
            for line in String::from_utf8_lossy(&body[..whole]).lines() {
                let _infallible = writeln!(text, "{mark} {}", escaped(line));
            }
            match bytes - whole as u64 {
                0 => Ok(()),
                more => writeln!(text, "{mark} ({more} more bytes)"),
            }
        }
    };
}

/// Text of the target, which must not control the terminal; tabs stay.
fn escaped(text: &str) -> String {
    let parts: Vec<String> = text.split('\t').map(shared::text::escaped).collect();
    parts.join("\t")
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use http_body_util::Full;

    use super::*;
    use crate::sample::Outcome;

    #[test]
    fn an_exchange_is_shown_whole_without_secrets_and_control_characters() {
        let request = http::Request::post("/a?b=c")
            .header(header::HOST, "h:80")
            .header(header::AUTHORIZATION, "Bearer s3cret")
            .body(Full::default())
            .unwrap();
        let trace = HttpTrace::first(1);
        let body = Bytes::from_static(b"one\ntwo");
        let request = trace.request(|| Some(request), &body).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::SET_COOKIE, HeaderValue::from_static("id=s3cret"));
        headers.insert("x-a", HeaderValue::from_static("b"));
        let reply = Reply::new(404, headers, Bytes::from("\u{1b}[31mr\te\u{202e}d"));
        trace.keep(request, &Ok(reply));
        let ended = trace.ended();
        assert_eq!(
            ended[0].text(),
            "> POST /a?b=c HTTP/1.1\n> host: h:80\n> authorization: (not shown)\n>\n> one\n> two\n\
             < 404 Not Found\n< set-cookie: (not shown)\n< x-a: b\n<\n< \\u{1b}[31mr\te\\u{202e}d\n\n"
        );
    }

    #[test]
    fn a_long_body_is_cut_a_binary_one_is_counted_and_a_failure_is_shown() {
        let mut text = String::new();
        let long = Bytes::from("ä".repeat(MAX_PRINTED_BYTES));
        body(&mut text, '<', &long, long.len() as u64);
        assert!(
            text.ends_with(&format!("< ({MAX_PRINTED_BYTES} more bytes)\n")),
            "{}",
            &text[text.len() - 40..]
        );
        text.clear();
        body(&mut text, '<', &Bytes::from_static(&[0xff, 0xfe, 0x00]), 3);
        assert_eq!(text, "<\n< (3 bytes that are not text)\n");
        text.clear();
        finish(&mut text, &Err((Outcome::Reset, "gone".to_owned())));
        assert_eq!(text, "! reset: gone\n\n");
    }

    #[test]
    fn only_the_first_exchanges_are_shown_whoever_sends_them() {
        let trace = HttpTrace::first(2);
        let other = trace.clone();
        let request = || {
            let request = http::Request::get("http://h/a");
            request.body(Full::<Bytes>::default()).ok()
        };
        let shown = |trace: &HttpTrace| trace.request(request, &Bytes::new());
        let first = shown(&trace).unwrap();
        assert_eq!(first.text(), "> GET /a HTTP/2\n> :authority: h\n");
        let second = shown(&other).unwrap();
        assert!(shown(&trace).is_none() && shown(&other).is_none());
        // They wait, whoever has sent them, until they are printed once.
        for one in [first, second] {
            other.keep(one, &Err((Outcome::Reset, "gone".to_owned())));
        }
        assert_eq!(trace.ended().len(), 2);
        trace.print();
        assert!(trace.ended().is_empty() && other.ended().is_empty());
    }
}
