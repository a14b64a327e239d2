//! Whose absence an out-of-office event is.

use super::{roster::Roster, routing::Absences};
use model::{
    ConnectionId,
    work::{Absence, AgentSpec},
};
use std::collections::BTreeMap;

/// The absences of each agent. `users` are the addresses of those whose calendars the connections read.
pub fn absences(roster: &Roster, seen: &[Absence], users: &BTreeMap<ConnectionId, Box<str>>) -> Absences {
    let mut all = Absences::new();
    for agent in &roster.agents {
        let own = seen.iter().filter(|absence| is_of(agent, absence, users));
        let mut own: Vec<_> = own.map(|absence| (absence.from, absence.to)).collect();
        own.sort_unstable();
        own.dedup();
        if !own.is_empty() {
            all.insert(agent.id.clone(), own);
        }
    }
    all
}

fn is_of(agent: &AgentSpec, absence: &Absence, users: &BTreeMap<ConnectionId, Box<str>>) -> bool {
    let (connection, id) = (&absence.source.connection, &*absence.source.id);
    if let Some(calendar) = agent.hours.calendar.as_deref() {
        return match calendar.split_once('/') {
            Some((name, place)) => connection.as_str() == name && is_in(id, place),
            None => connection.as_str() == calendar,
        };
    }
    let Some(address) = agent.reach.address() else { return false };
    let is_theirs = |other: &str| other.eq_ignore_ascii_case(address);
    match absence.whose.as_deref() {
        Some(whose) => is_theirs(whose),
        // Some name a person's first calendar by their address; of the others only the user's are read.
        None => is_in(id, address) || users.get(connection).is_some_and(|user| is_theirs(user)),
    }
}

/// The event is in the calendar with this id.
fn is_in(event: &str, calendar: &str) -> bool {
    event.strip_prefix(calendar).is_some_and(|rest| calendar.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assign::AssignRules;
    use model::{
        AgentId, ExternalRef, Kind, Timestamp,
        work::{Hours, Reach},
    };

    const DAY: i64 = 86_400_000;

    fn agent(id: &str, reach: Reach, calendar: Option<&str>) -> AgentSpec {
        let spec = crate::assign::tests::agent(id, &[("call", 1_000)]);
        let hours = Hours { calendar: calendar.map(Into::into), ..Hours::default() };
        AgentSpec { reach, hours, ..spec }
    }

    fn away(connection: &str, id: &str, whose: Option<&str>, day: i64) -> Absence {
        let at = |day: i64| Timestamp::from_millis(day * DAY);
        let source = ExternalRef::new(&connection.into(), Kind::Meeting, id);
        Absence { source, whose: whose.map(Into::into), from: at(day), to: at(day + 1) }
    }

    #[test]
    fn an_absence_is_whose_calendar_or_name_says_so() {
        // given people reached by address, one with a calendar of their own, and a program
        let crm = |address: &str| Reach::CrmOwner(address.into());
        let agents = vec![
            agent("ANNA", crm("anna@ours.example"), None),
            agent("BEN", Reach::Email("ben@ours.example".into()), None),
            agent("CARA", crm("cara@ours.example"), Some("dav//cara/private/")),
            agent("DESK", Reach::DealOwner, Some("desk")),
            agent("BOT", Reach::Inbox, None),
        ];
        let roster = Roster { agents, rules: AssignRules::default() };
        let users = [("anna-box".into(), "Anna@ours.example".into())].into();
        let seen = [
            // by the user whose calendars are read, by the calendar's name, by the event's
            away("anna-box", "primary/1", None, 1),
            away("google", "ben@ours.example/2", None, 2),
            away("google", "team/3", Some("ANNA@ours.example"), 3),
            // somebody else's in Anna's calendars
            away("anna-box", "team/4", Some("eve@ours.example"), 4),
            // by the calendar that is named
            away("dav", "/cara/private/5.ics", None, 5),
            away("dav", "/cara/private-too/6.ics", None, 6),
            away("desk", "anything/7", Some("eve@ours.example"), 7),
            // the same in two calendars
            away("google", "ben@ours.example/8", None, 2),
        ];
        // when
        let all = absences(&roster, &seen, &users);
        // then
        let days: Vec<(&AgentId, Vec<i64>)> = all
            .iter()
            .map(|(agent, all)| (agent, all.iter().map(|(from, _)| from.as_millis() / DAY).collect()))
            .collect();
        let ids = ["ANNA", "BEN", "CARA", "DESK"].map(AgentId::from);
        assert_eq!(days, [(&ids[0], vec![1, 3]), (&ids[1], vec![2]), (&ids[2], vec![5]), (&ids[3], vec![7])]);
    }
}
