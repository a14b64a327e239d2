//! The control centre's figures, from what the store shows. Formulas: how many, out of how many, since when.

use crate::control::{AgentLine, Alert, Centre, Coordination, Health};
use crate::text::{ago, clean, cut, number};
use engine::metrics::Figure;
use jiff::tz::TimeZone;
use model::{
    AgentId, Field, Mode, Stage, Timestamp,
    work::{
        AgentSpec, Capacity, EscalationCase, HandoffCase, Layer, Party, Subject, Window,
        message::EscalationStatus,
    },
};
use runtime::{
    absence, policy,
    rules::Config,
    settings::{Connection, Settings},
};
use std::{collections::BTreeMap, time::Duration};
use store::{AgentFigures, CaseFilter, Freshness, Overview, Store};

/// Handoffs and escalations shown, and counted.
const SHOWN: usize = 10;
const COUNTED: usize = 1_000;
/// States of a task that an agent answers for.
const HELD: [&str; 4] = ["offered", "assigned", "in_progress", "blocked"];

/// Everything that the figures are made from.
pub struct Facts {
    /// Counts.
    pub overview: Overview,
    /// Streams.
    pub freshness: Vec<Freshness>,
    /// The kill switch: since when, by whom.
    pub paused: Option<(Timestamp, String)>,
    /// The newest handoffs under way, with the name of what is handed over; and how many more there are.
    pub handoffs: Vec<(HandoffCase, String)>,
    pub more_handoffs: usize,
    /// Open escalations, those that wait for approval first, then the newest; the first ones with the name of what they
    /// are about.
    pub escalations: Vec<(EscalationCase, Option<String>)>,
    /// Who is off for the day, by configuration or by calendar, and until when.
    pub away: BTreeMap<AgentId, Timestamp>,
    /// A daemon runs.
    pub daemon: bool,
    /// Now.
    pub now: Timestamp,
}

/// The name of a deal or lead.
async fn name(store: &dyn Store, subject: Option<&Subject>) -> anyhow::Result<Option<String>> {
    let Some(Subject::Deal(id) | Subject::Lead(id)) = subject else { return Ok(None) };
    let record = store.record(*id).await?;
    Ok(record.and_then(|record| record.fields.text(Field::Name).map(str::to_owned)))
}

impl Facts {
    /// Reads them.
    pub async fn read(store: &dyn Store, daemon: bool, now: Timestamp) -> anyhow::Result<Self> {
        let (by, open) = (Party::Daemon, CaseFilter { open: true, ..CaseFilter::default() });
        let mut handoffs = Vec::new();
        let mut under_way = store.handoffs(&by, &open, COUNTED).await?;
        let more_handoffs = under_way.len().saturating_sub(SHOWN);
        under_way.truncate(SHOWN);
        for case in under_way {
            let name = name(store, Some(&case.subject)).await?.unwrap_or_else(|| case.subject.to_string());
            handoffs.push((case, name));
        }
        let mut cases = store.escalations(&by, &open, COUNTED).await?;
        cases.sort_by_key(|case| &*case.reason != policy::REASON);
        let mut escalations = Vec::with_capacity(cases.len());
        for (place, case) in cases.into_iter().enumerate() {
            let name = if place < SHOWN { name(store, case.subject.as_ref()).await? } else { None };
            escalations.push((case, name));
        }
        Ok(Self {
            handoffs,
            more_handoffs,
            escalations,
            overview: store.overview(now).await?,
            freshness: store.freshness().await?,
            paused: store.writes_paused().await?,
            away: BTreeMap::new(),
            daemon,
            now,
        })
    }

    /// With who is away.
    pub async fn with_absences(mut self, store: &dyn Store, config: &Config) -> anyhow::Result<Self> {
        let routing = absence::routing(config, store, self.now).await?;
        let back = |agent: &AgentSpec| routing.calendar(&agent.id)?.back_after(self.now);
        let agents = config.roster.agents.iter();
        self.away = agents.filter_map(|agent| Some((agent.id.clone(), back(agent)?))).collect();
        Ok(self)
    }

    /// How an agent stands, in a word.
    pub fn standing(&self, agent: &AgentId) -> &'static str {
        let figures = self.overview.agents.get(agent).copied().unwrap_or_default();
        match (figures.paused, self.away.contains_key(agent), figures.open) {
            (true, ..) => "Paused",
            (false, true, _) => "Away",
            (false, false, 0) => "Standby",
            (false, false, _) => "Active",
        }
    }
}

/// From facts to figures.
pub fn centre(facts: &Facts, config: &Config) -> Centre {
    let (overview, settings) = (&facts.overview, &config.settings);
    let tasks = |state: &str| overview.tasks.get(state).copied().unwrap_or_default();
    let connected = settings.connection.iter().any(|connection| connection.enabled);
    let enabled = config.roster.agents.iter().filter(|agent| agent.enabled);
    let paused = |agent: &&AgentSpec| overview.agents.get(&agent.id).is_some_and(|figures| figures.paused);
    let total = enabled.clone().count();
    let active = if connected { enabled.filter(|agent| !paused(agent)).count() } else { 0 };
    let health = health(facts, settings);
    let overflow = overflow(facts, config);
    let (won, closed) = overview.won_and_closed;
    let late = facts.handoffs.iter().any(|(case, _)| case.due.is_some_and(|due| due < facts.now));
    Centre {
        name: settings.organization.name.clone(),
        active: facts.daemon,
        time: local(facts.now, &settings.organization.zone.0),
        active_agents: active as u64,
        total_agents: total as u64,
        in_progress: HELD.into_iter().map(tasks).sum(),
        queued: tasks("queued"),
        deals: overview.deals.values().sum(),
        coordination: match () {
            () if health.least() < 0.7 => Coordination::Degraded,
            () if overflow || late || !facts.escalations.is_empty() => Coordination::Strained,
            () => Coordination::Optimal,
        },
        health,
        agents: agents(facts, config),
        pipeline: pipeline(overview),
        flow_rate: ratio(overview.moves, 4),
        velocity_days: overview.velocity_days,
        conversion: (closed > 0).then(|| ratio(won, closed)),
        handoffs: facts.handoffs.iter().map(handoff).chain(more_handoffs(facts.more_handoffs)).collect(),
        alerts: alerts(facts, config, overflow),
    }
}

fn handoff((case, name): &(HandoffCase, String)) -> [String; 4] {
    let from = case.from.rsplit('.').next().unwrap_or_default();
    [cut(&clean(name), 30), clean(from), clean(&case.to.to_string()), case.status.to_string().to_lowercase()]
}

fn more_handoffs(count: usize) -> Option<[String; 4]> {
    let words = || [format!("and {count} more"), "-".to_owned(), "-".to_owned(), "-".to_owned()];
    (count > 0).then(words)
}

/// What of a limit is used up, in its own unit.
pub fn limit(capacity: &Capacity, used: u64) -> String {
    let window = match capacity.window {
        Window::Concurrent => "",
        Window::Week => " a week",
    };
    format!("{used} of {} {}{window}", capacity.limit, capacity.unit)
}

/// An instant in a zone, for people.
pub fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_jiff().to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52, and this is for people")]
pub fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// The same share as in the tables of `performance`.
fn share(part: u64, whole: u64) -> Figure {
    let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
    Figure::share(count(part), count(whole))
}

fn pipeline(overview: &Overview) -> [u64; 6] {
    let deals = |stage| overview.deals.get(&Some(stage)).copied().unwrap_or_default();
    [
        deals(Stage::Awareness) + deals(Stage::LeadGeneration) + overview.leads,
        deals(Stage::Qualification),
        deals(Stage::Demonstration),
        deals(Stage::Proposal),
        deals(Stage::Negotiation),
        deals(Stage::Close),
    ]
}

fn health(facts: &Facts, settings: &Settings) -> Health {
    let streams: Vec<bool> = facts
        .freshness
        .iter()
        .filter_map(|stream| {
            let connection =
                settings.connection(&stream.connection).filter(|connection| connection.enabled)?;
            Some(is_fresh(stream, connection, settings, facts.now))
        })
        .collect();
    let fresh = streams.iter().filter(|fresh| **fresh).count();
    let (due, settled) = facts.overview.writes_day;
    let open: u64 = HELD.iter().chain(&["queued"]).filter_map(|state| facts.overview.tasks.get(*state)).sum();
    let in_time = open.saturating_sub(facts.overview.overdue);
    Health {
        freshness: (!streams.is_empty()).then(|| ratio(fresh as u64, streams.len() as u64)),
        writes: (due > 0).then(|| ratio(settled.min(due), due)),
        queue: (open > 0).then(|| ratio(in_time, open)),
    }
}

/// Within two intervals of its schedule.
pub fn is_fresh(stream: &Freshness, connection: &Connection, settings: &Settings, now: Timestamp) -> bool {
    let usual = connection.every(stream.stream).usual(now, &settings.organization.zone.0);
    stream.as_of.is_some_and(|as_of| now.since(as_of) <= 2 * usual)
}

/// Too much waits: the oldest too long, or too many for too long.
fn overflow(facts: &Facts, config: &Config) -> bool {
    let Some(oldest) = facts.overview.oldest_queued else { return false };
    let (waits, rules) = (facts.now.since(oldest), &config.roster.rules.overflow);
    let hours = |hours: u32| Duration::from_secs(u64::from(hours) * 3600);
    let queued = facts.overview.tasks.get("queued").copied().unwrap_or_default();
    waits > hours(rules.oldest_hours) || (queued > rules.many.into() && waits > hours(rules.many_hours))
}

fn agents(facts: &Facts, config: &Config) -> Vec<AgentLine> {
    let figures = |agent: &AgentSpec| facts.overview.agents.get(&agent.id).copied().unwrap_or_default();
    let mut shown: Vec<&AgentSpec> = config
        .roster
        .agents
        .iter()
        .filter(|agent| agent.enabled)
        .filter(|agent| agent.layer == Layer::Specialised || figures(agent).open > 0 || figures(agent).paused)
        .collect();
    // In the order of the pipeline; whoever is at home nowhere or everywhere comes after.
    shown.sort_by_key(|agent| {
        let home = agent.stages.iter().min().filter(|_| agent.stages.len() < Stage::ALL.len());
        (agent.layer != Layer::Specialised, home.is_none(), home.copied(), agent.id.clone())
    });
    shown.into_iter().map(|agent| line(agent, figures(agent), facts.standing(&agent.id))).collect()
}

fn line(agent: &AgentSpec, figures: AgentFigures, status: &'static str) -> AgentLine {
    let id = agent.id.as_str();
    AgentLine {
        name: id.strip_prefix("WAKE.").unwrap_or(id).to_owned(),
        status,
        tasks: figures.open,
        performance: share(figures.succeeded, figures.judged).told(),
    }
}

/// The first ones by themselves, the others by their number.
fn escalations(
    cases: &[(EscalationCase, Option<String>)],
    raise: &mut impl FnMut(bool, &'static str, String, &str),
) {
    for (case, name) in cases.iter().take(SHOWN) {
        let about = name
            .as_ref()
            .map_or_else(|| format!("from {}", case.from), |name| format!("on {}", cut(name, 30)));
        let what = format!("{} {about}: {} ({})", case.reason, case.request, case.level);
        let action = format!("`sales-orchestrator escalate --acknowledge {}`", case.id);
        raise(case.status == EscalationStatus::Open, "Escalation", what, &action);
    }
    let more = cases.len().saturating_sub(SHOWN);
    if more > 0 {
        let open = cases.iter().skip(SHOWN).any(|(case, _)| case.status == EscalationStatus::Open);
        raise(open, "Escalation", format!("and {more} more"), "`sales-orchestrator escalate`");
    }
}

fn alerts(facts: &Facts, config: &Config, overflow: bool) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let mut raise = |urgent, kind, what: String, action: &str| {
        alerts.push(Alert { urgent, kind, what, action: action.to_owned() });
    };
    for stream in &facts.freshness {
        if let Some((trouble, since)) = &stream.trouble {
            let place = format!("{}/{}", stream.connection, stream.stream.plural());
            let since = ago(facts.now.since(*since));
            raise(
                true,
                "Connection",
                format!("{place}: {trouble} (since {since})"),
                "`sales-orchestrator check`",
            );
        }
    }
    escalations(&facts.escalations, &mut raise);
    let writes = |state: &str| facts.overview.writes.get(state).copied().unwrap_or_default();
    for (state, what) in [
        ("unknown", "writes whose fate nobody can find out"),
        ("refused", "writes that the vendor refused"),
        ("moved", "writes whose target had changed"),
    ] {
        if writes(state) > 0 {
            let action = format!("`sales-orchestrator writes --state {state}`");
            raise(state == "unknown", "Write", format!("{} {what}", number(writes(state))), &action);
        }
    }
    if let Some((since, who)) = &facts.paused {
        let what = format!("all writes are paused by {who} since {}", ago(facts.now.since(*since)));
        raise(true, "Paused", what, "`sales-orchestrator resume writes`");
    }
    if overflow {
        let oldest = facts.overview.oldest_queued.map(|at| ago(facts.now.since(at))).unwrap_or_default();
        raise(
            true,
            "Overflow",
            format!("tasks wait for an agent, the oldest for {oldest}"),
            "add capacity in agents.toml",
        );
    }
    if facts.overview.overdue > 0 {
        let what = format!("{} open tasks are past their deadline", number(facts.overview.overdue));
        raise(false, "Overdue", what, "`sales-orchestrator status`");
    }
    // Where writes go out by themselves, "proposed" only means not sent yet.
    let asks = config.settings.connection.iter().any(|one| one.enabled && one.mode != Mode::Auto);
    if asks && writes("proposed") > 0 {
        let what = format!("{} writes wait for approval", number(writes("proposed")));
        raise(false, "Approval", what, "`sales-orchestrator plan`, then `apply`");
    }
    if let Some(unmapped) = facts.overview.deals.get(&None).filter(|count| **count > 0) {
        let what = format!("{} deals are in stages that mean nothing to us", number(*unmapped));
        raise(
            false,
            "Stages",
            what,
            "map them with [[connection.stage]]; `sales-orchestrator check` lists them",
        );
    }
    for (count, what) in [
        (facts.overview.parked, "records could not be read"),
        (facts.overview.undelivered, "messages to agents were not delivered"),
    ] {
        if count > 0 {
            raise(false, "Parked", format!("{} {what}", number(count)), "`sales-orchestrator parked`");
        }
    }
    if config.settings.connection.is_empty() {
        let what = "no account is connected".to_owned();
        raise(false, "Setup", what, "`sales-orchestrator connect hubspot`, or `demo`");
    }
    alerts.sort_by_key(|alert| !alert.urgent);
    alerts
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{AgentId, ConnectionId, Kind};

    fn config(text: &str) -> Config {
        let settings = Settings::read(std::path::Path::new("orchestrator.toml"), text).unwrap();
        let loaded = engine::config::load(None, None).unwrap();
        Config { settings, roster: loaded.roster, book: loaded.book }
    }
    const CONNECTED: &str = "[[connection]]\nid = \"hubspot\"\nvendor = \"hubspot\"\nevery = \"30s\"\n";

    fn now() -> Timestamp {
        Timestamp::from_millis(1_763_797_200_000)
    }
    fn stream(kind: Kind, seconds_ago: u64) -> Freshness {
        Freshness {
            connection: ConnectionId::from("hubspot"),
            stream: kind,
            as_of: Some(now() - Duration::from_secs(seconds_ago)),
            first_caught_up: None,
            records: 1,
            gap: None,
            last_page: None,
            trouble: None,
        }
    }
    fn facts(overview: Overview, freshness: Vec<Freshness>) -> Facts {
        let (handoffs, escalations) = (Vec::new(), Vec::new());
        let away = BTreeMap::new();
        Facts {
            overview,
            freshness,
            paused: None,
            handoffs,
            more_handoffs: 0,
            escalations,
            away,
            daemon: true,
            now: now(),
        }
    }

    #[test]
    fn health_counts_streams_within_two_intervals_settled_writes_and_tasks_in_time() {
        let overview = Overview {
            writes_day: (8, 6),
            tasks: [("assigned".into(), 9), ("queued".into(), 1), ("done".into(), 50)].into(),
            overdue: 1,
            ..Overview::default()
        };
        let facts = facts(overview, vec![stream(Kind::Deal, 59), stream(Kind::Contact, 61)]);
        let health = health(&facts, &config(CONNECTED).settings);
        assert_eq!(health, Health { freshness: Some(0.5), writes: Some(0.75), queue: Some(0.9) });
        assert_eq!(centre(&facts, &config(CONNECTED)).coordination, Coordination::Degraded);
    }

    #[test]
    fn agents_are_active_when_they_take_part_are_not_paused_and_can_be_reached() {
        let paused = AgentFigures { paused: true, ..AgentFigures::default() };
        let overview =
            Overview { agents: [(AgentId::from("WAKE.SDRFORGE"), paused)].into(), ..Overview::default() };
        let facts = facts(overview, vec![]);
        let connected = centre(&facts, &config(CONNECTED));
        let alone = centre(&facts, &config(""));
        assert_eq!(connected.active_agents, connected.total_agents - 1);
        assert_eq!((alone.active_agents, alone.total_agents), (0, connected.total_agents));
    }

    #[test]
    fn an_agent_is_told_in_a_word() {
        let figures = |open, paused| AgentFigures { open, paused, ..AgentFigures::default() };
        let agents = [("A", figures(2, true)), ("B", figures(2, false)), ("C", figures(0, false))];
        let agents = agents.map(|(name, figures)| (AgentId::from(name), figures)).into();
        let mut facts = facts(Overview { agents, ..Overview::default() }, vec![]);
        let told = |facts: &Facts| ["A", "B", "C"].map(|name| facts.standing(&name.into()));
        assert_eq!(told(&facts), ["Paused", "Active", "Standby"]);
        facts.away = ["A", "B", "C"].map(|name| (AgentId::from(name), now())).into();
        assert_eq!(told(&facts), ["Paused", "Away", "Away"]);
    }

    #[test]
    fn the_agents_of_the_pipeline_come_in_its_order() {
        let lines = centre(&facts(Overview::default(), vec![]), &config(CONNECTED)).agents;
        let names: Vec<&str> = lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names[..4], ["SDRFORGE", "LSHSALES", "QUOTEFORGE", "CLOSESTACK"]);
    }

    #[test]
    fn a_queue_whose_oldest_waits_too_long_strains_coordination_and_says_so() {
        let oldest_queued = Some(now() - Duration::from_secs(25 * 3600));
        let overview =
            Overview { oldest_queued, tasks: [("queued".into(), 1)].into(), ..Overview::default() };
        let centre = centre(&facts(overview, vec![]), &config(CONNECTED));
        assert_eq!(centre.coordination, Coordination::Strained);
        assert!(centre.alerts.iter().any(|alert| alert.kind == "Overflow" && alert.urgent));
    }

    #[test]
    fn performance_is_told_from_five_cases_on() {
        let spec = config("").roster.agents[0].clone();
        let with = |judged, succeeded| {
            line(&spec, AgentFigures { judged, succeeded, ..AgentFigures::default() }, "")
        };
        assert_eq!(with(4, 4).performance, None);
        assert_eq!(with(8, 6).performance, Some(0.75));
    }
}
