//! The lines that are always there: what runs, how far it is, what comes out, and what is doubtful.

use std::time::Duration;

use ratatui::text::{Line, Span};

use super::{
    fit::{Part, cut, fitted, left, named},
    timeline::TimelinePoint,
    view::LiveView,
};
use crate::live::{
    figures::{grouped, ms, percent, rate},
    plain::{block_of, length, time_left},
};
use loadgen_experiment::events::{Tick, printable};
use loadgen_report::render::definition::PERCENTILES;

/// Columns of the bar of progress, at least and at most.
const BAR: (usize, usize) = (10, 60);

/// The lines. A low screen gets four or five of them.
pub(super) fn lines(view: &LiveView<'_>, width: usize, low: bool) -> Vec<Line<'static>> {
    let mut lines = vec![title(view, width)];
    if !low {
        let load = view.state.begun.as_ref().map_or("", |begun| &begun.load);
        lines.push(Line::styled(cut(load, width), view.theme.faint()));
    }
    lines.push(progress(view, width));
    if let Some(tick) = &view.state.tick {
        let mut figures = vec![rates(view, tick, width), times(view, tick, width)];
        if !view.state.is_running() {
            // Those of the trial before: not to be taken for what happens now.
            for line in &mut figures {
                *line = Line::styled(line.to_string(), view.theme.faint());
            }
        }
        lines.extend(figures);
        if !low || !tick.errors.is_empty() && view.state.doubts().is_empty() {
            lines.push(errors(view, tick, width));
        }
        if !tick.thresholds.is_empty() && (!low || tick.thresholds.iter().any(|one| one.broken)) {
            lines.push(thresholds(view, tick, width));
        }
    } else if !low {
        lines.extend([Line::default(), Line::default(), Line::default()]);
    }
    if !low || !view.state.doubts().is_empty() {
        lines.push(doubts(view, width));
    }
    lines
}

fn title(view: &LiveView<'_>, width: usize) -> Line<'static> {
    let (state, tag) = if view.stopping {
        (" STOPPING ", view.theme.bad())
    } else if view.input.paused {
        (" PAUSED ", view.theme.doubtful())
    } else {
        ("", view.theme.faint())
    };
    let tag = tag.patch(view.theme.chosen());
    let room = width.saturating_sub(state.len() + usize::from(!state.is_empty()));
    let mut spans = Vec::new();
    match &view.state.begun {
        None => spans.push(Span::styled(left("loadgen", room), view.theme.strong())),
        Some(begun) => {
            let name = cut(&format!("loadgen {} {}", begun.command, begun.name), room);
            let rest = room.saturating_sub(Span::raw(&name).width());
            spans.push(Span::styled(name, view.theme.strong()));
            let question = if begun.question.is_empty() {
                String::new()
            } else {
                format!("  {}", begun.question)
            };
            spans.push(Span::raw(left(&question, rest)));
        }
    }
    if !state.is_empty() {
        spans.push(Span::raw(" "));
        spans.push(Span::styled(state, tag));
    }
    Line::from(spans)
}

fn progress(view: &LiveView<'_>, width: usize) -> Line<'static> {
    if let Some(stage) = &view.state.stage {
        let spent = view.now.saturating_duration_since(stage.since);
        let of = stage
            .expected
            .map_or_else(String::new, |time| format!(" of about {}", length(time)));
        let left = time_since_tick(view).map_or_else(String::new, |left| format!("; {left}"));
        let time = format!("  {}{of}{left}", length(spent));
        let what = cut(&stage.what, width.saturating_sub(time.len()));
        return Line::from(vec![Span::styled(what, view.theme.strong()), time.into()]);
    }
    let Some(tick) = &view.state.tick else {
        return Line::styled("nothing has begun yet", view.theme.faint());
    };
    let block = block_of(tick);
    let arm = cut(&tick.arm, width / 3);
    let phase = format!(" {}", printable(&tick.phase));
    let share = if tick.total.is_zero() {
        0.0
    } else {
        (tick.elapsed.as_secs_f64() / tick.total.as_secs_f64()).clamp(0.0, 1.0)
    };
    let left = time_since_tick(view).unwrap_or_else(|| "ending".to_owned());
    let tail = format!("{:3.0} %  {left}", share * 100.0);
    let used = Span::raw(&block).width()
        + Span::raw(&arm).width()
        + Span::raw(&phase).width()
        + Span::raw(&tail).width()
        + 4;
    let bar = width.saturating_sub(used).min(BAR.1);
    let style = view.theme.arm(&tick.arm);
    let mut spans = vec![
        Span::raw(block),
        Span::styled(arm, style.patch(view.theme.strong())),
        Span::raw(phase),
        Span::raw("  "),
    ];
    if bar >= BAR.0 {
        let filled = (share * bar as f64).round() as usize;
        spans.push(Span::styled("━".repeat(filled), style));
        spans.push(Span::styled("─".repeat(bar - filled), view.theme.faint()));
        spans.push(Span::raw("  "));
    }
    spans.push(Span::raw(tail));
    Line::from(spans)
}

/// The time that is left, as the newest tick has it; the clock goes on in stages without ticks.
fn time_since_tick(view: &LiveView<'_>) -> Option<String> {
    let tick = view.state.tick.as_ref()?;
    let since = match (&view.state.stage, view.state.tick_at) {
        (Some(_), Some(at)) => view.now.saturating_duration_since(at),
        _ => Duration::ZERO,
    };
    time_left(tick, since)
}

fn rates(view: &LiveView<'_>, tick: &Tick, width: usize) -> Line<'static> {
    let (faint, strong) = (view.theme.faint(), view.theme.strong());
    let share = tick.failed as f64 / (tick.completed as f64).max(1.0);
    let failed = format!("{} ({})", grouped(tick.failed), percent(share));
    let bad = if tick.failed > 0 {
        view.theme.bad()
    } else {
        strong
    };
    let mut parts = vec![
        named(
            "requests",
            faint,
            format!("{}/s", rate(tick.achieved)),
            strong,
        ),
        named("failed", faint, failed, bad),
        named("in flight", faint, grouped(tick.in_flight), strong),
        named("done", faint, grouped(tick.completed), strong),
    ];
    // A closed loop offers what its users come to.
    if tick.offered > 0.0 {
        let offered = format!("{} iterations/s", rate(tick.offered));
        parts.insert(0, named("offered", faint, offered, strong));
    }
    fitted(parts, width)
}

fn times(view: &LiveView<'_>, tick: &Tick, width: usize) -> Line<'static> {
    let faint = view.theme.faint();
    let mut parts: Vec<Part> = PERCENTILES
        .iter()
        .enumerate()
        .map(|(rank, (_, series))| {
            let style = view.theme.strong().patch(view.theme.percentile(rank));
            let figure = format!("{:>5} ms", ms((series.of_tick)(tick)));
            named(series.name, faint, figure, style)
        })
        .collect();
    parts.insert(0, vec![Span::styled("response time", faint)]);
    let mut line = fitted(parts, width);
    // The rest of the line is the timeline of p95.
    let room = width.saturating_sub(line.width() + 2);
    let name = format!("{} ", PERCENTILES[1].1.name);
    if room >= name.len() + 10 {
        let columns = room - name.len();
        let span = view.state.timeline.span_s(view.now);
        let timeline = &view.state.timeline;
        line.push_span(Span::styled(format!("  {name}"), faint));
        line.push_span(Span::styled(
            timeline.columns(view.now, span, columns, TimelinePoint::p95_ms),
            view.theme.percentile(1),
        ));
    }
    line
}

fn errors(view: &LiveView<'_>, tick: &Tick, width: usize) -> Line<'static> {
    if tick.errors.is_empty() {
        return Line::styled("no errors", view.theme.faint());
    }
    let mut parts: Vec<Part> = vec![vec![Span::styled("errors", view.theme.faint())]];
    let mut kinds: Vec<_> = tick.errors.iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    parts.extend(kinds.into_iter().map(|(kind, count)| {
        let kind = printable(&kind.replace('_', " "));
        named(&kind, view.theme.faint(), grouped(*count), view.theme.bad())
    }));
    let kinds = parts.len() - 1;
    let line = fitted(parts.clone(), width);
    // A word and a figure a part, and the gaps between them.
    let shown = line.spans.len() / 3;
    if shown == kinds {
        return line;
    }
    let more = |hidden: usize| vec![Span::styled(format!("+{hidden} more"), view.theme.faint())];
    let mut line = fitted(parts, width.saturating_sub(9));
    let hidden = kinds - line.spans.len() / 3;
    line.push_span(Span::raw("  "));
    line.extend(more(hidden));
    line
}

/// The thresholds with what they measure so far, the broken ones first.
fn thresholds(view: &LiveView<'_>, tick: &Tick, width: usize) -> Line<'static> {
    let mut all: Vec<_> = tick.thresholds.iter().collect();
    all.sort_by_key(|one| !one.broken);
    let mut parts: Vec<Part> = vec![vec![Span::styled("thresholds", view.theme.faint())]];
    parts.extend(all.into_iter().map(|one| {
        let style = if one.broken {
            view.theme.bad()
        } else {
            view.theme.strong()
        };
        let figure = one.figure.as_deref().unwrap_or("-");
        let name = printable(&format!("{}:", one.text));
        named(&name, view.theme.faint(), printable(figure), style)
    }));
    fitted(parts, width)
}

/// Whether requests failed or a threshold is broken, so far.
fn has_failures(tick: &Tick) -> bool {
    tick.failed > 0 || tick.thresholds.iter().any(|one| one.broken)
}

fn doubts(view: &LiveView<'_>, width: usize) -> Line<'static> {
    let doubts = view.state.doubts();
    let Some(first) = doubts.first() else {
        let failing = view
            .state
            .tick
            .as_ref()
            .is_some_and(|tick| has_failures(tick));
        let text = match (&view.state.tick, failing) {
            (None, _) => "",
            (Some(_), false) => "no doubts so far",
            (Some(_), true) => "requests fail or a threshold is broken; no self-check fails so far",
        };
        return Line::styled(cut(text, width), view.theme.faint());
    };
    let more = match doubts.len() {
        1 => String::new(),
        count => format!(" (+{} more, panel 5)", count - 1),
    };
    let room = width.saturating_sub(more.len() + 9);
    Line::from(vec![
        Span::styled("doubtful ", view.theme.doubtful()),
        Span::raw(cut(first, room)),
        Span::styled(more, view.theme.faint()),
    ])
}
