//! The view on screens of several sizes, with figures that are as rich and as hostile as they get.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use ratatui::{Terminal, backend::TestBackend, style::Color};

use super::{
    draw::draw,
    input_state::{InputMode, InputState, Panel},
    state::RunState,
    theme::Theme,
    trials::FinishedTrial,
    view::LiveView,
};
use loadgen_experiment::events::{
    Adjustable, Begun, Event, HistogramBar, OperationNow, TargetNow, ThresholdNow, Tick,
};

fn counts<V>(of: impl IntoIterator<Item = (&'static str, V)>) -> BTreeMap<String, V> {
    of.into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn target() -> TargetNow {
    TargetNow {
        cpu_cores: counts([
            ("loadgen", 0.21),
            ("postgres", 0.83),
            ("redis", 0.04),
            ("target-app", 1.12),
        ]),
        rss_bytes: 85_200_000,
        pool_in_use: 5,
        pool_max: 5,
        pool_waiters: 112,
        pool_wait_ms: 31.4,
        cache_hit_ratio: counts([("mentors", 0.982), ("slots", 0.5)]),
        queries_per_s: 1_234.0,
        waits: counts([
            ("CPU", 2),
            ("LWLock:WALWrite", 1),
            ("Lock:transactionid", 14),
        ]),
        wal_bytes_per_s: 1_250_000.0,
        redis_per_s: 640.0,
    }
}

fn tick(number: u32) -> Tick {
    let wave = f64::from(number % 20);
    let operation = |name: &str, count, failed| OperationNow {
        name: name.into(),
        count,
        failed,
        per_s: 49.7,
        p50_ms: Some(3.1),
        p95_ms: Some(12.4),
        p99_ms: (failed == 0).then_some(1_240.0),
        ..OperationNow::default()
    };
    Tick {
        arm: "after\u{1b}[2J".into(),
        block: 3,
        blocks: 8,
        phase: "measure".into(),
        second: f64::from(number) / 2.0,
        elapsed: Duration::from_secs(u64::from(number) / 2),
        total: Duration::from_secs(150),
        total_known: true,
        offered: 200.0,
        achieved: 180.0 + wave,
        in_flight: 12 + u64::from(number % 7),
        p50_ms: Some(3.0 + wave / 10.0),
        p95_ms: Some(12.0 + wave),
        p99_ms: (!number.is_multiple_of(10)).then_some(60.0 + 4.0 * wave),
        completed: 12_345,
        failed: 27,
        errors: counts([("timeout", 20), ("http_error", 6), ("reset", 1)]),
        histogram: (0..24_u32)
            .map(|n| HistogramBar {
                from_ms: 1.2f64.powf(f64::from(n)),
                to_ms: 1.2f64.powf(f64::from(n + 1)),
                count: u64::from((n + 2) * (25 - n)),
            })
            .collect(),
        operations: vec![
            operation("mentors.list", 8_000, 0),
            operation("bookings.create", 3_200, 27),
            operation("evil\u{1b}]0;title\u{7}\u{202e}name", 1, 0),
            operation("漢字の操作", 1_144, 0),
        ],
        target: Some(target()),
        doubts: vec![
            "other guests of this machine took 7 % of its time".into(),
            "180 of 200 a second are answered: what is late queues up\n\u{1b}[31m".into(),
        ],
        ..Tick::default()
    }
}

/// A run in the middle of its third block.
fn state(end: Instant) -> RunState {
    let mut state = RunState::default();
    let begun = Begun {
        command: "experiment".into(),
        name: "mentor-cache".into(),
        question: "Does a cache in Redis make the list of mentors faster?\u{1b}[5m".into(),
        load: "open loop, 200/s at random times for 60s, 8 blocks of both arms".into(),
        at: chrono::DateTime::UNIX_EPOCH,
        folder: String::new(),
    };
    state.take(Event::Begun(begun), end);
    for number in 0..80_u32 {
        let before_end = Duration::from_millis(500) * (79 - number);
        let at = end.checked_sub(before_end).unwrap();
        state.take(Event::Tick(Box::new(tick(number))), at);
    }
    for (block, arm, p50) in [(1, "before", 31.0), (1, "after", 3.2), (2, "before", 28.0)] {
        state.trials.push(FinishedTrial {
            folder: format!("b{block:02}_1_{arm}"),
            arm: arm.into(),
            block,
            word: if block == 2 {
                loadgen_experiment::schema::ValidityWord::Noisy
            } else {
                loadgen_experiment::schema::ValidityWord::Valid
            },
            rate_per_s: 199.2,
            p50_ms: Some(p50),
            p95_ms: Some(p50 * 4.0),
            p99_ms: None,
            failed: 0.002,
        });
    }
    state.take(Event::Note("control: the same profile twice".into()), end);
    let text = "fsync is off\u{1b}[2J\r\nfor this run".to_owned();
    state.take(Event::Warning(text), end);
    state
}

struct Sight {
    state: RunState,
    input: InputState,
    now: Instant,
    adjustable: Adjustable,
    stopping: bool,
    colour: bool,
}

impl Sight {
    fn rich() -> Self {
        let now = Instant::now() + Duration::from_hours(1);
        Self {
            state: state(now),
            input: InputState::default(),
            now,
            adjustable: Adjustable::Rate {
                now: 200.0,
                most: 1_000.0,
            },
            stopping: false,
            colour: false,
        }
    }

    fn of(panel: Panel) -> Self {
        let mut sight = Self::rich();
        sight.input.panel = panel;
        sight
    }

    fn terminal(&self, width: u16, height: u16) -> Terminal<TestBackend> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let view = LiveView {
            state: &self.state,
            input: &self.input,
            theme: Theme {
                colour: self.colour,
            },
            now: self.now,
            clock: self.now,
            adjustable: self.adjustable.clone(),
            stopping: self.stopping,
        };
        terminal.draw(|frame| draw(frame, &view)).unwrap();
        terminal
    }

    fn drawn(&self, width: u16, height: u16) -> String {
        self.terminal(width, height).backend().to_string()
    }
}

#[test]
fn the_usual_terminal_shows_each_panel_below_the_head() {
    insta::assert_snapshot!("80x24_over_time", Sight::of(Panel::OverTime).drawn(80, 24));
    insta::assert_snapshot!("80x24_spread", Sight::of(Panel::Spread).drawn(80, 24));
    insta::assert_snapshot!(
        "80x24_operations",
        Sight::of(Panel::Operations).drawn(80, 24)
    );
    insta::assert_snapshot!("80x24_target", Sight::of(Panel::Target).drawn(80, 24));
    insta::assert_snapshot!("80x24_trials", Sight::of(Panel::Trials).drawn(80, 24));
}

#[test]
fn a_target_whose_caches_were_not_asked_says_so() {
    let mut sight = Sight::of(Panel::Target);
    let tick = sight.state.tick.as_mut().unwrap();
    tick.target.as_mut().unwrap().cache_hit_ratio.clear();
    let text = sight.drawn(80, 24);
    assert!(text.contains("no look-up was made lately"), "{text}");
}

#[test]
fn a_low_terminal_keeps_what_matters() {
    insta::assert_snapshot!("60x15", Sight::of(Panel::Operations).drawn(60, 15));
}

#[test]
fn a_larger_terminal_has_more_rows_and_a_wide_one_two_panels() {
    insta::assert_snapshot!("100x30", Sight::of(Panel::Spread).drawn(100, 30));
    insta::assert_snapshot!("125x24", Sight::of(Panel::Spread).drawn(125, 24));
}

#[test]
fn a_large_terminal_shows_everything_at_once() {
    insta::assert_snapshot!("160x50", Sight::rich().drawn(160, 50));
}

#[test]
fn no_size_is_too_small_to_draw_and_nothing_from_elsewhere_gets_through() {
    let mut sight = Sight::rich();
    for mode in [
        InputMode::Watching,
        InputMode::Help,
        InputMode::Confirming,
        InputMode::Typing("12".into()),
    ] {
        sight.input.mode = mode;
        for panel in Panel::ALL {
            sight.input.panel = panel;
            sight.input.scroll = 3;
            for (width, height) in [(1, 1), (5, 40), (200, 3), (43, 9), (44, 10), (90, 21)] {
                let text = sight.drawn(width, height);
                let steers = |letter: char| letter.is_control() && letter != '\n';
                assert!(!text.contains(steers), "{width}x{height}: {text:?}");
                assert!(!text.contains('\u{202e}'));
            }
        }
    }
    assert!(sight.drawn(43, 9).contains("too small: 44x10 at least"));
}

#[test]
fn nothing_is_drawn_before_anything_is_known() {
    let mut sight = Sight {
        state: RunState::default(),
        adjustable: Adjustable::Nothing { why: "x".into() },
        ..Sight::rich()
    };
    for panel in Panel::ALL {
        sight.input.panel = panel;
        let text = sight.drawn(80, 24);
        assert!(text.contains("nothing has begun yet"), "{text}");
    }
    assert!(!sight.drawn(160, 50).contains("type a rate"));
}

#[test]
fn a_stage_takes_the_place_of_the_bar_and_says_how_long_it_takes() {
    let mut sight = Sight::rich();
    let since = sight.now.checked_sub(Duration::from_secs(12)).unwrap();
    let what = "block 4 of 8, before: fresh database".to_owned();
    let expected = Some(Duration::from_secs(65));
    sight.state.take(Event::Stage { what, expected }, since);
    let text = sight.drawn(80, 24);
    assert!(
        text.contains("block 4 of 8, before: fresh database  0:12 of about 1:05"),
        "{text}"
    );
    // The load that has ended had failures, which are not to be called good.
    assert!(!text.contains("no doubts so far"), "{text}");
    assert!(text.contains("requests fail or a threshold is broken"));
}

#[test]
fn setting_up_is_shown_step_by_step_instead_of_empty_panels() {
    let mut sight = Sight {
        state: RunState::default(),
        ..Sight::rich()
    };
    let at = |seconds| sight.now.checked_sub(Duration::from_secs(seconds)).unwrap();
    let steps = [
        (30, "starting PostgreSQL"),
        (22, "starting Redis"),
        (20, "sign in"),
    ];
    for (before, what) in steps {
        let (what, since) = (what.to_owned(), at(before));
        let expected = None;
        sight.state.take(Event::Stage { what, expected }, since);
    }
    sight
        .state
        .take(Event::Warning("fsync is off".into()), at(1));
    for (width, height) in [(80, 24), (160, 50)] {
        let text = sight.drawn(width, height);
        for part in [
            "✓ 0:08",
            "starting PostgreSQL",
            "✓ 0:02",
            "… 0:20",
            "sign in",
            "fsync is off",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("Over time"), "{text}");
    }
    sight.state.take(Event::Tick(Box::new(tick(3))), sight.now);
    assert!(!sight.drawn(80, 24).contains("Setting up"));
}

#[test]
fn thresholds_are_shown_with_their_figures_the_broken_one_first() {
    let mut sight = Sight::rich();
    let one = |text: &str, figure: &str, broken| ThresholdNow {
        text: text.to_owned(),
        figure: Some(figure.to_owned()),
        broken,
    };
    let mut tick = Tick {
        failed: 0,
        doubts: Vec::new(),
        thresholds: vec![
            one("p95 < 1s", "12.00 ms", false),
            one("errors < 1%", "7.00 %", true),
        ],
        ..tick(3)
    };
    sight
        .state
        .take(Event::Tick(Box::new(tick.clone())), sight.now);
    let text = sight.drawn(80, 24);
    assert!(
        text.contains("thresholds  errors < 1%: 7.00 %  p95 < 1s: 12.00 ms"),
        "{text}"
    );
    assert!(!text.contains("no doubts so far"), "{text}");
    tick.thresholds.pop();
    sight.state.take(Event::Tick(Box::new(tick)), sight.now);
    assert!(sight.drawn(80, 24).contains("no doubts so far"));
}

#[test]
fn the_time_left_is_a_lower_bound_until_a_trial_has_shown_what_comes_after_it() {
    let mut sight = Sight::rich();
    let first = Tick {
        total_known: false,
        ..tick(60)
    };
    sight.state.take(Event::Tick(Box::new(first)), sight.now);
    assert!(sight.drawn(80, 24).contains("at least 2:00 left"));
    sight.state.take(Event::Tick(Box::new(tick(60))), sight.now);
    let text = sight.drawn(80, 24);
    assert!(
        text.contains("2:00 left") && !text.contains("at least"),
        "{text}"
    );
    let what = "audit".to_owned();
    let expected = None;
    sight.state.take(Event::Stage { what, expected }, sight.now);
    sight.now += Duration::from_secs(20);
    assert!(sight.drawn(80, 24).contains("audit  0:20; 1:40 left"));
}

#[test]
fn the_last_line_asks_answers_and_names_the_keys_that_work() {
    let mut sight = Sight::rich();
    let last = |sight: &Sight| {
        let text = sight.drawn(80, 24);
        text.lines().last().unwrap().trim_matches('"').to_owned()
    };
    assert!(last(&sight).contains("+ -  rate"), "{}", last(&sight));
    sight.input.mode = InputMode::Typing("25".into());
    assert!(last(&sight).starts_with("new rate a second (now 200, at most 1,000): 25_"));
    sight.input.mode = InputMode::Confirming;
    assert!(last(&sight).starts_with("Stop, and report"));
    sight.input.mode = InputMode::Watching;
    sight.input.show_message("refused: \u{1b}[31mno", sight.now);
    assert_eq!(last(&sight).trim_end(), "refused: [31mno");
    sight.adjustable = Adjustable::Nothing { why: "x".into() };
    sight.now += Duration::from_mins(1);
    assert!(last(&sight).contains("tab") && !last(&sight).contains("rate"));
}

#[test]
fn a_view_that_stands_still_and_a_load_that_stops_say_so() {
    let mut sight = Sight::rich();
    sight.input.paused = true;
    assert!(sight.drawn(80, 24).contains(" PAUSED "));
    sight.stopping = true;
    assert!(sight.drawn(80, 24).contains(" STOPPING "));
    sight.input.mode = InputMode::Help;
    insta::assert_snapshot!("80x24_help", sight.drawn(80, 24));
}

#[test]
fn without_colours_there_are_none_and_with_them_never_a_background() {
    let mut sight = Sight::rich();
    let styles = |sight: &Sight| {
        let terminal = sight.terminal(160, 50);
        let cells = terminal.backend().buffer().content().to_vec();
        cells.into_iter().map(|cell| (cell.fg, cell.bg))
    };
    assert!(styles(&sight).all(|style| style == (Color::Reset, Color::Reset)));
    sight.colour = true;
    assert!(styles(&sight).any(|(fore, _)| fore == Color::Red));
    assert!(styles(&sight).all(|(_, back)| back == Color::Reset));
}
