//! Templates: what they print is escaped for the form that they make.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Lays out an HTML page; every printed value is escaped unless the template marks it as safe.
pub(super) fn html(source: &str, words: &impl Serialize) -> Result<String, Error> {
    let mut environment = environment()?;
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.render_str(source, Serde(words))
}

/// Lays out a Markdown text; every printed value is escaped unless the template marks it as safe.
pub(super) fn markdown(source: &str, words: &impl Serialize) -> Result<String, Error> {
    let mut environment = environment()?;
    // What a macro has laid out is safe, as in HTML; the formatter escapes.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_formatter(|out, _, value| {
        if value.is_undefined() || value.is_none() {
            return Ok(());
        }
        let text = value.to_string();
        let text = if value.is_safe() {
            text
        } else {
            safe_markdown(&text)
        };
        out.write_str(&text).map_err(Error::from)
    });
    environment.render_str(source, Serde(words))
}

/// A line that holds nothing but a statement leaves no empty line behind.
fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?,
    );
    Ok(environment)
}

/// What a page may load and run: its own style and script, nothing else.
pub(super) fn policy(style: &str, script: Option<&str>) -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let script = script.map_or_else(String::new, |script| {
        format!(" script-src 'sha256-{}';", digest(script))
    });
    format!(
        "default-src 'none'; style-src 'sha256-{}';{script} base-uri 'none'; form-action 'none'",
        digest(style)
    )
}

/// A text from elsewhere that no reader of Markdown takes for markup.
pub(super) fn safe_markdown(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => clean.push_str("&amp;"),
            '<' => clean.push_str("&lt;"),
            '>' => clean.push_str("&gt;"),
            // A name after an at sign would be notified, a number after a hash linked.
            '@' => clean.push_str("&#64;"),
            '#' => clean.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '!' | '~' => clean.extend(['\\', letter]),
            letter => clean.push(letter),
        }
    }
    clean
}
