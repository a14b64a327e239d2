//! `why`: a task's decision with its losers, a record's fields with their winners, or the story of a handoff or an
//! escalation.

use crate::{
    answer::{Answer, usage},
    app::App,
    case_story::{self, Case},
    desk,
    diff::name_of,
    figures::local,
    story,
    text::{Table, clean, cut, put},
    why_task,
};
use engine::reconcile::explain_field;
use model::{
    Canonical, ConnectionId, ExternalRef, Id, Kind,
    work::{Assignment, Task},
};
use runtime::rules::Rules;
use serde_json::{Value, json};
use store::{Store, TaskFilter};

/// Events shown.
pub const HISTORY: usize = 12;
/// What an id may be said to be, besides a record's kind.
const NAMED: [&str; 3] = ["task", "handoff", "escalation"];
/// Tasks shown.
const TASKS: usize = 50;

const EXAMPLES: &str = "\
Examples:
  sales-orchestrator why deal:9201                         by the CRM's id
  sales-orchestrator why contact:0192f0c1-...              by ours
  sales-orchestrator why \"Acme\"                            by name
  sales-orchestrator why 5f0c...                           a task: who got it, with every loser
  sales-orchestrator why 0193...                           a handoff or an escalation: what raised it, who was told,
                                                           who answered, what comes next

The verbs tasks, handoff and escalate print ids.";

/// Options of `why`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Id of a task, handoff or escalation, `deal:ID`, `contact:ID`, `company:ID`, or a name
    #[arg(value_name = "WHAT")]
    what: String,
}

enum Found {
    Task(Box<Task>, Vec<Assignment>),
    Record(Box<Canonical>),
    Case(Case),
}

/// Explains.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let config = app.config()?;
    let store = app.store(&config.settings)?;
    let rules = app.rules(config, &*store).await?;
    match find(&*store, &rules, &args.what).await? {
        Found::Task(task, decisions) => why_task::tell(app, &*store, &rules, &task, &decisions).await,
        Found::Record(record) => why_record(app, &*store, &rules, &record).await,
        Found::Case(case) => case_story::tell(app, &*store, &rules, &case).await,
    }
}

async fn find(store: &dyn Store, rules: &Rules, what: &str) -> anyhow::Result<Found> {
    let (kind, name) = match what.split_once(':') {
        Some((kind, name)) if !NAMED.contains(&kind) || !name.contains('-') => {
            let kind: Kind = kind.parse().map_err(usage)?;
            (Some(kind), name)
        }
        Some((_, name)) => (None, name),
        None => (None, what),
    };
    let whole = desk::whole_id(store, name).await?;
    if let Ok(id) = whole.parse::<Id>() {
        if let Some((task, decisions)) = store.task(id).await? {
            return Ok(Found::Task(Box::new(task), decisions));
        }
        if let Some(record) = store.record(id).await? {
            return Ok(Found::Record(Box::new(record)));
        }
        if let Some(case) = case_story::find(store, id).await? {
            return Ok(Found::Case(case));
        }
        let orders = store.orders().await?;
        if let Some(order) =
            orders.iter().find(|order| order.make.as_ref().is_some_and(|(task, _)| task.id == id))
        {
            let by = clean(&order.by);
            return Err(usage(format!(
                "{by} asked for that task; a running daemon makes it in its next turn"
            )));
        }
    }
    let mut ids = Vec::new();
    for connection in &rules.config.settings.connection {
        let kinds = kind.map_or(Kind::ALL.to_vec(), |kind| vec![kind]);
        for kind in kinds {
            let reference = ExternalRef::new(&ConnectionId::new(connection.id.as_str()), kind, name);
            ids.extend(store.find_ref(&reference).await?);
        }
    }
    ids.dedup();
    if ids.is_empty() {
        let found = store.search(kind, name, 10).await?;
        if found.len() > 1 {
            let lines: Vec<String> =
                found.iter().map(|(id, kind, name)| format!("  {kind}:{id}  {}", clean(name))).collect();
            return Err(usage(format!("{name:?} may be any of these:\n{}", lines.join("\n"))));
        }
        ids.extend(found.iter().map(|(id, ..)| *id));
    }
    match ids.as_slice() {
        [] => Err(usage(format!("nothing is known by {what:?}"))),
        [id] => {
            let record = store.record(*id).await?;
            let record = record.ok_or_else(|| usage(format!("nothing is known by {what:?}")))?;
            Ok(Found::Record(Box::new(record)))
        }
        many => {
            let many: Vec<String> = many.iter().map(ToString::to_string).collect();
            Err(usage(format!("{what:?} may be any of these: {}", many.join(", "))))
        }
    }
}

async fn why_record(
    app: &App,
    store: &dyn Store,
    rules: &Rules,
    record: &Canonical,
) -> anyhow::Result<Answer> {
    let zone = rules.routing.zone();
    let name = record.fields.text(model::Field::Name).unwrap_or_default();
    let mut text = format!("{} {}\n{}\n", app.screen.paint.bold(&clean(name)), record.kind, record.id);
    for source in &record.sources {
        put!(text, "  at {} (changed {})\n", source.reference, local(source.modified, zone));
    }
    if let Some(how) = &record.gone {
        put!(text, "  {}\n", story::gone(how));
    }
    if let (Some(stage), Some(since)) = (record.fields.stage(), record.stage_since) {
        put!(text, "  in {stage} since {}\n", local(since, zone));
    }
    let mut table = Table::new(&["Field", "Value", "From", "Because"]);
    let mut fields = Vec::new();
    for (field, value) in record.fields.iter() {
        let said = explain_field(record, field, &rules.merge);
        for one in &said {
            let shown = if one.won { value } else { &one.value };
            let field = if one.won { name_of(field) } else { String::new() };
            let value = cut(&clean(&shown.to_string()), 60);
            table.row([field, value, one.source.connection.to_string(), one.reason.to_string()]);
        }
        let said: Vec<Value> = said
            .iter()
            .map(|one| {
                json!({ "source": one.source.to_string(), "value": one.value,
            "won": one.won, "reason": one.reason.to_string() })
            })
            .collect();
        fields.push(json!({ "field": field, "value": value, "sources": said }));
    }
    put!(text, "\n{}", table.render(app.screen.columns));
    let tasks = store.tasks(&TaskFilter::of(record.id), TASKS).await?;
    if !tasks.is_empty() {
        put!(text, "\nTasks\n{}", task_table(app, &tasks));
    }
    let history = store.history(record.id, HISTORY).await?;
    if !history.is_empty() {
        text += "\nHistory\n";
    }
    for (_, event) in &history {
        put!(
            text,
            "  {}  {}  ({})\n",
            local(event.at, zone),
            story::event(&event.kind),
            clean(&event.source)
        );
    }
    let json = json!({
        "id": record.id, "kind": record.kind, "fields": fields, "gone": record.gone, "stage_since": record.stage_since,
        "tasks": tasks, "history": history.iter().map(|(_, event)| event).collect::<Vec<_>>(),
    });
    Ok(Answer::new(text, json))
}

fn task_table(app: &App, tasks: &[Task]) -> String {
    let mut table = Table::new(&["Id", "Action", "State", "Agent", "Responsibility", "Due"]);
    for task in tasks {
        table.row([
            task.id.to_string(),
            task.action.to_string(),
            task.state.name().to_owned(),
            task.holder.as_ref().map_or("-".to_owned(), ToString::to_string),
            task.responsibility.to_string(),
            task.due.map_or("-".to_owned(), |due| due.to_string()),
        ]);
    }
    table.render(app.screen.columns)
}
