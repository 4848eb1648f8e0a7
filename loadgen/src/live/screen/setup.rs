//! What was done before the first load, in place of panels that have nothing to show yet.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, Paragraph},
};

use super::{
    fit::{cut, left},
    view::LiveView,
};
use crate::live::plain::length;

/// Columns of the time before a step.
const TIME: usize = 8;

/// Draws the steps that are done, the one that is under way, and the newest notes.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, view: &LiveView<'_>) {
    let block = Block::bordered()
        .border_style(view.theme.faint())
        .title_top(Line::styled(" Setting up ", view.theme.strong()));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    let step = |mark: &str, time: String, what: &str| {
        Line::from(vec![
            Span::styled(format!("{mark} "), view.theme.faint()),
            Span::styled(left(&time, TIME), view.theme.faint()),
            Span::raw(cut(what, width.saturating_sub(TIME + 2))),
        ])
    };
    let mut lines: Vec<Line<'_>> = view
        .state
        .steps
        .iter()
        .map(|done| step("✓", length(done.took), &done.what))
        .collect();
    if let Some(stage) = &view.state.stage {
        let spent = view.now.saturating_duration_since(stage.since);
        lines.push(step("…", length(spent), &stage.what));
    }
    if !view.state.notes.is_empty() {
        lines.push(Line::default());
    }
    for note in &view.state.notes {
        let (word, style) = if note.warning {
            ("warning: ", view.theme.doubtful())
        } else {
            ("", view.theme.faint())
        };
        let text = cut(&note.text, width.saturating_sub(word.len()));
        lines.push(Line::from(vec![Span::styled(word, style), text.into()]));
    }
    let hidden = lines.len().saturating_sub(height);
    frame.render_widget(Paragraph::new(lines.split_off(hidden)), inner);
}
