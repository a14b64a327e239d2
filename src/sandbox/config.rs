//! What kind of account the sandbox plays.

use crate::fault::Seeded;
use std::collections::BTreeSet;

/// All knobs; `Config::default()` is a small professional account with one private-app token and the recorded limits.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of one account")]
pub struct Config {
    /// Everything that is drawn (ids, lag, shuffles, faults) follows from it.
    pub seed: u64,
    pub portal: u64,
    /// IANA zone of the account: daily quotas end at its midnight.
    pub time_zone: String,
    /// Static bearer tokens.
    pub tokens: Vec<Token>,
    pub oauth: Option<OauthApp>,
    /// `None`: unthrottled.
    pub limits: Option<Limits>,
    pub lag: Lag,
    pub faults: Option<Seeded>,
    /// Object types (plural names) on which `hasUniqueValue` may be set for a custom property; others answer 400.
    pub unique_allowed: BTreeSet<String>,
    /// Merging anything but contacts makes a third record (newer accounts) instead of keeping the winner's id.
    pub merge_makes_new_id: bool,
    /// The modified date of a new record moves once more by itself some seconds later, as was recorded.
    pub restamp_after_create: bool,
    /// Shuffle the results of batch calls, as recorded for 17 of 21 batches.
    pub shuffle_batches: bool,
    /// Record effects in the journal. Off only for benchmarks.
    pub journal: bool,
    /// Gmail and Google Calendar beside it.
    pub google: Option<crate::google::Setup>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            portal: 48_151_623,
            time_zone: "Europe/Berlin".to_owned(),
            tokens: vec![Token::all("pat-eu1-sandbox")],
            oauth: None,
            limits: Some(Limits::default()),
            lag: Lag::default(),
            faults: None,
            unique_allowed: KINDS.iter().map(|kind| (*kind).to_owned()).collect(),
            merge_makes_new_id: false,
            restamp_after_create: false,
            shuffle_batches: true,
            journal: true,
            google: None,
        }
    }
}

const KINDS: [&str; 9] =
    ["contacts", "companies", "deals", "tickets", "tasks", "notes", "calls", "emails", "meetings"];

impl Config {
    /// No limits and no index lag: for benchmarks and for tests that are about neither.
    pub fn plain(seed: u64) -> Self {
        Self { seed, limits: None, lag: Lag::none(), ..Self::default() }
    }

    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }
}

/// A bearer token with what it may do.
#[derive(Clone, Debug)]
pub struct Token {
    pub token: String,
    /// Granted scopes, e.g. `crm.objects.deals.read`.
    pub scopes: BTreeSet<String>,
}

impl Token {
    /// A token that may do everything.
    pub fn all(token: &str) -> Self {
        Self { token: token.to_owned(), scopes: all_scopes() }
    }

    /// A token lacking some scopes.
    pub fn without(token: &str, missing: &[&str]) -> Self {
        let mut scopes = all_scopes();
        scopes.retain(|scope| !missing.contains(&scope.as_str()));
        Self { token: token.to_owned(), scopes }
    }
}

pub fn all_scopes() -> BTreeSet<String> {
    let mut all = BTreeSet::from(["tickets".to_owned(), "oauth".to_owned(), "sales-email-read".to_owned()]);
    for object in ["contacts", "companies", "deals"] {
        for right in ["read", "write"] {
            all.insert(format!("crm.objects.{object}.{right}"));
            all.insert(format!("crm.schemas.{object}.{right}"));
        }
    }
    all.insert("crm.objects.owners.read".to_owned());
    all
}

/// An OAuth app with one refresh token already granted.
#[derive(Clone, Debug)]
pub struct OauthApp {
    pub client_id: String,
    pub client_secret: String,
    pub refresh_token: String,
    /// Seconds an access token lives.
    pub lifetime_s: i64,
    /// Each refresh gives a new refresh token and the old one is void.
    pub rotate: bool,
    pub scopes: BTreeSet<String>,
}

impl Default for OauthApp {
    fn default() -> Self {
        Self {
            client_id: "sandbox-client".to_owned(),
            client_secret: "sandbox-secret".to_owned(),
            refresh_token: "sandbox-refresh-0".to_owned(),
            lifetime_s: 1800,
            rotate: false,
            scopes: all_scopes(),
        }
    }
}

/// Request limits. Defaults: private app of a professional account, search as recorded (4/s).
#[derive(Clone, Debug)]
pub struct Limits {
    /// Requests per app in any 10 s.
    pub ten_secondly: u32,
    /// Requests of the account per day.
    pub daily: u32,
    /// Searches of the whole account in any second.
    pub search_secondly: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ten_secondly: 190, daily: 650_000, search_secondly: 4 }
    }
}

/// How long a change needs until the search index shows it, in milliseconds, drawn evenly per change.
#[derive(Clone, Copy, Debug)]
pub struct Lag {
    pub low_ms: i64,
    pub high_ms: i64,
}

impl Default for Lag {
    fn default() -> Self {
        Self { low_ms: 500, high_ms: 20_000 }
    }
}

impl Lag {
    pub fn none() -> Self {
        Self { low_ms: 0, high_ms: 0 }
    }
}
