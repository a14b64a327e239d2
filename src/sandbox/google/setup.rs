//! What kind of Google account the sandbox plays.

use std::collections::BTreeSet;

/// All knobs; the default has no user, the published quotas of a new project, and tokens that live an hour.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Addresses of the users, each with a mailbox and a primary calendar. Further ones can be added later.
    pub users: Vec<String>,
    pub client_id: String,
    pub client_secret: String,
    /// Seconds an access token lives.
    pub lifetime_s: i64,
    /// Does the person at the consent page say yes?
    pub consents: bool,
    /// Granted to each token.
    pub scopes: BTreeSet<String>,
    /// `None`: unthrottled.
    pub quota: Option<Quota>,
    /// IANA zone of the calendars.
    pub time_zone: String,
    /// `World` also writes mails and books meetings.
    pub alive: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            users: Vec::new(),
            client_id: "sandbox-client".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            lifetime_s: 3600,
            consents: true,
            scopes: all_scopes(),
            quota: Some(Quota::default()),
            time_zone: "Europe/Berlin".to_owned(),
            alive: false,
        }
    }
}

impl Setup {
    /// Without limits, with these users.
    pub fn plain(users: &[&str]) -> Self {
        Self { users: users.iter().map(|user| (*user).to_owned()).collect(), quota: None, ..Self::default() }
    }
    /// With the published limits, with these users.
    pub fn with(users: &[&str]) -> Self {
        Self { quota: Some(Quota::default()), ..Self::plain(users) }
    }
}

/// Per user and minute, as published for projects from May 2026 on.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Gmail, in units.
    pub gmail_units: u32,
    /// Calendar, in requests.
    pub calendar_requests: u32,
    /// Units of one `messages.get`.
    pub get_cost: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self { gmail_units: 6_000, calendar_requests: 600, get_cost: 20 }
    }
}

/// Scopes that allow everything that is served here.
pub fn all_scopes() -> BTreeSet<String> {
    ["gmail.readonly", "gmail.modify", "gmail.send", "calendar", "calendar.events"]
        .map(|name| format!("https://www.googleapis.com/auth/{name}"))
        .into()
}
