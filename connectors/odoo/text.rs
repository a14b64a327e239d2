//! Odoo's values as ours: `false` for nothing, UTC times without a zone, HTML bodies, ids with names.

use connect::marker;
use jiff::{civil, tz::TimeZone};
use model::{Timestamp, Value, WriteKey};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

/// Longest body kept, in bytes.
const LONGEST: usize = 64 * 1024;

/// Text that Odoo sends as `false` where there is none.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(or_false(from)?.unwrap_or_default())
}

/// A value that Odoo sends as `false` where there is none.
pub fn or_false<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    match value {
        serde_json::Value::Bool(false) | serde_json::Value::Null => Ok(None),
        value => serde_json::from_value(value).map(Some).map_err(serde::de::Error::custom),
    }
}

/// A reference to another record: `[id, "its name"]`.
#[derive(Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Named(pub i64, #[serde(deserialize_with = "text")] pub String);

/// A reference as the value of a field.
pub fn reference(to: Option<&Named>) -> Value {
    to.map_or(Value::Empty, |named| Value::Ref(named.0.to_string().into()))
}

/// The name of a referenced record as the value of a field.
pub fn name_of(to: Option<&Named>) -> Value {
    Value::text(to.map(|named| named.1.as_str()))
}

/// Text as the value of a field.
pub fn value(text: &str) -> Value {
    Value::text(Some(text.trim()))
}

/// A time (`2026-11-22 07:45:17`) or a date, both in UTC; a date means its first moment.
pub fn time(text: &str) -> Option<Timestamp> {
    let at = match text.parse::<civil::DateTime>() {
        Ok(at) => at,
        Err(_) => text.parse::<civil::Date>().ok()?.at(0, 0, 0, 0),
    };
    let at = at.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(at.timestamp().as_millisecond()))
}

/// A time or date as the value of a field.
pub fn time_value(text: &str) -> Value {
    time(text).map_or(Value::Empty, Value::Time)
}

/// A time as Odoo's domains take it: UTC, whole seconds.
pub fn domain_time(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A day as Odoo takes it (UTC).
pub fn day(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d").to_string()
}

/// The host of a website, as people type it: with or without scheme and path.
pub fn host(website: &str) -> Value {
    let website = website.trim();
    let bare = website.split_once("://").map_or(website, |(_, rest)| rest);
    Value::text(bare.split(['/', '?', '#', ':']).next())
}

/// An HTML body as plain text without our marker, and the key that the marker names.
pub fn body(html: &str) -> (Value, Option<WriteKey>) {
    let key = marker::find(html);
    let mut plain = to_plain(html);
    if let Some(at) = key.and_then(|_| plain.rfind("[so:")) {
        plain.truncate(at);
    }
    plain.truncate(plain.floor_char_boundary(LONGEST));
    (value(&plain), key)
}

/// HTML as plain text: tags out, ends of paragraphs and breaks as line ends, entities resolved.
fn to_plain(html: &str) -> String {
    let mut plain = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let Some((tag, after)) = after.split_once('>') else {
            rest = "";
            break;
        };
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        if matches!(name.trim_end_matches('/'), "br" | "/p" | "/div" | "/li" | "/tr" | "/h1" | "/h2" | "/h3")
        {
            plain.push('\n');
        }
        rest = after;
    }
    plain.push_str(rest);
    html_escape::decode_html_entities(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_zone_is_utc_and_a_date_its_first_moment() {
        assert_eq!(time("2026-11-22 07:45:17").unwrap().to_string(), "2026-11-22T07:45:17.000Z");
        assert_eq!(time("2026-11-22").unwrap().to_string(), "2026-11-22T00:00:00.000Z");
        assert_eq!(time("soon"), None);
        assert_eq!(domain_time(time("2026-11-22 07:45:17").unwrap()), "2026-11-22 07:45:17");
    }

    #[test]
    fn html_becomes_lines_and_the_marker_is_taken_out() {
        let key: WriteKey = "00c0ffee00c0ffee00c0ffee00c0ffee".parse().unwrap();
        let html = format!("<p>Ask &amp; <b>listen</b></p><p>then<br>write [so:{key}]</p>");
        let (value, found) = body(&html);
        assert_eq!(value.as_text(), Some("Ask & listen\nthen\nwrite"));
        assert_eq!(found, Some(key));
        assert_eq!(body("a < b"), (Value::Text("a".into()), None), "a tag that never ends is dropped");
    }

    #[test]
    fn a_website_gives_its_host() {
        for website in ["https://www.acme.example/de?x", "www.acme.example", "http://www.acme.example:80"] {
            assert_eq!(host(website).as_text(), Some("www.acme.example"), "{website}");
        }
        assert_eq!(host(""), Value::Empty);
    }

    #[test]
    fn false_is_nothing() {
        #[derive(Deserialize)]
        struct Row {
            #[serde(deserialize_with = "text")]
            name: String,
            #[serde(deserialize_with = "or_false")]
            owner: Option<Named>,
        }
        let row: Row = serde_json::from_str(r#"{"name": false, "owner": false}"#).unwrap();
        assert_eq!((row.name.as_str(), reference(row.owner.as_ref())), ("", Value::Empty));
        let row: Row = serde_json::from_str(r#"{"name": "a", "owner": [7, "Ada"]}"#).unwrap();
        assert_eq!((row.name.as_str(), reference(row.owner.as_ref())), ("a", Value::Ref("7".into())));
    }
}
