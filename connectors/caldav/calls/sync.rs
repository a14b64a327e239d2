//! `sync-collection` (RFC 6578): what changed in a calendar since a token, or everything. No limit is ever asked for:
//! a server that honours it badly would answer with its newest token and lose the rest for good.

use super::{
    NAMESPACES, dav,
    members::{Member, PROPERTIES, name},
    multistatus, refusal,
};
use crate::xml;
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, StatusCode, response::Parts};
use url::Url;

/// Asks for changes.
pub struct Sync<'a> {
    /// The calendar.
    pub collection: &'a str,
    /// Since when; empty asks for everything.
    pub token: &'a str,
}

/// What changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Made or changed.
    pub changed: Vec<Member>,
    /// Gone.
    pub gone: Vec<Box<str>>,
    /// Where to go on.
    pub token: String,
    /// The server gave only a part (507): the rest comes for its token.
    pub more: bool,
}

/// The answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// This changed.
    Changes(Changes),
    /// The token is not (or no longer) known: the calendar is to be read anew.
    Expired,
    /// The server can't, whatever it announced: ask for all entity tags.
    Unsupported,
}

impl Call for Sync<'_> {
    type Out = Answer;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "caldav.sync";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let token = xml::escaped(self.token);
        let body = format!(
            "<sync-collection {NAMESPACES}><sync-token>{token}</sync-token><sync-level>1</sync-level>\
             <prop>{PROPERTIES}</prop></sync-collection>"
        );
        // The reach is in the level: the header stays 0 (RFC 6578, 3.2).
        dav(base, "REPORT", self.collection, "0", &body)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Answer, Error> {
        if refusal::token_refused(parts, body) {
            return Ok(Answer::Expired);
        }
        match parts.status {
            StatusCode::UNAUTHORIZED
            | StatusCode::NOT_FOUND
            | StatusCode::LOCKED
            | StatusCode::TOO_MANY_REQUESTS => {}
            StatusCode::NOT_IMPLEMENTED | StatusCode::INSUFFICIENT_STORAGE => return Ok(Answer::Unsupported),
            status if status.is_client_error() => return Ok(Answer::Unsupported),
            _ => {}
        }
        let mut changes = Changes::default();
        let token = multistatus(Self::NAME, parts, body, |response| match response.status {
            Some(507) => changes.more = true,
            Some(404 | 410) => changes.gone.extend(name(&response.path, self.collection)),
            Some(_) | None => changes.changed.extend(Member::read(&response, self.collection)),
        })?;
        match token {
            // A part without a new token would be asked for again for ever.
            Some(token) if !(changes.more && token == self.token) => {
                Ok(Answer::Changes(Changes { token, ..changes }))
            }
            Some(_) | None => Ok(Answer::Unsupported),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::{answer, recorded};

    fn read(number: &str) -> Option<Answer> {
        let (parts, body) = recorded(number)?;
        Some(Sync { collection: "/alice/t3344574/", token: "" }.parse(&parts, &body).unwrap())
    }

    #[test]
    fn everything_then_nothing_then_a_token_that_nobody_knows() {
        let Some(Answer::Changes(all)) = read("17") else { return };
        let names: Vec<_> = all.changed.iter().map(|one| one.name.as_ref()).collect();
        assert_eq!(names, ["u2.ics", "u1.ics", "td.ics"]);
        assert!(all.gone.is_empty() && !all.more && all.token.starts_with("http://radicale.org/ns/sync/"));
        let Some(Answer::Changes(none)) = read("18") else { panic!("no answer") };
        assert_eq!((none.changed.len(), none.token), (0, all.token));
        assert_eq!(read("24"), Some(Answer::Expired));
    }

    #[test]
    fn what_is_gone_and_what_is_cut_is_told() {
        let body = "<multistatus xmlns=\"DAV:\"><response><href>/c/a.ics</href><status>HTTP/1.1 404 Not Found</status></response>\
            <response><href>/c/</href><status>HTTP/1.1 507 Insufficient Storage</status></response><sync-token>2</sync-token></multistatus>";
        let (parts, body) = answer(207, &[], body);
        let Answer::Changes(changes) = (Sync { collection: "/c/", token: "1" }).parse(&parts, &body).unwrap()
        else {
            panic!()
        };
        assert_eq!((changes.gone, changes.more, changes.token), (vec!["a.ics".into()], true, "2".to_owned()));
        // The same token again would be asked for ever.
        let again = (Sync { collection: "/c/", token: "2" }).parse(&parts, &body).unwrap();
        assert_eq!(again, Answer::Unsupported);
    }

    #[test]
    fn servers_that_cannot_are_told_from_those_that_are_ill() {
        let ask = |status, body: &str| {
            let (parts, body) = answer(status, &[], body);
            Sync { collection: "/c/", token: "1" }.parse(&parts, &body)
        };
        for status in [400, 403, 405, 409, 501, 507] {
            assert_eq!(ask(status, "").unwrap(), Answer::Unsupported, "{status}");
        }
        let refused = "<error xmlns=\"DAV:\"><valid-sync-token/></error>";
        for status in [403, 409, 412] {
            assert_eq!(ask(status, refused).unwrap(), Answer::Expired, "{status}");
        }
        for status in [401, 404, 423, 500, 503] {
            assert!(ask(status, "").is_err(), "{status}");
        }
    }
}
