//! The section of a capacity search on a terminal.

use crate::render::capacity::CapacityPage;
use crate::render::table::{Side, TableLine, faint, layout, plain};
use crate::render::terminal::TextLayout;

impl TextLayout {
    /// The section on a terminal.
    pub(in crate::render) fn capacity(&self, page: Option<&CapacityPage>) -> String {
        let Some(page) = page else {
            return String::new();
        };
        let head = ["Load", "Met the SLO", "Goodput", &page.percentile, ""];
        let mut lines = vec![
            TableLine::Heading(format!("Capacity {} at {}", page.bounds, page.slo)),
            TableLine::Cells(head.iter().map(|text| faint(*text)).collect()),
        ];
        for one in &page.loads {
            lines.push(TableLine::Cells(vec![
                plain(format!("  {}", one.load)),
                plain(&one.met),
                plain(&one.goodput),
                plain(&one.response),
                plain(one.bound),
            ]));
        }
        let sides = [
            Side::Left,
            Side::Right,
            Side::Right,
            Side::Right,
            Side::Left,
        ];
        let mut text = layout(&lines, &sides, 0, self.width, self.style);
        for line in [&page.saturation, &page.soak] {
            if !line.is_empty() {
                text.push_str(&self.wrap(line, "  ", "  "));
            }
        }
        for line in &page.what_if {
            text.push_str(&self.wrap(line, "  ", "    "));
        }
        for line in page.scaling.iter().chain(&page.doubts) {
            text.push_str(&self.wrap(line, "  ", "    "));
        }
        text + &self.breakdown(page.breakdown.as_ref())
    }
}
