//! The panel of the operations: one row each, in the order of the catalogue.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    fit::{left, right, scrolled},
    input_state::Panel,
    theme::Theme,
    view::LiveView,
};
use crate::live::figures::{grouped, ms, rate};
use loadgen_experiment::events::OperationNow;

/// Least columns of a name.
const NAME: usize = 16;

/// A figure of an operation: its title, its columns, its text, and how it looks.
type Column = (
    &'static str,
    usize,
    fn(&OperationNow) -> String,
    fn(&OperationNow, Theme) -> Style,
);

/// The figures, from left to right.
const COLUMNS: [Column; 6] = [
    ("done", 10, |one| grouped(one.count), |_, _| Style::new()),
    (
        "failed",
        8,
        |one| grouped(one.failed),
        |one, theme| {
            if one.failed > 0 {
                theme.bad()
            } else {
                theme.faint()
            }
        },
    ),
    ("a second", 10, |one| rate(one.per_s), |_, _| Style::new()),
    (
        "p50 ms",
        8,
        |one| ms(one.p50_ms),
        |_, theme| theme.percentile(0),
    ),
    (
        "p95 ms",
        8,
        |one| ms(one.p95_ms),
        |_, theme| theme.percentile(1),
    ),
    (
        "p99 ms",
        8,
        |one| ms(one.p99_ms),
        |_, theme| theme.percentile(2),
    ),
];

/// Columns that a narrow panel leaves out, first to last.
const OPTIONAL: [&str; 3] = ["done", "p50 ms", "a second"];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, view: &LiveView<'_>) {
    let Some(tick) = &view.state.tick else {
        return;
    };
    let width = usize::from(area.width);
    let columns = columns(width);
    let wide: usize = columns.iter().map(|column| column.1).sum();
    let name = width.saturating_sub(wide).clamp(NAME, 40);
    let head: String = columns
        .iter()
        .map(|(title, columns, ..)| right(title, *columns))
        .collect();
    let head = format!("{}{head}", left("operation", name));
    let rows = tick
        .operations
        .iter()
        .map(|operation| {
            let mut line = Line::from(left(&operation.name, name));
            line.extend(columns.iter().map(|(_, columns, text, style)| {
                Span::styled(
                    right(&text(operation), *columns),
                    style(operation, view.theme),
                )
            }));
            line
        })
        .collect();
    let room = usize::from(area.height).saturating_sub(1);
    let mut lines = vec![Line::styled(head, view.theme.faint())];
    lines.extend(scrolled(
        rows,
        view.scroll_of(Panel::Operations),
        room,
        view.theme.faint(),
    ));
    frame.render_widget(Paragraph::new(lines), area);
}

/// The columns that fit.
fn columns(width: usize) -> Vec<Column> {
    let mut columns = COLUMNS.to_vec();
    for optional in OPTIONAL {
        if columns.iter().map(|column| column.1).sum::<usize>() + NAME > width {
            columns.retain(|column| column.0 != optional);
        }
    }
    columns
}
