//! Text that fits: a line is cut at its end, and of a list as much is shown as there is room for.

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use loadgen_experiment::events::printable;

/// Columns between two parts of a line.
const GAP: &str = "  ";

/// An untrusted text, safe to show and no wider than `width`; a cut one ends in `…`.
pub(super) fn cut(text: &str, width: usize) -> String {
    let text = printable(text);
    if Span::raw(&text).width() <= width {
        return text;
    }
    let mut kept = String::new();
    let mut used = 1;
    for letter in text.chars() {
        used += Span::raw(letter.to_string()).width();
        if used > width {
            break;
        }
        kept.push(letter);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// A text cut and filled with blanks to exactly `width` columns.
pub(super) fn left(text: &str, width: usize) -> String {
    let mut text = cut(text, width);
    let used = Span::raw(&text).width();
    text.push_str(&" ".repeat(width.saturating_sub(used)));
    text
}

/// The same at the right end.
pub(super) fn right(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let used = Span::raw(&text).width();
    format!("{}{text}", " ".repeat(width.saturating_sub(used)))
}

/// A piece of a line that is shown whole or not at all.
pub(super) type Part = Vec<Span<'static>>;

/// A part of a name and a figure.
pub(super) fn named(name: &str, name_style: Style, figure: String, style: Style) -> Part {
    vec![
        Span::styled(format!("{name} "), name_style),
        Span::styled(figure, style),
    ]
}

/// The parts that fit, in order; the first is always included.
pub(super) fn fitted(parts: Vec<Part>, width: usize) -> Line<'static> {
    let mut line = Line::default();
    for part in parts {
        let wide: usize = part.iter().map(Span::width).sum();
        let gap = if line.spans.is_empty() { 0 } else { GAP.len() };
        if gap > 0 && line.width() + gap + wide > width {
            continue;
        }
        if gap > 0 {
            line.push_span(Span::raw(GAP));
        }
        line.extend(part);
    }
    line
}

/// All parts, in as many lines as they need; every line but the first begins under the first part.
pub(super) fn wrapped(
    label: &str,
    style: Style,
    parts: Vec<Part>,
    width: usize,
) -> Vec<Line<'static>> {
    const LABEL: usize = 12;
    let start = |text: &str| Line::from(Span::styled(left(text, LABEL), style));
    let mut lines = vec![start(label)];
    let mut fresh = true;
    for part in parts {
        let wide: usize = part.iter().map(Span::width).sum();
        let full = lines
            .last()
            .is_some_and(|line| line.width() + GAP.len() + wide > width);
        if full && !fresh {
            lines.push(start(""));
            fresh = true;
        }
        if let Some(line) = lines.last_mut() {
            if !fresh {
                line.push_span(Span::raw(GAP));
            }
            line.extend(part);
        }
        fresh = false;
    }
    lines
}

/// Lines from `scroll` on, at most `room` of them; where some are left out, the last one says so.
pub(super) fn scrolled(
    lines: Vec<Line<'static>>,
    scroll: usize,
    room: usize,
    faint: Style,
) -> Vec<Line<'static>> {
    if lines.len() <= room || room == 0 {
        return lines.into_iter().take(room).collect();
    }
    let shown = room.saturating_sub(1).max(1);
    let from = scroll.min(lines.len() - shown);
    let below = lines.len() - shown - from;
    let mut seen: Vec<_> = lines.into_iter().skip(from).take(shown).collect();
    if room > 1 {
        let text = format!("… {from} above, {below} below (arrows up and down)");
        seen.push(Line::styled(text, faint));
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untrusted_text_is_cut_by_columns_and_cannot_control_the_terminal() {
        assert_eq!(cut("a\u{1b}[2Jb", 10), "a[2Jb");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("漢字漢字", 5), "漢字…");
        assert_eq!(cut("x", 0), "");
        assert_eq!(
            (left("ab", 4), right("ab", 4)),
            ("ab  ".into(), "  ab".into())
        );
    }

    #[test]
    fn parts_that_do_not_fit_are_left_out_or_wrapped() {
        let parts = || {
            ["aaaa", "bbbb", "cc"]
                .map(|text| vec![Span::raw(text)])
                .to_vec()
        };
        assert_eq!(fitted(parts(), 9).to_string(), "aaaa  cc");
        let lines = wrapped("label", Style::new(), parts(), 24);
        assert_eq!(lines[0].to_string(), "label       aaaa  bbbb");
        assert_eq!(lines[1].to_string(), "            cc");
    }

    #[test]
    fn a_list_says_how_much_of_it_is_hidden() {
        let lines = || {
            (0..10)
                .map(|n| Line::from(n.to_string()))
                .collect::<Vec<_>>()
        };
        let seen = scrolled(lines(), 99, 4, Style::new());
        assert_eq!(seen[0].to_string(), "7");
        assert!(seen[3].to_string().contains("7 above, 0 below"));
        assert_eq!(scrolled(lines(), 0, 10, Style::new()).len(), 10);
    }
}
