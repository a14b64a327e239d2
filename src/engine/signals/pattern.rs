//! The small language in which phrases are written.
//!
//! `(send|give) (us|me) .. (offer|quote)*`: words in brackets are alternatives (an empty one makes them optional, and
//! brackets may stand in brackets), `..` stands for up to six other words, and `*` for the rest of a word.
//!
//! A phrase becomes a chain of pieces, each a list of texts; written out in full it could be thousands.

/// Most texts that a piece is made to stand for, and may stand for.
const MOST: (usize, usize) = (60, 3000);

/// A link of a phrase.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Piece {
    /// The texts that it may be; those with `*` at the end go on to the end of a word.
    pub texts: Vec<String>,
    /// Other words may stand before it.
    pub apart: bool,
}

/// Reads a phrase; the error says what is wrong with it.
pub(super) fn read(phrase: &str) -> Result<Vec<Piece>, String> {
    let phrase = super::text::folded(phrase);
    let mut pieces: Vec<Piece> = Vec::new();
    for (part, text) in phrase.split("..").enumerate() {
        let mut fresh = part > 0;
        let mut held = vec![String::new()];
        for word in words(text)? {
            held = joined(&held, &word);
            if held.len() > MOST.1 {
                return Err(format!("it stands for more than {} texts", MOST.1));
            }
            // What may be empty belongs to the word after it.
            if !held.iter().any(String::is_empty) {
                add(&mut pieces, std::mem::take(&mut held), fresh);
                held = vec![String::new()];
                fresh = false;
            }
        }
        if held != [""] {
            // The end may be missing: it adds nothing that has to be there.
            if fresh {
                return Err("a part of it may be empty".into());
            }
        } else if fresh || text.trim().is_empty() {
            return Err("a part of it may be empty".into());
        }
    }
    Ok(pieces)
}

/// Appends a piece, or makes it part of the last one while that stays small.
fn add(pieces: &mut Vec<Piece>, texts: Vec<String>, apart: bool) {
    if let Some(last) = pieces.last_mut().filter(|last| !apart && last.texts.len() * texts.len() <= MOST.0)
        && !last.texts.iter().any(|text| text.ends_with('*'))
    {
        last.texts = joined(&last.texts, &texts);
    } else {
        pieces.push(Piece { texts, apart });
    }
}

/// Every text of one list followed by every one of the other.
fn joined(first: &[String], second: &[String]) -> Vec<String> {
    let mut all: Vec<String> = first
        .iter()
        .flat_map(|one| second.iter().map(move |two| format!("{one} {two}").trim().to_owned()))
        .collect();
    all.sort();
    all.dedup();
    all
}

/// The words of a part, each with its alternatives; blanks inside brackets part no words.
fn words(text: &str) -> Result<Vec<Vec<String>>, String> {
    let (mut found, mut depth, mut begin) = (Vec::new(), 0_usize, None);
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or("a bracket is closed that was not opened")?,
            '|' if depth == 0 => return Err("`|` stands outside of brackets".into()),
            _ => {}
        }
        if c.is_whitespace() && depth == 0 {
            if let Some(word) = begin.take().and_then(|begin| text.get(begin..at)) {
                found.push(alternatives(word)?.iter().map(|text| tidy(text)).collect::<Result<_, _>>()?);
            }
        } else if begin.is_none() {
            begin = Some(at);
        }
    }
    if depth > 0 { Err("a bracket is not closed".into()) } else { Ok(found) }
}

/// All texts that a word with balanced brackets stands for.
fn alternatives(word: &str) -> Result<Vec<String>, String> {
    let mut found = vec![String::new()];
    let mut rest = word;
    while !rest.is_empty() {
        let (plain, inside, after) = bracket(rest);
        let mut choices = Vec::new();
        for choice in inside.map_or_else(|| vec![""], split) {
            choices.extend(alternatives(choice)?);
        }
        let longer =
            found.iter().flat_map(|before| choices.iter().map(move |one| format!("{before}{plain}{one}")));
        found = longer.collect();
        if found.len() > MOST.1 {
            return Err(format!("it stands for more than {} texts", MOST.1));
        }
        rest = after;
    }
    Ok(found)
}

/// One of the texts of a word, with single blanks.
fn tidy(text: &str) -> Result<String, String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.trim_end_matches('*').contains('*') || text.starts_with('*') {
        return Err("`*` may only end a word".into());
    }
    Ok(text)
}

/// What stands before the first bracket, in it, and after it.
fn bracket(text: &str) -> (&str, Option<&str>, &str) {
    let Some((plain, rest)) = text.split_once('(') else { return (text, None, "") };
    let mut depth = 1;
    for (at, c) in rest.char_indices() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth == 0 {
            return (plain, rest.get(..at), rest.get(at + 1..).unwrap_or_default());
        }
    }
    (plain, Some(rest), "")
}

/// Alternatives at the outermost level.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let outermost = |c: char| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        c == '|' && depth == 0
    };
    text.split(outermost).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(phrase: &str) -> Vec<(bool, String)> {
        read(phrase).unwrap().into_iter().map(|piece| (piece.apart, piece.texts.join("|"))).collect()
    }

    #[test]
    fn brackets_are_alternatives_and_dots_part_pieces() {
        assert_eq!(
            texts("(send|give) (us|) .. (offer|interess*)"),
            [(false, "give|send".into()), (true, "interess*|offer".into())]
        );
        assert_eq!(
            texts("(really |)(like|love) it"),
            [(false, "like it|love it|really like it|really love it".into())]
        );
        assert_eq!(texts("(a|b (c|d)) e"), [(false, "a e|b c e|b d e".into())]);
        assert_eq!(texts("limit* of liability"), [(false, "limit*".into()), (false, "of liability".into())]);
    }

    #[test]
    fn a_long_phrase_is_a_chain_and_not_written_out() {
        let pieces = read(&"(a|b|c|d|e|f|g|h) ".repeat(8)).unwrap();
        assert!(pieces.len() >= 4 && pieces.iter().all(|piece| !piece.apart && piece.texts.len() <= 64));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (phrase, wanted) in [
            ("(a|b", "not closed"),
            ("a) b", "not opened"),
            ("a|b", "outside"),
            ("a .. (b|)", "may be empty"),
            ("a .. ", "may be empty"),
            ("", "may be empty"),
            ("in*teress", "may only end"),
        ] {
            let error = read(phrase).unwrap_err();
            assert!(error.contains(wanted), "{phrase}: {error}");
        }
        let many = "(a|b|c|d|e|f|g|h)".repeat(5);
        assert!(read(&many).unwrap_err().contains("more than"));
    }
}
