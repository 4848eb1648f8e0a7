//! How both programs tell a mistyped command line: in one line.

/// What is wrong and the tip of clap's usage error, without the usage: `--help` has that.
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    for part in text.lines().map(str::trim) {
        if part.starts_with("Usage:") || part.starts_with("For more information") {
            break;
        }
        if !part.is_empty() {
            let between = match line.chars().last() {
                None => "",
                Some(':') => " ",
                Some(_) => "; ",
            };
            line.push_str(between);
            line.push_str(part);
        }
    }
    line.strip_prefix("error: ").unwrap_or(&line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_error_is_what_is_wrong_and_the_tip() {
        let usage = "error: unexpected argument '--rte' found\n\n  tip: a similar argument exists: '--rate'\n\nUsage: loadgen http\n\nFor more information, try '--help'.\n";
        assert_eq!(
            one_line(usage),
            "unexpected argument '--rte' found; tip: a similar argument exists: '--rate'"
        );
        let usage = "error: the following required arguments were not provided:\n  <URL>\n  --rate <RATE>\n\nUsage: x\n";
        assert_eq!(
            one_line(usage),
            "the following required arguments were not provided: <URL>; --rate <RATE>"
        );
    }
}
