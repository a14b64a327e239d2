//! What the notify cycle remembers between turns, as small durable values.

use crate::shared::Shared;
use anyhow::Context;
use engine::notify::{LaneName, Lanes};
use model::Timestamp;
use std::collections::BTreeSet;
use store::Store;

const PREFIX: &str = "notify:";
const PLACE: &str = "notify:place";
const TROUBLES: &str = "notify:troubles";
/// Followed by `<route>/<address>`.
const LANE: &str = "notify:lane:";

/// The place in the event log, and what is held back or was said lately.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    /// Number of the last event that was looked at; `None` before the first start.
    pub place: Option<i64>,
    /// Causes of present troubles that were told.
    pub troubles: BTreeSet<String>,
    /// Every route's way to every recipient.
    pub lanes: Lanes,
}

impl Kept {
    /// As stored.
    pub async fn load(store: &dyn Store) -> anyhow::Result<Self> {
        let mut kept = Self::default();
        for (name, value) in store.settings(PREFIX).await? {
            let unreadable = || format!("the stored value {name:?}");
            if name == PLACE {
                kept.place = Some(value.parse().with_context(unreadable)?);
            } else if name == TROUBLES {
                kept.troubles = serde_json::from_str(&value).with_context(unreadable)?;
            } else if let Some((route, to)) = name.strip_prefix(LANE).and_then(|name| name.split_once('/')) {
                let lane = serde_json::from_str(&value).with_context(unreadable)?;
                kept.lanes.insert(LaneName { route: route.into(), to: to.into() }, lane);
            }
        }
        Ok(kept)
    }

    /// What has to be stored for `self` to follow `before`.
    pub fn changes(&self, before: &Self) -> anyhow::Result<Vec<(String, Option<String>)>> {
        let mut changes = Vec::new();
        if self.place != before.place {
            changes.push((PLACE.to_owned(), self.place.map(|place| place.to_string())));
        }
        if self.troubles != before.troubles {
            let json =
                (!self.troubles.is_empty()).then(|| serde_json::to_string(&self.troubles)).transpose()?;
            changes.push((TROUBLES.to_owned(), json));
        }
        for (name, lane) in &self.lanes {
            if before.lanes.get(name) != Some(lane) {
                changes.push((key(name), Some(serde_json::to_string(lane)?)));
            }
        }
        let gone = before.lanes.keys().filter(|name| !self.lanes.contains_key(name));
        changes.extend(gone.map(|name| (key(name), None)));
        Ok(changes)
    }

    /// Removes everything from the store.
    pub async fn forget(&self, shared: &Shared, now: Timestamp) -> anyhow::Result<()> {
        let changes = Self::default().changes(self)?;
        if !changes.is_empty() {
            let kept = shared.store.keep(&shared.held, changes, Vec::new(), now).await;
            kept.context("forgetting what was told")?;
        }
        Ok(())
    }
}

fn key(name: &LaneName) -> String {
    format!("{LANE}{}/{}", name.route, name.to)
}
