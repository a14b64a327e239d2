//! Changes an object line by line: what is not ours to change stays as it was, to the byte, known or not.

use std::ops::Range;

/// Longest line in bytes (RFC 5545, 3.1).
const LONGEST: usize = 75;

/// An object as content lines; each keeps its folds and its line end.
pub struct Lines(Vec<Line>);

struct Line {
    name: String,
    raw: String,
}

/// One event or task within the lines, `BEGIN` and `END` included.
pub type Part = Range<usize>;

impl Lines {
    /// Splits a text. A folded line is one line.
    pub fn read(text: &str) -> Self {
        let mut lines: Vec<Line> = Vec::new();
        for raw in text.split_inclusive('\n') {
            match lines.last_mut() {
                Some(last) if raw.starts_with([' ', '\t']) => last.raw.push_str(raw),
                _ => lines.push(Line { name: name(raw), raw: raw.to_owned() }),
            }
        }
        Self(lines)
    }

    /// The text.
    pub fn write(&self) -> String {
        self.0.iter().map(|line| line.raw.as_str()).collect()
    }

    /// The text of one component.
    #[cfg(test)]
    pub fn slice(&self, part: &Part) -> String {
        self.0.get(part.clone()).unwrap_or_default().iter().map(|line| line.raw.as_str()).collect()
    }

    /// The `nth` component of a name (`VEVENT`).
    pub fn part(&self, component: &str, nth: usize) -> Option<Part> {
        let is = |line: &Line, edge: &str| {
            line.name == edge
                && line.raw.trim_end().split_once(':').is_some_and(|(_, v)| v.eq_ignore_ascii_case(component))
        };
        let begin = self.0.iter().enumerate().filter(|(_, line)| is(line, "BEGIN")).nth(nth)?.0;
        let length = self.0.iter().skip(begin).position(|line| is(line, "END"))?;
        Some(begin..begin + length + 1)
    }

    /// Indexes of the component's own properties of a name, not those of its alarms.
    fn own(&self, part: &Part, property: &str) -> Vec<usize> {
        let (mut depth, mut found) = (0_u32, Vec::new());
        for (at, line) in self.0.iter().enumerate().take(part.end).skip(part.start) {
            match line.name.as_str() {
                "BEGIN" => depth += 1,
                "END" => depth = depth.saturating_sub(1),
                name if depth == 1 && name == property => found.push(at),
                _ => {}
            }
        }
        found
    }

    /// The component's first property of a name, unfolded and without its line end.
    pub fn get(&self, part: &Part, property: &str) -> Option<String> {
        let at = *self.own(part, property).first()?;
        self.0.get(at).map(|line| unfold(&line.raw))
    }

    /// Takes all properties of these names out of the component.
    pub fn remove(&mut self, part: &mut Part, properties: &[&str]) {
        for property in properties {
            for at in self.own(part, property).into_iter().rev() {
                self.0.remove(at);
                part.end -= 1;
            }
        }
    }

    /// Puts a property (`NAME;PARAMETER=x:value`, one line) where the component has it, else at its beginning.
    pub fn set(&mut self, part: &mut Part, content: &str) {
        let name = name(content);
        let at = self.own(part, &name).first().copied().unwrap_or(part.start + 1);
        self.remove(part, &[&name]);
        self.0.insert(at.min(self.0.len()), Line { name, raw: fold(content) });
        part.end += 1;
    }

    /// A copy of a component right behind it.
    pub fn copy(&mut self, part: &Part) -> Part {
        let lines = self.0.get(part.clone()).unwrap_or_default();
        let copy: Vec<Line> =
            lines.iter().map(|line| Line { name: line.name.clone(), raw: line.raw.clone() }).collect();
        let made = part.end..part.end + copy.len();
        self.0.splice(part.end..part.end, copy);
        made
    }

    /// Nobody is to be told by the server of what we change: organiser and attendees get `SCHEDULE-AGENT=CLIENT`
    /// (RFC 6638, 7.1).
    pub fn silence(&mut self, part: &Part) {
        for property in ["ORGANIZER", "ATTENDEE"] {
            for at in self.own(part, property) {
                let Some(line) = self.0.get_mut(at) else { continue };
                line.raw = fold(&silent(&unfold(&line.raw)));
            }
        }
    }
}

/// The line with `SCHEDULE-AGENT=CLIENT` and no other agent; parameters may be quoted and hold `;` and `:`.
fn silent(content: &str) -> String {
    let (mut pieces, mut piece, mut quoted, mut value) = (Vec::new(), String::new(), false, None);
    for (at, char) in content.char_indices() {
        match char {
            '"' => quoted = !quoted,
            ';' if !quoted => {
                pieces.push(std::mem::take(&mut piece));
                continue;
            }
            ':' if !quoted => {
                value = content.get(at..);
                break;
            }
            _ => {}
        }
        piece.push(char);
    }
    pieces.push(piece);
    pieces.retain(|piece| {
        let name = piece.split('=').next().unwrap_or_default();
        !name.eq_ignore_ascii_case("SCHEDULE-AGENT") && !name.eq_ignore_ascii_case("SCHEDULE-FORCE-SEND")
    });
    pieces.push("SCHEDULE-AGENT=CLIENT".to_owned());
    pieces.join(";") + value.unwrap_or_default()
}

fn name(raw: &str) -> String {
    raw.split([':', ';', '\r', '\n']).next().unwrap_or_default().to_ascii_uppercase()
}

fn unfold(raw: &str) -> String {
    raw.replace("\r\n ", "")
        .replace("\r\n\t", "")
        .replace("\n ", "")
        .replace("\n\t", "")
        .trim_end()
        .to_owned()
}

/// A content line folded at 75 bytes, never within a character.
pub fn fold(content: &str) -> String {
    let (mut folded, mut room) = (String::with_capacity(content.len() + 8), LONGEST);
    for char in content.chars() {
        if char.len_utf8() > room {
            folded.push_str("\r\n ");
            room = LONGEST - 1;
        }
        folded.push(char);
        room -= char.len_utf8();
    }
    folded + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "BEGIN:VCALENDAR\r\nX-WR-CALNAME:Us\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260601T100000Z\r\n\
        X-SO-THING;X-P=\"a;b\":kept exactly as  it\r\n  is\r\nATTENDEE;CN=\"Ek: Anna; PhD\";SCHEDULE-AGENT=SERVER:mailto:a@x.example\r\n\
        BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nDTSTART:19700101T000000Z\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    #[test]
    fn only_what_is_set_changes() {
        let mut lines = Lines::read(TEXT);
        assert_eq!(lines.write(), TEXT);
        let mut part = lines.part("VEVENT", 0).unwrap();
        lines.set(&mut part, "DTSTART:20260602T100000Z");
        lines.set(&mut part, "SEQUENCE:1");
        let expected = TEXT
            .replace("DTSTART:20260601T100000Z", "DTSTART:20260602T100000Z")
            .replace("BEGIN:VEVENT\r\n", "BEGIN:VEVENT\r\nSEQUENCE:1\r\n");
        assert_eq!(lines.write(), expected);
        assert_eq!(lines.get(&part, "DTSTART").as_deref(), Some("DTSTART:20260602T100000Z"));
    }

    #[test]
    fn the_server_is_told_to_tell_nobody() {
        let mut lines = Lines::read(TEXT);
        let part = lines.part("VEVENT", 0).unwrap();
        lines.silence(&part);
        let attendee = lines.get(&part, "ATTENDEE").unwrap();
        assert_eq!(attendee, "ATTENDEE;CN=\"Ek: Anna; PhD\";SCHEDULE-AGENT=CLIENT:mailto:a@x.example");
    }

    #[test]
    fn a_copy_stands_behind_the_original_and_changes_alone() {
        let mut lines = Lines::read(TEXT);
        let part = lines.part("VEVENT", 0).unwrap();
        let mut copy = lines.copy(&part);
        lines.set(&mut copy, "DTSTART:20270101T100000Z");
        assert_eq!(lines.part("VEVENT", 1), Some(copy));
        assert!(lines.write().starts_with(TEXT.trim_end_matches("END:VCALENDAR\r\n")));
    }

    #[test]
    fn long_lines_are_folded_between_characters_and_read_back() {
        let content = format!("SUMMARY:{}", "é€😀".repeat(40));
        let folded = fold(&content);
        assert!(folded.split("\r\n").all(|line| line.len() <= LONGEST));
        assert_eq!(unfold(&folded), content);
    }
}
