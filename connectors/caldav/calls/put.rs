//! `PUT` of one object, always conditional: new only where nothing is, changed only what was read. So repeating it
//! changes nothing.

use super::{refusal, unsendable, url};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, header, response::Parts};
use url::Url;

/// Writes one object.
pub struct Put<'a> {
    /// Path.
    pub path: &'a str,
    /// iCalendar.
    pub text: &'a str,
    /// Entity tag of what is replaced; `None` makes a new one.
    pub replaces: Option<&'a str>,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// Written.
    Done,
    /// Something is there already, or it is no longer what was read.
    Moved,
}

impl Call for Put<'_> {
    type Out = Answer;
    const EFFECT: Effect = Effect::Idempotent;
    const NAME: &'static str = "caldav.put";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let request = Request::put(url(base, self.path).as_str())
            .header(header::CONTENT_TYPE, "text/calendar; charset=utf-8");
        let request = match self.replaces {
            None => request.header(header::IF_NONE_MATCH, "*"),
            Some(tag) => request.header(header::IF_MATCH, tag),
        };
        request
            .body(Bytes::copy_from_slice(self.text.as_bytes()))
            .map_err(|error| unsendable(self.path, &error))
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Answer, Error> {
        if parts.status.is_success() {
            return Ok(Answer::Done);
        }
        let error = refusal::error(Self::NAME, parts, body);
        match error.kind {
            connect::ErrorKind::Conflict { .. } => Ok(Answer::Moved),
            _ => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::{answer, recorded};
    use connect::ErrorKind;

    #[test]
    fn no_object_is_ever_written_without_a_condition() {
        let base = Url::parse("https://x.example/").unwrap();
        let header = |replaces, name: &str| {
            let request = Put { path: "/c/a.ics", text: "x", replaces }.request(&base).unwrap();
            request.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(header(None, "if-none-match").as_deref(), Some("*"));
        assert_eq!(header(Some("\"7\""), "if-match").as_deref(), Some("\"7\""));
    }

    #[test]
    fn answers_mean_what_servers_mean_by_them() {
        let put = Put { path: "/c/a.ics", text: "x", replaces: None };
        for status in [200, 201, 204] {
            let (parts, body) = answer(status, &[], "");
            assert_eq!(put.parse(&parts, &body).unwrap(), Answer::Done);
        }
        let (parts, body) = answer(412, &[], "");
        assert_eq!(put.parse(&parts, &body).unwrap(), Answer::Moved);
        let (parts, body) = answer(400, &[], "");
        assert_eq!(put.parse(&parts, &body).unwrap_err().kind, ErrorKind::Invalid);
        // As Radicale said it: changed since it was read, changed, made.
        for (number, expected) in [("10", Answer::Moved), ("11", Answer::Done), ("12", Answer::Done)] {
            let Some((parts, body)) = recorded(number) else { return };
            assert_eq!(put.parse(&parts, &body).unwrap(), expected, "{number}");
        }
    }
}
