//! Lays the view out: the head, as many panels as fit, and a last line for keys.

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
    widgets::{Block, Clear, Paragraph},
};

use super::{
    fit::{cut, left},
    head, history,
    input_state::{InputMode, Panel},
    load_keys, operations, over_time, setup, spread, target,
    view::LiveView,
};
use loadgen_experiment::events::Adjustable;

/// The smallest screen that shows panels.
const SMALLEST: (u16, u16) = (44, 10);
/// Height from which the head is complete.
const LOW: u16 = 20;
/// Screen from which two panels are shown side by side.
const WIDE: (u16, u16) = (120, 20);
/// Screen from which all panels are shown.
const LARGE: (u16, u16) = (130, 38);

/// Columns that the full names of all panels take.
const FULL_NAMES: u16 = 68;

/// What each key does.
const KEYS: [(&str, &str); 9] = [
    ("p, space", "pause the view; the run goes on"),
    ("tab, 1 to 5", "choose a panel; left and right too"),
    ("up, down", "move in a list that is too long"),
    ("+ and -", "ten per cent more or less load"),
    ("r", "type a rate, or a number of users"),
    ("q or s", "stop, with a report of what was measured"),
    ("Ctrl-C", "stop at once; twice: without a report"),
    ("? or h", "this list"),
    ("any key", "close this list"),
];

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame<'_>, view: &LiveView<'_>) {
    let area = frame.area();
    let fits = |least: (u16, u16)| area.width >= least.0 && area.height >= least.1;
    if !fits(SMALLEST) {
        small(frame, area, view);
        return;
    }
    let low = area.height < LOW;
    let head = head::lines(view, usize::from(area.width), low);
    let note = u16::from(!low && !fits(LARGE));
    let [top, tabs, body, newest_note, keys] = Layout::vertical([
        Constraint::Length(head.len() as u16),
        Constraint::Length(u16::from(!fits(LARGE))),
        Constraint::Min(1),
        Constraint::Length(note),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(head), top);
    if view.state.tick.is_some() || view.state.stage.is_none() {
        frame.render_widget(Paragraph::new(names(view, tabs.width)), tabs);
    }
    if view.state.tick.is_none() && view.state.stage.is_some() {
        setup::draw(frame, body, view);
    } else if fits(LARGE) {
        all(frame, body, view);
    } else if fits(WIDE) {
        let [one, other] = Layout::horizontal([Constraint::Fill(1); 2]).areas(body);
        panel(frame, one, view, view.input.panel);
        panel(frame, other, view, view.input.panel.moved(1));
    } else {
        panel(frame, body, view, view.input.panel);
    }
    frame.render_widget(Paragraph::new(newest(view, newest_note.width)), newest_note);
    frame.render_widget(Paragraph::new(last_line(view, keys.width)), keys);
    if view.input.mode == InputMode::Help {
        help(frame, area, view);
    }
}

/// A screen too small for panels: the main figures and a hint.
fn small(frame: &mut Frame<'_>, area: Rect, view: &LiveView<'_>) {
    let width = usize::from(area.width);
    let mut lines = head::lines(view, width, true);
    lines.truncate(usize::from(area.height).saturating_sub(1));
    let (wide, high) = SMALLEST;
    lines.push(Line::styled(
        cut(&format!("too small: {wide}x{high} at least"), width),
        view.theme.doubtful(),
    ));
    frame.render_widget(Paragraph::new(lines), area);
}

/// The names of the panels, the chosen one marked.
fn names(view: &LiveView<'_>, width: u16) -> Line<'static> {
    let mut line = Line::default();
    for (index, panel) in Panel::ALL.into_iter().enumerate() {
        let style = if panel == view.input.panel {
            view.theme.chosen()
        } else {
            view.theme.faint()
        };
        let name = if width < FULL_NAMES {
            panel.short()
        } else {
            panel.name()
        };
        let text = format!(" {} {name} ", index + 1);
        line.push_span(Span::styled(text, style));
    }
    line
}

fn all(frame: &mut Frame<'_>, body: Rect, view: &LiveView<'_>) {
    // The history needs few rows at first; the rest is for the running trial.
    let history = history::rows(view).clamp(3, usize::from(body.height) / 3) as u16;
    let [first, second, third] = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Fill(1),
        Constraint::Length(history + 2),
    ])
    .areas(body);
    let halves = |row| Layout::horizontal([Constraint::Fill(1); 2]).areas::<2>(row);
    let ([one, two], [three, four]) = (halves(first), halves(second));
    for (area, which) in [one, two, three, four, third].into_iter().zip(Panel::ALL) {
        panel(frame, area, view, which);
    }
}

fn panel(frame: &mut Frame<'_>, area: Rect, view: &LiveView<'_>, which: Panel) {
    let chosen = which == view.input.panel;
    let hint = match which {
        Panel::OverTime => over_time::hint(),
        Panel::Spread => "response times of the last seconds".to_owned(),
        Panel::Operations => "of the last seconds; done and failed since the start".to_owned(),
        Panel::Target => "over the last seconds".to_owned(),
        Panel::Trials => "finished so far, newest first".to_owned(),
    };
    let hint = format!(" {hint} ");
    let name = format!(" {} {} ", which as usize + 1, which.name());
    let room = usize::from(area.width).saturating_sub(name.len() + 4);
    let block = Block::bordered()
        .border_style(view.theme.faint())
        .title_top(Line::styled(
            name,
            if chosen {
                view.theme.chosen()
            } else {
                view.theme.strong()
            },
        ))
        .title_top(Line::styled(cut(&hint, room), view.theme.faint()).right_aligned());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    match which {
        Panel::OverTime => over_time::draw(frame, inner, view),
        Panel::Spread => spread::draw(frame, inner, view),
        Panel::Operations => operations::draw(frame, inner, view),
        Panel::Target => target::draw(frame, inner, view),
        Panel::Trials => history::draw(frame, inner, view),
    }
}

/// The newest note.
fn newest(view: &LiveView<'_>, width: u16) -> Line<'static> {
    let Some(note) = view.state.notes.back() else {
        return Line::default();
    };
    let (word, style) = if note.warning {
        ("warning: ", view.theme.doubtful())
    } else {
        ("note: ", view.theme.faint())
    };
    let text = cut(&note.text, usize::from(width).saturating_sub(word.len()));
    Line::from(vec![Span::styled(word, style), text.into()])
}

/// A question, a message, or the keys.
fn last_line(view: &LiveView<'_>, width: u16) -> Line<'static> {
    let width = usize::from(width);
    match &view.input.mode {
        InputMode::Confirming => Line::styled(
            left(
                "Stop, and report what was measured? y or q stops, any other key continues",
                width,
            ),
            view.theme.chosen(),
        ),
        InputMode::Typing(text) => {
            let asked = load_keys::question(&view.adjustable).unwrap_or_else(|why| why);
            let asked = format!("{asked}: {text}_  Enter sets it, Esc cancels");
            Line::styled(left(&asked, width), view.theme.chosen())
        }
        InputMode::Watching | InputMode::Help => match view.input.message(view.clock) {
            Some(message) => Line::styled(cut(message, width), view.theme.strong()),
            None => hints(view, width),
        },
    }
}

fn hints(view: &LiveView<'_>, width: usize) -> Line<'static> {
    let pause = if view.input.paused { "resume" } else { "pause" };
    let mut keys = vec![("?", "keys"), ("q", "stop"), ("p", pause), ("tab", "panel")];
    match &view.adjustable {
        Adjustable::Nothing { .. } => {}
        Adjustable::Rate { .. } => keys.extend([("+ -", "rate"), ("r", "type a rate")]),
        Adjustable::Users { .. } => keys.extend([("+ -", "users"), ("r", "type a number")]),
    }
    let parts = keys
        .into_iter()
        .map(|(key, does)| {
            vec![
                Span::styled(format!(" {key} "), view.theme.chosen()),
                Span::raw(format!(" {does}")),
            ]
        })
        .collect();
    super::fit::fitted(parts, width)
}

fn help(frame: &mut Frame<'_>, area: Rect, view: &LiveView<'_>) {
    let lines: Vec<Line<'_>> = KEYS
        .iter()
        .map(|(key, does)| {
            Line::from(vec![
                Span::styled(format!(" {}", left(key, 13)), view.theme.strong()),
                Span::raw(*does),
            ])
        })
        .collect();
    let width = 60.min(area.width);
    let height = (lines.len() as u16 + 2).min(area.height);
    let place = Rect {
        x: (area.width - width) / 2,
        y: (area.height - height) / 2,
        width,
        height,
    };
    frame.render_widget(Clear, place);
    let block = Block::bordered().title(Line::styled(" Keys ", view.theme.strong()));
    frame.render_widget(Paragraph::new(lines).block(block), place);
}
