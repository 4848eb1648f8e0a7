//! What load generators that are compared request: one URL, or that URL and logins of the reference backend
//! in a fixed proportion. The requests of both kinds are prepared, so that what is compared is their sending.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::Path,
};

use loadgen_codeconnect::bench_requests;
use loadgen_engine::request::Request;
use shared::dataset::Scale;
use tempfile::NamedTempFile;

/// Students who log in, so that no two logins of one account run at once: an address has few attempts. Every
/// amount of data has as many.
const STUDENTS: u32 = 512;

/// What every tool requests.
#[derive(Debug)]
pub struct PeerLoad {
    /// The URL.
    pub url: String,
    /// Logins among the requests.
    pub logins: Option<LoginMix>,
}

/// Logins among other requests.
#[derive(Debug)]
pub struct LoginMix {
    /// One of so many requests is a login.
    pub every: u32,
    /// The script by which wrk sends them; removed when dropped.
    script: NamedTempFile,
}

impl LoginMix {
    /// Logins in place of every nth `GET path`.
    pub fn prepare(path: &str, every: u32) -> io::Result<Self> {
        let mut script = tempfile::Builder::new()
            .prefix("loadgen-wrk-")
            .suffix(".lua")
            .tempfile()?;
        let text = wrk_script(&Request::get(path), &login_requests(), every);
        script.write_all(text.as_bytes())?;
        script.flush()?;
        Ok(Self { every, script })
    }

    pub(super) fn script(&self) -> &Path {
        self.script.path()
    }
}

/// Logins of seeded students with their passwords: they succeed, so that no limit of failed attempts is met.
pub fn login_requests() -> Vec<Request> {
    bench_requests::logins(Scale::Tiny.counts(), STUDENTS)
}

/// A script for wrk by which every nth request of a thread is the next of `logins`.
fn wrk_script(page: &Request, logins: &[Request], every: u32) -> String {
    let page = formatted(page);
    let logins: Vec<String> = logins.iter().map(formatted).collect();
    let logins = logins.join(",\n    ");
    format!(
        "local page
local logins
local sent = 0

-- wrk knows the value of `Host` only now.
function init()
  page = {page}
  logins = {{
    {logins}
  }}
end

function request()
  sent = sent + 1
  if sent % {every} == 0 then
    return logins[(sent / {every} - 1) % #logins + 1]
  end
  return page
end
"
    )
}

/// The call by which wrk makes the bytes of a request.
fn formatted(request: &Request) -> String {
    let headers: Vec<String> = request
        .headers
        .iter()
        .map(|(name, value)| {
            let (name, value) = (quoted(name.as_str().as_bytes()), quoted(value.as_bytes()));
            format!("[{name}] = {value}")
        })
        .collect();
    let body = if request.body.is_empty() {
        "nil".to_owned()
    } else {
        quoted(&request.body)
    };
    let method = quoted(request.method.as_str().as_bytes());
    let path = quoted(request.path.as_str().as_bytes());
    let headers = headers.join(", ");
    format!("wrk.format({method}, {path}, {{{headers}}}, {body})")
}

/// A string of Lua with these bytes.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in bytes {
        let letter = char::from(*byte);
        if ['"', '\\'].contains(&letter) {
            text.push('\\');
            text.push(letter);
        } else if letter == ' ' || letter.is_ascii_graphic() {
            text.push(letter);
        } else {
            let _written = write!(text, "\\{byte:03}");
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_script_formats_both_kinds_of_requests_once_and_counts_them() {
        let logins = ["a", "b"].map(|name| {
            let mut login = Request::post_json("/login", &name);
            login.body = format!("{{\"name\":\"{name}\"}}").into();
            login
        });
        let text = wrk_script(&Request::get("/page?x=1"), &logins, 50);
        let wanted = r#"local page
local logins
local sent = 0

-- wrk knows the value of `Host` only now.
function init()
  page = wrk.format("GET", "/page?x=1", {}, nil)
  logins = {
    wrk.format("POST", "/login", {["content-type"] = "application/json"}, "{\"name\":\"a\"}"),
    wrk.format("POST", "/login", {["content-type"] = "application/json"}, "{\"name\":\"b\"}")
  }
end

function request()
  sent = sent + 1
  if sent % 50 == 0 then
    return logins[(sent / 50 - 1) % #logins + 1]
  end
  return page
end
"#;
        assert_eq!(text, wanted);
    }

    #[test]
    fn bytes_that_would_end_a_string_of_lua_are_escaped() {
        assert_eq!(quoted(b"a \"b\" \\ c"), r#""a \"b\" \\ c""#);
        // Three digits: a digit may follow.
        assert_eq!(quoted(b"\n1\xc3\xa4"), r#""\0101\195\164""#);
    }

    #[test]
    fn the_script_has_as_many_accounts_as_every_amount_of_data_and_is_removed() {
        let mix = LoginMix::prepare("/page", 2_000).unwrap();
        let path = mix.script().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches("wrk.format(\"POST\"").count(), 512);
        assert!(text.contains("sent % 2000 == 0"), "{text}");
        for scale in Scale::ALL {
            assert!(scale.counts().students >= STUDENTS, "{scale}");
        }
        drop(mix);
        assert!(!path.exists());
    }
}
