//! Tables of plain text: columns as wide as their cells, the first one cut where the line would
//! not fit; colours as escape codes that count for nothing.

use crate::render::tone::Tone;

/// Colour and weight of a text, or none of it where nothing but a terminal reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextStyle {
    /// Whether escape codes are written.
    pub(super) colour: bool,
}

impl TextStyle {
    /// Wraps a text in an escape code.
    fn with(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.into()
        }
    }

    /// The text in bold.
    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// The text in a fainter colour.
    pub(super) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    /// In the colour of a tone.
    pub(super) fn tone(self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Good => self.with("32", text),
            Tone::Bad => self.with("31", text),
            Tone::Warn => self.with("33", text),
            Tone::Plain => text.into(),
        }
    }
}

/// One cell: its text and how it is painted once it has its width.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    style: CellStyle,
}

/// How a cell is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellStyle {
    Tone(Tone),
    Faint,
    Bold,
}

/// A cell in the terminal's own colour.
pub(super) fn plain(text: impl Into<String>) -> Cell {
    styled(text, Tone::Plain)
}

/// A cell in the colour of a tone.
pub(super) fn styled(text: impl Into<String>, tone: Tone) -> Cell {
    Cell {
        text: text.into(),
        style: CellStyle::Tone(tone),
    }
}

/// A cell that is less important than the others.
pub(super) fn faint(text: impl Into<String>) -> Cell {
    Cell {
        text: text.into(),
        style: CellStyle::Faint,
    }
}

/// A cell that stands out.
pub(super) fn bold(text: impl Into<String>) -> Cell {
    Cell {
        text: text.into(),
        style: CellStyle::Bold,
    }
}

/// A line of a table.
#[derive(Debug, Clone)]
pub(super) enum TableLine {
    /// A text over the whole width.
    Heading(String),
    /// One cell a column.
    Cells(Vec<Cell>),
    /// A faint text over the whole width, on the line above.
    Note(String),
}

/// Which side a column keeps to; the first is always on the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// For columns of texts.
    Left,
    /// For columns of figures.
    Right,
}

/// Lays lines out in columns, no wider than `width`, each line ended. `indent` stands before
/// every line; columns lie two blanks apart, or one where room is short.
pub(super) fn layout(
    lines: &[TableLine],
    sides: &[Side],
    indent: usize,
    width: usize,
    style: TextStyle,
) -> String {
    let columns = sides.len();
    let mut widths = vec![0; columns];
    for line in lines {
        if let TableLine::Cells(cells) = line {
            for (column, cell) in cells.iter().enumerate().take(columns) {
                widths[column] = widths[column].max(cell.text.chars().count());
            }
        }
    }
    let room = |gap: usize| widths.iter().sum::<usize>() + gap * columns.saturating_sub(1) + indent;
    let gap = if room(2) <= width { 2 } else { 1 };
    let excess = room(gap).saturating_sub(width);
    widths[0] = widths[0].saturating_sub(excess).max(8.min(widths[0]));
    let mut text = String::new();
    for line in lines {
        match line {
            TableLine::Heading(heading) => text.push_str(&style.bold(&cut(heading, width))),
            TableLine::Note(note) => text.push_str(&style.dim(&cut(note, width))),
            TableLine::Cells(cells) => {
                text.push_str(row(cells, sides, &widths, indent, gap, style).trim_end());
            }
        }
        text.push('\n');
    }
    text
}

/// One line of cells.
fn row(
    cells: &[Cell],
    sides: &[Side],
    widths: &[usize],
    indent: usize,
    gap: usize,
    style: TextStyle,
) -> String {
    let mut line = " ".repeat(indent);
    for (column, cell) in cells.iter().enumerate().take(sides.len()) {
        if column > 0 {
            line.push_str(&" ".repeat(gap));
        }
        let text = cut(&cell.text, widths[column]);
        let blanks = " ".repeat(widths[column] - text.chars().count());
        let painted = match cell.style {
            CellStyle::Tone(tone) => style.tone(tone, &text),
            CellStyle::Faint => style.dim(&text),
            CellStyle::Bold => style.bold(&text),
        };
        match sides[column] {
            Side::Left => line.push_str(&(painted + &blanks)),
            Side::Right => line.push_str(&(blanks + &painted)),
        }
    }
    line
}

/// A text cut to a width.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    text.chars()
        .take(width.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// A text broken at blanks into lines no wider than `width`, the later ones indented.
pub(super) fn wrapped(text: &str, first: &str, rest: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        let long = line.chars().count() + word.chars().count() + usize::from(!empty);
        if !empty && long > width {
            lines.push_str(line.trim_end());
            lines.push('\n');
            rest.clone_into(&mut line);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(&cut(
            word,
            width.saturating_sub(rest.chars().count()).max(8),
        ));
        empty = false;
    }
    lines.push_str(line.trim_end());
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_gives_way_where_a_line_would_not_fit() {
        let lines = [TableLine::Cells(vec![
            plain("a.very.long.operation.name"),
            plain("1,234"),
            plain("56.7"),
        ])];
        let text = layout(
            &lines,
            &[Side::Left, Side::Right, Side::Right],
            2,
            24,
            TextStyle { colour: false },
        );
        assert_eq!(text, "  a.very.lon… 1,234 56.7\n");
    }

    #[test]
    fn a_colour_does_not_move_a_column() {
        let lines = [
            TableLine::Cells(vec![styled("x", Tone::Good), plain("1")]),
            TableLine::Cells(vec![plain("long"), plain("2")]),
        ];
        let text = layout(
            &lines,
            &[Side::Left, Side::Right],
            0,
            80,
            TextStyle { colour: true },
        );
        assert_eq!(text, "\u{1b}[32mx\u{1b}[0m     1\nlong  2\n");
    }

    #[test]
    fn long_texts_are_broken_at_blanks() {
        assert_eq!(
            wrapped("one two three", "- ", "  ", 9),
            "- one two\n  three\n"
        );
    }
}
