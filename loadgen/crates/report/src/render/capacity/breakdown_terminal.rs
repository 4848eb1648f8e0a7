//! The section of what happens past the capacity on a terminal.

use crate::render::capacity::breakdown::BreakdownPage;
use crate::render::table::{Side, TableLine, faint, layout, plain};
use crate::render::terminal::TextLayout;

impl TextLayout {
    /// The section on a terminal.
    pub(super) fn breakdown(&self, page: Option<&BreakdownPage>) -> String {
        let Some(page) = page else {
            return String::new();
        };
        let head = [
            "Past the capacity",
            "Goodput",
            "In time",
            "Late",
            "503",
            "Failed",
            "p95",
            "of right",
        ];
        let mut lines = vec![TableLine::Cells(
            head.iter().map(|text| faint(*text)).collect(),
        )];
        for policy in &page.policies {
            let heading = format!("{}: {}", policy.policy, policy.word);
            lines.push(TableLine::Heading(heading));
            lines.extend(policy.loads.iter().map(|one| {
                TableLine::Cells(vec![
                    plain(format!("  {}", one.load)),
                    plain(&one.goodput),
                    plain(&one.in_time),
                    plain(&one.late),
                    plain(&one.refused),
                    plain(&one.failed),
                    plain(&one.p95),
                    plain(&one.answered_p95),
                ])
            }));
        }
        let mut sides = [Side::Right; 8];
        sides[0] = Side::Left;
        let mut text = layout(&lines, &sides, 0, self.width, self.style);
        for one in &page.policies {
            let line = format!("{}: {}; {}", one.policy, one.why, one.recovery);
            text.push_str(&self.wrap(&line, "  ", "    "));
        }
        text + &self.wrap(&page.basis, "  ", "  ")
    }
}
