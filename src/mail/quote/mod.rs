//! What the author of a mail wrote, without what they quoted and what their program added.
//!
//! Line by line. Quoted lines (`>`) go and what stands between them stays; an introduction ("On Monday, Ann wrote:")
//! goes, and all that follows with it when the quote is not marked line by line; from a separator, a header in the
//! text, a signature or a disclaimer on nothing is new. What is unclear stays: a phrase too many is seen by a person,
//! one too few by nobody.

mod marks;
mod words;

use marks::Mark;

/// The new text of a mail: quotes, signature, disclaimer and what a program added cut off. Total.
pub fn new_text(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(|line| line.trim_end().trim_start_matches('\u{feff}')).collect();
    let mut kept: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(rest) = lines.get(at..).filter(|rest| !rest.is_empty()) {
        at += match marks::read(rest) {
            Mark::Text => {
                kept.extend(rest.first());
                1
            }
            Mark::Quoted | Mark::Added => {
                kept.push("");
                1
            }
            Mark::Introduction(lines) if is_followed_by_quote(rest.get(lines..).unwrap_or_default()) => lines,
            Mark::Signature => match postscript(rest) {
                Some(lines) => lines,
                None => break,
            },
            Mark::Introduction(_) | Mark::Rest => break,
        };
    }
    let end = kept.len() - marks::address_block(&kept);
    kept.truncate(end);
    tidy(&kept)
}

/// True when the next line that says something is quoted line by line, or nothing follows.
fn is_followed_by_quote(rest: &[&str]) -> bool {
    rest.iter().find(|line| !line.trim().is_empty()).is_none_or(|line| marks::is_quoted(line))
}

/// How many lines the name under a closing takes when a postscript follows.
fn postscript(rest: &[&str]) -> Option<usize> {
    let near = rest.iter().take(12).position(|line| {
        let line = line.trim_start().to_lowercase();
        ["p.s.", "ps:", "p.s:", "ps.", "nachtrag:"].iter().any(|mark| line.starts_with(mark))
    });
    near.filter(|lines| *lines > 0)
}

/// One text again, at most one blank line in a row, none at either end.
fn tidy(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut blank = false;
    for line in lines {
        if line.trim().is_empty() {
            blank = !text.is_empty();
            continue;
        }
        if !text.is_empty() {
            text.push_str(if blank { "\n\n" } else { "\n" });
        }
        blank = false;
        text.push_str(line);
    }
    text
}
