//! The panel of the histogram: response times lately, and what failed instead.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    fit::{left, right},
    view::LiveView,
};
use crate::live::figures::{grouped, ms, percent};
use loadgen_experiment::events::HistogramBar;

/// Columns of the range before a bar.
const RANGE: usize = 18;
/// Columns of the count and the share behind it.
const COUNT: usize = 16;
/// Columns of the list of errors.
const ERRORS: u16 = 28;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, view: &LiveView<'_>) {
    let Some(tick) = &view.state.tick else {
        return;
    };
    let beside = if tick.errors.is_empty() || area.width < 70 {
        0
    } else {
        ERRORS
    };
    let [bars, errors] =
        Layout::horizontal([Constraint::Min(30), Constraint::Length(beside)]).areas(area);
    let rows = grouped_bars(&tick.histogram, usize::from(bars.height));
    let all: u64 = rows.iter().map(|row| row.count).sum();
    let most = rows.iter().map(|row| row.count).max().unwrap_or(0).max(1);
    let width = usize::from(bars.width).saturating_sub(RANGE + COUNT + 2);
    let mut lines: Vec<Line<'_>> = rows
        .iter()
        .map(|row| {
            let range = format!("{} to {} ms", ms(Some(row.from_ms)), ms(Some(row.to_ms)));
            let share = row.count as f64 / all.max(1) as f64;
            let count = format!("{} {:>7}", grouped(row.count), percent(share));
            Line::from(vec![
                Span::styled(right(&range, RANGE), view.theme.faint()),
                Span::raw(" "),
                Span::styled(bar(row.count as f64 / most as f64, width), view.theme.bar()),
                Span::raw(right(&count, COUNT)),
            ])
        })
        .collect();
    if lines.is_empty() {
        lines.push(Line::styled("no response lately", view.theme.faint()));
    }
    frame.render_widget(Paragraph::new(lines), bars);
    if beside > 0 {
        let mut lines = vec![Line::styled("  errors since the start", view.theme.faint())];
        lines.extend(tick.errors.iter().map(|(kind, count)| {
            Line::from(vec![
                Span::raw(format!("  {}", left(&kind.replace('_', " "), 16))),
                Span::styled(right(&grouped(*count), 9), view.theme.bad()),
            ])
        }));
        frame.render_widget(Paragraph::new(lines), errors);
    }
}

/// Neighbouring bars together, so that there are at most `rows` of them.
fn grouped_bars(bars: &[HistogramBar], rows: usize) -> Vec<HistogramBar> {
    let together = bars.len().div_ceil(rows.max(1)).max(1);
    bars.chunks(together)
        .map(|chunk| HistogramBar {
            from_ms: chunk[0].from_ms,
            to_ms: chunk[chunk.len() - 1].to_ms,
            count: chunk.iter().map(|bar| bar.count).sum(),
        })
        .collect()
}

/// A bar to an eighth of a column, filled with blanks.
fn bar(share: f64, width: usize) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
    // What is there is seen.
    let eighths = if share > 0.0 { eighths.max(1) } else { eighths };
    left(
        &format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8]),
        width,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_put_together_and_none_is_lost() {
        let bars: Vec<HistogramBar> = (0..25_u32)
            .map(|n| HistogramBar {
                from_ms: f64::from(n),
                to_ms: f64::from(n + 1),
                count: u64::from(n),
            })
            .collect();
        for rows in 1..40 {
            let few = grouped_bars(&bars, rows);
            assert!(few.len() <= rows, "{rows}");
            assert_eq!(few.iter().map(|bar| bar.count).sum::<u64>(), 300);
        }
        assert!(grouped_bars(&[], 5).is_empty());
    }

    #[test]
    fn a_bar_is_as_wide_as_it_is_long() {
        for width in [0, 1, 7, 40] {
            for share in [0.0, 1e-9, 0.3, 1.0, 7.0] {
                assert_eq!(bar(share, width).chars().count(), width, "{share}");
            }
        }
        assert_eq!(bar(0.001, 3), "▏  ");
    }
}
