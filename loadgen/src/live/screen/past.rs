//! The panel of what has been: trials by block, doubts, and the notes, newest first.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    desk::Panel,
    draw::View,
    figures::{ms, percent, rate},
    fit::{cut, left, right, scrolled},
    trials::{Finished, Pair},
};

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, view: &View<'_>) {
    let width = usize::from(area.width);
    let faint = view.theme.faint();
    let mut lines: Vec<Line<'static>> = Vec::new();
    for doubt in view.state.doubts() {
        let text = cut(doubt, width.saturating_sub(9));
        lines.push(Line::from(vec![
            Span::styled("doubtful ", view.theme.doubtful()),
            Span::raw(text),
        ]));
    }
    let trials = &view.state.trials;
    if let Some(pairs) = trials.pairs() {
        lines.push(Line::styled(pair_head(), faint));
        lines.extend(
            pairs
                .iter()
                .rev()
                .map(|(block, pair)| pair_row(*block, *pair, view)),
        );
    } else if !trials.is_empty() {
        lines.push(Line::styled(trial_head(), faint));
        lines.extend(trials.newest().map(|trial| trial_row(trial, view)));
    }
    for note in view.state.notes.iter().rev() {
        let (word, style) = if note.warning {
            ("warning: ", view.theme.doubtful())
        } else {
            ("note: ", faint)
        };
        let text = cut(&note.text, width.saturating_sub(word.len()));
        lines.push(Line::from(vec![Span::styled(word, style), text.into()]));
    }
    if lines.is_empty() {
        lines.push(Line::styled("no trial has ended yet", faint));
    }
    let room = usize::from(area.height);
    let lines = scrolled(lines, view.scroll_of(Panel::Trials), room, faint);
    frame.render_widget(Paragraph::new(lines), area);
}

fn pair_head() -> String {
    format!(
        "{}{}{}{}{}{}",
        left("block", 6),
        right("p50 before", 12),
        right("after ms", 10),
        right("p95 before", 13),
        right("after ms", 10),
        right("failed", 16)
    )
}

/// One block: both arms, and by how much the second differs.
fn pair_row(block: u32, pair: Pair<'_>, view: &View<'_>) -> Line<'static> {
    let of = |side: Option<&Finished>, figure: fn(&Finished) -> Option<f64>| side.and_then(figure);
    let (before, after) = (view.theme.arm("before"), view.theme.arm("after"));
    let mut spans = vec![Span::raw(left(&block.to_string(), 6))];
    let columns: [(fn(&Finished) -> Option<f64>, usize); 2] =
        [(|trial| trial.p50_ms, 12), (|trial| trial.p95_ms, 13)];
    for (figure, width) in columns {
        let (first, second) = (of(pair.before, figure), of(pair.after, figure));
        spans.push(Span::styled(right(&ms(first), width), before));
        spans.push(Span::styled(right(&ms(second), 10), after));
    }
    let failed = |side: Option<&Finished>| {
        side.map_or_else(|| "-".to_owned(), |trial| percent(trial.failed))
    };
    let text = format!("{} {:>7}", failed(pair.before), failed(pair.after));
    spans.push(Span::raw(right(&text, 16)));
    let words: Vec<&str> = [pair.before, pair.after]
        .into_iter()
        .flatten()
        .map(|trial| trial.word.as_str())
        .filter(|word| *word != "VALID")
        .collect();
    if let Some(word) = words.first() {
        spans.push(Span::styled(
            format!("  {}", cut(word, 10)),
            view.theme.doubtful(),
        ));
    }
    Line::from(spans)
}

fn trial_head() -> String {
    format!(
        "{}{}{}{}{}{}  {}",
        left("trial", 22),
        right("a second", 10),
        right("p50 ms", 9),
        right("p95 ms", 9),
        right("p99 ms", 9),
        right("failed", 9),
        "word"
    )
}

fn trial_row(trial: &Finished, view: &View<'_>) -> Line<'static> {
    let text = format!(
        "{}{}{}{}{}{}  ",
        left(&trial.folder, 22),
        right(&rate(trial.rate_per_s), 10),
        right(&ms(trial.p50_ms), 9),
        right(&ms(trial.p95_ms), 9),
        right(&ms(trial.p99_ms), 9),
        right(&percent(trial.failed), 9),
    );
    let style = if trial.word == "VALID" {
        view.theme.strong()
    } else {
        view.theme.doubtful()
    };
    Line::from(vec![
        Span::raw(text),
        Span::styled(cut(&trial.word, 10), style),
    ])
}
