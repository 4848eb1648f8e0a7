//! Templates: what they print is escaped for the form that they make.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, HtmlEscape, Value};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Lays out an HTML page; every printed value is escaped unless the template marks it as safe. The
/// filter `code` is for sentences that may hold backticks.
pub(super) fn html(source: &str, words: &impl Serialize) -> Result<String, Error> {
    let mut environment = environment()?;
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_filter("code", code);
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

/// A sentence in HTML, with what stands between a pair of backticks as code. It is escaped first, so
/// that the only tags are those made here. A backtick without a partner, and a pair around nothing,
/// stay as they are.
fn code(sentence: &str) -> Value {
    let escaped = HtmlEscape(sentence).to_string();
    let mut page = String::with_capacity(escaped.len());
    let mut rest = escaped.as_str();
    while let Some((before, (inside, after))) = rest
        .split_once('`')
        .and_then(|(before, behind)| Some((before, behind.split_once('`')?)))
    {
        page.push_str(before);
        if inside.is_empty() {
            page.push_str("``");
        } else {
            page.extend(["<code>", inside, "</code>"]);
        }
        rest = after;
    }
    page.push_str(rest);
    Value::from_safe_string(page)
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

#[cfg(test)]
mod tests {
    use super::html;

    /// What a page shows of a sentence that passes the filter.
    fn shown(sentence: &str) -> String {
        html(
            "{{ sentence|code }}",
            &serde_json::json!({ "sentence": sentence }),
        )
        .unwrap()
    }

    #[test]
    fn what_stands_in_backticks_is_code_and_a_backtick_without_a_partner_stays() {
        for (sentence, page) in [
            ("no code", "no code"),
            ("", ""),
            ("`after` is faster", "<code>after</code> is faster"),
            (
                "below the `max` of `in_flight`",
                "below the <code>max</code> of <code>in_flight</code>",
            ),
            ("one ` alone", "one ` alone"),
            ("`a` and ` alone", "<code>a</code> and ` alone"),
            ("``", "``"),
            ("nothing in `` and `b`", "nothing in `` and <code>b</code>"),
        ] {
            assert_eq!(shown(sentence), page, "{sentence}");
        }
    }

    #[test]
    fn markup_stays_text_inside_and_outside_of_backticks() {
        assert_eq!(
            shown("<script>a</script> `<script>b</script>` <img src=x onerror=\"c\">"),
            "&lt;script&gt;a&lt;&#x2f;script&gt; <code>&lt;script&gt;b&lt;&#x2f;script&gt;</code> \
             &lt;img src=x onerror=&quot;c&quot;&gt;"
        );
        // Neither does a backtick amid a tag or an escape make one.
        assert_eq!(
            shown("<scr`ipt>` &am`p; &lt;b&gt; '"),
            "&lt;scr<code>ipt&gt;</code> &amp;am`p; &amp;lt;b&amp;gt; &#x27;"
        );
        for sentence in ["`</code><script>`", "</code>`<b>", "`<", "<`>`"] {
            let page = shown(sentence).replace("<code>", "").replace("</code>", "");
            assert!(!page.contains(['<', '>']), "{sentence}: {page}");
        }
    }
}
