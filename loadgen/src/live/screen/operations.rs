//! The panel of the operations: one row each, in the order of the catalogue.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    draw::View,
    figures::{grouped, ms, rate},
    fit::{left, right, scrolled},
};
use crate::events::OperationNow;

/// Columns of the six figures.
const FIGURES: [(&str, usize); 6] = [
    ("done", 10),
    ("failed", 8),
    ("a second", 10),
    ("p50 ms", 8),
    ("p95 ms", 8),
    ("p99 ms", 8),
];

/// Draws it.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, view: &View<'_>) {
    let Some(tick) = &view.state.tick else {
        return;
    };
    let width = usize::from(area.width);
    let wide: usize = FIGURES.iter().map(|(_, columns)| columns).sum();
    let name = width.saturating_sub(wide).clamp(12, 40);
    let head: String = FIGURES
        .iter()
        .map(|(title, columns)| right(title, *columns))
        .collect();
    let head = format!("{}{head}", left("operation", name));
    let rows = tick
        .operations
        .iter()
        .map(|operation| row(operation, name, view))
        .collect();
    let room = usize::from(area.height).saturating_sub(1);
    let mut lines = vec![Line::styled(head, view.theme.faint())];
    lines.extend(scrolled(
        rows,
        view.scroll_of(super::desk::Panel::Operations),
        room,
        view.theme.faint(),
    ));
    frame.render_widget(Paragraph::new(lines), area);
}

fn row(operation: &OperationNow, name: usize, view: &View<'_>) -> Line<'static> {
    let failed = if operation.failed > 0 {
        view.theme.bad()
    } else {
        view.theme.faint()
    };
    let columns = FIGURES.map(|(_, columns)| columns);
    Line::from(vec![
        Span::raw(left(&operation.name, name)),
        Span::raw(right(&grouped(operation.count), columns[0])),
        Span::styled(right(&grouped(operation.failed), columns[1]), failed),
        Span::raw(right(&rate(operation.per_s), columns[2])),
        Span::styled(
            right(&ms(operation.p50_ms), columns[3]),
            view.theme.percentile(0),
        ),
        Span::styled(
            right(&ms(operation.p95_ms), columns[4]),
            view.theme.percentile(1),
        ),
        Span::styled(
            right(&ms(operation.p99_ms), columns[5]),
            view.theme.percentile(2),
        ),
    ])
}
