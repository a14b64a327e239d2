//! `PROPFIND`, depth 0: whose server is this for us, and what is at this path (RFC 5397, RFC 4791 6.2.1, RFC 6764).

use super::{NAMESPACES, dav, multistatus, server_time};
use crate::{
    path,
    xml::{Node, Ns},
};
use bytes::Bytes;
use connect::{Call, Effect, Error, ErrorKind};
use http::{Request, StatusCode, header, response::Parts};
use model::Timestamp;
use url::Url;

/// Asks about one path.
pub struct Who<'a> {
    /// Path.
    pub path: &'a str,
    /// Where we were sent to ask: another host is not followed, it would see our password.
    pub host: Option<&'a str>,
}

/// What is there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Our principal.
    pub principal: Option<String>,
    /// Where our calendars are.
    pub homes: Vec<String>,
    /// It is a calendar itself.
    pub calendar: bool,
    /// The server's clock.
    pub at: Option<Timestamp>,
}

/// The answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// This is there.
    Found(Found),
    /// Somewhere else on the same host.
    Elsewhere(String),
    /// Nothing that speaks of calendars.
    Nothing,
}

impl Call for Who<'_> {
    type Out = Answer;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "caldav.who";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let body = format!(
            "<propfind {NAMESPACES}><prop><current-user-principal/><C:calendar-home-set/><resourcetype/></prop></propfind>"
        );
        dav(base, "PROPFIND", self.path, "0", &body)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Answer, Error> {
        match parts.status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE => {
                return Ok(Answer::Nothing);
            }
            status if status.is_redirection() => return self.elsewhere(parts),
            _ => {}
        }
        let mut found = Found { at: server_time(parts), ..Found::default() };
        multistatus(Self::NAME, parts, body, |response| {
            let hrefs = |ns, name| response.property(ns, name).into_iter().flat_map(Node::hrefs);
            found.principal = hrefs(Ns::Dav, "current-user-principal").next();
            found.homes = hrefs(Ns::Caldav, "calendar-home-set").collect();
            let kind = response.property(Ns::Dav, "resourcetype");
            found.calendar = kind.is_some_and(|kind| kind.child(Ns::Caldav, "calendar").is_some());
        })?;
        Ok(Answer::Found(found))
    }
}

impl Who<'_> {
    fn elsewhere(&self, parts: &Parts) -> Result<Answer, Error> {
        let location =
            parts.headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
        // Servers behind a proxy name themselves with a wrong scheme or port: only the host counts, and we stay with
        // ours.
        let host =
            location.split_once("://").map(|(_, rest)| rest.split(['/', ':']).next().unwrap_or_default());
        if host.is_some() && host != self.host {
            let detail = format!(
                "caldav.who: the server sends us to another host, {}: set it as base_url",
                host.unwrap_or_default()
            );
            return Err(Error::answered(ErrorKind::Config, detail));
        }
        Ok(path::canonical(location).map_or(Answer::Nothing, Answer::Elsewhere))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::{answer, recorded};

    #[test]
    fn a_server_says_who_we_are() {
        let Some((parts, body)) = recorded("03") else { return };
        let call = Who { path: "/", host: None };
        let Answer::Found(found) = call.parse(&parts, &body).unwrap() else { panic!("nothing found") };
        assert_eq!(
            (found.principal.as_deref(), found.homes.len(), found.calendar),
            (Some("/alice/"), 0, false)
        );
        assert!(found.at.is_some());
    }

    #[test]
    fn a_redirect_is_followed_on_the_same_host_and_never_to_another() {
        let call = Who { path: "/.well-known/caldav", host: Some("cal.example") };
        for location in ["/dav/", "http://cal.example/dav/", "https://cal.example:8443/dav/"] {
            let (parts, body) = answer(301, &[("location", location)], "");
            assert_eq!(call.parse(&parts, &body).unwrap(), Answer::Elsewhere("/dav/".into()), "{location}");
        }
        let (parts, body) = answer(302, &[("location", "https://evil.example/dav/")], "");
        assert_eq!(call.parse(&parts, &body).unwrap_err().kind, ErrorKind::Config);
    }
}
