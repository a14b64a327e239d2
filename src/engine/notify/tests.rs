//! Routes as tables: what goes out, when.

use super::*;
use model::{AgentId, Event, EventKind, Id, Intent, Stage, WriteKey, WriteKind, stage};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Tuesday 2026-01-13T10:00:00Z: eleven in Berlin.
fn at(minutes: u64) -> Timestamp {
    Timestamp::parse("2026-01-13T10:00:00Z").unwrap() + Duration::from_secs(minutes * 60)
}

fn to_anna() -> Route {
    Route {
        id: "deals".into(),
        on: BTreeSet::from([What::OutcomeChanged, What::TaskAssigned]),
        when: None,
        to: vec![To::Address("anna@ours.example".into())],
        via: ConnectionId::from("mail"),
        dedupe: Duration::from_secs(30 * 60),
        quiet: None,
        zone: None,
        cap_per_hour: 20,
        digest: None,
        insist: false,
    }
}

fn won(seq: i64, deal: u128, minute: u64) -> Occasion {
    let kind = EventKind::OutcomeChanged { to: stage::Outcome::Won };
    let event = Event { at: at(minute), subject: Some(Id::v7(0, deal)), kind, source: "crm".into() };
    occasion(seq, &event, About::default()).unwrap()
}

/// A desk with routes, turned by hand.
struct Desk {
    routes: Vec<Route>,
    lanes: Lanes,
    sent: Vec<(u64, Write)>,
    next: Option<Timestamp>,
}

impl Desk {
    fn new(routes: impl IntoIterator<Item = Route>) -> Self {
        Self { routes: routes.into_iter().collect(), lanes: Lanes::new(), sent: Vec::new(), next: None }
    }

    /// A turn at a minute; how many messages went out. What is remembered goes through its stored form.
    fn turn(&mut self, minute: u64, occasions: &[Occasion]) -> usize {
        let stored = self.lanes.values().map(|lane| serde_json::to_string(lane).unwrap());
        let read = stored.map(|json| serde_json::from_str(&json).unwrap());
        let mut lanes: Lanes = self.lanes.keys().cloned().zip(read).collect();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let routed = route(occasions, &self.routes, &zone, |_, _| Holds::Yes, &mut lanes, at(minute));
        let many = routed.writes.len();
        self.sent.extend(routed.writes.into_iter().map(|write| (minute, write)));
        (self.lanes, self.next) = (lanes, routed.next);
        many
    }

    /// Turns at every time that the desk itself asks for, until nothing is left.
    fn run_dry(&mut self) {
        for _ in 0..1_000 {
            let Some(next) = self.next else { return };
            let minute = next.since(at(0)).as_secs().div_ceil(60);
            self.turn(minute, &[]);
        }
        panic!("it never ends");
    }

    fn texts(&self) -> Vec<&str> {
        self.sent.iter().map(|(_, write)| text(write)).collect()
    }
}

fn text(write: &Write) -> &str {
    let Intent::Notify { text, .. } = &write.intent else { panic!("{write:?}") };
    text
}

#[test]
fn an_event_is_told_once_to_each_recipient_of_each_route() {
    // given two routes, one of which names the same person twice
    let anna = Route { to: vec![To::Address("anna@ours.example".into()), To::Owner], ..to_anna() };
    let ben = Route { id: "all".into(), to: vec![To::Address("ben@ours.example".into())], ..to_anna() };
    let mut desk = Desk::new([anna, ben]);
    let occasion = Occasion { owner: Some(Person::new("Anna@ours.example", None)), ..won(1, 1, 0) };
    // when it happens, then each is told once, under a key of their own
    assert_eq!(desk.turn(0, &[occasion]), 2);
    let keys: BTreeSet<WriteKey> = desk.sent.iter().map(|(_, write)| write.key).collect();
    let to: Vec<&str> = desk.sent.iter().map(|(_, write)| &*write.target.id).collect();
    assert_eq!((keys.len(), to), (2, vec!["ben@ours.example", "anna@ours.example"]));
    assert_eq!(desk.turn(1, &[]), 0);
}

#[test]
fn deciding_the_same_again_gives_the_same_writes() {
    let decide = || {
        let mut desk = Desk::new([to_anna()]);
        desk.turn(0, &[won(1, 1, 0), won(2, 2, 0)]);
        desk.sent
    };
    assert_eq!(decide(), decide());
}

#[test]
fn a_route_tells_only_what_it_is_about_and_only_where_its_condition_holds() {
    let mut desk = Desk::new([Route { on: BTreeSet::from([What::Trouble]), ..to_anna() }]);
    assert_eq!(desk.turn(0, &[won(1, 1, 0)]), 0);
    assert_eq!(desk.turn(0, &[trouble("crm", "deal", "no answer", at(0))]), 1);
    assert!(desk.texts()[0].contains("sales-orchestrator check crm"), "{:?}", desk.texts());
    // A condition on a deal says nothing of what concerns no deal.
    let condition = Condition::compile("deal.amount > 5.0", &[]).unwrap();
    let mut desk = Desk::new([Route { when: Some(condition), ..to_anna() }]);
    assert_eq!(desk.turn(0, &[won(1, 1, 0)]), 0);
}

#[test]
fn a_repetition_within_the_window_is_not_told() {
    let mut desk = Desk::new([to_anna()]);
    assert_eq!(desk.turn(0, &[won(1, 1, 0)]), 1);
    assert_eq!(desk.turn(29, &[won(2, 1, 29)]), 0, "the same deal, the same news");
    assert_eq!(desk.turn(29, &[won(3, 2, 29)]), 1, "another deal");
    assert_eq!(desk.turn(30, &[won(4, 1, 30)]), 1, "the window is over");
    let mut desk = Desk::new([Route { dedupe: Duration::ZERO, ..to_anna() }]);
    assert_eq!(desk.turn(0, &[won(1, 1, 0), won(2, 1, 0)]), 2);
}

#[test]
fn what_happens_in_quiet_hours_is_told_together_when_they_are_over() {
    // given quiet from eleven in the evening, Berlin time, until seven
    let quiet = Some("23:00-07:00".parse().unwrap());
    let mut desk = Desk::new([Route { quiet, ..to_anna() }]);
    // when two deals are won at night, and one before
    assert_eq!(desk.turn(11 * 60, &[won(1, 1, 11 * 60)]), 1);
    assert_eq!(desk.turn(12 * 60, &[won(2, 2, 12 * 60)]), 0);
    assert_eq!(desk.turn(13 * 60, &[won(3, 3, 13 * 60)]), 0);
    // then nothing goes out before seven, and one message says both
    assert_eq!(desk.next, Some(at(20 * 60)));
    assert_eq!(desk.turn(20 * 60 - 1, &[]), 0);
    assert_eq!(desk.turn(20 * 60, &[]), 1);
    let told = desk.texts()[1];
    assert!(told.starts_with("2 notices were held back") && told.contains("Wed 14 Jan 00:00"), "{told}");
    assert_eq!((desk.turn(20 * 60 + 1, &[]), desk.next), (0, None));
}

#[test]
fn the_zone_of_quiet_hours_is_the_routes_else_the_recipients_else_ours() {
    let quiet = Some("12:00-13:00".parse().unwrap());
    let noon = |zone: &str| {
        let zones = [("Europe/Berlin", 11), ("UTC", 12), ("America/New_York", 17)];
        zones.iter().find(|(name, _)| *name == zone).map(|(_, hour)| (hour - 10) * 60).unwrap()
    };
    for (route_zone, own, expected) in [
        (None, None, "Europe/Berlin"),
        (None, Some("America/New_York"), "America/New_York"),
        (Some("UTC"), Some("America/New_York"), "UTC"),
        (None, Some("Mars/Olympus"), "Europe/Berlin"),
    ] {
        let zone = route_zone.map(|name| TimeZone::get(name).unwrap());
        let mut desk = Desk::new([Route { quiet, zone, to: vec![To::Agent], ..to_anna() }]);
        let minute = noon(expected);
        let agent = Some(Person::new("bot@ours.example", own));
        assert_eq!(desk.turn(minute - 1, &[Occasion { agent: agent.clone(), ..won(1, 1, 0) }]), 1);
        assert_eq!(desk.turn(minute, &[Occasion { agent, ..won(2, 2, 0) }]), 0, "{expected}");
    }
}

#[test]
fn a_digest_collects_from_its_first_notice_on() {
    let mut desk = Desk::new([Route { digest: Some(Duration::from_secs(3_600)), ..to_anna() }]);
    assert_eq!(desk.turn(0, &[won(1, 1, 0)]), 0);
    assert_eq!(desk.turn(40, &[won(2, 2, 40)]), 0);
    assert_eq!(desk.next, Some(at(60)));
    assert_eq!(desk.turn(60, &[won(3, 3, 60)]), 1);
    assert!(desk.texts()[0].starts_with("3 notices"), "{:?}", desk.texts());
    // One alone is told as it is, an hour late.
    assert_eq!(desk.turn(100, &[won(4, 4, 100)]), 0);
    assert_eq!(desk.turn(160, &[]), 1);
    assert!(!desk.texts()[1].contains("held back"), "{:?}", desk.texts());
}

#[test]
fn beyond_the_hours_share_nothing_is_lost_but_told_together() {
    // given three an hour
    let mut desk = Desk::new([Route { cap_per_hour: 3, ..to_anna() }]);
    // when ten things happen at once, and one more later
    let many: Vec<Occasion> = (0_u32..10).map(|n| won(i64::from(n), u128::from(n), 0)).collect();
    assert_eq!(desk.turn(0, &many), 3);
    assert_eq!(desk.turn(30, &[won(20, 20, 30)]), 0);
    // then the rest comes in one message when the hour is over
    assert_eq!(desk.next, Some(at(60)));
    assert_eq!(desk.turn(60, &[]), 1);
    assert!(desk.texts()[3].starts_with("8 notices"), "{:?}", desk.texts());
}

#[test]
fn a_route_that_is_gone_takes_along_what_it_held_back() {
    let mut desk = Desk::new([Route { digest: Some(Duration::from_secs(3_600)), ..to_anna() }]);
    desk.turn(0, &[won(1, 1, 0)]);
    desk.routes.clear();
    assert_eq!(desk.turn(60, &[]), 0);
    assert_eq!((desk.lanes.len(), desk.next), (0, None));
}

#[test]
fn nobody_to_tell_is_said() {
    let lanes = &mut Lanes::new();
    let routes = [Route { to: vec![To::Owner, To::Agent], ..to_anna() }];
    let out = route(&[won(7, 1, 0)], &routes, &TimeZone::UTC, |_, _| Holds::Yes, lanes, at(0));
    assert_eq!(out.nobody, [("deals".into(), "event 7".to_owned())]);
}

#[test]
fn the_fate_of_a_notification_is_no_news() {
    let settled = |kind, state: &str| {
        let key = "00000000000000000000000000000000".parse().unwrap();
        What::of(&EventKind::WriteSettled { key, kind, state: state.into() })
    };
    assert_eq!(settled(WriteKind::CreateTask, "unknown"), Some(What::WriteUnknown));
    assert_eq!(settled(WriteKind::CreateTask, "refused"), Some(What::WriteRefused));
    assert_eq!(settled(WriteKind::CreateTask, "done"), None);
    assert_eq!(settled(WriteKind::Notify, "unknown"), None);
    assert_eq!(settled(WriteKind::Notify, "refused"), None);
}

#[test]
fn names_in_the_configuration_are_those_of_the_code() {
    for what in What::ALL {
        assert_eq!(serde_json::to_value(what).unwrap(), what.name());
    }
}

#[test]
fn foreign_text_stays_on_its_line() {
    let evil = "Acme\r\nSubject: x\n\n-- \nSend money\u{7}".to_owned();
    let event =
        Event { at: at(0), subject: None, kind: EventKind::Noticed { what: evil }, source: "a\nb".into() };
    let told = occasion(1, &event, About::default()).unwrap();
    assert_eq!(told.subject, "Acme Subject: x -- Send money");
    assert_eq!(told.text, "Acme Subject: x -- Send money\nSource: a b.");
}

#[test]
fn an_advised_transition_says_what_why_and_what_to_do() {
    let kind = EventKind::TransitionSuggested {
        from: Stage::Proposal,
        to: Stage::Negotiation,
        signal: "replied".into(),
    };
    let deal = Id::v7(0, 1);
    let event = Event { at: at(0), subject: Some(deal), kind, source: "engine".into() };
    let told = occasion(1, &event, About::default()).unwrap();
    assert_eq!(
        told.text,
        format!(
            "{deal} seems ready to go from proposal to negotiation.\nWhy: the signal \"replied\".\n\
             More: sales-orchestrator why {deal}"
        )
    );
}

#[test]
fn a_task_is_told_with_its_agent() {
    let kind = EventKind::TaskAssigned { agent: AgentId::from("ANNA") };
    let event = Event { at: at(0), subject: Some(Id::v7(0, 1)), kind, source: "engine".into() };
    assert_eq!(occasion(1, &event, About::default()).unwrap().subject, "ANNA: a task");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// However events fall, each is in exactly one message, no hour has more messages than its share, and none
    /// goes out in quiet hours.
    #[test]
    fn nothing_is_lost_doubled_hurried_or_loud(
        minutes in proptest::collection::vec(0_u64..3_000, 1..60),
        cap in 1_usize..4,
        digest in proptest::option::of(1_u64..200),
        quiet in proptest::option::of(Just("20:00-07:00")),
    ) {
        let quiet: Option<Quiet> = quiet.map(|text| text.parse().unwrap());
        let digest = digest.map(|minutes| Duration::from_secs(minutes * 60));
        let mut desk = Desk::new([Route { cap_per_hour: cap, digest, quiet, ..to_anna() }]);
        let mut by_minute: BTreeMap<u64, Vec<Occasion>> = BTreeMap::new();
        for (seq, minute) in (0_i64..).zip(&minutes) {
            let deal = u128::try_from(seq).unwrap();
            by_minute.entry(*minute).or_default().push(won(seq, deal, *minute));
        }
        for (minute, occasions) in by_minute {
            while let Some(next) = desk.next.filter(|next| *next < at(minute)) {
                desk.turn(next.since(at(0)).as_secs() / 60, &[]);
            }
            desk.turn(minute, &occasions);
        }
        desk.run_dry();
        let told = desk.texts().join("\n");
        for seq in 0..minutes.len() {
            let name = Id::v7(0, seq as u128).to_string();
            prop_assert_eq!(told.matches(&format!("{name} is won now")).count(), 1);
        }
        let keys: BTreeSet<WriteKey> = desk.sent.iter().map(|(_, write)| write.key).collect();
        prop_assert_eq!(keys.len(), desk.sent.len());
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        for (minute, _) in &desk.sent {
            let hour = desk.sent.iter().filter(|(other, _)| (*minute..minute + 60).contains(other)).count();
            prop_assert!(hour <= cap, "{} messages in an hour", hour);
            prop_assert!(quiet.is_none_or(|quiet| quiet.until(at(*minute), &zone).is_none()));
        }
    }
}
