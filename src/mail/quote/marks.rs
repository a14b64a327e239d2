//! What a line of a mail is: text, or a mark of something that is not the author's.

use super::words;

/// What a line is, with what follows it in sight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mark {
    /// The author's.
    Text,
    /// Quoted line by line.
    Quoted,
    /// Added by a server on the way.
    Added,
    /// Introduces a quote, in so many lines.
    Introduction(usize),
    /// A signature begins.
    Signature,
    /// From here on nothing is new.
    Rest,
}

/// Longest introduction, in lines and in bytes.
const INTRODUCTION: (usize, usize) = (4, 400);
/// Longest paragraph looked through for a disclaimer, in lines.
const PARAGRAPH: usize = 12;

/// What the first of these lines is.
pub(super) fn read(rest: &[&str]) -> Mark {
    let line = rest.first().copied().unwrap_or_default();
    let plain = line.trim().to_lowercase().replace('’', "'");
    if plain.is_empty() {
        return Mark::Text;
    }
    if is_quoted(line) {
        return Mark::Quoted;
    }
    if let Some(lines) = introduction(rest) {
        return Mark::Introduction(lines);
    }
    if is_separator(&plain) || is_header(rest) || is_disclaimer(&plain, rest) {
        return Mark::Rest;
    }
    if matches!(&*plain, "--" | "—" | "– –" | "__" | "---") || is_device(&plain) || is_closing(&plain, rest)
    {
        return Mark::Signature;
    }
    let rule = plain.len() >= 3 && plain.chars().all(|c| matches!(c, '-' | '=' | '*' | '~' | '─' | ' '));
    if rule
        || words::WARNINGS.iter().any(|words| plain.trim_start_matches(['*', '!', ' ']).starts_with(words))
    {
        return Mark::Added;
    }
    Mark::Text
}

/// A line that a program marked as quoted.
pub(super) fn is_quoted(line: &str) -> bool {
    line.trim_start().starts_with(['>', '|']) && !line.trim_start().starts_with("||")
}

/// "On Monday, 3 May 2024, Ann Lee <ann@acme.com> wrote:", over up to four lines.
fn introduction(rest: &[&str]) -> Option<usize> {
    let (most, longest) = INTRODUCTION;
    let mut joined = String::new();
    for (count, line) in rest.iter().take(most).enumerate() {
        if count > 0 && (line.trim().is_empty() || is_quoted(line)) {
            break;
        }
        joined.push_str(line.trim());
        joined.push(' ');
        let text = joined.trim().to_lowercase();
        let begins = words::BEGINS.iter().any(|words| text.starts_with(words));
        if text.len() > longest || count > 0 && !begins && !text.contains('@') {
            break;
        }
        if says_wrote(&text, begins) {
            return Some(count + 1);
        }
        if text.ends_with(['.', '!', '?']) && !begins {
            break;
        }
    }
    None
}

fn says_wrote(text: &str, begins: bool) -> bool {
    let Some(text) = text.strip_suffix([':', '：']) else { return false };
    let text = text.trim_end();
    let dated =
        text.contains('@') || text.contains(|c: char| c.is_ascii_digit()) || begins && text.contains(',');
    let ends = words::WROTE
        .iter()
        .any(|verb| text.strip_suffix(verb).is_some_and(|head| head.ends_with([' ', '>', '\u{a0}'])));
    dated && (ends || words::WROTE_INSIDE.iter().any(|verb| text.contains(verb)))
}

fn is_separator(plain: &str) -> bool {
    let bare = plain.trim_matches(|c: char| matches!(c, '-' | '_' | '=' | '*' | '~' | '─' | '—' | ' '));
    let dashed = plain.starts_with("--")
        || plain.starts_with("__")
        || plain.starts_with("==")
        || plain.starts_with("──")
        || plain.starts_with("~~")
        || plain.starts_with("- -");
    let ruled = plain.len() >= 10 && plain.chars().all(|c| c == '_');
    ruled
        || dashed && words::SEPARATORS.iter().any(|words| bare.trim_end_matches(':').starts_with(words))
        || words::FORWARDED.contains(&plain)
}

/// A header written into the text: a sender, then at least two more labels near.
fn is_header(rest: &[&str]) -> bool {
    let label = |line: &&str| {
        let line = line.trim().trim_start_matches(['*', '>', ' ']).to_lowercase();
        let (label, value) = line.split_once(':')?;
        let label = label.trim().trim_end_matches('*').trim().to_owned();
        let filled = !value.trim_matches(['*', ' ']).is_empty();
        Some((label, filled))
    };
    let mut lines = rest.iter().filter(|line| !line.trim().is_empty()).take(7).filter_map(label);
    let first = lines.next().filter(|_| rest.first().is_some_and(|line| line.contains(':')));
    first.is_some_and(|(label, filled)| filled && words::FROM.contains(&&*label))
        && lines.filter(|(label, _)| words::LABELS.contains(&&**label)).count() >= 2
}

fn is_disclaimer(plain: &str, rest: &[&str]) -> bool {
    let plain = plain.trim_start_matches(['*', '_', '[', ' ', '-']);
    if words::NEVER.iter().any(|words| plain.starts_with(words)) {
        return true;
    }
    if !words::DISCLAIMERS.iter().any(|words| plain.starts_with(words)) {
        return false;
    }
    let paragraph = rest.iter().take(PARAGRAPH).take_while(|line| !line.trim().is_empty());
    let paragraph = paragraph.copied().collect::<Vec<_>>().join(" ").to_lowercase();
    paragraph.len() > 80 && words::CONFIDENTIAL.iter().any(|words| paragraph.contains(words))
}

/// "Sent from my iPhone", and not "Sent from my desk, which is easier."
fn is_device(plain: &str) -> bool {
    let begins = words::DEVICES.iter().any(|words| plain.starts_with(words));
    let ends = words::DEVICES_END.iter().any(|words| plain.trim_end_matches('.').ends_with(words));
    (begins || ends) && plain.split_whitespace().count() <= 8 && !plain.contains(", ")
}

fn is_closing(plain: &str, rest: &[&str]) -> bool {
    let bare = plain.trim_end_matches([',', '.', '!', ';', '-', ' ']);
    if words::CLOSINGS.contains(&bare) {
        return true;
    }
    let mut after = rest.iter().skip(1).filter(|line| !line.trim().is_empty());
    let name = after.next();
    let named = name.is_none_or(|name| {
        name.split_whitespace().count() <= 4 && !name.trim().ends_with(['?', '.', ',', ':', ';'])
    });
    words::THANKS.contains(&bare) && named && !after.any(|line| line.trim().ends_with(['?', '.', '!']))
}

/// How many lines at the end are a signature without a mark: short ones that end in no full stop, with a telephone
/// number, an address or bars among them.
pub(super) fn address_block(kept: &[&str]) -> usize {
    let end = kept.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
    if kept
        .get(..end)
        .unwrap_or_default()
        .split_last()
        .is_some_and(|(last, before)| !before.is_empty() && is_name(last))
    {
        return kept.len() - end + 1;
    }
    let text = kept.get(..end).unwrap_or_default();
    let block = text.iter().rev().take_while(|line| !line.trim().is_empty()).count();
    if !(2..=8).contains(&block) || block == text.len() {
        return 0;
    }
    let lines = text.iter().rev().take(block);
    let short = lines.clone().all(|line| {
        let line = line.trim();
        let sentence = line.ends_with('.') && line.split_whitespace().count() > 6;
        line.chars().count() <= 70 && !sentence && !line.ends_with(['!', '?', ':', ','])
    });
    let contact = lines.clone().any(|line| {
        let digits = line.chars().filter(char::is_ascii_digit).count();
        let phone = digits >= 7 && line.chars().filter(|c| c.is_alphabetic()).count() <= 12;
        phone
            || line.contains(" | ")
            || line.contains("www.")
            || line.contains('@') && !line.trim().contains(' ')
    });
    let listed = lines.clone().any(|line| line.trim_start().starts_with(['-', '*', '•']));
    if short && contact && !listed { kept.len() - end + block } else { 0 }
}

/// "-Ann Lee" or "/ Ann" at the end.
fn is_name(line: &str) -> bool {
    let Some(name) = line.trim().strip_prefix(['-', '–', '—', '/', '~']) else { return false };
    let name = name.trim();
    let words = || name.split_whitespace();
    (1..=3).contains(&words().count())
        && words().all(|word| word.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '\'')))
        && words().all(|word| word.starts_with(char::is_uppercase))
}
