//! The panel of finished trials: trials by block, doubts, and notes, newest first.

use loadgen_experiment::schema::ValidityWord;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    fit::{cut, left, right, scrolled},
    input_state::Panel,
    trials::{FinishedTrial, TrialPair},
    view::LiveView,
};
use crate::live::figures::{ms, percent, rate};

/// Columns from which notes are shown beside the trials, and not below them.
const WIDE: u16 = 150;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, view: &LiveView<'_>) {
    if area.width >= WIDE && !view.state.trials.is_empty() {
        let [trials, notes] = Layout::horizontal([Constraint::Fill(1); 2])
            .spacing(2)
            .areas(area);
        list(frame, trials, view, finished(view));
        list(frame, notes, view, self::notes(view, notes.width));
        return;
    }
    let mut lines = notes(view, area.width);
    let notes = lines.split_off(view.state.doubts().len());
    lines.extend(finished(view));
    lines.extend(notes);
    if lines.is_empty() {
        lines.push(Line::styled("no trial has ended yet", view.theme.faint()));
    }
    list(frame, area, view, lines);
}

/// Rows that all of it takes in a wide panel.
pub(super) fn rows(view: &LiveView<'_>) -> usize {
    finished(view).len().max(notes(view, WIDE).len())
}

fn list(frame: &mut Frame<'_>, area: Rect, view: &LiveView<'_>, lines: Vec<Line<'static>>) {
    let room = usize::from(area.height);
    let lines = scrolled(
        lines,
        view.scroll_of(Panel::Trials),
        room,
        view.theme.faint(),
    );
    frame.render_widget(Paragraph::new(lines), area);
}

/// The trials with the head of their table.
fn finished(view: &LiveView<'_>) -> Vec<Line<'static>> {
    let trials = &view.state.trials;
    let head = |text: String| vec![Line::styled(text, view.theme.faint())];
    if let Some(pairs) = trials.pairs() {
        let rows = pairs
            .iter()
            .rev()
            .map(|(block, pair)| pair_row(*block, *pair, view));
        head(pair_head()).into_iter().chain(rows).collect()
    } else if trials.is_empty() {
        Vec::new()
    } else {
        let rows = trials.newest().map(|trial| trial_row(trial, view));
        head(trial_head()).into_iter().chain(rows).collect()
    }
}

/// The doubts, and the notes from the newest.
fn notes(view: &LiveView<'_>, width: u16) -> Vec<Line<'static>> {
    let line = |word: &'static str, style, text: &str| {
        let text = cut(text, usize::from(width).saturating_sub(word.len()));
        Line::from(vec![Span::styled(word, style), text.into()])
    };
    let doubts = view.state.doubts().iter();
    let doubts = doubts.map(|doubt| line("doubtful ", view.theme.doubtful(), doubt));
    let notes = view.state.notes.iter().rev().map(|note| {
        if note.warning {
            line("warning: ", view.theme.doubtful(), &note.text)
        } else {
            line("note: ", view.theme.faint(), &note.text)
        }
    });
    doubts.chain(notes).collect()
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
fn pair_row(block: u32, pair: TrialPair<'_>, view: &LiveView<'_>) -> Line<'static> {
    let of = |side: Option<&FinishedTrial>, figure: fn(&FinishedTrial) -> Option<f64>| {
        side.and_then(figure)
    };
    let (before, after) = (view.theme.arm("before"), view.theme.arm("after"));
    let mut spans = vec![Span::raw(left(&block.to_string(), 6))];
    let figures: [fn(&FinishedTrial) -> Option<f64>; 2] =
        [|trial| trial.p50_ms, |trial| trial.p95_ms];
    for (figure, width) in figures.into_iter().zip([12, 13]) {
        let (first, second) = (of(pair.before, figure), of(pair.after, figure));
        spans.push(Span::styled(right(&ms(first), width), before));
        spans.push(Span::styled(right(&ms(second), 10), after));
    }
    let failed = |side: Option<&FinishedTrial>| {
        side.map_or_else(|| "-".to_owned(), |trial| percent(trial.failed))
    };
    let text = format!("{} {:>7}", failed(pair.before), failed(pair.after));
    spans.push(Span::raw(right(&text, 16)));
    let words: Vec<ValidityWord> = [pair.before, pair.after]
        .into_iter()
        .flatten()
        .map(|trial| trial.word)
        .filter(|word| *word != ValidityWord::Valid)
        .collect();
    if let Some(word) = words.first() {
        spans.push(Span::styled(
            format!("  {}", word.as_str()),
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

fn trial_row(trial: &FinishedTrial, view: &LiveView<'_>) -> Line<'static> {
    let text = format!(
        "{}{}{}{}{}{}  ",
        left(&trial.folder, 22),
        right(&rate(trial.rate_per_s), 10),
        right(&ms(trial.p50_ms), 9),
        right(&ms(trial.p95_ms), 9),
        right(&ms(trial.p99_ms), 9),
        right(&percent(trial.failed), 9),
    );
    let style = if trial.word == ValidityWord::Valid {
        view.theme.strong()
    } else {
        view.theme.doubtful()
    };
    Line::from(vec![
        Span::raw(text),
        Span::styled(trial.word.as_str(), style),
    ])
}
