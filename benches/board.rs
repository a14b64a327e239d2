//! A board of tasks and agents of any size, made of the agents and actions that ship.

use engine::{assign::Roster, flow::StageBook};
use model::{
    AgentId, Id, Timestamp,
    work::{AgentSpec, Capacity, Layer, Subject, Task, TaskState},
};
use std::time::Duration;

/// When the tasks begin to arrive.
pub const BEGIN: Timestamp = Timestamp::from_millis(1_763_553_600_000);

/// So many agents: each that ships (but the master), over and over, with room for all tasks.
pub fn roster(shipped: &Roster, agents: usize, room: u32) -> Roster {
    let models = shipped.agents.iter().filter(|agent| agent.layer != Layer::Master);
    let models: Vec<&AgentSpec> = models.collect();
    let copy = |(number, model): (usize, &&AgentSpec)| AgentSpec {
        id: AgentId::new(format!("{}.{number:04}", model.id)),
        aliases: Vec::new(),
        capacity: model.capacity.clone().map(|capacity| Capacity { limit: room, ..capacity }),
        ..(*model).clone()
    };
    let mut copies: Vec<AgentSpec> = (0..agents).zip(models.iter().cycle()).map(copy).collect();
    copies.sort_by(|a, b| a.id.cmp(&b.id));
    Roster { agents: copies, rules: shipped.rules.clone() }
}

/// So many tasks, each on a deal of its own, over all actions of all stages.
pub fn tasks(book: &StageBook, count: usize) -> Vec<Task> {
    let actions = book.stages.iter().flat_map(|stage| {
        stage.actions.iter().chain(&stage.supports).map(move |action| (stage.stage, action))
    });
    let actions: Vec<_> = actions.collect();
    let task = |(number, (stage, action)): (usize, &(model::Stage, &engine::flow::ActionSpec))| Task {
        id: Id::derived(&["task", &number.to_string()]),
        action: action.id.clone(),
        title: action.title.clone(),
        subject: Subject::Deal(Id::derived(&["deal", &number.to_string()])),
        stage: *stage,
        responsibility: action.responsibility.clone(),
        meant_for: action.by.clone(),
        need: action.need.clone(),
        priority: action.priority,
        arrived: BEGIN + Duration::from_millis(number as u64),
        allowed_hours: action.allowed_hours,
        due: None,
        holder: None,
        state: TaskState::Queued,
        cause: "bench".to_owned(),
    };
    (0..count).zip(actions.iter().cycle()).map(task).collect()
}
