//! Google's side: users, who asks and how much, and which endpoint it is for.

use super::access::{self, Access};
use super::calendar::Calendar;
use super::journal::{Deed, What};
use super::mailbox::Mailbox;
use super::problem::Problem;
use super::quota::Meter;
use super::route::Route;
use super::setup::Setup;
use super::{events, gmail};
use crate::hubspot::hub::Served;
use crate::hubspot::reply::Reply;
use crate::hubspot::request::Ask;
use crate::journal::Actor;
use std::collections::BTreeMap;

#[derive(Debug)]
pub struct User {
    pub address: String,
    pub mailbox: Mailbox,
    pub calendars: BTreeMap<String, Calendar>,
}

#[derive(Debug)]
pub struct Google {
    pub setup: Setup,
    pub access: Access,
    pub meter: Meter,
    pub users: BTreeMap<String, User>,
    pub deeds: Vec<Deed>,
    made: u64,
}

/// One request or one act of a person, with all that it may touch.
pub struct Call<'a> {
    pub user: &'a mut User,
    deeds: &'a mut Vec<Deed>,
    made: &'a mut u64,
    actor: Actor,
    pub at: i64,
}

impl Call<'_> {
    pub fn note(&mut self, what: What, calendar: &str, id: &str, text: String) {
        if self.actor == Actor::Seed {
            return;
        }
        self.deeds.push(Deed {
            at: self.at,
            actor: self.actor.clone(),
            user: self.user.address.clone(),
            calendar: calendar.to_owned(),
            id: id.to_owned(),
            what,
            text,
        });
    }
    /// A number that was not given before.
    pub fn made(&mut self) -> u64 {
        *self.made += 1;
        *self.made
    }
    pub fn calendar(&mut self, id: &str) -> Result<&mut Calendar, Problem> {
        let id = if id == "primary" { self.user.address.as_str() } else { id };
        self.user.calendars.get_mut(id).ok_or_else(|| Problem::not_found("Not Found"))
    }
}

impl Google {
    pub fn new(setup: &Setup) -> Self {
        let mut google = Self {
            access: Access::new(),
            meter: Meter::new(setup.quota),
            users: BTreeMap::new(),
            deeds: Vec::new(),
            made: 0,
            setup: setup.clone(),
        };
        for user in &setup.users {
            google.add_user(user);
        }
        google
    }

    pub fn add_user(&mut self, address: &str) {
        let calendar = Calendar::new(address, address, "owner", &self.setup.time_zone);
        let user = User {
            address: address.to_owned(),
            mailbox: Mailbox::default(),
            calendars: [(address.to_owned(), calendar)].into(),
        };
        self.users.entry(address.to_owned()).or_insert(user);
        self.access.add(address);
    }

    pub fn call(&mut self, user: &str, actor: Actor, at: i64) -> Option<Call<'_>> {
        let user = self.users.get_mut(user)?;
        Some(Call { user, deeds: &mut self.deeds, made: &mut self.made, actor, at })
    }

    pub fn family(ask: &Ask) -> &'static str {
        Route::of(ask).as_ref().map_or("google.unknown", Route::family)
    }

    /// Is the request let in? Unknown tokens, missing scopes and used-up quotas end here.
    pub fn admit(&mut self, ask: &Ask, now: i64) -> Result<(), Box<Served>> {
        let family = Self::family(ask);
        let Some(route) = Route::of(ask) else { return Ok(()) };
        if route.is_open() {
            return Ok(());
        }
        let admitted = self.access.user(ask.bearer.as_deref(), now).and_then(|user| {
            self.scoped(&route)?;
            self.meter.admit(&user, &route, now)
        });
        admitted.map_err(|problem| Box::new(Served { reply: problem.reply(), family }))
    }

    fn has(&self, scope: &str) -> bool {
        self.setup.scopes.iter().any(|own| own.ends_with(&format!("/auth/{scope}")))
    }

    fn scoped(&self, route: &Route) -> Result<(), Problem> {
        if route.scopes().iter().any(|scope| self.has(scope)) {
            return Ok(());
        }
        let text = "Request had insufficient authentication scopes.";
        Err(Problem::new(403, "global", "insufficientPermissions", text))
    }

    pub fn expired(ask: &Ask) -> Served {
        Served { reply: access::invalid().reply(), family: Self::family(ask) }
    }

    /// The refusal of a quota.
    pub fn over(&mut self, ask: &Ask) -> Served {
        let family = Self::family(ask);
        if Route::of(ask).is_some_and(|route| route.is_open()) {
            // The token endpoint has one form only.
            return Served { reply: Problem::too_many(false).reply(), family };
        }
        Served { reply: self.meter.refusal().reply(), family }
    }

    /// A 5xx in Google's form.
    pub fn failure(status: u16) -> Reply {
        if status == 502 {
            return Reply::html(502, "Server Error", "The server encountered a temporary error");
        }
        Problem::new(status, "global", "backendError", "Internal error encountered.").reply()
    }

    /// Serves a request that was let in.
    pub fn serve(&mut self, ask: &Ask, at: i64) -> Served {
        let reply = match Route::of(ask) {
            Some(route) if route.is_open() => self.open(&route, ask, at),
            Some(route) => self.endpoint(&route, ask, at).unwrap_or_else(|problem| problem.reply()),
            None => Reply::html(404, "Error 404 (Not Found)!!1", "The requested URL was not found"),
        };
        Served { reply, family: Self::family(ask) }
    }

    fn open(&mut self, route: &Route, ask: &Ask, at: i64) -> Reply {
        let users: Vec<String> = self.users.keys().cloned().collect();
        if *route == Route::Token {
            self.access.token(ask, &self.setup, &users, at)
        } else {
            self.access.authorize(ask, &self.setup, &users)
        }
    }

    fn endpoint(&mut self, route: &Route, ask: &Ask, at: i64) -> Result<Reply, Problem> {
        // Let in already; what takes effect late does so although the token may have ended since.
        let user = self.access.user(ask.bearer.as_deref(), i64::MIN)?;
        let named = ask.segments.get(3).filter(|_| route.is_gmail());
        if named.is_some_and(|named| named != "me" && *named != user) {
            let text = format!("Delegation denied for {user}");
            return Err(Problem::new(403, "global", "forbidden", text));
        }
        let metadata = !self.has("gmail.readonly") && !self.has("gmail.modify");
        if metadata && ask.one("q").is_some() {
            let text = "Metadata scope does not support 'q' parameter";
            return Err(Problem::new(403, "global", "forbidden", text));
        }
        let mut call = self
            .call(&user, Actor::Api(user.clone()), at)
            .ok_or_else(|| Problem::not_found("Requested entity was not found."))?;
        let call = &mut call;
        match route {
            Route::Token | Route::Authorize => Err(Problem::not_found("Not Found")),
            Route::Profile => Ok(gmail::profile(&user, &call.user.mailbox)),
            Route::Labels => Ok(gmail::labels()),
            Route::Messages => gmail::list(&call.user.mailbox, ask),
            Route::Send => gmail::send(call, ask),
            Route::Message(id) => gmail::get(&call.user.mailbox, ask, id, metadata),
            Route::Modify(id) => gmail::modify(call, ask, id),
            Route::Trash(id, into) => gmail::trash(call, id, *into),
            Route::DeleteMessage(id) => gmail::delete(call, id),
            Route::History => gmail::history(&call.user.mailbox, ask),
            Route::Thread(id) => gmail::thread(&call.user.mailbox, id),
            Route::Calendars => Ok(events::calendars(call.user)),
            Route::Events(cal) => events::list(call.calendar(cal)?, ask, at),
            Route::Insert(cal) => events::insert(call, ask, cal),
            Route::Event(cal, id) => events::get(call.calendar(cal)?, id),
            Route::Patch(cal, id) => events::change(call, ask, cal, id, false),
            Route::Update(cal, id) => events::change(call, ask, cal, id, true),
            Route::DeleteEvent(cal, id) => events::delete(call, ask, cal, id),
            Route::Instances(cal, id) => events::instances(call.calendar(cal)?, id),
        }
    }
}
