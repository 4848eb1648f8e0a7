//! The panel of the target: its processes, its database and its caches.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    fit::{Part, cut, named, scrolled, wrapped},
    input_state::Panel,
    view::LiveView,
};
use crate::live::figures::{bytes, grouped, ms, percent, rate};
use loadgen_experiment::events::TargetNow;

/// Columns that a name from elsewhere may take.
const NAME: usize = 30;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, view: &LiveView<'_>) {
    let target = view
        .state
        .tick
        .as_ref()
        .and_then(|tick| tick.target.as_ref());
    let lines = match target {
        Some(target) => lines(target, view, usize::from(area.width)),
        None => vec![Line::styled(
            "the target has no telemetry",
            view.theme.faint(),
        )],
    };
    let lines = scrolled(
        lines,
        view.scroll_of(Panel::Target),
        usize::from(area.height),
        view.theme.faint(),
    );
    frame.render_widget(Paragraph::new(lines), area);
}

fn lines(target: &TargetNow, view: &LiveView<'_>, width: usize) -> Vec<Line<'static>> {
    let (faint, strong) = (view.theme.faint(), view.theme.strong());
    let figure = |name: &str, figure: String| named(&cut(name, NAME), faint, figure, strong);
    let mut lines = Vec::new();
    let mut row = |label: &str, parts: Vec<Part>| {
        lines.extend(wrapped(label, faint, parts, width));
    };
    row(
        "CPU, cores",
        target
            .cpu_cores
            .iter()
            .map(|(process, cores)| figure(process, format!("{cores:.2}")))
            .collect(),
    );
    row(
        "memory",
        vec![figure("target-app", bytes(target.rss_bytes as f64))],
    );
    let waiting = Span::styled(
        format!("{} waiting", grouped(u64::from(target.pool_waiters))),
        if target.pool_waiters > 0 {
            view.theme.doubtful()
        } else {
            strong
        },
    );
    row(
        "pool",
        vec![
            vec![Span::styled(
                format!("{} of {} in use", target.pool_in_use, target.pool_max),
                strong,
            )],
            vec![waiting],
            vec![Span::styled(
                format!("{} ms mean wait", ms(Some(target.pool_wait_ms))),
                strong,
            )],
        ],
    );
    row(
        "caches hit",
        some(
            target
                .cache_hit_ratio
                .iter()
                .map(|(kind, ratio)| figure(kind, percent(*ratio))),
            "no look-up was made lately",
            view,
        ),
    );
    row(
        "PostgreSQL",
        vec![
            figure("statements/s", rate(target.queries_per_s)),
            figure("WAL/s", bytes(target.wal_bytes_per_s)),
        ],
    );
    row(
        "  backends",
        some(
            target
                .waits
                .iter()
                .map(|(wait, backends)| figure(wait, backends.to_string())),
            "none is at work",
            view,
        ),
    );
    row(
        "Redis",
        vec![figure("commands/s", rate(target.redis_per_s))],
    );
    lines
}

/// The parts, or a word that there is none.
fn some(parts: impl Iterator<Item = Part>, none: &'static str, view: &LiveView<'_>) -> Vec<Part> {
    let parts: Vec<Part> = parts.collect();
    if parts.is_empty() {
        vec![vec![Span::styled(none, view.theme.faint())]]
    } else {
        parts
    }
}
