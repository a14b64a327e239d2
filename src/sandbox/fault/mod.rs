//! Things that go wrong between a client and a vendor: on demand, or from a seed.

mod seeded;

pub use seeded::Seeded;

use crate::dice::Dice;
use http::Method;

/// One misfortune.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429, with or without `Retry-After` (seconds).
    TooMany { retry_after_s: Option<u32> },
    /// A 5xx and nothing was done. 502 has an HTML body.
    Before(u16),
    /// A 5xx although everything was done.
    After(u16),
    /// The connection can't even be opened (in memory only; over HTTP it's a reset before).
    Refused,
    /// The connection breaks before the request is read.
    ResetBefore,
    /// The connection breaks after the effect, before the answer.
    ResetAfter,
    /// No answer ever, and no effect.
    TimeoutBefore,
    /// No answer ever, but the effect.
    TimeoutAfter,
    /// The effect, and half of the answer.
    Truncated,
    /// The effect, and a page of some proxy with status 200 instead of the answer.
    Html200,
    /// 401 `EXPIRED_AUTHENTICATION`; an OAuth access token is really expired by it.
    Expired,
    /// No answer, and the effect happens this much later.
    Late { delay_ms: i64 },
}

/// What the client sees where there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Nothing was sent.
    Refused,
    /// The connection was reset: the request may have been handled.
    Reset,
    /// The client's patience ended.
    Timeout,
    /// The body ended early.
    Truncated,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::Reset => "connection reset by peer",
            Self::Timeout => "timed out waiting for an answer",
            Self::Truncated => "body ended early",
        })
    }
}

impl std::error::Error for Broken {}

/// "The next request like this gets that fault."
#[derive(Clone, Debug)]
pub struct Rule {
    fault: Fault,
    method: Option<Method>,
    /// Part of the path.
    path: String,
    skip: u32,
    times: u32,
}

impl Rule {
    /// Hits the next request, whatever it is.
    pub fn next(fault: Fault) -> Self {
        Self { fault, method: None, path: String::new(), skip: 0, times: 1 }
    }

    /// Only requests with this method whose path contains `part`, e.g. `(POST, "/tasks")`.
    #[must_use]
    pub fn on(mut self, method: Method, part: &str) -> Self {
        self.method = Some(method);
        part.clone_into(&mut self.path);
        self
    }

    /// That many requests instead of one.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Lets that many matching requests through first.
    #[must_use]
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    fn matches(&self, method: &Method, path: &str) -> bool {
        self.times > 0 && self.method.as_ref().is_none_or(|m| m == method) && path.contains(&self.path)
    }
}

/// The faults to come.
#[derive(Debug)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
    seeded: Option<Seeded>,
    dice: Dice,
    /// How many were dealt out.
    pub dealt: u64,
}

impl Faults {
    pub fn new(seeded: Option<Seeded>, seed: u64) -> Self {
        Self { rules: Vec::new(), seeded, dice: Dice::new(seed, 6), dealt: 0 }
    }

    pub fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub fn set_seeded(&mut self, seeded: Option<Seeded>) {
        self.seeded = seeded;
    }

    pub fn clear(&mut self) {
        self.rules.clear();
        self.seeded = None;
    }

    /// The fault of this request. Demanded ones first; `oauth`: its token can be made to expire.
    pub fn draw(&mut self, method: &Method, path: &str, oauth: bool) -> Option<Fault> {
        let mut found = None;
        for rule in self.rules.iter_mut().filter(|r| r.matches(method, path)) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if found.is_none() {
                rule.times -= 1;
                found = Some(rule.fault);
            }
        }
        self.rules.retain(|r| r.times > 0);
        let fault = found.or_else(|| self.seeded.as_ref()?.draw(&mut self.dice, oauth));
        self.dealt += u64::from(fault.is_some());
        fault
    }
}
