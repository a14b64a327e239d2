//! Which endpoint a request is for.

use crate::hubspot::request::Ask;
use http::Method;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    Token,
    Authorize,
    Profile,
    Labels,
    Messages,
    Send,
    Message(String),
    Modify(String),
    Trash(String, bool),
    DeleteMessage(String),
    History,
    Thread(String),
    Calendars,
    Events(String),
    Insert(String),
    Event(String, String),
    Patch(String, String),
    Update(String, String),
    DeleteEvent(String, String),
    Instances(String, String),
}

/// Is the request one for Google at all?
pub fn is_google(path: &str) -> bool {
    ["/gmail/v1/", "/calendar/v3/", "/token", "/o/oauth2/"].iter().any(|prefix| path.starts_with(prefix))
}

impl Route {
    pub fn of(ask: &Ask) -> Option<Self> {
        let parts: Vec<&str> = ask.segments.iter().map(String::as_str).collect();
        match (&ask.method, parts.as_slice()) {
            (&Method::POST, ["token"]) => Some(Self::Token),
            (&Method::GET, ["o", "oauth2", "v2", "auth"]) => Some(Self::Authorize),
            (method, ["gmail", "v1", "users", _, rest @ ..]) => Self::gmail(method, rest),
            (method, ["calendar", "v3", rest @ ..]) => Self::calendar(method, rest),
            _ => None,
        }
    }

    fn gmail(method: &Method, rest: &[&str]) -> Option<Self> {
        Some(match (method, rest) {
            (&Method::GET, ["profile"]) => Self::Profile,
            (&Method::GET, ["labels"]) => Self::Labels,
            (&Method::GET, ["messages"]) => Self::Messages,
            (&Method::POST, ["messages", "send"]) => Self::Send,
            (&Method::GET, ["messages", id]) => Self::Message((*id).to_owned()),
            (&Method::POST, ["messages", id, "modify"]) => Self::Modify((*id).to_owned()),
            (&Method::POST, ["messages", id, "trash"]) => Self::Trash((*id).to_owned(), true),
            (&Method::POST, ["messages", id, "untrash"]) => Self::Trash((*id).to_owned(), false),
            (&Method::DELETE, ["messages", id]) => Self::DeleteMessage((*id).to_owned()),
            (&Method::GET, ["history"]) => Self::History,
            (&Method::GET, ["threads", id]) => Self::Thread((*id).to_owned()),
            _ => return None,
        })
    }

    fn calendar(method: &Method, rest: &[&str]) -> Option<Self> {
        let own = |text: &str| text.to_owned();
        Some(match (method, rest) {
            (&Method::GET, ["users", "me", "calendarList"]) => Self::Calendars,
            (&Method::GET, ["calendars", cal, "events"]) => Self::Events(own(cal)),
            (&Method::POST, ["calendars", cal, "events"]) => Self::Insert(own(cal)),
            (&Method::GET, ["calendars", cal, "events", id]) => Self::Event(own(cal), own(id)),
            (&Method::PATCH, ["calendars", cal, "events", id]) => Self::Patch(own(cal), own(id)),
            (&Method::PUT, ["calendars", cal, "events", id]) => Self::Update(own(cal), own(id)),
            (&Method::DELETE, ["calendars", cal, "events", id]) => Self::DeleteEvent(own(cal), own(id)),
            (&Method::GET, ["calendars", cal, "events", id, "instances"]) => {
                Self::Instances(own(cal), own(id))
            }
            _ => return None,
        })
    }

    pub fn is_gmail(&self) -> bool {
        self.family().starts_with("gmail")
    }

    /// Needs no access token.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Token | Self::Authorize)
    }

    pub fn family(&self) -> &'static str {
        match self {
            Self::Token => "google.token",
            Self::Authorize => "google.authorize",
            Self::Profile => "gmail.profile",
            Self::Labels => "gmail.labels.list",
            Self::Messages => "gmail.messages.list",
            Self::Send => "gmail.messages.send",
            Self::Message(_) => "gmail.messages.get",
            Self::Modify(_) => "gmail.messages.modify",
            Self::Trash(..) => "gmail.messages.trash",
            Self::DeleteMessage(_) => "gmail.messages.delete",
            Self::History => "gmail.history.list",
            Self::Thread(_) => "gmail.threads.get",
            Self::Calendars => "calendar.calendarList.list",
            Self::Events(_) => "calendar.events.list",
            Self::Insert(_) => "calendar.events.insert",
            Self::Event(..) => "calendar.events.get",
            Self::Patch(..) => "calendar.events.patch",
            Self::Update(..) => "calendar.events.update",
            Self::DeleteEvent(..) => "calendar.events.delete",
            Self::Instances(..) => "calendar.events.instances",
        }
    }

    /// Units as published; `get`: of one message, which differs between projects.
    pub fn cost(&self, get: u32) -> u32 {
        match self {
            Self::Message(_) => get,
            Self::Thread(_) => get * 2,
            Self::Messages | Self::Modify(_) | Self::Trash(..) => 5,
            Self::History => 2,
            Self::DeleteMessage(_) => 10,
            Self::Send => 100,
            Self::Token | Self::Authorize => 0,
            Self::Profile
            | Self::Labels
            | Self::Calendars
            | Self::Events(_)
            | Self::Insert(_)
            | Self::Event(..)
            | Self::Patch(..)
            | Self::Update(..)
            | Self::DeleteEvent(..)
            | Self::Instances(..) => 1,
        }
    }

    /// One of these scopes (the last part of their address) is needed.
    pub fn scopes(&self) -> &'static [&'static str] {
        match self {
            Self::Token | Self::Authorize => &[],
            Self::Profile
            | Self::Labels
            | Self::Messages
            | Self::Message(_)
            | Self::History
            | Self::Thread(_) => &["gmail.readonly", "gmail.modify", "gmail.metadata"],
            Self::Send => &["gmail.send", "gmail.modify"],
            Self::Modify(_) | Self::Trash(..) | Self::DeleteMessage(_) => &["gmail.modify"],
            Self::Calendars => &["calendar", "calendar.readonly", "calendar.calendarlist.readonly"],
            Self::Events(_) | Self::Event(..) | Self::Instances(..) => {
                &["calendar", "calendar.readonly", "calendar.events", "calendar.events.readonly"]
            }
            Self::Insert(_) | Self::Patch(..) | Self::Update(..) | Self::DeleteEvent(..) => {
                &["calendar", "calendar.events"]
            }
        }
    }
}
