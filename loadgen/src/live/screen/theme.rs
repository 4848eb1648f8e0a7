//! Colours and weights. Only the sixteen colours that a terminal's own palette fits to its
//! background are used, never a background; without colours, weight alone marks what matters.

use ratatui::style::{Color, Modifier, Style};

/// How to emphasise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    /// Whether colours are wanted.
    pub(super) colour: bool,
}

#[expect(
    clippy::unused_self,
    reason = "weights are asked of the theme as its colours are"
)]
impl Theme {
    fn fore(self, colour: Color) -> Style {
        if self.colour {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }

    /// The name of a figure, a border, something of the second rank.
    pub(super) fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// A figure.
    pub(super) fn strong(self) -> Style {
        Style::new()
            .add_modifier(Modifier::BOLD)
            .remove_modifier(Modifier::DIM)
    }

    /// A key, the panel that is chosen.
    pub(super) fn chosen(self) -> Style {
        Style::new()
            .add_modifier(Modifier::REVERSED)
            .remove_modifier(Modifier::DIM)
    }

    /// Failures, and a load that is stopping.
    pub(super) fn bad(self) -> Style {
        self.fore(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Reasons why a trial may not be valid.
    pub(super) fn doubtful(self) -> Style {
        self.fore(Color::Yellow).add_modifier(Modifier::BOLD)
    }

    /// An arm, the same as in the line that is rewritten.
    pub(super) fn arm(self, arm: &str) -> Style {
        self.fore(if arm == "before" {
            Color::Yellow
        } else {
            Color::Cyan
        })
    }

    /// The three percentiles, from the lowest.
    pub(super) fn percentile(self, rank: usize) -> Style {
        self.fore([Color::Green, Color::Cyan, Color::Magenta][rank.min(2)])
    }

    /// A bar of a histogram.
    pub(super) fn bar(self) -> Style {
        self.fore(Color::Green)
    }
}
