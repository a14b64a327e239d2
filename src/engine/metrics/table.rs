//! Figures beside their targets.

use super::{Figure, Metric, Sheet, Whose};
use crate::flow::StageSpec;
use model::work::AgentSpec;

/// How a figure stands to its target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The target is met.
    Met,
    /// It is not.
    Missed,
    /// There is no target, or there are too few cases to tell.
    Unknown,
}

impl Mark {
    /// Compares.
    pub fn of(metric: Metric, target: Option<f64>, figure: &Figure) -> Self {
        match target.zip(figure.told()) {
            None => Self::Unknown,
            Some((target, actual)) if metric.at_most() && actual <= target => Self::Met,
            Some((target, actual)) if !metric.at_most() && actual >= target => Self::Met,
            Some(_) => Self::Missed,
        }
    }

    /// A filled dot, an empty one, a dash.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Met => "●",
            Self::Missed => "○",
            Self::Unknown => "–",
        }
    }
}

/// One metric of an agent or stage.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// Which.
    pub metric: Metric,
    /// What it should be.
    pub target: Option<f64>,
    /// What it is.
    pub figure: Figure,
    /// How the two stand.
    pub mark: Mark,
}

impl Row {
    fn new(sheet: &Sheet<'_>, metric: Metric, target: Option<f64>, whose: Whose<'_>) -> Self {
        let figure = sheet.figure(metric, whose);
        let mark = Mark::of(metric, target, &figure);
        Self { metric, target, figure, mark }
    }
}

/// An agent's metrics with their targets, as configured.
pub fn agent_rows(sheet: &Sheet<'_>, agent: &AgentSpec) -> Vec<Row> {
    let wanted = agent.metrics.iter().filter_map(|one| Some((Metric::find(&one.metric)?, one.target)));
    let mut wanted: Vec<(Metric, f64)> = wanted.collect();
    wanted.sort_by_key(|(metric, _)| *metric);
    let row = |(metric, target)| Row::new(sheet, metric, Some(target), Whose::Agent(&agent.id));
    wanted.into_iter().map(row).collect()
}

/// A stage's metrics, of everybody who works there.
pub fn stage_rows(sheet: &Sheet<'_>, stage: &StageSpec) -> Vec<Row> {
    let wanted = stage.metrics.iter().filter_map(|name| Metric::find(name));
    wanted.map(|metric| Row::new(sheet, metric, None, Whose::Everybody)).collect()
}
