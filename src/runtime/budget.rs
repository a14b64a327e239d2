//! The day's count of requests per connection, kept across restarts: a vendor's daily allowance does not begin
//! anew because we do.

use crate::link::Link;
use anyhow::Context;
use model::Timestamp;
use std::sync::Arc;
use store::Store;

fn name(link: &Link) -> String {
    format!("day:{}", link.id)
}

/// Goes on with the stored counts; one of an earlier day, or an unreadable one, is ignored.
pub async fn restore(store: &dyn Store, links: &[Arc<Link>], now: Timestamp) -> anyhow::Result<()> {
    for link in links {
        let stored = store.setting(&name(link)).await.context("reading the day's requests")?;
        if let Some(day) = stored.and_then(|text| serde_json::from_str(&text).ok()) {
            link.limiter.restore(day, now);
        }
    }
    Ok(())
}

/// Stores the counts.
pub async fn keep(store: &dyn Store, links: &[Arc<Link>], now: Timestamp) -> anyhow::Result<()> {
    for link in links {
        let text = serde_json::to_string(&link.limiter.day(now)).context("the day's requests")?;
        store.set_setting(&name(link), Some(&text)).await.context("storing the day's requests")?;
    }
    Ok(())
}
