//! The rules in force: configuration, and what the vendors' pipelines mean, compiled for the engine.

use crate::{
    absence::routing,
    settings::{Place, Settings},
    shared::Shared,
};
use anyhow::Context;
use engine::{
    assign::{Roster, Routing},
    flow::{FlowPolicy, StageBook},
    guess::{By, guess},
    notify::Route,
    reconcile::{MailPolicy, Mapped, MergePolicy, restage},
    relate::{Ours, RelatePolicy},
};
use model::{
    Canonical, ConnectionId, Currency, DealOutcome, ExternalRef, Field, Fields, Kind, Stage, Timestamp,
};
use std::{collections::BTreeMap, sync::Arc};
use store::{Caps, Store};
use tracing::{info, warn};

/// Records that one read of a rebuild takes.
const PAGE: usize = 500;

/// Configuration as read, checked, and not yet joined with what the vendors say.
#[derive(Clone, Debug)]
pub struct Config {
    /// `orchestrator.toml`.
    pub settings: Settings,
    /// `agents.toml`.
    pub roster: Roster,
    /// `stages.toml` and `phrases/*.toml`.
    pub book: StageBook,
}

/// What a vendor's stage means and why we think so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StageMeaning {
    /// Meaning.
    pub mapped: Mapped,
    /// `None`: the configuration says so.
    pub guessed: Option<By>,
    /// Label at the vendor.
    pub label: String,
}

/// Everything that decisions are made by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Configuration.
    pub config: Arc<Config>,
    /// How records are joined.
    pub merge: MergePolicy,
    /// How mails and meetings are linked.
    pub relate: RelatePolicy,
    /// Who can do what.
    pub routing: Routing,
    /// How conditions read amounts.
    pub flow: FlowPolicy,
    /// Caps of writes.
    pub caps: Caps,
    /// Who is told of what.
    pub routes: Vec<Route>,
    /// The vendor's owner id by connection and address.
    owners: BTreeMap<(ConnectionId, Box<str>), Box<str>>,
    /// Text of each action's task.
    texts: BTreeMap<Box<str>, String>,
    /// Minutes that each action's task keeps free in the calendar, of those that do.
    minutes: BTreeMap<Box<str>, u32>,
    /// The calendar in which time is kept free for tasks.
    pub calendar: Option<ExternalRef>,
    /// Meaning of each connection's stages, for people.
    pub stages: BTreeMap<ConnectionId, BTreeMap<Box<str>, StageMeaning>>,
}

impl Rules {
    /// Compiles configuration with the pipelines known so far.
    pub async fn build(config: Arc<Config>, store: &dyn Store, now: Timestamp) -> anyhow::Result<Self> {
        let pipelines = pipelines(store).await?;
        let mut stages = BTreeMap::new();
        for connection in &config.settings.connection {
            let id = connection.id();
            let known = pipelines.get(&id).map(Vec::as_slice).unwrap_or_default();
            let guessed = guess(known.iter().map(|(reference, fields)| (&*reference.id, fields)));
            let mut meanings: BTreeMap<Box<str>, StageMeaning> = BTreeMap::new();
            for (source, (mapped, by)) in guessed {
                let fields =
                    known.iter().find(|(reference, _)| reference.id == source).map(|(_, fields)| fields);
                let label = fields.and_then(|fields| fields.text(Field::Name)).unwrap_or_default().to_owned();
                meanings.insert(source, StageMeaning { mapped, guessed: Some(by), label });
            }
            for map in &connection.stage {
                let mapped = Mapped { stage: map.stage.unwrap_or(Stage::Close), outcome: map.outcome };
                let label =
                    meanings.get(map.source.as_str()).map(|known| known.label.clone()).unwrap_or_default();
                meanings.insert(map.source.as_str().into(), StageMeaning { mapped, guessed: None, label });
            }
            stages.insert(id, meanings);
        }
        let owners = owners(store).await?;
        let routing = routing(&config, store, now).await?;
        let ours = ours(&config.settings, owners.keys().map(|(_, address)| &**address));
        let mut merge = merge(&config.settings, &stages)?;
        merge.mail = mail(&config, &ours);
        Ok(Self {
            relate: RelatePolicy { ours, shared_domains: merge.shared_domains.clone() },
            merge,
            routing,
            flow: flow(&config.settings),
            caps: caps(&config.settings),
            routes: routes(&config.settings),
            owners,
            texts: config.book.actions().map(|action| (action.id.clone(), action.text.clone())).collect(),
            minutes: minutes(&config.book),
            calendar: config.settings.calendar.follow_ups.as_ref().map(Place::reference),
            stages,
            config,
        })
    }
}

impl Rules {
    /// The vendor's id of the user with an address.
    pub fn owner(&self, connection: &ConnectionId, address: &str) -> Option<Box<str>> {
        self.owners.get(&(connection.clone(), address.trim().to_lowercase().into())).cloned()
    }
    /// The address of the vendor's user with an id.
    pub fn address(&self, connection: &ConnectionId, owner: &str) -> Option<&str> {
        let mut known = self.owners.iter();
        let found = known.find(|((of, _), id)| of == connection && ***id == *owner);
        found.map(|((_, address), _)| &**address)
    }
    /// What the task of an action says there is to do.
    pub fn instructions(&self, action: &str) -> &str {
        self.texts.get(action).map_or("", String::as_str)
    }
    /// The calendar and how many minutes in it a task of an action keeps free, if any.
    pub fn slot(&self, action: &str) -> Option<(&ExternalRef, u32)> {
        self.calendar.as_ref().zip(self.minutes.get(action).copied())
    }
}

fn minutes(book: &StageBook) -> BTreeMap<Box<str>, u32> {
    book.actions().filter_map(|action| Some((action.id.clone(), action.calendar_minutes?))).collect()
}

async fn owners(store: &dyn Store) -> anyhow::Result<BTreeMap<(ConnectionId, Box<str>), Box<str>>> {
    let mut found = BTreeMap::new();
    each(store, Kind::Owner, |record| {
        for source in &record.sources {
            if let Some(address) = source.fields.text(Field::Email) {
                let key = (source.reference.connection.clone(), address.to_lowercase().into());
                found.insert(key, source.reference.id.clone());
            }
        }
    })
    .await?;
    Ok(found)
}

/// Who we are: our domains, the CRM's users, the mailboxes.
fn ours<'a>(settings: &'a Settings, owners: impl Iterator<Item = &'a str>) -> Ours {
    let mailboxes = settings.connection.iter().filter_map(|connection| connection.user.as_deref());
    Ours::new(settings.matching.own_domains.iter().map(String::as_str), owners.chain(mailboxes))
}

fn mail(config: &Config, ours: &Ours) -> MailPolicy {
    let settings = &config.settings;
    let plain = |text: &String| Box::from(text.trim().trim_start_matches('@').to_lowercase());
    MailPolicy {
        bodies: settings.mail.bodies,
        ignore: settings.mail.ignore.iter().map(plain).filter(|text| !str::is_empty(text)).collect(),
        ours: ours.clone(),
        phrases: config.book.phrases.clone(),
    }
}

fn merge(
    settings: &Settings,
    stages: &BTreeMap<ConnectionId, BTreeMap<Box<str>, StageMeaning>>,
) -> anyhow::Result<MergePolicy> {
    let matching = &settings.matching;
    let own = matching.own_domains.iter().chain(&matching.ignored_domains).map(String::as_str);
    let mut merge = MergePolicy::default().with_own_domains(own);
    for (field, order) in &matching.precedence {
        let field = serde_json::from_value(serde_json::Value::String(field.clone()))
            .with_context(|| format!("matching.precedence.{field}: no such field"))?;
        merge.precedence.insert(field, order.iter().map(|name| ConnectionId::new(name.as_str())).collect());
    }
    merge.drop_limits.records = matching.quarantine_least.into();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share, 0 to 1")]
    let thousandths = (matching.quarantine_share.0 * 1000.0) as u64;
    merge.drop_limits.thousandths = thousandths;
    for (connection, meanings) in stages {
        let mapped = meanings.iter().map(|(source, meaning)| (source.clone(), meaning.mapped)).collect();
        merge.stages.insert(connection.clone(), mapped);
    }
    Ok(merge)
}

fn flow(settings: &Settings) -> FlowPolicy {
    let organization = &settings.organization;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rates are small; what is cut off is below a millionth"
    )]
    let rate = |(currency, rate): (&Currency, &f64)| (*currency, (rate * 1e6) as i64);
    let rates = organization.rates.iter().map(rate).collect();
    FlowPolicy { currency: organization.currency, rates, heard: true }
}

fn caps(settings: &Settings) -> Caps {
    let of = |connection: &crate::settings::Connection| {
        let id = connection.id();
        connection.caps.iter().map(move |(kind, most)| ((id.clone(), *kind), *most)).collect::<Vec<_>>()
    };
    Caps(settings.connection.iter().flat_map(of).collect())
}

/// Routes in force: those whose connection is switched off have no way out.
fn routes(settings: &Settings) -> Vec<Route> {
    let open = |via: &str| settings.connection.iter().any(|one| one.id == via && one.enabled);
    let (open, shut): (Vec<_>, Vec<_>) =
        settings.route.iter().filter(|route| route.enabled).partition(|route| open(&route.via));
    for route in shut {
        warn!(route = route.id, via = route.via, "the route's connection is switched off: nobody is told");
    }
    let compiled = |route: &crate::settings::Route| Route {
        id: route.id.as_str().into(),
        on: route.on.iter().copied().collect(),
        when: route.when.as_ref().map(|when| when.0.clone()),
        to: route.to.iter().map(|whom| whom.0.clone()).collect(),
        via: ConnectionId::new(route.via.as_str()),
        dedupe: route.dedupe.0,
        quiet: route.quiet,
        zone: route.zone.as_ref().map(|zone| zone.0.clone()),
        cap_per_hour: usize::try_from(route.cap_per_hour).unwrap_or(usize::MAX),
        digest: route.digest.0,
        insist: route.insist,
    };
    open.into_iter().map(compiled).collect()
}

type Pipelines = BTreeMap<ConnectionId, Vec<(ExternalRef, Fields)>>;

async fn pipelines(store: &dyn Store) -> anyhow::Result<Pipelines> {
    let mut found = Pipelines::new();
    each(store, Kind::Pipeline, |record| {
        for source in &record.sources {
            let of = found.entry(source.reference.connection.clone()).or_default();
            of.push((source.reference.clone(), source.fields.clone()));
        }
    })
    .await?;
    Ok(found)
}

async fn each(store: &dyn Store, kind: Kind, mut visit: impl FnMut(&Canonical)) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = store.page(kind, after, PAGE).await.context("reading records")?;
        page.iter().for_each(&mut visit);
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(last.id),
            _ => return Ok(()),
        }
    }
}

/// Compiles the rules anew from `config` (a reload) or from what is in force (pipelines changed). Where stages
/// mean something else now, deals are put into their new stage.
pub async fn refresh(shared: &Shared, config: Option<Arc<Config>>) -> anyhow::Result<()> {
    let (moved, others) = loop {
        let old = shared.rules();
        let from = config.clone().unwrap_or_else(|| old.config.clone());
        let new = Rules::build(from, &*shared.store, shared.clock.now()).await?;
        let moved = new.merge.stages != old.merge.stages;
        let others = new.relate != old.relate;
        if config.is_none() && !moved && new.owners == old.owners {
            return Ok(());
        }
        let meanings = || new.stages.values().flat_map(BTreeMap::values);
        let (stages, guessed) = (meanings().count(), meanings().filter(|one| one.guessed.is_some()).count());
        if shared.replace_rules(&old, new) {
            info!(stages, guessed, "rules in force");
            break (moved, others);
        }
    };
    if others {
        // Who is ours decides who spoke to whom, in the past as well.
        let again = shared.store.relate_all(&shared.held, shared.clock.now()).await;
        again.context("having mails and meetings linked anew")?;
        shared.nudges.relate.wake();
    }
    if moved { restage_all(shared).await } else { Ok(()) }
}

async fn restage_all(shared: &Shared) -> anyhow::Result<()> {
    let rules = shared.rules();
    let mut after = None;
    loop {
        let page = shared.store.page(Kind::Deal, after, PAGE).await.context("reading deals")?;
        let now = shared.clock.now();
        let (last, full) = (page.last().map(|deal| deal.id), page.len() == PAGE);
        let intake = restage(page, &rules.merge, now);
        if !intake.records.is_empty() {
            shared
                .store
                .commit_page(&shared.held, intake, now)
                .await
                .context("putting deals into their stages")?;
            shared.nudges.progress.wake();
        }
        if !full {
            return Ok(());
        }
        after = last;
    }
}

/// Stages of a connection that an open deal of ours moves to, best first: where our stage lives at the vendor.
pub fn sources_of(
    rules: &Rules,
    connection: &ConnectionId,
    pipeline: &str,
    stage: Stage,
) -> Option<Box<str>> {
    let meanings = rules.stages.get(connection)?;
    let fits = |source: &str, meaning: &StageMeaning| {
        meaning.mapped.stage == stage
            && meaning.mapped.outcome == DealOutcome::Open
            && source.split('/').next() == Some(pipeline)
    };
    meanings.iter().find(|(source, meaning)| fits(source, meaning)).map(|(source, _)| source.clone())
}
