//! Who is away: the out-of-office events of calendars as part of agents' hours.

use crate::{rules::Config, settings::nearest, shared::Shared};
use anyhow::Context;
use engine::assign::{Routing, absences};
use model::Timestamp;
use std::time::Duration;
use store::Store;
use tracing::{info, warn};

/// Absences that are known at a time, of all agents.
const MOST: usize = 2_000;
/// What ended so long ago matters to nobody: who is just back was away more lately.
const PAST: Duration = Duration::from_hours(31 * 24);

/// Who can do what, and when each is away by what the calendars show.
pub async fn routing(config: &Config, store: &dyn Store, now: Timestamp) -> anyhow::Result<Routing> {
    let seen = store.absences(now - PAST, MOST).await.context("reading absences")?;
    if seen.len() == MOST {
        warn!("calendars show more than {MOST} absences: those that end last are not known yet");
    }
    let users = config.settings.connection.iter();
    let users = users.filter_map(|connection| Some((connection.id(), connection.user.as_deref()?.into())));
    let away = absences(&config.roster, &seen, &users.collect());
    let zone = config.settings.organization.zone.to_string();
    Routing::with(&config.roster, &zone, &away).map_err(anyhow::Error::msg)
}

/// Takes over who is away, after calendars were read.
pub async fn refresh(shared: &Shared) -> anyhow::Result<()> {
    loop {
        let known = shared.rules();
        let routing = routing(&known.config, &*shared.store, shared.clock.now()).await?;
        if routing.hash() == known.routing.hash() {
            return Ok(());
        }
        let agents = routing.absences().len();
        let mut rules = (*known).clone();
        rules.routing = routing;
        if shared.replace_rules(&known, rules) {
            info!(agents, "absences taken over from calendars");
            return Ok(());
        }
    }
}

/// What is wrong with the calendars that agents name, for people.
pub fn unknown_calendars(config: &Config) -> Vec<String> {
    let known: Vec<&str> = config.settings.connection.iter().map(|one| one.id.as_str()).collect();
    let named =
        config.roster.agents.iter().filter_map(|agent| Some((agent, agent.hours.calendar.as_deref()?)));
    let unknown = named.filter_map(|(agent, calendar)| {
        let connection = calendar.split_once('/').map_or(calendar, |(connection, _)| connection);
        let meant = nearest(connection, &known).map(|name| format!("; did you mean {name:?}?"));
        let said = format!(
            "agents.toml: {}: hours.calendar: no connection is called {connection:?}{}",
            agent.id,
            meant.unwrap_or_default()
        );
        (!known.contains(&connection)).then_some(said)
    });
    unknown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn a_calendar_of_a_connection_that_is_not_there_is_told_with_what_was_meant() {
        // given two agents with a calendar, one of them misspelt
        let text = "[[connection]]\nid = \"office\"\nvendor = \"caldav\"\n";
        let settings = Settings::read(std::path::Path::new("test.toml"), text).unwrap();
        let agents = "[[agent]]\nid = \"WAKE.SDRFORGE\"\nhours = { calendar = \"office//anna/sales/\" }\n\
                      [[agent]]\nid = \"WAKE.LSHSALES\"\nhours = { calendar = \"ofice\" }\n";
        let agents = engine::config::Source { name: "agents.toml", text: agents };
        let loaded = engine::config::load(Some(agents), None).unwrap();
        let config = Config { settings, roster: loaded.roster, book: loaded.book };
        // then the one is told
        let said = unknown_calendars(&config);
        let expected = "agents.toml: WAKE.LSHSALES: hours.calendar: no connection is called \"ofice\"; \
                        did you mean \"office\"?";
        assert_eq!(said, [expected]);
    }
}
