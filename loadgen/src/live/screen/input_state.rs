//! What the keys have set: the panel, whether the view is paused, what is being asked. Pure: a key
//! goes in, and a command for the load may be returned.

use std::time::{Duration, Instant};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// How long a message stays on the last line.
const STAYS: Duration = Duration::from_secs(6);
/// Longest number that can be typed.
const DIGITS: usize = 10;

/// One of the panels, in the order of their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Panel {
    OverTime,
    Spread,
    Operations,
    Target,
    Trials,
}

impl Panel {
    /// All of them.
    pub(super) const ALL: [Self; 5] = [
        Self::OverTime,
        Self::Spread,
        Self::Operations,
        Self::Target,
        Self::Trials,
    ];

    /// Its name on the screen.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OverTime => "Over time",
            Self::Spread => "Spread",
            Self::Operations => "Operations",
            Self::Target => "Target",
            Self::Trials => "Trials, notes",
        }
    }

    /// A shorter name for narrow screens.
    pub(super) const fn short(self) -> &'static str {
        match self {
            Self::OverTime => "Time",
            Self::Spread => "Spread",
            Self::Operations => "Ops",
            Self::Target => "Target",
            Self::Trials => "Trials",
        }
    }

    /// The panel `steps` further, cyclic.
    pub(super) fn moved(self, steps: usize) -> Self {
        Self::ALL[(self as usize + steps) % Self::ALL.len()]
    }
}

/// What the keys mean now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InputMode {
    /// Keys choose panels and change the load.
    Watching,
    /// A rate or a number of users is being typed.
    Typing(String),
    /// Whether to stop is asked.
    Confirming,
    /// The keys are explained.
    Help,
}

/// A command of a key to the load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeyCommand {
    /// The effect of Ctrl-C without this view.
    Interrupt,
    /// End the load gracefully.
    Stop,
    /// Ten per cent more load.
    More,
    /// Ten per cent less load.
    Less,
    /// Ask for a number.
    Ask,
    /// Set the load to this number.
    Set(String),
}

/// What the keys have set.
#[derive(Debug, Clone)]
pub(super) struct InputState {
    /// The panel that is chosen.
    pub(super) panel: Panel,
    /// Lines of it that are scrolled out of view.
    pub(super) scroll: usize,
    /// Whether the view is paused.
    pub(super) paused: bool,
    /// What the keys mean now.
    pub(super) mode: InputMode,
    message: Option<(String, Instant)>,
}

impl Default for InputState {
    fn default() -> Self {
        Self {
            panel: Panel::OverTime,
            scroll: 0,
            paused: false,
            mode: InputMode::Watching,
            message: None,
        }
    }
}

impl InputState {
    /// Takes a key.
    pub(super) fn press(&mut self, key: KeyEvent) -> Option<KeyCommand> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            // In every mode.
            return (key.code == KeyCode::Char('c')).then_some(KeyCommand::Interrupt);
        }
        match std::mem::replace(&mut self.mode, InputMode::Watching) {
            InputMode::Watching => self.watching(key.code),
            InputMode::Help => None,
            InputMode::Confirming => {
                matches!(key.code, KeyCode::Char('y' | 'Y' | 'q' | 's')).then_some(KeyCommand::Stop)
            }
            InputMode::Typing(text) => self.typing(key.code, text),
        }
    }

    fn watching(&mut self, key: KeyCode) -> Option<KeyCommand> {
        match key {
            KeyCode::Char('p' | ' ') => self.paused = !self.paused,
            KeyCode::Tab | KeyCode::Right => self.choose(self.panel.moved(1)),
            KeyCode::BackTab | KeyCode::Left => {
                self.choose(self.panel.moved(Panel::ALL.len() - 1));
            }
            KeyCode::Down => self.scroll = self.scroll.saturating_add(1).min(1_000),
            KeyCode::Up => self.scroll = self.scroll.saturating_sub(1),
            KeyCode::Char(digit @ '1'..='5') => {
                self.choose(Panel::ALL[digit as usize - '1' as usize]);
            }
            KeyCode::Char('q' | 's') => self.mode = InputMode::Confirming,
            KeyCode::Char('?' | 'h') => self.mode = InputMode::Help,
            KeyCode::Char('+' | '=') => return Some(KeyCommand::More),
            KeyCode::Char('-') => return Some(KeyCommand::Less),
            KeyCode::Char('r') => return Some(KeyCommand::Ask),
            _ => {}
        }
        None
    }

    fn typing(&mut self, key: KeyCode, mut text: String) -> Option<KeyCommand> {
        match key {
            KeyCode::Enter => return Some(KeyCommand::Set(text)),
            KeyCode::Esc => return None,
            KeyCode::Backspace => {
                text.pop();
            }
            KeyCode::Char(letter @ ('0'..='9' | '.')) if text.len() < DIGITS => text.push(letter),
            _ => {}
        }
        self.mode = InputMode::Typing(text);
        None
    }

    fn choose(&mut self, panel: Panel) {
        self.panel = panel;
        self.scroll = 0;
    }

    /// Shows a message for some seconds.
    pub(super) fn show_message(&mut self, text: impl Into<String>, now: Instant) {
        self.message = Some((text.into(), now + STAYS));
    }

    /// The message, while it is shown.
    pub(super) fn message(&self, now: Instant) -> Option<&str> {
        let (text, until) = self.message.as_ref()?;
        (now < *until).then_some(text)
    }

    /// Removes a message that was shown long enough; true where there was one.
    pub(super) fn tidy(&mut self, now: Instant) -> bool {
        let over = self
            .message
            .as_ref()
            .is_some_and(|(_, until)| now >= *until);
        if over {
            self.message = None;
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(input: &mut InputState, code: KeyCode) -> Option<KeyCommand> {
        input.press(KeyEvent::from(code))
    }

    fn keys(input: &mut InputState, text: &str) -> Option<KeyCommand> {
        text.chars()
            .map(|letter| press(input, KeyCode::Char(letter)))
            .last()
            .flatten()
    }

    #[test]
    fn panels_go_round_and_have_numbers() {
        let mut input = InputState::default();
        press(&mut input, KeyCode::BackTab);
        assert_eq!(input.panel, Panel::Trials);
        press(&mut input, KeyCode::Tab);
        assert_eq!(input.panel, Panel::OverTime);
        keys(&mut input, "4");
        press(&mut input, KeyCode::Down);
        assert_eq!((input.panel, input.scroll), (Panel::Target, 1));
        press(&mut input, KeyCode::Left);
        assert_eq!((input.panel, input.scroll), (Panel::Operations, 0));
    }

    #[test]
    fn stopping_is_asked_once() {
        let mut input = InputState::default();
        for (first, second) in [("q", "q"), ("s", "y"), ("q", "Y")] {
            assert_eq!(keys(&mut input, first), None);
            assert_eq!(input.mode, InputMode::Confirming);
            assert_eq!(keys(&mut input, second), Some(KeyCommand::Stop));
            assert_eq!(input.mode, InputMode::Watching);
        }
        assert_eq!(keys(&mut input, "qn"), None);
        assert_eq!(input.mode, InputMode::Watching);
    }

    #[test]
    fn a_number_is_taken_by_enter_and_left_by_escape() {
        let mut input = InputState::default();
        assert_eq!(keys(&mut input, "r"), Some(KeyCommand::Ask));
        input.mode = InputMode::Typing(String::new());
        // A letter is no digit, and no other key's meaning either.
        assert_eq!(keys(&mut input, "1q2p.5+"), None);
        press(&mut input, KeyCode::Backspace);
        let typed = press(&mut input, KeyCode::Enter);
        assert_eq!(typed, Some(KeyCommand::Set("12.".into())));
        input.mode = InputMode::Typing("9".into());
        assert_eq!(press(&mut input, KeyCode::Esc), None);
        assert_eq!(
            (input.mode.clone(), input.paused),
            (InputMode::Watching, false)
        );
        input.mode = InputMode::Typing(String::new());
        keys(&mut input, &"1".repeat(99));
        assert_eq!(input.mode, InputMode::Typing("1".repeat(DIGITS)));
    }

    #[test]
    fn ctrl_c_keeps_its_meaning_in_every_mode() {
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        for mode in [
            InputMode::Watching,
            InputMode::Typing("1".into()),
            InputMode::Confirming,
            InputMode::Help,
        ] {
            let mut input = InputState {
                mode,
                ..InputState::default()
            };
            assert_eq!(input.press(interrupt), Some(KeyCommand::Interrupt));
        }
        let mut input = InputState::default();
        let stop = KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL);
        assert_eq!(input.press(stop), None);
        assert_eq!(input.mode, InputMode::Watching);
    }

    #[test]
    fn a_message_is_shown_for_some_seconds() {
        let (mut input, now) = (InputState::default(), Instant::now());
        input.show_message("refused", now);
        assert_eq!(input.message(now + STAYS / 2), Some("refused"));
        assert!(!input.tidy(now));
        assert!(input.tidy(now + STAYS));
        assert_eq!(input.message(now), None);
    }
}
