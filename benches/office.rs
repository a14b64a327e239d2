//! A folder with a configuration of many agents that fetch their work, a database with open deals whose tasks
//! wait in the queue, and a token per agent.

use crate::rig;
use anyhow::Context;
use connect::Clock;
use engine::{
    assign::Roster,
    config::Source,
    flow::{ActionSpec, StageBook},
};
use model::{
    AgentId, Canonical, ConnectionId, DealOutcome, ExternalRef, Field, Fields, Id, Intake, Kind, RecordRow,
    SourceRow, Stage, Timestamp, Value, Version,
    work::{AgentSpec, Layer, Party, Responsibility, Role, Token},
};
use runtime::{
    clock::SystemClock,
    cycle::{Cycle, Turn},
    rules::Config,
};
use std::{collections::BTreeSet, fmt::Write as _, path::Path, sync::Arc};
use store::Store;

/// What each agent may have at a time.
const ROOM: usize = 10;
const PAGE: usize = 500;
/// Stages in which a deal has work to do from the start.
const STAGES: [Stage; 5] =
    [Stage::Qualification, Stage::Demonstration, Stage::Proposal, Stage::Negotiation, Stage::Close];

/// Writes the configuration; the daemon listens on `port`.
pub fn configure(folder: &Path, agents: usize, port: u16) -> anyhow::Result<()> {
    let loaded = engine::config::load(None, None).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
    std::fs::write(folder.join("agents.toml"), roster(&loaded.roster, &loaded.book, agents)?)?;
    let settings = format!("[web]\nlisten = \"127.0.0.1:{port}\"\n[logging]\nlevel = \"warn\"\n");
    std::fs::write(folder.join("orchestrator.toml"), settings)?;
    Ok(())
}

/// So many agents beside those that ship, each a copy of one of them that does the main work on deals, that fetches it.
fn roster(shipped: &Roster, book: &StageBook, agents: usize) -> anyhow::Result<String> {
    let stages = book.stages.iter().filter(|spec| STAGES.contains(&spec.stage));
    let main = |action: &&ActionSpec| action.responsibility == Responsibility::Primary;
    let needed: BTreeSet<&str> =
        stages.flat_map(|spec| &spec.actions).filter(main).map(|action| &*action.need.capability).collect();
    let working = |agent: &&AgentSpec| {
        agent.layer != Layer::Master && agent.capabilities.keys().any(|name| needed.contains(&**name))
    };
    let models: Vec<&AgentSpec> = shipped.agents.iter().filter(working).collect();
    let mut text = String::new();
    for (number, model) in (0..agents).zip(models.iter().cycle()) {
        let layer = serde_json::to_string(&model.layer)?;
        let stages = serde_json::to_string(&model.stages)?;
        let able: Vec<String> = model
            .capabilities
            .iter()
            .map(|(name, level)| format!("{name} = {}", f64::from(*level) / 1000.0))
            .collect();
        writeln!(
            text,
            "[[agent]]\nid = \"{}.{number:04}\"\nlayer = {layer}\nrole = \"Bench\"\nstages = {stages}\n\
             capabilities = {{ {} }}\nreach = \"inbox\"\naccept_minutes = 600\nhandoff = \"none\"\n\
             capacity = {{ limit = {ROOM}, unit = \"task\", window = \"concurrent\" }}\n",
            model.id,
            able.join(", ")
        )?;
    }
    Ok(text)
}

/// An agent of the bench with the secret that it comes in by.
pub struct Talker {
    pub agent: AgentId,
    pub secret: String,
}

/// Fills the database until so many tasks wait, and makes the agents' tokens.
pub async fn fill(folder: &Path, tasks: usize) -> anyhow::Result<Vec<Talker>> {
    let agents = std::fs::read_to_string(folder.join("agents.toml"))?;
    let source = Source { name: "agents.toml", text: &agents };
    let loaded = engine::config::load(Some(source), None).map_err(|wrong| anyhow::anyhow!("{wrong:?}"))?;
    let talkers: Vec<AgentId> = loaded
        .roster
        .agents
        .iter()
        .filter(|agent| agent.role == "Bench")
        .map(|agent| agent.id.clone())
        .collect();
    let config = Config { settings: rig::config()?.settings, roster: loaded.roster, book: loaded.book };
    let (daemon, store) = rig::daemon(&folder.join("orchestrator.db"), config, Vec::new()).await?;
    let (mut cycles, mut first) = (daemon.cycles(), 0);
    while waiting(&*store).await? < tasks {
        let now = SystemClock.now();
        store.commit_page(&daemon.shared.held, deals(first..first + PAGE, now), now).await?;
        first += PAGE;
        while cycles.progress.turn().await? == Turn::Again {}
    }
    tokens(&store, talkers).await
}

async fn waiting(store: &dyn Store) -> anyhow::Result<usize> {
    let open = store.overview(SystemClock.now()).await?.tasks;
    Ok(usize::try_from(open.get("queued").copied().unwrap_or_default())?)
}

async fn tokens(store: &Arc<dyn Store>, agents: Vec<AgentId>) -> anyhow::Result<Vec<Talker>> {
    let by = Party::Person("bench".into());
    let now = SystemClock.now();
    let mut talkers = Vec::new();
    for (agent, number) in agents.into_iter().zip(0_u64..) {
        let mut chance = [0; 32];
        chance.first_chunk_mut().map(|first| *first = number.to_le_bytes()).context("32 bytes")?;
        let secret = web::caller::token(&chance);
        let token = Token {
            name: agent.as_str().into(),
            role: Role::Agent(agent.clone()),
            created: now,
            created_by: "bench".into(),
            expires: None,
            revoked: None,
        };
        store.create_token(&by, token, &web::caller::hash(&secret), now).await?;
        talkers.push(Talker { agent, secret });
    }
    Ok(talkers)
}

fn deals(numbers: std::ops::Range<usize>, now: Timestamp) -> Intake {
    let connection = ConnectionId::from(rig::CONNECTION);
    let mut page = Intake::default();
    for (number, stage) in numbers.zip(STAGES.iter().cycle()) {
        let reference = ExternalRef::new(&connection, Kind::Deal, number.to_string());
        let id = Id::derived(&["bench deal", &number.to_string()]);
        let fields: Fields = [
            (Field::Name, Value::Text(format!("Deal {number}").into())),
            (Field::Stage, Value::Stage(*stage)),
            (Field::Outcome, Value::Outcome(DealOutcome::Open)),
        ]
        .into_iter()
        .collect();
        let record = Canonical {
            id,
            kind: Kind::Deal,
            fields,
            sources: Vec::new(),
            stage_since: Some(now),
            gone: None,
        };
        page.records.push(RecordRow { record, new: true, match_keys: None });
        page.sources.push(SourceRow {
            reference,
            record: id,
            version: Version::At(now),
            modified: now,
            raw: Some("{}".into()),
            links: Vec::new(),
            new: true,
        });
        page.dirty.push(id);
    }
    page
}
