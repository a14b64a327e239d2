//! Reading `agents.toml` and `stages.toml`: text in, typed values out, or what is wrong with file, line and
//! suggestion. Both are built in; a user's file is laid over the built-in one.

mod actions;
mod agents;
mod capacity;
mod coordination;
mod cross;
mod entry;
mod names;
mod problem;
mod rules;
mod stages;
#[cfg(test)]
mod tests;

pub use capacity::Arrivals;
pub use problem::{Problem, Severity, Source, nearest};

use crate::{
    assign::Roster,
    flow::StageBook,
    signals::{Own, Phrases},
};
use model::AgentId;
use problem::Texts;
use std::collections::BTreeMap;

/// The built-in `agents.toml`.
pub const AGENTS: &str = include_str!("../../../config/agents.toml");
/// The built-in `stages.toml`.
pub const STAGES: &str = include_str!("../../../config/stages.toml");

/// Both files, read and checked.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Agents and rules of assignment.
    pub roster: Roster,
    /// Stages, signals, triggers.
    pub book: StageBook,
    /// What works but is probably not meant.
    pub warnings: Vec<Problem>,
    /// File and line of each agent's capacity.
    places: BTreeMap<AgentId, (String, usize)>,
}

/// Reads the user's files (where there are any) over the built-in ones. The error lists everything found, by
/// file and line, warnings included.
pub fn load(agents: Option<Source<'_>>, stages: Option<Source<'_>>) -> Result<Loaded, Vec<Problem>> {
    load_with(agents, stages, &[])
}

/// The same with the user's phrase files.
pub fn load_with(
    agents: Option<Source<'_>>,
    stages: Option<Source<'_>>,
    phrases: &[Own<'_>],
) -> Result<Loaded, Vec<Problem>> {
    let builtin_agents = Source { name: "built-in agents.toml", text: AGENTS };
    let builtin_stages = Source { name: "built-in stages.toml", text: STAGES };
    read(Texts::new(builtin_agents, agents), Texts::new(builtin_stages, stages), phrases)
}

fn read(mut agents: Texts<'_>, mut stages: Texts<'_>, phrases: &[Own<'_>]) -> Result<Loaded, Vec<Problem>> {
    let (mut roster, agent_marks) = agents::read(&mut agents);
    let (mut book, stage_marks) = stages::read(&mut stages);
    // A file that could not be parsed would only raise false alarms in the other.
    if agents.problems.iter().chain(&stages.problems).all(|problem| problem.severity < Severity::Error) {
        let marks = (&agent_marks, &stage_marks);
        cross::check(&mut roster, &mut book, marks, (&mut agents, &mut stages));
    }
    let places = agent_marks.capacity.iter().map(|(id, span)| (id.clone(), agents.place(span))).collect();
    let mut problems = agents.problems;
    problems.append(&mut stages.problems);
    match Phrases::shared(phrases) {
        Ok(phrases) => book.phrases = Some(phrases),
        Err(mut wrong) => problems.append(&mut wrong),
    }
    problems.sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(problems);
    }
    let mut loaded = Loaded { roster, book, warnings: problems, places };
    let short = loaded.shortages(&capacity::planned(&loaded));
    loaded.warnings.extend(short);
    Ok(loaded)
}
