//! The sandbox itself: one lock around the account, one way in for every request.

use crate::clock::Clock;
use crate::config::{Config, Lag, Limits};
use crate::fault::{Broken, Fault, Faults, Rule, Seeded};
use crate::google::hub::Google;
use crate::google::is_google;
use crate::hubspot::hub::{CORRELATION, Hub, Served};
use crate::hubspot::limits::Over;
use crate::hubspot::reply::Reply;
use crate::hubspot::request::Ask;
use crate::hubspot::state::State;
use crate::journal::Journal;
use crate::snapshot::Snapshot;
use crate::usage::Usage;
use bytes::Bytes;
use http::{Request, Response};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An account with its HTTP API. Cheap to share; every method takes `&self`.
pub struct Sandbox {
    clock: Clock,
    inner: Mutex<Inner>,
}

pub(crate) struct Inner {
    pub seed: u64,
    pub hub: Hub,
    pub google: Option<Google>,
    faults: Faults,
    usage: Usage,
    /// Requests whose effect is still to come: (due, order of arrival, request).
    late: Vec<(i64, u64, Ask)>,
    arrivals: u64,
}

/// What goes back over the wire.
pub(crate) enum Answer {
    Whole(Response<Bytes>),
    /// Send the head, half of the body, and hang up.
    Cut(Response<Bytes>),
    Broken(Broken),
}

impl Sandbox {
    pub fn new(config: &Config, clock: Clock) -> Arc<Self> {
        let inner = Inner {
            seed: config.seed,
            hub: Hub::new(config),
            google: config.google.as_ref().map(Google::new),
            faults: Faults::new(config.faults.clone(), config.seed),
            usage: Usage::default(),
            late: Vec::new(),
            arrivals: 0,
        };
        Arc::new(Self { clock, inner: Mutex::new(inner) })
    }

    pub fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Answers a request in memory. Never sleeps; what breaks a connection is an error.
    #[expect(clippy::unused_async, reason = "callers treat it as the network call that it stands for")]
    pub async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Broken> {
        match self.exchange(&request) {
            Answer::Whole(response) => Ok(response),
            Answer::Cut(_) => Err(Broken::Truncated),
            Answer::Broken(broken) => Err(broken),
        }
    }

    pub(crate) fn exchange(&self, request: &Request<Bytes>) -> Answer {
        let ask = Ask::of(request);
        let now = self.now();
        self.lock(now).exchange(&ask, now)
    }

    /// The account as of `now`: late effects that are due have happened.
    pub(crate) fn lock(&self, now: i64) -> MutexGuard<'_, Inner> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.settle(now);
        inner
    }

    /// Reads the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock(self.now()).hub.state)
    }

    /// A copy of the journal.
    pub fn journal(&self) -> Journal {
        self.read(|state| state.journal.clone())
    }

    /// Looks into the journal without copying it.
    pub fn with_journal<T>(&self, look: impl FnOnce(&Journal) -> T) -> T {
        self.read(|state| look(&state.journal))
    }

    /// Addresses of the CRM's users, by id.
    pub fn owner_addresses(&self) -> Vec<String> {
        self.read(|state| state.owners.values().map(|owner| owner.email.clone()).collect())
    }

    /// The whole account in a comparable form.
    pub fn snapshot(&self) -> Snapshot {
        self.read(Snapshot::of)
    }

    /// Requests, answers and times since the start or the last `reset_usage`.
    pub fn usage(&self) -> Usage {
        let inner = self.lock(self.now());
        Usage { faults: inner.faults.dealt, ..inner.usage.clone() }
    }

    pub fn reset_usage(&self) {
        let mut inner = self.lock(self.now());
        inner.usage = Usage::default();
        inner.faults.dealt = 0;
    }

    /// Orders a fault.
    pub fn inject(&self, rule: Rule) {
        self.lock(self.now()).faults.add(rule);
    }

    /// Faults by chance from now on; `None` ends them.
    pub fn set_seeded_faults(&self, seeded: Option<Seeded>) {
        self.lock(self.now()).faults.set_seeded(seeded);
    }

    /// No more faults of either kind (what is under way still lands).
    pub fn clear_faults(&self) {
        self.lock(self.now()).faults.clear();
    }

    /// Other limits from now on, with fresh counters.
    pub fn set_limits(&self, limits: Option<Limits>) {
        self.lock(self.now()).hub.set_limits(limits);
    }

    /// Another lag for the changes to come.
    pub fn set_lag(&self, lag: Lag) {
        self.lock(self.now()).hub.state.set_lag(lag);
    }

    /// Do its people write mails and book meetings by themselves?
    pub(crate) fn google_lives(&self) -> bool {
        self.lock(self.now()).google.as_ref().is_some_and(|google| google.setup.alive)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.lock(self.now()).seed
    }

    /// When the last effect that is still under way will land, if any is.
    pub fn last_late(&self) -> Option<i64> {
        self.lock(self.now()).late.iter().map(|(due, ..)| *due).max()
    }
}

impl Inner {
    fn settle(&mut self, now: i64) {
        while let Some(at) = (0..self.late.len())
            .filter(|at| self.late.get(*at).is_some_and(|l| l.0 <= now))
            .min_by_key(|at| self.late.get(*at).map(|l| (l.0, l.1)))
        {
            let (due, _, ask) = self.late.remove(at);
            self.hub.state.restamp_due(due);
            self.serve(&ask, due);
        }
        self.hub.state.restamp_due(now);
    }

    fn exchange(&mut self, ask: &Ask, now: i64) -> Answer {
        let oauth = match self.google(ask) {
            Some(google) => google.access.is_oauth(ask.bearer.as_deref()),
            None => self.hub.access.is_oauth(ask.bearer.as_deref()),
        };
        let family = if self.google(ask).is_some() { Google::family(ask) } else { ask.family() };
        self.usage.came(family, now);
        let answer = match self.faults.draw(&ask.method, &ask.path, oauth) {
            Some(fault) => self.spoilt(ask, fault, now),
            None => whole(self.served(ask, now)),
        };
        match &answer {
            Answer::Whole(response) => {
                *self.usage.by_status.entry(response.status().as_u16()).or_default() += 1;
            }
            Answer::Cut(_) | Answer::Broken(_) => self.usage.broken += 1,
        }
        answer
    }

    fn served(&mut self, ask: &Ask, now: i64) -> Served {
        match self.admit(ask, now) {
            Ok(()) => self.serve(ask, now),
            Err(refusal) => *refusal,
        }
    }

    /// Google, where the request is for it and the account has it.
    fn google(&mut self, ask: &Ask) -> Option<&mut Google> {
        self.google.as_mut().filter(|_| is_google(&ask.path))
    }

    fn admit(&mut self, ask: &Ask, now: i64) -> Result<(), Box<Served>> {
        match self.google(ask) {
            Some(google) => google.admit(ask, now),
            None => self.hub.admit(ask, now),
        }
    }

    fn serve(&mut self, ask: &Ask, at: i64) -> Served {
        match self.google(ask) {
            Some(google) => google.serve(ask, at),
            None => self.hub.serve(ask, at),
        }
    }

    /// The refusal of a limit.
    fn limited(&mut self, ask: &Ask, now: i64) -> Served {
        match self.google(ask) {
            Some(google) => google.over(ask),
            None => self.hub.over(ask, ask.family(), over(ask), now),
        }
    }

    fn expired(&mut self, ask: &Ask, now: i64) -> Served {
        if let Some(google) = self.google(ask) {
            google.access.expire(ask.bearer.as_deref(), now);
            return Google::expired(ask);
        }
        self.hub.access.expire(ask.bearer.as_deref(), now);
        self.hub.expired(ask, now)
    }

    /// A request that meets a fault. Limits count as ever; a refusal by them goes before the fault.
    fn spoilt(&mut self, ask: &Ask, fault: Fault, now: i64) -> Answer {
        if matches!(fault, Fault::Refused | Fault::ResetBefore | Fault::TimeoutBefore) {
            return Answer::Broken(match fault {
                Fault::Refused => Broken::Refused,
                Fault::TimeoutBefore => Broken::Timeout,
                _ => Broken::Reset,
            });
        }
        if fault == Fault::Expired {
            return whole(self.expired(ask, now));
        }
        if let Err(refusal) = self.admit(ask, now) {
            return whole(*refusal);
        }
        match fault {
            Fault::TooMany { retry_after_s } => {
                let mut served = self.limited(ask, now);
                served.reply.headers.extend(retry_after_s.map(|s| ("retry-after", s.to_string())));
                whole(served)
            }
            Fault::Before(status) => self.failure(ask, status),
            Fault::Late { delay_ms } => {
                self.arrivals += 1;
                self.late.push((now.saturating_add(delay_ms), self.arrivals, ask.clone()));
                Answer::Broken(Broken::Timeout)
            }
            _ => {
                let served = self.serve(ask, now);
                self.lost(ask, fault, served)
            }
        }
    }

    /// The effect has happened; this is what the client sees of it.
    fn lost(&mut self, ask: &Ask, fault: Fault, served: Served) -> Answer {
        match fault {
            Fault::After(status) => self.failure(ask, status),
            Fault::TimeoutAfter => Answer::Broken(Broken::Timeout),
            Fault::Truncated if served.reply.body.len() > 1 => Answer::Cut(response(served.reply)),
            // Nothing to cut: the connection breaks.
            Fault::ResetAfter | Fault::Truncated => Answer::Broken(Broken::Reset),
            Fault::Html200 => Answer::Whole(response(Reply::html(200, "Please wait", "The proxy is busy"))),
            _ => whole(served),
        }
    }

    fn failure(&mut self, ask: &Ask, status: u16) -> Answer {
        if self.google(ask).is_some() {
            return Answer::Whole(response(Google::failure(status)));
        }
        let correlation = self.hub.correlation();
        let reply = if status == 502 {
            Reply::html(502, "Bad Gateway", "Bad gateway")
        } else {
            let body = serde_json::json!({
                "status": "error", "message": "internal error", "correlationId": correlation,
                "category": "INTERNAL_ERROR",
            });
            Reply::json(status, &body)
        };
        Answer::Whole(response(reply.with(CORRELATION, correlation)))
    }
}

fn over(ask: &Ask) -> Over {
    if ask.family() == "search" { Over::SearchSecondly } else { Over::TenSecondly }
}

fn whole(served: Served) -> Answer {
    Answer::Whole(response(served.reply))
}

fn response(reply: Reply) -> Response<Bytes> {
    let mut builder = Response::builder().status(reply.status);
    if let Some(kind) = reply.content_type {
        builder = builder.header(http::header::CONTENT_TYPE, kind);
    }
    for (name, value) in reply.headers {
        builder = builder.header(name, value);
    }
    builder.body(reply.body).unwrap_or_default()
}
