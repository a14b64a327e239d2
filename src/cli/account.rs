//! An account as it presents itself: what is granted and missing, what is left of the budget, how long a first
//! reading will take, and whether each stream can be read.

use crate::text::{Paint, Table, ago, number, put};
use connect::{Account, Clock, Connector, Grant, Lane};
use model::{Pass, Stream};
use runtime::{clock::SystemClock, link::Link};
use serde_json::{Value, json};
use std::time::Duration;

/// Records of a page: what vendors give at most per request of a full pass.
const PAGE: u64 = 100;
/// A request takes about this long, however many are allowed.
const ROUND_TRIP: Duration = Duration::from_millis(300);

/// What asking an account gave.
pub struct Checked {
    /// The account, or why it could not be asked.
    pub account: Result<Account, String>,
    /// Each stream's first page: how many records, or why not.
    pub streams: Vec<(Stream, Result<usize, String>)>,
    /// How far the account's clock is ahead (positive) or behind, in seconds.
    pub skew: Option<i64>,
    /// How long a first reading of everything takes at the allowed rate.
    pub backfill: Option<Duration>,
}

impl Checked {
    /// Everything granted and readable.
    pub fn is_good(&self) -> bool {
        let granted =
            |account: &Account| account.grants.iter().all(|grant| grant.granted || !is_needed(grant));
        self.account.as_ref().is_ok_and(granted) && self.streams.iter().all(|(_, read)| read.is_ok())
    }
}

/// Reading a stream or writing; other rights make things better and are shown, without them it works as well.
pub fn is_needed(grant: &Grant) -> bool {
    grant.stream.is_some() || grant.what.starts_with("write ")
}

/// Asks the account, and reads one page of each stream where `read` says so.
pub async fn check(link: &Link, read: bool, reserve: f64) -> Checked {
    let cx = link.cx(&SystemClock, Lane::Increment);
    let account = link.connector.check(&cx).await.map_err(|error| error.to_string());
    let mut streams = Vec::new();
    if read && account.is_ok() {
        for (stream, _) in &link.streams {
            let page = link.connector.poll(&cx, *stream, &Pass::Full, None).await;
            streams.push((*stream, page.map(|page| page.changes.len()).map_err(|error| error.to_string())));
        }
    }
    let now = SystemClock.now().as_millis();
    let clock = account.as_ref().ok().and_then(|account| account.clock);
    let skew = clock.map(|clock| (clock.as_millis() - now) / 1000);
    let backfill = account.as_ref().ok().and_then(|account| backfill(account, &*link.connector, reserve));
    Checked { account, streams, skew, backfill }
}

/// Requests that all sizes take, at the slower of allowed rate and round trip.
fn backfill(account: &Account, connector: &dyn Connector, reserve: f64) -> Option<Duration> {
    if account.sizes.is_empty() {
        return None;
    }
    let requests: u64 = account.sizes.iter().map(|(_, records)| records.div_ceil(PAGE).max(1)).sum();
    let requests = Duration::from_secs(requests).as_secs_f64();
    let limits = connector.describe().limits.iter().filter(|bucket| bucket.name == "general");
    let pace =
        limits.map(|bucket| bucket.per.as_secs_f64() / (f64::from(bucket.limit) * (1.0 - reserve)).max(0.01));
    let pace = pace.fold(ROUND_TRIP.as_secs_f64(), f64::max);
    Some(Duration::from_secs_f64((requests * pace).min(1e9)))
}

/// For people.
pub fn text(checked: &Checked, paint: Paint, columns: usize) -> String {
    let account = match &checked.account {
        Ok(account) => account,
        Err(error) => return format!("{} {}\n", paint.bad("✗"), crate::text::clean(error)),
    };
    let mut out = format!("{} {}\n", paint.good("✓"), crate::text::clean(&account.name));
    let mut table = Table::new(&["Right", "Granted", "First page", "What is missing"]);
    for grant in &account.grants {
        let read = grant.stream.and_then(|stream| checked.streams.iter().find(|(known, _)| *known == stream));
        let page = match read {
            Some((_, Ok(records))) => format!("{records} records"),
            Some((_, Err(error))) => error.clone(),
            None => "-".to_owned(),
        };
        let granted = match (grant.granted, is_needed(grant)) {
            (true, _) => "yes",
            (false, true) => "NO",
            (false, false) => "no",
        };
        table.row([grant.what.clone(), granted.to_owned(), page, grant.missing.clone().unwrap_or_default()]);
    }
    out += &table.render(columns);
    for (stream, read) in &checked.streams {
        if let Err(error) = read {
            put!(out, "{} {}: {}\n", paint.bad("✗"), stream.plural(), crate::text::clean(error));
        }
    }
    if let Some((left, of)) = account.budget {
        put!(out, "Budget today: {} of {} requests are left\n", number(left), number(of));
    }
    if !account.sizes.is_empty() {
        let sizes: Vec<String> = account
            .sizes
            .iter()
            .map(|(stream, records)| format!("{} {}", number(*records), stream.plural()))
            .collect();
        put!(out, "Records: {}\n", sizes.join(", "));
    }
    if let Some(time) = checked.backfill {
        put!(out, "The first reading takes about {}\n", ago(time.max(Duration::from_secs(1))));
    }
    if let Some(skew) = checked.skew.filter(|skew| skew.abs() > 30) {
        put!(out, "{} our clock is {skew} s off the account's: set it by NTP\n", paint.warn("!"));
    }
    out
}

/// For programs.
pub fn to_json(checked: &Checked) -> Value {
    let streams: Vec<Value> = checked
        .streams
        .iter()
        .map(|(stream, read)| json!({ "stream": stream.plural(), "records": read.as_ref().ok(), "error": read.as_ref().err() }))
        .collect();
    json!({
        "account": checked.account.as_ref().ok(), "error": checked.account.as_ref().err(), "streams": streams,
        "clock_skew_s": checked.skew, "backfill_s": checked.backfill.map(|time| time.as_secs()), "good": checked.is_good(),
    })
}
