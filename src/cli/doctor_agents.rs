//! What `doctor` finds about agents that the daemon calls: whether they could be reached, and what they did not get.

use crate::{
    app::{self, App, DATABASE},
    findings::Findings,
    text::{ago, clean},
};
use model::work::AgentSpec;
use runtime::{
    reach::{Outside, ready::ready},
    settings::Settings,
};
use std::{collections::BTreeMap, path::Path, time::Duration};

/// Undelivered messages that are looked at.
const MESSAGES: usize = 10_000;
/// For so long a message that was given up is worth a word.
const GIVEN_UP: Duration = Duration::from_secs(86_400);

/// One finding for each agent that is called by webhook or is a program.
pub async fn reached(found: &mut Findings, roster: &[AgentSpec], settings: &Settings, data: &Path) {
    let outside = Outside::new(settings.reach.secret, data);
    for agent in roster.iter().filter(|agent| agent.enabled) {
        match ready(&outside, agent, &settings.reach.private_hosts).await {
            Some(Ok(said)) => found.good(agent.id.as_str(), said),
            Some(Err(said)) => found.bad(agent.id.as_str(), said, "mend that, or its `reach` in agents.toml"),
            None => {}
        }
    }
}

/// Messages that agents did not get: one finding for each receiver.
pub async fn deliveries(found: &mut Findings, app: &App, settings: &Settings, data: &Path) {
    let Some(store) = data.join(DATABASE).exists().then(|| app.store(settings).ok()).flatten() else {
        return;
    };
    let (now, mut by_receiver) = (app::now(), BTreeMap::<_, Vec<_>>::new());
    for one in store.undelivered(MESSAGES).await.unwrap_or_default() {
        if one.next.is_some() || now.since(one.since) < GIVEN_UP {
            by_receiver.entry(one.message.to.clone()).or_default().push(one);
        }
    }
    for (to, list) in by_receiver {
        let given_up = list.iter().filter(|one| one.next.is_none()).count();
        let mut parts = Vec::new();
        if given_up > 0 {
            parts.push(format!("{given_up} given up"));
        }
        if let Some(one) = list.iter().find(|one| one.next.is_some()) {
            let since = ago(now.since(one.since));
            parts.push(format!("{} waiting for {since}, after {} attempts", one.behind + 1, one.attempts));
        }
        let why = list.first().map(|one| clean(&one.why)).unwrap_or_default();
        let cure = "mend what the agent is reached by, then `sales-orchestrator parked retry --all`";
        found.bad(&format!("messages to {to}"), format!("{}: {why}", parts.join("; ")), cure);
    }
}
