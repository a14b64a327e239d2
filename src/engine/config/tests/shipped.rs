//! Each entry of the shipped files is taken out in turn, as text: something must be refused, said or decided
//! otherwise.

use super::super::{AGENTS, Loaded, Problem, STAGES, Source, names::UNITS, problem::Texts, read};
use crate::{
    assign::{Desk, Roster, Routing},
    coordinate::{self, Order, insight_message, offer_message, triggered_by},
    flow::{self, FlowPolicy, StageBook},
    metrics::{Sheet, agent_rows, stage_rows},
};
use model::{
    Id, Stage, Timestamp,
    work::{AgentLoad, Board, Document, MetricInputs, Subject, Task, message::ResultDocument},
};
use std::{collections::BTreeMap, sync::Mutex};
use toml::{Table, Value};

const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_000);

/// A file with the steps that lead to one of its entries.
type Entry = (usize, Vec<Step>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Key(String),
    At(usize),
}

/// Both files as they are shipped.
fn shipped() -> [Value; 2] {
    [AGENTS, STAGES].map(|text| Value::Table(text.parse::<Table>().unwrap()))
}

fn loaded(files: &[Value; 2]) -> Result<Loaded, Vec<Problem>> {
    let [agents, stages] = files.each_ref().map(|file| toml::to_string(file).unwrap());
    let texts = |name, text| Texts::new(Source { name, text }, None);
    read(texts("agents.toml", &agents), texts("stages.toml", &stages), &[])
}

/// What must matter: list entries, and the keys below. Prose, and settings that say what holds anyway, need not.
const KEYS: [&str; 17] = [
    "capacity",
    "handoff",
    "layer",
    "enabled",
    "transition",
    "when",
    "drop_when",
    "done_when",
    "each",
    "due",
    "unit",
    "part",
    "per",
    "capability",
    "agent",
    "primary",
    "ended_when",
];
/// Tables of which each key is an entry.
const NAMED: [&str; 3] = ["capabilities", "metrics", "prefers"];

fn entries(value: &Value, path: &[Step], found: &mut Vec<Vec<Step>>) {
    let below = |step: Step| [path, &[step]].concat();
    match value {
        Value::Array(list) => {
            for (at, one) in list.iter().enumerate() {
                found.push(below(Step::At(at)));
                entries(one, &below(Step::At(at)), found);
            }
        }
        Value::Table(table) => {
            let named = matches!(path.last(), Some(Step::Key(key)) if NAMED.contains(&key.as_str()));
            for (key, one) in table {
                if named || KEYS.contains(&key.as_str()) {
                    found.push(below(Step::Key(key.clone())));
                }
                entries(one, &below(Step::Key(key.clone())), found);
            }
        }
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

/// Takes the entry out; gives its place in words, by the ids on the way.
fn take(value: &mut Value, path: &[Step]) -> String {
    let id = |value: &Value| {
        let name = |key| value.get(key).and_then(Value::as_str);
        name("id")
            .or_else(|| name("on"))
            .or(value.as_str())
            .map(|name| format!(" {name}"))
            .unwrap_or_default()
    };
    match (path, value) {
        ([Step::Key(key)], Value::Table(table)) => {
            table.remove(key);
            format!(" {key}")
        }
        ([Step::At(at)], Value::Array(list)) => id(&list.remove(*at)),
        ([Step::Key(key), rest @ ..], Value::Table(table)) => {
            format!(" {key}{}", take(table.get_mut(key).unwrap(), rest))
        }
        ([Step::At(at), rest @ ..], Value::Array(list)) => {
            let one = &mut list[*at];
            format!("{}{}", id(one), take(one, rest))
        }
        (path, _) => panic!("nothing at {path:?}"),
    }
}

/// Every task that the shipped book can make, in every stage, as it is meant and meant for nobody; each alone on its
/// subject.
fn tasks(book: &StageBook) -> Vec<Task> {
    let mut tasks = flow::segment_tasks(book, NOW, NOW);
    tasks.extend(Stage::ALL.into_iter().flat_map(|stage| at_work(book, stage).create));
    let subject = Subject::Segment("technical-founders".into());
    for stage in Stage::ALL {
        let raised = |trigger| flow::trigger_tasks(trigger, &subject, stage, "1", NOW);
        tasks.extend(book.triggers.iter().flat_map(raised));
    }
    let free: Vec<Task> = tasks.iter().map(|task| Task { meant_for: None, ..task.clone() }).collect();
    tasks.extend(free);
    for (number, task) in tasks.iter_mut().enumerate() {
        task.id = Id::derived(&["task", &number.to_string()]);
        task.subject = Subject::Deal(Id::derived(&["alone", &number.to_string()]));
    }
    tasks
}

/// What is decided of a deal in a stage that has everything which calls for supports.
fn at_work(book: &StageBook, stage: Stage) -> flow::Progress {
    flow::progress(&flow::tests::shipped::busy_deal(stage), book, &policy(), NOW)
}

fn policy() -> FlowPolicy {
    FlowPolicy { currency: "USD".parse().unwrap(), rates: BTreeMap::new(), heard: true }
}

/// Tasks placed in one turn: so few that nobody comes to a limit and is no candidate any more.
const TURN: usize = 12;

/// Who gets what, with all scores, when everybody is at work on something: as they are, and all switched on.
fn placed(loaded: &Loaded, tasks: &[Task]) -> String {
    let used: BTreeMap<Box<str>, u32> = UNITS.map(|unit| (unit.into(), 1)).into();
    let load = AgentLoad { open: used.clone(), week: used, ..AgentLoad::default() };
    let loads = loaded.roster.agents.iter().map(|agent| (agent.id.clone(), load.clone().into())).collect();
    let enterprise = tasks.iter().map(|task| (task.subject.to_string().into(), true)).collect();
    let board = Board { loads, enterprise, ..Board::default() };
    let mut all_on = loaded.roster.clone();
    for agent in &mut all_on.agents {
        agent.enabled = true;
    }
    let turn = |roster: &Roster| {
        let routing = Routing::new(roster, "UTC").unwrap();
        let place = |part: &[Task]| Desk::new(&routing, &board).place(part, 1, NOW);
        let mut turn: Vec<_> = tasks.chunks(TURN).flat_map(place).collect();
        // The hash of the configuration differs with every letter of it.
        for one in &mut turn {
            one.config = "".into();
        }
        format!("{turn:?}")
    };
    turn(&loaded.roster) + &turn(&all_on)
}

/// What agents are told to do, why, and what to give back; what all learn of it; and what they are called.
fn told(loaded: &Loaded, names: &[String]) -> String {
    let mut lines: Vec<String> =
        names.iter().map(|name| format!("{:?}", loaded.roster.resolve(name))).collect();
    let signals = Stage::ALL.map(|stage| (stage, at_work(&loaded.book, stage).signals));
    for agent in &loaded.roster.agents {
        let content = ResultDocument { title: None, markdown: "Three.".into(), data: serde_json::Map::new() };
        let by = agent.id.as_str().into();
        let document = Document { id: 1, task: Id::derived(&["task"]), by, at: NOW, content };
        lines.push(serde_json::to_string(&insight_message(&document, agent, NOW)).unwrap());
        for (stage, signals) in &signals {
            let mut detail = coordinate::tests::offered_to(&agent.id);
            detail.task.stage = *stage;
            let triggers = triggered_by(agent, &detail.task, &loaded.book, signals);
            let order = Order { instructions: "", outputs: &agent.outputs, triggers };
            let offer = offer_message(&detail, &order, None, &[], Some(NOW), NOW);
            lines.push(serde_json::to_string(&offer).unwrap());
        }
    }
    lines.join("\n")
}

fn figures(loaded: &Loaded) -> String {
    let (inputs, book) = (MetricInputs::default(), &loaded.book);
    let policy = policy();
    let sheet = Sheet::new(&inputs, book, &policy, NOW);
    let agents: Vec<_> =
        loaded.roster.agents.iter().map(|agent| (&agent.id, agent_rows(&sheet, agent))).collect();
    let stages: Vec<_> = book.stages.iter().map(|spec| (spec.stage, stage_rows(&sheet, spec))).collect();
    format!("{agents:?} {stages:?}")
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().flat_map(|problem| [problem.to_string(), "\n".to_owned()]).collect()
}

/// One way to look at what was loaded.
type View<'s> = Box<dyn Fn(&Loaded) -> String + 's>;

/// What is seen of two files, the cheapest first.
struct Seen<'s> {
    tasks: &'s [Task],
    /// Ids of all signals, names of all agents.
    signals: String,
    names: Vec<String>,
}

impl Seen<'_> {
    fn views(&self) -> [View<'_>; 6] {
        [
            Box::new(|loaded| lines(&loaded.warnings)),
            Box::new(|loaded| placed(loaded, self.tasks)),
            Box::new(|loaded| format!("{:?}", coordinate::tests::raised(&loaded.roster, &loaded.book))),
            Box::new(|loaded| told(loaded, &self.names)),
            Box::new(figures),
            Box::new(|loaded| flow::tests::shipped::everything(&self.signals, &loaded.book)),
        ]
    }
}

#[test]
fn whatever_is_deleted_from_the_shipped_files_makes_a_difference() {
    // given the shipped files and all that is decided by them
    let files = shipped();
    let whole = loaded(&files).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let tasks = tasks(&whole.book);
    let signals: Vec<&str> = whole.book.signals.iter().map(|signal| &*signal.id).collect();
    let names = whole.roster.agents.iter().flat_map(|agent| agent.aliases.iter().map(ToString::to_string));
    let seen = Seen { tasks: &tasks, signals: signals.join(";"), names: names.collect() };
    let all = seen.views().map(|view| view(&whole));
    let mut every: Vec<Entry> = Vec::new();
    for (file, value) in files.iter().enumerate() {
        let mut found = Vec::new();
        entries(value, &[], &mut found);
        every.extend(found.into_iter().map(|path| (file, path)));
    }
    assert!(every.len() > 500, "{} entries", every.len());
    // when each is taken out in turn
    let idle = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for part in every.chunks(every.len().div_ceil(2)) {
            let (files, seen, all, idle) = (&files, &seen, &all, &idle);
            scope.spawn(move || {
                let views = seen.views();
                for (file, path) in part {
                    let mut less = files.clone();
                    let what = take(&mut less[*file], path);
                    let Ok(less) = loaded(&less) else { continue };
                    if views.iter().zip(all).all(|(view, all)| view(&less) == *all) {
                        idle.lock().unwrap().push(what);
                    }
                }
            });
        }
    });
    // then none of them was idle
    let idle = idle.into_inner().unwrap();
    assert!(idle.is_empty(), "{} change nothing:\n{}", idle.len(), idle.join("\n"));
}
