//! `simulate`: a month of work through the desk that assigns, with the team as it is and as it might be. Nothing is
//! written.

use crate::{
    answer::{Answer, usage},
    app::{self, App},
    text::{Table, number, put},
};
use anyhow::Context;
use engine::{
    assign::Routing,
    config::{Source, load},
    simulate::{CapabilityOutcome, Outcome, run as simulate},
};
use model::work::{Exclusion, Window};
use runtime::{
    foresee::{self, Base, Wish, Work},
    rules::Rules,
};
use serde_json::json;
use std::{collections::BTreeSet, fs, path::PathBuf};

/// Options of `simulate`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  sales-orchestrator simulate                             the last 30 days again, with the team as it is
  sales-orchestrator simulate --scale 1.5                 with half as much work again
  sales-orchestrator simulate --agents what-if.toml       today's team, another one, and the difference
  sales-orchestrator simulate --arrivals team --days 90   what the team's targets amount to
  sales-orchestrator simulate --json | jq .today.total

The file of --agents is laid over the built-in team, as your agents.toml is. The same seed gives the same run.")]
pub struct Args {
    #[command(flatten)]
    pub ground: Ground,
    /// Another team, in the form of agents.toml
    #[arg(long, value_name = "FILE")]
    agents: Option<PathBuf>,
    /// So many times the work: 1.5 is half as much again
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = factor)]
    scale: f64,
}

/// Options that say what is simulated.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct Ground {
    /// How many days
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
    /// Chance: another number, other luck
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Which work [default: history, where there is enough of it]
    #[arg(long, value_name = "WORK")]
    arrivals: Option<Arrivals>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Arrivals {
    /// The tasks of the past days as they came
    History,
    /// What the team's targets amount to
    Team,
}

/// A factor that work can be multiplied by.
pub fn factor(text: &str) -> Result<f64, String> {
    let factor: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    if (0.01..=100.0).contains(&factor) { Ok(factor) } else { Err("from 0.01 to 100".to_owned()) }
}

/// What is simulated, from configuration and database, with what is in force.
pub async fn ground(app: &App, ground: Ground) -> anyhow::Result<(Base, Rules)> {
    let config = app.config()?;
    let store = app.store(&config.settings)?;
    let rules = app.rules(config, &*store).await?;
    let work = ground.arrivals.map(|arrivals| match arrivals {
        Arrivals::History => Work::History,
        Arrivals::Team => Work::Team,
    });
    let wish = Wish { days: ground.days, seed: ground.seed, work };
    let base = foresee::base(&*store, &rules, wish, app::now()).await?;
    let none = || usage(format!("no task arrived in the last {} days: try --arrivals team", ground.days));
    Ok((base.ok_or_else(none)?, rules))
}

/// Runs.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let (base, rules) = ground(app, args.ground).await?;
    let other = args.agents.as_ref().map(|file| team(app, file, &rules)).transpose()?;
    let scaled = base.scenario.scaled(args.scale);
    let today = simulate(&scaled);
    let what_if = other.map(|routing| simulate(&scaled.with(routing)));
    let mut text = head(&today, &base, args.scale);
    text += &agents(&today, app.screen.columns);
    text += &queues(&today, app.screen.columns);
    text += &total(&today);
    if let Some(other) = &what_if {
        text += "\nWith the other team\n";
        text += &difference(&today, other, app.screen.columns);
    }
    text += "\nNothing was written.";
    let json = json!({
        "notes": base.notes, "scale": args.scale, "today": today, "what_if": what_if,
        "difference": what_if.as_ref().map(|other| json!(figures(&today, other).iter().map(|(name, before, after)| {
            json!({ "figure": name, "today": before, "what_if": after })
        }).collect::<Vec<_>>())),
    });
    Ok(Answer::new(text, json))
}

/// The team of a file, in the place of agents.toml.
fn team(app: &App, file: &PathBuf, rules: &Rules) -> anyhow::Result<Routing> {
    let agents = fs::read_to_string(file).map_err(|error| usage(format!("{}: {error}", file.display())))?;
    let sister = app.paths.sister("stages.toml");
    let stages = match fs::read_to_string(&sister) {
        Ok(text) => Some((sister.display().to_string(), text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("reading {}", sister.display())),
    };
    let name = file.display().to_string();
    let stages = stages.as_ref().map(|(name, text)| Source { name, text });
    let loaded = load(Some(Source { name: &name, text: &agents }), stages)
        .map_err(|problems| usage(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
    let zone = rules.config.settings.organization.zone.to_string();
    Routing::with(&loaded.roster, &zone, rules.routing.absences()).map_err(anyhow::Error::msg)
}

/// `2026-11-01`.
pub fn day(at: model::Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

fn head(outcome: &Outcome, base: &Base, scale: f64) -> String {
    let days = outcome.end.since(outcome.start).as_secs() / 86_400;
    let mut text = format!(
        "SIMULATION {} to {} ({days} days, seed {})\n",
        day(outcome.start),
        day(outcome.end),
        outcome.seed
    );
    for note in &base.notes {
        put!(text, "  {note}\n");
    }
    if (scale - 1.0).abs() > f64::EPSILON {
        put!(text, "  {scale} times the work of deals and leads.\n");
    }
    text.push('\n');
    text
}

fn share(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn agents(outcome: &Outcome, columns: usize) -> String {
    let mut table = Table::new(&[
        "Agent",
        "Tasks",
        "Done",
        "Limit",
        "Used",
        "Peak",
        "Busy",
        "Wait h",
        "9 of 10",
        "To done h",
        "Missed",
    ]);
    for (agent, one) in outcome.agents.iter().filter(|(_, one)| one.figures.tasks > 0) {
        let capacity = one.capacity.as_ref();
        let window = |window| if window == Window::Week { "/week" } else { "" };
        table.row([
            agent.to_string(),
            number(one.figures.tasks.into()),
            number(one.figures.done.into()),
            capacity.map_or("-".to_owned(), |it| format!("{} {}{}", it.limit, it.unit, window(it.window))),
            capacity.map_or("-".to_owned(), |it| share(it.share)),
            capacity.map_or("-".to_owned(), |it| it.peak.to_string()),
            share(one.busy),
            format!("{:.1}", one.figures.waiting.median),
            format!("{:.1}", one.figures.waiting.p90),
            format!("{:.1}", one.figures.to_done.median),
            number(one.figures.missed.into()),
        ]);
    }
    table.render(columns)
}

/// Work that had to wait, longest overflow first.
fn queues(outcome: &Outcome, columns: usize) -> String {
    let waits =
        |one: &CapabilityOutcome| one.overflow_hours > 0 || one.figures.waiting.p90 > 0.0 || one.nobody > 0;
    let mut rows: Vec<_> = outcome.capabilities.iter().filter(|(_, one)| waits(one)).collect();
    rows.sort_by(|a, b| {
        let hours = b.1.figures.waiting_hours.total_cmp(&a.1.figures.waiting_hours);
        b.1.overflow_hours.cmp(&a.1.overflow_hours).then(hours)
    });
    let mut table = Table::new(&[
        "Work for",
        "Tasks",
        "Wait h",
        "9 of 10",
        "Most waiting",
        "Left",
        "Overflow h",
        "Missed",
        "Because",
    ]);
    for (name, one) in rows {
        table.row([
            name.to_string(),
            number(one.figures.tasks.into()),
            format!("{:.1}", one.figures.waiting.median),
            format!("{:.1}", one.figures.waiting.p90),
            number(one.peak_queue.into()),
            number(one.figures.queued.into()),
            number(one.overflow_hours.into()),
            number(one.figures.missed.into()),
            because(one),
        ]);
    }
    if table.is_empty() { String::new() } else { format!("\n{}", table.render(columns)) }
}

/// The reason for which most of the waiting was.
fn because(one: &CapabilityOutcome) -> String {
    if one.nobody > 0 {
        return format!("nobody can ({})", one.nobody);
    }
    let most = one.reasons.iter().max_by(|a, b| a.1.total_cmp(b.1)).map(|(reason, _)| *reason);
    let words = match most {
        Some(Exclusion::Capacity) => "at the limit",
        Some(Exclusion::Hours) => "out of hours",
        Some(Exclusion::HeldByOther) => "another has the deal",
        Some(Exclusion::Paused) => "paused",
        Some(Exclusion::Returning) => "just back",
        Some(Exclusion::Unreachable | Exclusion::Declined) => "passed on",
        Some(_) | None => "-",
    };
    words.to_owned()
}

fn total(outcome: &Outcome) -> String {
    let all = &outcome.total;
    format!(
        "\n{} tasks: {} done, {} under way, {} waiting. One in two had an agent within {:.1} h, nine in ten within {:.1} h.\n\
         Overflow: {} h, {} waiting at most. Deadlines missed: {}. Nobody can do: {}.\n",
        number(all.tasks.into()),
        number(all.done.into()),
        number(all.under_way.into()),
        number(all.queued.into()),
        all.waiting.median,
        all.waiting.p90,
        number(outcome.overflow_hours.into()),
        number(outcome.peak_queue.into()),
        number(all.missed.into()),
        number(outcome.nobody.into()),
    )
}

/// The figures that two runs are compared by.
fn figures(today: &Outcome, other: &Outcome) -> Vec<(String, f64, f64)> {
    let of = |name: &str, figure: fn(&Outcome) -> f64| (name.to_owned(), figure(today), figure(other));
    let mut all = vec![
        of("tasks done", |one| one.total.done.into()),
        of("tasks waiting at the end", |one| one.total.queued.into()),
        of("hours waited, all together", |one| one.total.waiting_hours),
        of("hours until an agent had nine of ten", |one| one.total.waiting.p90),
        of("hours until half were done", |one| one.total.to_done.median),
        of("hours of overflow", |one| one.overflow_hours.into()),
        of("most tasks waiting", |one| one.peak_queue.into()),
        of("deadlines missed", |one| one.total.missed.into()),
        of("tasks that nobody can do", |one| one.nobody.into()),
    ];
    let names: BTreeSet<_> = today.agents.keys().chain(other.agents.keys()).collect();
    for name in names {
        let used = |outcome: &Outcome| {
            let capacity = outcome.agents.get(name).and_then(|agent| agent.capacity.as_ref());
            100.0 * capacity.map_or(0.0, |capacity| capacity.share)
        };
        let tasks = |outcome: &Outcome| -> f64 {
            outcome.agents.get(name).map_or(0.0, |one| one.figures.tasks.into())
        };
        if (tasks(today) - tasks(other)).abs() >= 1.0 {
            all.push((format!("{name}: tasks"), tasks(today), tasks(other)));
        }
        if (used(today) - used(other)).abs() >= 1.0 {
            all.push((format!("{name}: % of its limit used"), used(today), used(other)));
        }
    }
    all
}

fn difference(today: &Outcome, other: &Outcome, columns: usize) -> String {
    let mut table = Table::new(&["Figure", "Today", "What if", "Difference"]);
    let shown =
        |figure: f64| if figure.fract() == 0.0 { format!("{figure:.0}") } else { format!("{figure:.1}") };
    for (name, before, after) in figures(today, other) {
        let change = after - before;
        let sign = if change > 0.0 { "+" } else { "" };
        table.row([name, shown(before), shown(after), format!("{sign}{}", shown(change))]);
    }
    table.render(columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::simulate::{AgentOutcome, Figures, Percentiles, Use};
    use model::Timestamp;

    fn outcome(waited: f64, limit: u32) -> Outcome {
        let figures = Figures {
            tasks: 2_000,
            done: 1_900,
            under_way: 40,
            queued: 60,
            waiting: Percentiles { median: 0.0, p90: waited },
            waiting_hours: waited * 200.0,
            to_done: Percentiles { median: 5.5, p90: 30.0 },
            missed: 7,
        };
        let used = Use { limit, unit: "outreach".into(), window: Window::Week, share: 0.97, peak: limit };
        let agent = AgentOutcome { figures: figures.clone(), capacity: Some(used), busy: 0.5, passed: 0 };
        let capability = CapabilityOutcome {
            figures: figures.clone(),
            able: vec!["WAKE.SDRFORGE".into()],
            peak_queue: 66,
            overflow_hours: 12,
            reasons: [(Exclusion::Hours, 3.0), (Exclusion::Capacity, 9.0)].into(),
            ..CapabilityOutcome::default()
        };
        Outcome {
            start: Timestamp::from_millis(1_763_942_400_000),
            end: Timestamp::from_millis(1_766_534_400_000),
            seed: 1,
            total: figures,
            peak_queue: 66,
            overflow_hours: 12,
            nobody: 0,
            agents: [("WAKE.SDRFORGE".into(), agent)].into(),
            capabilities: [("cold_outreach".into(), capability)].into(),
        }
    }

    #[test]
    fn a_run_is_shown_by_agent_by_what_waits_and_in_all() {
        let one = outcome(31.25, 500);
        let agents = agents(&one, 160);
        let row = "| WAKE.SDRFORGE | 2,000 | 1,900 | 500 outreach/week | 97 % | 500  | 50 % | 0.0    | 31.2    | 5.5";
        assert!(agents.contains(row), "{agents}");
        let queues = queues(&one, 160);
        assert!(queues.contains("| cold_outreach |") && queues.contains("| at the limit |"), "{queues}");
        assert!(total(&one).contains("2,000 tasks: 1,900 done, 40 under way, 60 waiting."));
    }

    #[test]
    fn another_team_is_shown_by_what_differs() {
        let text = difference(&outcome(31.25, 500), &outcome(2.0, 600), 160);
        let row = text.lines().find(|line| line.contains("nine of ten")).unwrap();
        assert!(row.contains("| 31.2  | 2       | -29.2"), "{text}");
        assert!(!text.contains("% of its limit"), "the shares are alike: {text}");
    }

    #[test]
    fn a_factor_is_a_number_within_reason() {
        assert_eq!(factor("1.5"), Ok(1.5));
        assert!(factor("0").is_err() && factor("NaN").is_err() && factor("more").is_err());
    }
}
