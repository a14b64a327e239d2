//! Rich text as plain text: task and note bodies are HTML at HubSpot.

use connect::marker;
use model::WriteKey;
use std::borrow::Cow;

/// The key that a rich text carries, and its words without it, as plain text.
pub fn body(html: &str) -> (Option<WriteKey>, Cow<'_, str>) {
    let plain = to_plain(html);
    let Some(key) = marker::find(html) else { return (None, plain) };
    let words = match plain.split_once(&marker::text(key)) {
        Some((before, after)) => Cow::Owned(format!("{}{}", before.trim_end(), after.trim_end())),
        None => plain,
    };
    (Some(key), words)
}

/// HTML as plain text: tags out, paragraphs and breaks as lines, the usual entities resolved.
pub fn to_plain(html: &str) -> Cow<'_, str> {
    if !html.contains(['<', '&']) {
        return Cow::Borrowed(html);
    }
    let mut plain = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, special) = rest.split_at(at);
        plain.push_str(before);
        rest = if special.starts_with('<') { tag(special, &mut plain) } else { entity(special, &mut plain) };
    }
    plain.push_str(rest);
    Cow::Owned(plain.trim_end().to_owned())
}

fn tag<'t>(text: &'t str, plain: &mut String) -> &'t str {
    let Some((tag, rest)) = text.split_once('>') else {
        plain.push_str(text);
        return "";
    };
    let name = tag.trim_start_matches('<').trim_start_matches('/');
    let name = name.split([' ', '/', '\n']).next().unwrap_or_default().to_ascii_lowercase();
    let closes = tag.starts_with("</");
    match name.as_str() {
        "br" => plain.push('\n'),
        "p" | "div" | "li" if closes => plain.push('\n'),
        // A lone `<` in plain text is no tag.
        "" => {
            plain.push_str(tag);
            plain.push('>');
        }
        _ => {}
    }
    rest
}

fn entity<'t>(text: &'t str, plain: &mut String) -> &'t str {
    const NAMED: [(&str, &str); 7] = [
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&nbsp;", " "),
    ];
    let found = NAMED.iter().find_map(|(name, is)| Some((text.strip_prefix(name)?, is)));
    let (rest, is) = found.unwrap_or_else(|| (text.strip_prefix('&').unwrap_or_default(), &"&"));
    plain.push_str(is);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_survives_the_way_there_and_back() {
        for text in ["Call \"A & B\" <now>\nsecond line", "", "2 < 3 > 1", "a &amp; b"] {
            assert_eq!(to_plain(&marker::escape_html(text)), text);
        }
    }

    #[test]
    fn our_marker_is_told_apart_from_the_words() {
        let key = "00c0ffee00c0ffee00c0ffee00c0ffee".parse().unwrap();
        let html = marker::append_html("Call them.\nToday.", key, 1_000);
        assert_eq!(body(&html), (Some(key), Cow::Borrowed("Call them.\nToday.")));
        assert_eq!(body("Call them."), (None, Cow::Borrowed("Call them.")));
    }

    #[test]
    fn what_people_type_in_hubspot_becomes_lines() {
        let html = "<div dir=\"auto\"><p>Hello&nbsp;Ann,</p><p>call <b>me</b><br/>soon</p></div>";
        assert_eq!(to_plain(html), "Hello Ann,\ncall me\nsoon");
        assert_eq!(to_plain("AT&T"), "AT&T");
    }
}
