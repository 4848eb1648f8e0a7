//! The panel of the last minutes: response times as curves, rate and requests in flight as columns.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    symbols::Marker,
    text::{Line, Span},
    widgets::{Axis, Chart, Dataset, GraphType, Paragraph},
};

use super::{
    fit::{left, right},
    timeline::TimelinePoint,
    view::LiveView,
};
use crate::live::{
    figures::{grouped, ms, rate},
    plain::length,
};
use loadgen_report::render::definition::{COMPLETED, IN_FLIGHT, PERCENTILES, RESPONSE};

/// Columns of the name before a row of columns.
const NAME: usize = 12;
/// Columns of the figure behind it.
const FIGURE: usize = 8;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, view: &LiveView<'_>) {
    let rows = if area.height >= 8 { 2 } else { 0 };
    let [above, below] =
        Layout::vertical([Constraint::Min(3), Constraint::Length(rows)]).areas(area);
    curves(frame, above, view);
    let Some(tick) = view.state.tick.as_ref().filter(|_| rows > 0) else {
        return;
    };
    let span = view.state.timeline.span_s(view.now);
    let row = |name: &str, figure: String, value: fn(&TimelinePoint) -> Option<f64>| {
        let width = usize::from(area.width).saturating_sub(NAME + FIGURE);
        let timeline = &view.state.timeline;
        Line::from(vec![
            Span::styled(left(name, NAME), view.theme.faint()),
            Span::styled(
                timeline.columns(view.now, span, width, value),
                view.theme.bar(),
            ),
            Span::styled(right(&figure, FIGURE), view.theme.strong()),
        ])
    };
    let lines = vec![
        row(
            COMPLETED.name,
            format!("{}/s", rate(tick.achieved)),
            |point| point.completed,
        ),
        row(IN_FLIGHT.name, grouped(tick.in_flight), |point| {
            point.in_flight
        }),
    ];
    frame.render_widget(Paragraph::new(lines), below);
}

/// What the curves are.
pub(super) fn hint() -> String {
    let names = PERCENTILES.map(|(_, series)| series.name).join(", ");
    format!("{}: {names} ({})", RESPONSE.title, RESPONSE.unit)
}

fn curves(frame: &mut Frame<'_>, area: Rect, view: &LiveView<'_>) {
    let span = view.state.timeline.span_s(view.now);
    // Times span orders of magnitude: the axis is logarithmic.
    let curves = view.state.timeline.curves(view.now).map(|pieces| {
        pieces
            .into_iter()
            .map(|piece| {
                piece
                    .into_iter()
                    .map(|(second, ms)| (second, ms.log10()))
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    });
    let (low, high) = curves
        .iter()
        .flatten()
        .flatten()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), point| {
            (low.min(point.1), high.max(point.1))
        });
    if !low.is_finite() {
        let text = Line::styled("no response was measured yet", view.theme.faint());
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let (low, high) = (round(low, false), round(high, true));
    let sets = curves
        .iter()
        .enumerate()
        .rev()
        .flat_map(|(rank, pieces)| {
            pieces.iter().map(move |piece| {
                Dataset::default()
                    .marker(Marker::Braille)
                    .graph_type(GraphType::Line)
                    .style(view.theme.percentile(rank))
                    .data(piece)
            })
        })
        .collect();
    let label = |log: f64| format!("{} ms", ms(Some(10f64.powf(log))));
    let width = label(high).len().max(label(low).len());
    let labels = [low, f64::midpoint(low, high), high]
        .map(|log| Span::styled(right(&label(log), width), view.theme.faint()));
    let ago = length(std::time::Duration::from_secs_f64(span));
    let chart = Chart::new(sets)
        .x_axis(
            Axis::default()
                .style(view.theme.faint())
                .bounds([-span, 0.0])
                .labels([format!("{ago} ago"), "now".to_owned()]),
        )
        .y_axis(
            Axis::default()
                .style(view.theme.faint())
                .bounds([low, high])
                .labels(labels),
        );
    frame.render_widget(chart, area);
}

/// The next of 1, 2, 5, 10 … below or above, as a logarithm; never the same for both.
fn round(log: f64, up: bool) -> f64 {
    let decade = log.floor();
    let steps = [1.0f64, 2.0, 5.0, 10.0].map(|step| decade + step.log10());
    if up {
        let above = steps.into_iter().find(|step| *step > log + 1e-9);
        above.unwrap_or(decade + 1.0)
    } else {
        let below = steps.into_iter().rfind(|step| *step <= log + 1e-9);
        below.unwrap_or(decade)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_round_times() {
        for (value, below, above) in [(3.0, 2.0, 5.0), (0.7, 0.5, 1.0), (10.0, 10.0, 20.0)] {
            let log = f64::log10(value);
            assert!(
                (10f64.powf(round(log, false)) - below).abs() < 1e-6,
                "{value}"
            );
            assert!(
                (10f64.powf(round(log, true)) - above).abs() < 1e-6,
                "{value}"
            );
        }
    }
}
