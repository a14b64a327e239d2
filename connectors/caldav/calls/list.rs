//! `PROPFIND`, depth 1, on a home (or 0 on one calendar): which calendars there are, and whether they changed.

use super::{NAMESPACES, dav, multistatus};
use crate::{
    ical::{Component, zone::Zone},
    xml::{Ns, Response},
};
use bytes::Bytes;
use connect::{Call, Effect, Error};
use http::{Request, response::Parts};
use url::Url;

/// Lists the calendars below a path, or the one at it.
pub struct List<'a> {
    /// Path.
    pub path: &'a str,
    /// It is a calendar, not a home.
    pub single: bool,
}

/// A calendar.
#[derive(Clone, Debug)]
pub struct Collection {
    /// Canonical path, with a slash at its end.
    pub path: String,
    /// Its name for people.
    pub name: String,
    /// What it may hold; everything, where the server does not say.
    pub components: Option<Vec<String>>,
    /// Where its changes stand, for `sync-collection`; `None` where that is not supported.
    pub token: Option<String>,
    /// Changes whenever anything in it changes.
    pub ctag: Option<String>,
    /// We may write into it.
    pub writable: bool,
    /// Where its times without a zone count.
    pub zone: Option<Zone>,
}

impl Collection {
    /// True when it may hold this.
    pub fn takes(&self, component: Component) -> bool {
        let named = |components: &Vec<String>| {
            components.iter().any(|name| name.eq_ignore_ascii_case(component.name()))
        };
        self.components.as_ref().is_none_or(named)
    }
    /// True when it holds nothing else.
    pub fn only(&self, component: Component) -> bool {
        self.components
            .as_ref()
            .is_some_and(|all| all.iter().all(|name| name.eq_ignore_ascii_case(component.name())))
    }

    fn read(response: &Response) -> Option<Self> {
        let kind = response.property(Ns::Dav, "resourcetype")?;
        kind.child(Ns::Caldav, "calendar")?;
        let components = response
            .property(Ns::Caldav, "supported-calendar-component-set")
            .map(|set| set.all(Ns::Caldav, "comp").map(|comp| comp.label().to_owned()).collect::<Vec<_>>());
        let reports = response.property(Ns::Dav, "supported-report-set");
        let syncs = reports.is_none_or(|reports| reports.holds(Ns::Dav, "sync-collection"));
        let may = response.property(Ns::Dav, "current-user-privilege-set");
        let write = ["write", "write-content", "all"];
        let zone = response.text(Ns::Caldav, "calendar-timezone").and_then(|text| {
            let id = text.lines().find_map(|line| line.trim().strip_prefix("TZID:"))?;
            Zone::named(id.trim())
        });
        let name = response.text(Ns::Dav, "displayname");
        Some(Self {
            path: format!("{}/", response.path.trim_end_matches('/')),
            name: name.unwrap_or(response.path.as_str()).to_owned(),
            components: components.filter(|components| !components.is_empty()),
            token: response.text(Ns::Dav, "sync-token").filter(|_| syncs).map(str::to_owned),
            ctag: response.text(Ns::Server, "getctag").map(str::to_owned),
            writable: may.is_none_or(|may| write.iter().any(|name| may.holds(Ns::Dav, name))),
            zone,
        })
    }
}

impl Call for List<'_> {
    type Out = Vec<Collection>;
    const EFFECT: Effect = Effect::None;
    const NAME: &'static str = "caldav.list";

    fn request(&self, base: &Url) -> Result<Request<Bytes>, Error> {
        let body = format!(
            "<propfind {NAMESPACES}><prop><resourcetype/><displayname/><sync-token/><CS:getctag/>\
             <supported-report-set/><C:supported-calendar-component-set/><current-user-privilege-set/>\
             <C:calendar-timezone/></prop></propfind>"
        );
        dav(base, "PROPFIND", self.path, if self.single { "0" } else { "1" }, &body)
    }

    fn parse(&self, parts: &Parts, body: &Bytes) -> Result<Vec<Collection>, Error> {
        let mut found = Vec::new();
        multistatus(Self::NAME, parts, body, |response| found.extend(Collection::read(&response)))?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::answer;

    const ANSWER: &str = r#"<d:multistatus xmlns:d="DAV:" xmlns:cal="urn:ietf:params:xml:ns:caldav" xmlns:cs="http://calendarserver.org/ns/">
        <d:response><d:href>/dav/anna/</d:href><d:propstat><d:prop><d:resourcetype><d:collection/></d:resourcetype></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
        <d:response><d:href>/dav/anna/inbox/</d:href><d:propstat><d:prop><d:resourcetype><d:collection/><cal:schedule-inbox/></d:resourcetype></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
        <d:response><d:href>/dav/anna/sales</d:href><d:propstat><d:prop><d:resourcetype><d:collection/><cal:calendar/></d:resourcetype><d:displayname>Work</d:displayname><d:sync-token>t9</d:sync-token><cs:getctag>c9</cs:getctag>
          <d:supported-report-set><d:supported-report><d:report><d:sync-collection/></d:report></d:supported-report></d:supported-report-set>
          <cal:supported-calendar-component-set><cal:comp name="VEVENT"/></cal:supported-calendar-component-set>
          <d:current-user-privilege-set><d:privilege><d:read/></d:privilege></d:current-user-privilege-set></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
        <d:response><d:href>/dav/anna/old/</d:href><d:propstat><d:prop><d:resourcetype><cal:calendar/></d:resourcetype><d:sync-token>t1</d:sync-token>
          <d:supported-report-set><d:supported-report><d:report><cal:calendar-query/></d:report></d:supported-report></d:supported-report-set></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
        </d:multistatus>"#;

    #[test]
    fn calendars_are_told_from_other_collections_and_say_what_they_can() {
        let (parts, body) = answer(207, &[], ANSWER);
        let found = List { path: "/dav/anna/", single: false }.parse(&parts, &body).unwrap();
        let [work, old] = &found[..] else { panic!("{found:?}") };
        assert_eq!(
            (work.path.as_str(), work.name.as_str(), work.token.as_deref()),
            ("/dav/anna/sales/", "Work", Some("t9"))
        );
        assert!(work.takes(Component::Event) && !work.takes(Component::Todo) && !work.writable);
        assert!(work.only(Component::Event));
        // It does not say what it may hold or whether we may write, and it can't sync.
        assert!(old.takes(Component::Todo) && !old.only(Component::Event) && old.writable);
        assert_eq!((old.token.as_deref(), old.ctag.as_deref()), (None, None));
    }
}
