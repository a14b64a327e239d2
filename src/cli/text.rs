//! Text for people: control characters made visible, columns by display width, colour only where wanted.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What came from outside, safe to show: control characters and those that turn the direction of writing are
/// shown as escapes, so that no record can move the cursor, colour the screen or hide a part of itself.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push(' '),
            c if c.is_control() || is_invisible(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Formats onto the end of a text.
macro_rules! put {
    ($out:expr, $($argument:tt)*) => {{
        use std::fmt::Write as _;
        write!($out, $($argument)*).expect("a String takes everything")
    }};
}
pub(crate) use put;

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in exactly so many columns: cut with `…` or filled up with spaces.
pub fn fit(text: &str, columns: usize) -> String {
    let mut out = cut(text, columns);
    let missing = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// The text in at most so many columns, cut with `…`.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(1);
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or_default();
        used <= room
    };
    let mut out: String = text.chars().take_while(fits).collect();
    if columns > 0 {
        out.push('…');
    }
    out
}

/// The text in the middle of so many columns.
pub fn centre(text: &str, columns: usize) -> String {
    let text = cut(text, columns);
    let left = (columns - width(&text)) / 2;
    fit(&format!("{}{text}", " ".repeat(left)), columns)
}

/// Colours, or none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paint(pub bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
    /// All is well.
    pub fn good(self, text: &str) -> String {
        self.with("32", text)
    }
    /// Somebody should look.
    pub fn warn(self, text: &str) -> String {
        self.with("33", text)
    }
    /// Something is wrong.
    pub fn bad(self, text: &str) -> String {
        self.with("31", text)
    }
    /// Less important.
    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }
    /// More important.
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }
}

/// Rows under headings, in the form of a Markdown table.
#[derive(Debug, Default)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// No column is made narrower than this to fit the screen.
const NARROWEST: usize = 8;
/// Columns of an id.
const ID: usize = 36;

impl Table {
    /// With headings.
    pub fn new(head: &[&str]) -> Self {
        Self { head: head.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new() }
    }
    /// Adds a row; cells are made safe to show.
    pub fn row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|cell| clean(cell.as_ref())).collect());
    }
    /// Nothing in it?
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
    /// As text, at most `columns` wide where that can be done by cutting the widest columns.
    pub fn render(&self, columns: usize) -> String {
        let mut widths: Vec<usize> = self.head.iter().map(|name| width(name)).collect();
        for (at, wide) in widths.iter_mut().enumerate() {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            *wide = cells.map(|cell| width(cell)).chain([*wide]).max().unwrap_or_default();
        }
        while widths.iter().sum::<usize>() + 3 * widths.len() + 1 > columns {
            // An id is there to be copied.
            let cuttable = widths.iter_mut().enumerate().filter(|(at, wide)| *at > 0 || **wide > ID);
            match cuttable.map(|(_, wide)| wide).max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
        let line = |cells: &[String]| {
            let cells: Vec<String> = widths
                .iter()
                .enumerate()
                .map(|(at, wide)| fit(cells.get(at).map_or("", String::as_str), *wide))
                .collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let rule: Vec<String> = widths.iter().map(|wide| "-".repeat(wide + 2)).collect();
        let mut out = line(&self.head) + &format!("|{}|\n", rule.join("|"));
        out.extend(self.rows.iter().map(|row| line(row)));
        out
    }
}

/// A length of time as people say it: `42 s`, `7 min`, `3 h`, `12 d`.
pub fn ago(length: std::time::Duration) -> String {
    match length.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7_200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// A count with thousands set apart.
pub fn number(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_can_not_move_the_cursor_or_turn_the_text() {
        assert_eq!(clean("Acme\u{1b}[2J\r\nCorp\u{202e}"), "Acme\\u{1b}[2J\\u{d}\\nCorp\\u{202e}");
        assert_eq!(clean("Zoë 株式会社"), "Zoë 株式会社");
    }

    #[test]
    fn wide_characters_count_twice_and_are_never_cut_in_half() {
        assert_eq!(fit("株式会社", 6), "株式… ");
        assert_eq!(fit("Acme", 6), "Acme  ");
        assert_eq!(fit("Acme", 3), "Ac…");
        assert_eq!(centre("ab", 5), " ab  ");
    }

    #[test]
    fn a_table_keeps_to_the_screen_by_cutting_its_widest_column() {
        let mut table = Table::new(&["Deal", "Note"]);
        table.row(["42", "a very long note that would not fit on this screen at all"]);
        let text = table.render(40);
        assert!(text.lines().all(|line| width(line) <= 40), "{text}");
        assert!(text.contains("| 42   | a very long"), "{text}");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([number(7), number(1_000), number(1_234_567)], ["7", "1,000", "1,234,567"]);
    }
}
