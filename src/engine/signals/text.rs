//! A text as it is looked through: on one line, in lower case, cut into sentences.

use std::ops::Range;

/// Shorter lines end what they say; longer ones were broken by a program.
const LINE: usize = 45;
/// A full stop after these ends no sentence.
const ABBREVIATIONS: [&str; 18] = [
    "e.g", "i.e", "approx", "dr", "mr", "mrs", "ms", "inc", "corp", "vs", "z.b", "d.h", "bzw", "ca", "usw",
    "nr", "p.ej", "st",
];

/// A text in three forms with the same offsets.
pub(super) struct Prepared {
    /// As written, but for white space and the form of quotation marks.
    pub shown: String,
    /// The same in lower case.
    pub lower: String,
    /// Where its sentences are, in order.
    pub sentences: Vec<Range<usize>>,
}

/// Lower case, character by character and only where the length stays the same, so that offsets do.
fn lower(c: char) -> char {
    let mut small = c.to_lowercase();
    match (small.next(), small.next()) {
        (Some(one), None) if one.len_utf8() == c.len_utf8() => one,
        _ => c,
    }
}

/// Typographic apostrophes as typed ones.
fn straight(c: char) -> char {
    if matches!(c, '’' | '‘' | '`' | '´') { '\'' } else { c }
}

/// A phrase in the form in which texts are looked through.
pub(super) fn folded(phrase: &str) -> String {
    phrase.chars().map(straight).map(lower).collect()
}

/// Prepares a text. Lines that are quoted in spite of all are left out.
pub(super) fn prepare(content: &str) -> Prepared {
    let mut shown = String::with_capacity(content.len());
    let mut sentences = Vec::new();
    let mut begin = 0;
    let mut lines = content.lines().filter(|line| !line.trim_start().starts_with('>')).peekable();
    while let Some(line) = lines.next() {
        for word in line.split_whitespace() {
            if shown.len() > begin {
                shown.push(' ');
            }
            shown.extend(word.chars().map(straight));
            if ends_sentence(word) {
                close(&mut shown, &mut begin, &mut sentences);
            }
        }
        if lines.peek().is_none_or(|next| is_break(line, next)) {
            close(&mut shown, &mut begin, &mut sentences);
        }
    }
    let lower = shown.chars().map(lower).collect();
    Prepared { shown, lower, sentences }
}

/// Ends a sentence; a blank stands between it and the next.
fn close(shown: &mut String, begin: &mut usize, sentences: &mut Vec<Range<usize>>) {
    if shown.len() > *begin {
        sentences.push(*begin..shown.len());
        shown.push(' ');
        *begin = shown.len();
    }
}

fn ends_sentence(word: &str) -> bool {
    let bare = word.trim_end_matches(['"', '\'', ')', '”', '“', '»', '*', '_']);
    if bare.ends_with(['!', '?', '…']) {
        return true;
    }
    let Some(stem) = bare.strip_suffix('.') else { return false };
    let stem = stem.trim_start_matches(['(', '"']).to_lowercase();
    // "3. Mai", "A. Lee"
    let ordinal = !stem.is_empty() && stem.len() <= 2 && stem.chars().all(|c| c.is_ascii_digit());
    !ordinal && stem.chars().count() != 1 && !ABBREVIATIONS.contains(&&*stem)
}

/// True when a new sentence begins with the next line.
fn is_break(line: &str, next: &str) -> bool {
    let (line, next) = (line.trim(), next.trim_start());
    let listed = next.starts_with(['-', '*', '•', '·', '–'])
        || next.starts_with(|c: char| c.is_ascii_digit()) && next.contains(['.', ')']);
    let short = line.chars().count() < LINE && next.starts_with(char::is_uppercase);
    line.is_empty() || next.is_empty() || listed || short || line.ends_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(text: &str) -> Vec<String> {
        let prepared = prepare(text);
        assert_eq!(prepared.shown.len(), prepared.lower.len());
        prepared.sentences.iter().map(|range| prepared.shown[range.clone()].to_owned()).collect()
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        assert_eq!(
            sentences(
                "Hi Ann,\nwe met Dr. Lee on the 3. of May, e.g. at\nten. Isn’t it? Yes\n\n- one\n- two\n> quoted\nBye"
            ),
            [
                "Hi Ann, we met Dr. Lee on the 3. of May, e.g. at ten.",
                "Isn't it?",
                "Yes",
                "- one",
                "- two",
                "Bye"
            ]
        );
    }

    #[test]
    fn offsets_survive_letters_that_grow_or_shrink_in_lower_case() {
        assert_eq!(sentences("İstanbul GRÜẞE ﬁn K"), ["İstanbul GRÜẞE ﬁn K"]);
    }
}
