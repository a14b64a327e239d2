//! Paths of collections and objects, and how they name records.
//!
//! Servers write one path in several ways (percent-encoded or not, with or without host); ours is decoded and encoded
//! again, so equal paths are equal texts. A record's id is the path of its object, and for an occurrence of a series
//! `#` and its name behind it: `/anna/sales/e1.ics#20261122T090000Z`.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::fmt::Write as _;

/// What is encoded in a path; the rest stands for itself (RFC 3986, 3.3).
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The one way to write the path of an `href`, which may have scheme and host before it; `None` when it has no path.
/// A slash within a name stays encoded.
pub fn canonical(href: &str) -> Option<String> {
    let href = href.trim();
    let path = match href.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..))?,
        None => href,
    };
    if !path.starts_with('/') {
        return None;
    }
    let mut out = String::with_capacity(path.len());
    for (nth, segment) in path.split('/').enumerate() {
        if nth > 0 {
            out.push('/');
        }
        let decoded = percent_decode_str(segment).decode_utf8_lossy();
        for (nth, piece) in decoded.split('/').enumerate() {
            if nth > 0 {
                out.push_str("%2F");
            }
            write!(out, "{}", utf8_percent_encode(piece, ENCODED)).ok()?;
        }
    }
    Some(out)
}

/// Collection (with its slash) and name of an object's path.
pub fn split(path: &str) -> Option<(&str, &str)> {
    let at = path.rfind('/')? + 1;
    let (collection, name) = path.split_at_checked(at)?;
    (!name.is_empty()).then_some((collection, name))
}

/// Path of the object and name of the occurrence of a record's id.
pub fn parts(id: &str) -> (&str, Option<&str>) {
    match id.split_once('#') {
        Some((path, occurrence)) => (path, Some(occurrence)),
        None => (id, None),
    }
}

/// The id of an occurrence of an object.
pub fn occurrence(path: &str, key: &str) -> String {
    format!("{path}#{key}")
}

/// A path of ours is one that [`canonical`] makes; nobody talks us into another.
pub fn is_ours(path: &str) -> bool {
    canonical(path).is_some_and(|same| same == path) && !path.split('/').any(|segment| segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_is_one_text_however_it_is_written() {
        for href in [
            "/a%20b/%c3%a9%23.ics",
            "/a b/é%23.ics",
            "http://x.example:80/a%20b/%C3%A9%23.ics",
            " /a b/é#.ics ",
        ] {
            assert_eq!(canonical(href).as_deref(), Some("/a%20b/%C3%A9%23.ics"), "{href}");
        }
        assert_eq!(canonical("/a%2Fb/c").as_deref(), Some("/a%2Fb/c"));
        assert_eq!(canonical("relative"), None);
        assert_eq!(canonical("http://x.example"), None);
    }

    #[test]
    fn an_occurrence_is_told_apart_from_any_object() {
        let path = canonical("/c/e#1.ics").unwrap();
        let id = occurrence(&path, "20260601");
        assert_eq!(parts(&id), (path.as_str(), Some("20260601")));
        assert_eq!(parts(&path), (path.as_str(), None));
        assert_eq!(split(&path), Some(("/c/", "e%231.ics")));
        assert_eq!(split("/c/"), None);
        assert!(is_ours(&path) && !is_ours("/c/../d") && !is_ours("/a b"));
    }
}
