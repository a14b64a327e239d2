//! How the key of a write is hidden in the record that it makes, and found again: `[so:<32 hex digits>]` in a
//! text that people may edit and vendors may escape, wrap and tidy up.

use model::WriteKey;
use std::{borrow::Cow, iter::Peekable, ops::Range};

const BEGIN: &str = "[so:";
const DIGITS: usize = 32;

/// The marker of a key.
pub fn text(key: WriteKey) -> String {
    format!("{BEGIN}{key}]")
}

/// Plain text with the marker on a line of its own at its end; at most `most` characters, the marker whole.
pub fn append(body: &str, key: WriteKey, most: usize) -> String {
    let marker = text(key);
    let room = most.saturating_sub(marker.len() + 2);
    format!("{}\n\n{marker}", cut(body.trim_end(), room))
}

/// Plain text as HTML with the marker at its end, for vendors whose bodies are HTML; at most `most` bytes of
/// HTML.
pub fn append_html(body: &str, key: WriteKey, most: usize) -> String {
    let tail = format!("<br><br>{}", text(key));
    let mut html = String::with_capacity(body.len() + tail.len() + 16);
    let room = most.saturating_sub(tail.len());
    for char in body.trim_end().chars() {
        let before = html.len();
        escape_into(&mut html, char);
        if html.len() > room {
            html.truncate(before);
            break;
        }
    }
    html + &tail
}

/// Untrusted plain text as HTML: nothing in it is markup, line ends are breaks.
pub fn escape_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    text.chars().for_each(|char| escape_into(&mut html, char));
    html
}

/// The first whole marker in a text or HTML body.
pub fn find(body: &str) -> Option<WriteKey> {
    Markers::of(body).next().map(|(key, _)| key)
}

/// True when the body carries the marker of this key.
pub fn carries(body: &str, key: WriteKey) -> bool {
    Markers::of(body).any(|(found, _)| found == key)
}

/// The first marker of a plain text, and the text without any.
pub fn split(body: &str) -> (Option<WriteKey>, Cow<'_, str>) {
    let markers: Vec<_> = Markers::of(body).collect();
    let Some((key, _)) = markers.first() else { return (None, Cow::Borrowed(body)) };
    let mut rest = body.to_owned();
    for (_, place) in markers.iter().rev() {
        rest.replace_range(place.clone(), "");
    }
    rest.truncate(rest.trim_end().len());
    (Some(*key), Cow::Owned(rest))
}

/// All whole markers of a body with the bytes that they take.
struct Markers<'a>(Option<Peekable<Significant<'a>>>);

impl<'a> Markers<'a> {
    /// Most bodies have neither bracket nor entity and are not read at all.
    fn of(body: &'a str) -> Self {
        Self(body.contains(['[', '&']).then(|| Significant { body, at: 0 }.peekable()))
    }
}

impl Iterator for Markers<'_> {
    type Item = (WriteKey, Range<usize>);
    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.0.as_mut()?;
        loop {
            let (_, begin) = reader.find(|(char, _)| *char == '[')?;
            if let Some((key, end)) = candidate(reader) {
                return Some((key, begin.start..end));
            }
        }
    }
}

/// Reads what follows `[`; leaves the reader at the first character that does not fit, for that may begin
/// another marker.
fn candidate(reader: &mut Peekable<Significant<'_>>) -> Option<(WriteKey, usize)> {
    for wanted in BEGIN.chars().skip(1) {
        reader.next_if(|(char, _)| *char == wanted)?;
    }
    let mut digits = String::with_capacity(DIGITS);
    while digits.len() < DIGITS {
        digits.push(reader.next_if(|(char, _)| char.is_ascii_hexdigit())?.0);
    }
    let (_, end) = reader.next_if(|(char, _)| *char == ']')?;
    Some((digits.parse().ok()?, end.end))
}

/// The characters of a body that count: no white space, no invisible characters, no tags; entities decoded;
/// ASCII in lower case.
struct Significant<'a> {
    body: &'a str,
    at: usize,
}

impl Iterator for Significant<'_> {
    type Item = (char, Range<usize>);
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.body.get(self.at..)?;
            let char = rest.chars().next()?;
            let decoded = match char {
                '&' => entity(rest),
                '<' => tag(rest).map(|length| (None, length)),
                _ => None,
            };
            let (char, length) = decoded.unwrap_or((Some(char), char.len_utf8()));
            let begin = self.at;
            self.at += length;
            if let Some(char) = char.filter(|char| !ignored(*char)) {
                return Some((char.to_ascii_lowercase(), begin..self.at));
            }
        }
    }
}

fn ignored(char: char) -> bool {
    char.is_whitespace() || matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// The character that an entity at the beginning of `rest` stands for, and its length. `&amp;` may have been
/// put before it by a second escaping.
fn entity(rest: &str) -> Option<(Option<char>, usize)> {
    let body = rest.strip_prefix('&')?;
    let body = body.strip_prefix("amp;").unwrap_or(body);
    let end = body.find(';').filter(|end| *end <= 8)?;
    let name = body.get(..end)?;
    let char = match name.to_ascii_lowercase().as_str() {
        "lsqb" | "lbrack" => '[',
        "rsqb" | "rbrack" => ']',
        "colon" => ':',
        "nbsp" | "shy" | "zwnj" | "zwj" => ' ',
        other => {
            let code = other.strip_prefix('#')?;
            let number = match code.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => code.parse(),
            };
            char::from_u32(number.ok()?)?
        }
    };
    Some((Some(char), rest.len() - body.len() + end + 1))
}

/// Length of a tag at the beginning of `rest`; a lone `<` in plain text is none.
fn tag(rest: &str) -> Option<usize> {
    let name = rest.get(1..)?;
    if name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '/') {
        rest.find('>').map(|end| end + 1)
    } else {
        None
    }
}

fn escape_into(html: &mut String, char: char) {
    match char {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        '\'' => html.push_str("&#39;"),
        '\n' => html.push_str("<br>"),
        '\r' => {}
        char => html.push(char),
    }
}

fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEX: &str = "00c0ffee00c0ffee00c0ffee00c0ffee";

    fn key() -> WriteKey {
        HEX.parse().unwrap()
    }

    #[test]
    fn a_marker_is_found_however_the_vendor_or_an_editor_dressed_it() {
        let split = format!("{}\u{200b}{}", &HEX[..9], &HEX[9..]);
        for body in [
            text(key()),
            format!("Call them.\n\n[so:{HEX}]"),
            format!("<p>Call &amp; ask</p><div>[so:{HEX}]</div>"),
            format!("[SO:{}]", HEX.to_uppercase()),
            format!("[ so : {HEX}\n]"),
            format!("[so:{split}]"),
            format!("[so:<wbr>{}</span><span>{}]", &HEX[..16], &HEX[16..]),
            format!("&#91;so&#58;{HEX}&#93;"),
            format!("&#x5B;so&colon;&nbsp;{HEX}&rsqb;"),
            format!("&amp;#91;so:{HEX}&amp;#93;"),
            format!("[so:[so:{HEX}]"),
            format!("[so:1234] and a < b, [x] & [so:{HEX}] thanks"),
        ] {
            assert_eq!(find(&body), Some(key()), "{body}");
            assert!(carries(&body, key()), "{body}");
        }
    }

    #[test]
    fn what_is_no_whole_marker_is_none() {
        for body in [
            String::new(),
            HEX.to_owned(),
            format!("[so:{}]", &HEX[1..]),
            format!("[so:{HEX}0]"),
            format!("[so:{HEX}"),
            format!("[so:+{}]", &HEX[1..]),
            format!("[os:{HEX}]"),
            format!("so:{HEX}]"),
            format!("[so:{}g]", &HEX[1..]),
        ] {
            assert_eq!(find(&body), None, "{body}");
        }
    }

    #[test]
    fn another_marker_before_ours_does_not_hide_ours() {
        let body = format!("[so:{}] copied [so:{HEX}]", "1".repeat(32));
        assert!(carries(&body, key()));
        assert_ne!(find(&body), Some(key()));
    }

    #[test]
    fn the_text_comes_back_without_its_marker() {
        let written = append("Call them.", key(), 1_000);
        assert_eq!(split(&written), (Some(key()), Cow::Borrowed("Call them.")));
        assert_eq!(split(&format!("a [so:{HEX}] b")), (Some(key()), Cow::Borrowed("a  b")));
        assert_eq!(split("a [1] b"), (None, Cow::Borrowed("a [1] b")));
    }

    #[test]
    fn a_long_body_gives_way_to_the_marker() {
        let body = append(&"é".repeat(500), key(), 100);
        assert_eq!(body.chars().count(), 100);
        assert_eq!(find(&body), Some(key()));
        let html = append_html(&"<&>".repeat(500), key(), 100);
        assert!(html.len() <= 100 && !html.contains("<&"), "{html}");
        assert_eq!(find(&html), Some(key()));
    }

    #[test]
    fn untrusted_text_is_not_markup() {
        let html = escape_html("<script>alert('x')</script>\n\"&\"");
        assert_eq!(html, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;<br>&quot;&amp;&quot;");
    }

    proptest! {
        #[test]
        fn whatever_people_write_around_it_the_marker_is_found(before in "[^<&]{0,40}", after in ".{0,40}") {
            prop_assume!(find(&before).is_none());
            let body = append(&before, key(), 10_000) + &after;
            prop_assert!(carries(&body, key()));
            prop_assert!(carries(&append_html(&before, key(), 10_000), key()));
            prop_assert!(carries(&escape_html(&body), key()));
        }

        #[test]
        fn reading_never_fails(body in "[\\[so:0-9a-f\\]&;#x<>/ ]{0,200}") {
            let _key = find(&body);
        }
    }
}
