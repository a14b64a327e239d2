//! One HubSpot account: takes a request, checks who asks and how often, and serves the endpoint.

use super::associations::{batch as pairs, single};
use super::batch::{read, write};
use super::limits::{Limiter, Over};
use super::oauth::{Access, expired, hidden_type, missing_scopes};
use super::problem::Problem;
use super::reply::Reply;
use super::request::Ask;
use super::route::Route;
use super::state::{By, State};
use super::{account, objects, owners, pipelines, properties, search};
use crate::config::{Config, Limits};
use crate::dice::Dice;
use crate::journal::Actor;
use std::collections::BTreeSet;

#[derive(Debug)]
pub struct Hub {
    pub state: State,
    pub access: Access,
    pub limiter: Limiter,
    /// Shuffles the results of batch calls.
    pub shuffle: Option<Dice>,
    correlation: Dice,
    pub portal: u64,
    pub time_zone: String,
    pub unique_allowed: BTreeSet<String>,
}

/// What came of a request, for headers and counters.
#[derive(Debug)]
pub struct Served {
    pub reply: Reply,
    pub family: &'static str,
}

impl Hub {
    pub fn new(config: &Config) -> Self {
        Self {
            state: State::new(config),
            access: Access::new(config),
            limiter: Limiter::new(config.limits.clone(), &config.time_zone),
            shuffle: config.shuffle_batches.then(|| Dice::new(config.seed, 4)),
            correlation: Dice::new(config.seed, 5),
            portal: config.portal,
            time_zone: config.time_zone.clone(),
            unique_allowed: config.unique_allowed.clone(),
        }
    }

    pub fn correlation(&mut self) -> String {
        self.correlation.uuid()
    }

    /// Is the request let in? Unknown tokens, missing scopes and used-up limits end here.
    pub fn admit(&mut self, ask: &Ask, now: i64) -> Result<(), Box<Served>> {
        let route = Route::of(ask);
        let family = route.as_ref().map_or("unknown", Route::family);
        if route.as_ref().is_some_and(Route::is_open) {
            return Ok(());
        }
        let grant = match self.access.grant(ask.bearer.as_deref(), now) {
            Ok(grant) => grant,
            Err(problem) => return Err(Box::new(self.refused(family, &problem))),
        };
        let needed = route.as_ref().map_or_else(Vec::new, Route::scopes);
        let lacking = needed.iter().any(|scope| !grant.scopes.contains(*scope));
        let hidden = match &route {
            Some(Route::Properties(kind) | Route::Property(kind, _)) if lacking => Some(*kind),
            _ => None,
        };
        if lacking && hidden.is_none() {
            return Err(Box::new(self.refused(family, &missing_scopes(&needed))));
        }
        if let Err(over) = self.limiter.admit(&grant.app, family == "search", now) {
            return Err(Box::new(self.over(ask, family, over, now)));
        }
        let Some(kind) = hidden else { return Ok(()) };
        let refused = self.refused(family, &hidden_type(kind, self.portal));
        let reply = self.headed(refused.reply, ask, family, now);
        Err(Box::new(Served { reply, family }))
    }

    fn refused(&mut self, family: &'static str, problem: &Problem) -> Served {
        let correlation = self.correlation();
        let reply = Reply::problem(problem, &correlation).with(CORRELATION, correlation);
        Served { reply, family }
    }

    /// Other limits, with fresh counters.
    pub fn set_limits(&mut self, limits: Option<Limits>) {
        self.limiter = Limiter::new(limits, &self.time_zone);
    }

    /// The 401 of an access token that has just expired.
    pub fn expired(&mut self, ask: &Ask, now: i64) -> Served {
        self.refused(ask.family(), &expired(now, now))
    }

    /// The 429 of a limit.
    pub fn over(&mut self, ask: &Ask, family: &'static str, over: Over, now: i64) -> Served {
        let correlation = self.correlation();
        let reply = Reply::json(429, &over.body(&correlation)).with(CORRELATION, correlation);
        Served { reply: self.headed(reply, ask, family, now), family }
    }

    fn headed(&self, mut reply: Reply, ask: &Ask, family: &'static str, now: i64) -> Reply {
        if let Ok(grant) = self.access.grant(ask.bearer.as_deref(), now) {
            let oauth = grant.expires.is_some();
            reply.headers.extend(self.limiter.headers(&grant.app, family == "search", oauth, now));
        }
        reply
    }

    /// Serves a request that was let in; its effects are stamped with `at`.
    pub fn serve(&mut self, ask: &Ask, at: i64) -> Served {
        let route = Route::of(ask);
        let family = route.as_ref().map_or("unknown", Route::family);
        let app =
            self.access.grant(ask.bearer.as_deref(), at).map_or_else(|_| "unknown".to_owned(), |g| g.app);
        let actor = Actor::Api(app);
        let by = By { actor: &actor, at };
        let outcome = match route {
            Some(route) => self.endpoint(by, ask, route),
            None => Err(Problem::not_found_page()),
        };
        let correlation = self.correlation();
        let reply = outcome.unwrap_or_else(|problem| Reply::problem(&problem, &correlation));
        let mut reply = reply.with(CORRELATION, correlation);
        // From 2026-09 on partial failure is a 200 whose body has `errors`.
        if reply.status == 207 && ask.segments.iter().any(|s| s == "2026-09") {
            reply.status = 200;
        }
        Served { reply: self.headed(reply, ask, family, at), family }
    }

    fn endpoint(&mut self, by: By<'_>, ask: &Ask, route: Route) -> Result<Reply, Problem> {
        match route {
            Route::List(k) => objects::list(&self.state, ask, k),
            Route::Get(k, id) => objects::get(&self.state, ask, k, &id),
            Route::Create(k) => objects::create(self, by, ask, k),
            Route::Update(k, id) => objects::update(self, by, ask, k, &id),
            Route::Archive(k, id) => Ok(objects::archive(self, by, k, &id)),
            Route::Merge(k) => objects::merge(self, by, ask, k),
            Route::Purge(k) => objects::purge(self, by, ask, k),
            Route::Search(k) => search::search(&self.state, ask, k, by.at),
            Route::BatchRead(k) => read::read(self, by.at, ask, k),
            Route::BatchCreate(k) => write::create(self, by, ask, k),
            Route::BatchUpdate(k) => write::update(self, by, ask, k),
            Route::BatchUpsert(k) => write::upsert(self, by, ask, k),
            Route::BatchArchive(k) => read::archive(self, by, ask, k),
            Route::Associated(from, id, to) => single::list(&self.state, ask, from, &id, to),
            Route::AssociateDefault((a, x), (b, y)) => single::put_default(self, by, (a, &x), (b, &y)),
            Route::Associate((a, x), (b, y)) => single::put(self, by, ask, (a, &x), (b, &y)),
            Route::Dissociate((a, x), (b, y)) => single::delete(self, by, (a, &x), (b, &y)),
            Route::PairRead(p) => pairs::read(self, by, ask, p),
            Route::PairCreate(p) => pairs::create(self, by, ask, p),
            Route::PairDefault(p) => pairs::associate_default(self, by, ask, p),
            Route::PairArchive(p) => pairs::archive(self, by, ask, p),
            Route::PairArchiveLabels(p) => pairs::archive_labels(self, by, ask, p),
            Route::Labels(a, b) => single::labels(a, b),
            Route::Owners => owners::list(&self.state, ask),
            Route::Owner(id) => owners::get(&self.state, ask, &id),
            Route::Pipelines(k, rest) => {
                let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
                pipelines::get(&self.state, k, &rest)
            }
            Route::Properties(k) => Ok(properties::list(&self.state, ask, k)),
            Route::Property(k, name) => properties::get(&self.state, k, &name),
            Route::NewProperty(k) => properties::create(self, by, ask, k),
            Route::Groups(k) => Ok(properties::groups(&self.state, k)),
            Route::NewGroup(k) => properties::create_group(self, ask, k),
            Route::Details => Ok(account::details(self)),
            Route::Usage => Ok(account::usage(self, by.at)),
            Route::Authorize => Ok(self.access.authorize(ask)),
            Route::Token => self.access.token(ask, by.at),
            Route::TokenInfo(token) => self.access.info(&token, by.at),
            Route::Introspect => Ok(self.access.introspect(ask, by.at)),
            Route::Revoke => Ok(self.access.revoke(ask, by.at)),
        }
    }
}

pub const CORRELATION: &str = "x-hubspot-correlation-id";
