//! A request as the endpoints see it: decoded path, query in all the forms that clients send, JSON body.

use super::problem::Problem;
use bytes::Bytes;
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub struct Ask {
    pub method: Method,
    /// As received, for links.
    pub path: String,
    /// Percent-decoded, empty ones left out (a trailing slash is the same address).
    pub segments: Vec<String>,
    pub query: Vec<(String, String)>,
    pub bearer: Option<String>,
    pub if_match: Option<String>,
    pub body: Bytes,
}

impl Ask {
    pub fn of(request: &http::Request<Bytes>) -> Self {
        let path = request.uri().path().to_owned();
        let bearer = request
            .headers()
            .get(http::header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.strip_prefix("Bearer "))
            .map(|v| v.trim().to_owned());
        let if_match = request.headers().get(http::header::IF_MATCH);
        let if_match = if_match.and_then(|v| v.to_str().ok()).map(str::to_owned);
        Self {
            method: request.method().clone(),
            segments: path.split('/').filter(|s| !s.is_empty()).map(|s| decoded(s, false)).collect(),
            path,
            query: pairs(request.uri().query().unwrap_or("")),
            bearer,
            if_match,
            body: request.body().clone(),
        }
    }

    pub fn one(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A list parameter: repeated keys and comma-joined values alike.
    pub fn many(&self, name: &str) -> Vec<&str> {
        let values = self.query.iter().filter(|(key, _)| key == name).flat_map(|(_, v)| v.split(','));
        values.map(str::trim).filter(|v| !v.is_empty()).collect()
    }

    pub fn flag(&self, name: &str) -> bool {
        self.one(name).is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    pub fn limit(&self, default: usize, most: usize) -> Result<usize, Problem> {
        let Some(text) = self.one("limit") else { return Ok(default) };
        match text.parse::<usize>() {
            Ok(limit) if (1..=most).contains(&limit) => Ok(limit),
            _ => Err(Problem::invalid(format!("Invalid input: limit {text} must be between 1 and {most}"))),
        }
    }

    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|e| {
            Problem::invalid(format!("Invalid input JSON on line {}, column {}: {e}", e.line(), e.column()))
        })
    }

    /// Fields of a form-encoded body; the official date-based client sends them as JSON.
    pub fn form(&self) -> Vec<(String, String)> {
        if let Ok(map) = serde_json::from_slice::<serde_json::Map<String, Value>>(&self.body) {
            return map.iter().map(|(key, value)| (key.clone(), text_of(value))).collect();
        }
        pairs(std::str::from_utf8(&self.body).unwrap_or(""))
    }

    /// `paging` with the address of the next page.
    pub fn paging(&self, after: &str) -> Value {
        json!({"next": {"after": after, "link": self.link(after)}})
    }

    fn link(&self, after: &str) -> String {
        let mut link = format!("https://api.hubapi.com{}?", self.path);
        for (key, value) in self.query.iter().filter(|(key, _)| key != "after") {
            link.extend([key, "=", &value.replace('&', "%26").replace(' ', "%20").replace(',', "%2C"), "&"]);
        }
        link + "after=" + after
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key, true), decoded(value, true))
        })
        .collect()
}

fn decoded(text: &str, plus: bool) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail
            .get(..2)
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
                continue;
            }
            (b'+', _) if plus => out.push(b' '),
            (other, _) => out.push(*other),
        }
        rest = tail;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Ids come as text or as numbers, values as text, number, boolean or null: all become text.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// For `#[serde(deserialize_with)]`: an id as text or number.
pub fn id_text<'de, D: serde::Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    <Value as serde::Deserialize>::deserialize(source).map(|v| text_of(&v))
}

/// For `#[serde(deserialize_with)]`: property values.
pub fn value_map<'de, D: serde::Deserializer<'de>>(source: D) -> Result<super::check::Values, D::Error> {
    let map = <std::collections::BTreeMap<String, Value> as serde::Deserialize>::deserialize(source)?;
    Ok(map.into_iter().map(|(name, value)| (name, text_of(&value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(uri: &str) -> Ask {
        Ask::of(&http::Request::builder().uri(uri).body(Bytes::new()).unwrap())
    }

    #[test]
    fn lists_are_read_in_both_forms() {
        let repeated = ask("/crm/v3/objects/contacts?properties=a&properties=b&archived=True");
        let joined = ask("/crm/v3/objects/contacts?properties=a%2Cb&archived=false");
        assert_eq!(repeated.many("properties"), ["a", "b"]);
        assert_eq!(joined.many("properties"), ["a", "b"]);
        assert!(repeated.flag("archived") && !joined.flag("archived"));
    }

    #[test]
    fn paths_are_decoded_and_a_trailing_slash_is_ignored() {
        assert_eq!(ask("/crm/v3/owners/").segments, ["crm", "v3", "owners"]);
        assert_eq!(ask("/x/a%2Bb%40x.test").segments, ["x", "a+b@x.test"]);
    }
}
