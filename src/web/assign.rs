//! Giving work: an open task, or a new one of an action, to an agent that is named or that the engine chooses.

use crate::{Web, caller::Caller, context, once::repeated, problem::Problem};
use engine::{
    assign::{Change, Verdict, explain, week_start},
    flow::{ActionSpec, Per, StageBook, StageSpec, asked_task, stage_of},
    rebalance::settle,
};
use http::StatusCode;
use model::{
    AgentId, Field, Id, MessageId, Stage,
    work::{
        Assignment, Board, Candidate, Give, Order, Responsibility, Subject, Task, TaskState,
        message::check_params,
    },
};
use runtime::settings::nearest;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use store::TaskFilter;

/// Open tasks of one deal that are looked at.
const MOST: usize = 500;
/// Suggestions for words that are no action.
const SUGGESTED: usize = 6;

/// Of `assign`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// A task's id, or an action (`DISCOVERY_CALL`).
    pub what: String,
    /// For an action: `deal:ID`, `contact:ID` or `segment:NAME`.
    pub subject: Option<String>,
    /// To this agent; the engine chooses when absent.
    pub to: Option<String>,
    /// What a new task is given.
    #[serde(default)]
    pub params: Map<String, Value>,
    /// Beyond the agent's limit, if need be, and although it did not answer or is just back.
    #[serde(default)]
    pub force: bool,
    /// Only show who would get it and why.
    #[serde(default)]
    pub dry_run: bool,
}

/// What would be done.
pub struct Prepared {
    /// The task, as it is or as it would be made.
    pub task: Task,
    /// It is to be made.
    pub new: bool,
    /// Who was asked for.
    pub to: Option<AgentId>,
    /// The decision, were it taken now.
    pub decision: Option<Assignment>,
    /// Why there is none.
    pub against: Option<String>,
    /// Every agent, judged.
    pub verdicts: Vec<Verdict>,
    order: Order,
}

pub async fn assign(web: &Web, caller: &Caller, input: Assign) -> Result<Value, Problem> {
    let dry = input.dry_run;
    // A call that was cut off after the order had been taken gets its answer now.
    if caller.key.is_some() && !dry {
        let known = web.store().ordered(order_id(web, caller, &input)?.as_str()).await?;
        if let Some(answer) = known.as_deref().and_then(repeated) {
            return Ok(answer);
        }
    }
    let prepared = prepare(web, caller, input).await?;
    let order = if dry { None } else { Some(submit(web, caller, &prepared).await?) };
    Ok(shown(&prepared, order.as_deref()))
}

fn order_id(web: &Web, caller: &Caller, input: &Assign) -> Result<MessageId, Problem> {
    let to = input.to.as_deref().map(|name| agent(web, name)).transpose()?;
    Ok(web.message_id(caller, &format!("assign {} {:?} {to:?}", input.what, input.subject)))
}

fn shown(prepared: &Prepared, order: Option<&str>) -> Value {
    let task = &prepared.task;
    json!({
        "order": order,
        "new": prepared.new,
        "task": { "id": task.id, "action": task.action, "subject": task.subject.to_string(), "state": task.state,
                  "untrusted": { "title": task.title } },
        "to": prepared.decision.as_ref().and_then(|made| made.winner.as_ref()).map(|winner| &winner.agent),
        "against": prepared.against,
        "ranking": ranking(&prepared.verdicts),
    })
}

/// Works out what would be done, and who would get it.
pub async fn prepare(web: &Web, caller: &Caller, input: Assign) -> Result<Prepared, Problem> {
    check_params(&input.params).map_err(|error| Problem::input(error.to_string()))?;
    let rules = web.rules();
    let to = input.to.as_deref().map(|name| agent(web, name)).transpose()?;
    let order = order_id(web, caller, &input)?;
    let (task, new) = task(web, caller, &input, order.as_str()).await?;
    let from = match &task.state {
        TaskState::Queued => None,
        TaskState::Offered { .. } | TaskState::Assigned if to.is_some() || input.dry_run => {
            task.holder.clone()
        }
        _ => return Err(state(not_free(&task))),
    };
    let give = Give {
        task: task.id,
        from: from.clone(),
        to: to.clone(),
        force: input.force,
        begun: false,
        why: "".into(),
    };
    let now = web.now();
    let mut board = board(web, &task).await?;
    if new {
        board.tasks.push(task.clone());
    }
    let mut settled = settle(&board, std::slice::from_ref(&give), &rules.routing, 0, now);
    let decision = settled.given.iter().position(|made| made.task == task.id);
    let decision = decision.map(|at| settled.given.swap_remove(at));
    // Everybody is judged as if nobody had it yet.
    let mut free = settled.on;
    if from.is_some() && task.responsibility == Responsibility::Primary {
        free.primaries.remove(task.subject.to_string().as_str());
    }
    free.tasks = vec![Task { state: TaskState::Queued, holder: None, ..task.clone() }];
    let explained = explain(&free, &rules.routing, task.id, 0, now);
    let params = input.params;
    Ok(Prepared {
        decision,
        against: settled.lapsed.into_iter().next().map(|lapsed| lapsed.why),
        verdicts: explained.map(|(_, verdicts)| verdicts).unwrap_or_default(),
        order: Order {
            id: order.as_str().into(),
            by: caller.party.name().into(),
            at: now,
            make: new.then(|| (task.clone(), params)),
            gives: vec![give],
        },
        task,
        new,
        to,
    })
}

/// Keeps the order for the daemon; its id. A new task for which nobody is named is made all the same and waits.
pub async fn submit(web: &Web, caller: &Caller, prepared: &Prepared) -> Result<Box<str>, Problem> {
    let waits = prepared.new && prepared.to.is_none();
    if let Some(against) = prepared.against.as_ref().filter(|_| !waits) {
        return Err(state(format!("it can't be given: {against}")));
    }
    let id = prepared.order.id.clone();
    let answer = shown(prepared, Some(&id)).to_string();
    web.store().order(&caller.party, prepared.order.clone(), &answer).await?;
    Ok(id)
}

fn state(detail: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, "state", detail)
}

fn not_free(task: &Task) -> String {
    let holder = task.holder.as_ref().map_or("nobody", AgentId::as_str);
    match &task.state {
        TaskState::Offered { .. } | TaskState::Assigned => {
            format!("task {} is with {holder} already: name an agent to move it", task.id)
        }
        TaskState::InProgress | TaskState::Blocked => format!(
            "{holder} has begun with task {}: hand the deal over, or rebalance work that was begun as well",
            task.id
        ),
        _ => format!("task {} is {}", task.id, task.state.name()),
    }
}

/// The agent of that name or alias.
pub(crate) fn agent(web: &Web, name: &str) -> Result<AgentId, Problem> {
    web.rules().config.roster.named(name).map(|agent| agent.id.clone()).map_err(Problem::input)
}

/// The task that is meant: by its id, the open one of an action on a subject, or a new one.
async fn task(web: &Web, caller: &Caller, input: &Assign, order: &str) -> Result<(Task, bool), Problem> {
    if let Ok(id) = input.what.trim().parse::<Id>() {
        let found = web.store().task(id).await?;
        return found
            .map(|(task, _)| (task, false))
            .ok_or_else(|| Problem::unknown(format!("there is no task {id}")));
    }
    let rules = web.rules();
    let book = &rules.config.book;
    let action = action(book, &input.what)?;
    let subject = match &input.subject {
        Some(text) => context::subject(text)?,
        None => own_subject(book, action)?,
    };
    let record = match &subject {
        Subject::Deal(id) | Subject::Lead(id) => Some(*id),
        Subject::Segment(_) => None,
    };
    let unknown = || Problem::unknown(format!("there is no {subject}"));
    let (mut about, mut stage) = (String::new(), None);
    if let Some(id) = record {
        let open = web.store().tasks(&TaskFilter::of(id), MOST).await?;
        let mut open = open.into_iter().filter(|task| task.state.is_open() && task.action == action.id);
        if let Some(task) = open.next() {
            return Ok((task, false));
        }
        let view = web.store().subjects(&[id]).await?.into_iter().next().ok_or_else(unknown)?;
        view.fields.text(Field::Name).unwrap_or_default().clone_into(&mut about);
        stage = stage_of(&view);
    }
    let stage = stage.or_else(|| home(book, action)).unwrap_or(Stage::Awareness);
    let task = asked_task(action, (&subject, &about, stage), (caller.party.name(), order), web.now());
    Ok((task, true))
}

/// The stage that an action stands in.
fn home(book: &StageBook, action: &ActionSpec) -> Option<Stage> {
    let has = |spec: &&StageSpec| spec.actions.iter().chain(&spec.supports).any(|one| one.id == action.id);
    book.stages.iter().find(has).map(|spec| spec.stage)
}

/// What an action is about where nobody says so: the first segment, for work that belongs to no deal.
fn own_subject(book: &StageBook, action: &ActionSpec) -> Result<Subject, Problem> {
    let raised = book.triggers.iter().flat_map(|trigger| &trigger.actions).any(|one| one.id == action.id);
    let segment = book.segments.first().filter(|_| action.per == Per::Segment || raised);
    let none = || Problem::input(format!("{} is done on a deal or contact: on which?", action.id));
    segment.map(|segment| Subject::Segment(segment.id.clone())).ok_or_else(none)
}

/// The action of that name; for other words those that may be meant.
fn action<'b>(book: &'b StageBook, text: &str) -> Result<&'b ActionSpec, Problem> {
    let name: String = text
        .trim()
        .chars()
        .map(|c| if c == ' ' || c == '-' { '_' } else { c.to_ascii_uppercase() })
        .collect();
    if let Some(found) = book.actions().find(|action| *action.id == *name) {
        return Ok(found);
    }
    let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| word.len() > 2).collect();
    let mut near: Vec<(usize, &ActionSpec)> =
        book.actions().map(|action| (alike(action, &words), action)).collect();
    near.retain(|(count, _)| *count > 0);
    near.sort_by(|a, b| (b.0, &a.1.id).cmp(&(a.0, &b.1.id)));
    near.dedup_by(|a, b| a.1.id == b.1.id);
    let known: BTreeSet<&str> = book.actions().map(|action| &*action.id).collect();
    let known: Vec<&str> = known.into_iter().collect();
    let mut lines: Vec<String> =
        near.iter().take(SUGGESTED).map(|(_, action)| format!("  {}  {}", action.id, action.title)).collect();
    if lines.is_empty() {
        lines.extend(nearest(&name, &known).map(|near| format!("  {near}")));
    }
    let meant = if lines.is_empty() {
        format!("known are {}", known.join(", "))
    } else {
        format!("it may be one of these:\n{}", lines.join("\n"))
    };
    Err(Problem::unknown(format!("{text:?} is neither a task nor an action; {meant}")))
}

/// How many of the words an action has in its name, its title or its capability.
fn alike(action: &ActionSpec, words: &[&str]) -> usize {
    let text = format!("{} {} {}", action.id, action.title, action.need.capability).to_lowercase();
    let own: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 2).collect();
    let like = |word: &&&str| own.iter().any(|known| known.starts_with(**word) || word.starts_with(known));
    words.iter().filter(like).count()
}

/// Every open task of the same deal or lead, with what everybody carries.
async fn board(web: &Web, task: &Task) -> Result<Board, Problem> {
    let mut ids = vec![task.id];
    if let Subject::Deal(record) | Subject::Lead(record) = task.subject {
        let tasks = web.store().tasks(&TaskFilter::of(record), MOST).await?;
        ids.extend(tasks.iter().filter(|one| one.state.is_open() && one.id != task.id).map(|one| one.id));
    }
    let week = week_start(web.now(), web.rules().routing.zone());
    let most = ids.len();
    Ok(web.store().work_board(Some(ids), most, week).await?)
}

/// Every agent with its terms or what keeps it out, the best first.
fn ranking(verdicts: &[Verdict]) -> Vec<Value> {
    let mut all: Vec<&Verdict> = verdicts.iter().collect();
    all.sort_by_key(|one| match one {
        Verdict::Chosen(_) => (0, 0),
        Verdict::Beaten { behind, .. } => (1, *behind),
        Verdict::Out { .. } => (2, 0),
    });
    all.into_iter().map(verdict).collect()
}

fn verdict(verdict: &Verdict) -> Value {
    let change = |change: &Option<Change>| change.as_ref().map(ToString::to_string);
    let terms = |one: &Candidate| {
        json!({ "score": one.score(), "capability": one.capability, "performance": one.performance,
                "free": one.free, "specialisation": one.specialisation })
    };
    match verdict {
        Verdict::Chosen(one) => json!({ "agent": one.agent, "place": "first", "terms": terms(one) }),
        Verdict::Beaten { candidate: one, behind, change: nearest } => json!({
            "agent": one.agent, "place": "behind", "terms": terms(one), "behind": behind,
            "would_be_first": change(nearest),
        }),
        Verdict::Out { reasons, changes } => {
            let why = reasons.iter().zip(changes).map(|(out, nearest)| {
                json!({ "reason": out.reason, "detail": out.detail, "able": change(nearest) })
            });
            let agent = reasons.first().map(|out| &out.agent);
            json!({ "agent": agent, "place": "out", "reasons": why.collect::<Vec<_>>() })
        }
    }
}
