//! The section of the capacity of both arms on a terminal.

use crate::render::capacity::ArmCapacitiesPage;
use crate::render::table::{Side, TableLine, faint, layout, plain};
use crate::render::terminal::TextLayout;

impl TextLayout {
    /// The section on a terminal.
    pub(in crate::render) fn arm_capacities(&self, page: Option<&ArmCapacitiesPage>) -> String {
        let Some(page) = page else {
            return String::new();
        };
        let head = ["", "Capacity", "Goodput", &page.percentile, "Trials"];
        let mut lines = vec![
            TableLine::Heading(format!("Capacity at {}", page.slo)),
            TableLine::Cells(head.iter().map(|text| faint(*text)).collect()),
        ];
        for one in &page.arms {
            let cells = [
                &one.arm,
                &one.capacity,
                &one.goodput,
                &one.response,
                &one.trials,
            ];
            lines.push(TableLine::Cells(cells.into_iter().map(plain).collect()));
        }
        let sides = [
            Side::Left,
            Side::Left,
            Side::Right,
            Side::Right,
            Side::Right,
        ];
        let mut text = layout(&lines, &sides, 2, self.width, self.style);
        for line in &page.lines {
            text.push_str(&self.wrap(line, "  ", "    "));
        }
        text
    }
}
