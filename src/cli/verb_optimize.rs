//! `optimize`: what to change about the team, each suggestion tried out in simulated months before it is made.

use crate::{
    answer::Answer,
    app::App,
    text::{number, put},
    verb_simulate::{self, Ground, day, factor, ground},
};
use engine::advise::{Advice, Change, Delta, Effect, First, Kind, Looked, Room, Scaling, advise, scale};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::time::Duration;

const TICK: Duration = Duration::from_millis(120);

/// Options of `optimize`.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  sales-orchestrator optimize                     what would help, with evidence and effect
  sales-orchestrator optimize --scale             how much more the team takes, and what to add first
  sales-orchestrator optimize --scale --growth 2  capacity to add for twice the work, step upon step
  sales-orchestrator optimize --json | jq '.findings[].how'

Nothing is changed: each suggestion names the command, or the lines of agents.toml, that do it.")]
pub struct Args {
    #[command(flatten)]
    ground: Ground,
    /// Capacity to add, and where
    #[arg(long)]
    scale: bool,
    /// With --scale: for so many times the work
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = factor, requires = "scale")]
    growth: f64,
    /// Runs, each with other luck, by which an effect is told from luck
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(2..=50))]
    runs: u8,
}

/// Looks.
pub async fn run(app: &App, args: &Args) -> anyhow::Result<Answer> {
    let (base, _) = ground(app, args.ground).await?;
    let runs = usize::from(args.runs);
    let bar = bar(app);
    let (mut text, mut json) = if args.scale {
        let scaling = scale(&base.scenario, args.growth, runs);
        (scaling_text(&scaling), json!(scaling))
    } else {
        let advice = advise(&base.scenario, runs, |done, all| {
            bar.set_message(format!("{done} of {all} changes tried out"));
        });
        (advice_text(&advice), json!(advice))
    };
    bar.finish_and_clear();
    text += "\nThis rests on\n";
    for note in &base.notes {
        put!(text, "  {note}\n");
    }
    if let Some(object) = json.as_object_mut() {
        object.insert("notes".to_owned(), json!(base.notes));
    }
    Ok(Answer::new(text, json))
}

/// What is being done, on a terminal only: months take their time.
fn bar(app: &App) -> ProgressBar {
    let target =
        if app.screen.terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target).with_message("simulating the team as it is");
    bar.set_style(
        ProgressStyle::with_template("{spinner} {elapsed:>4} {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.enable_steady_tick(TICK);
    bar
}

fn looked(looked: &Looked) -> String {
    format!(
        "Looked at {} to {} in {} runs: {} tasks for {} capabilities; {:.0} h waited, {:.0} h of overflow, {:.0} \
         deadlines missed.\n",
        verb_simulate::day(looked.start),
        day(looked.end),
        looked.runs,
        number(looked.tasks.into()),
        looked.capabilities,
        looked.waiting_hours,
        looked.overflow_hours,
        looked.missed,
    )
}

/// Suggestions, or why there are none.
fn advice_text(advice: &Advice) -> String {
    let mut text = looked(&advice.looked);
    for (number, one) in (1..).zip(&advice.findings) {
        put!(text, "\n{number}. {}: {}\n   Seen: {}\n", kind(one.kind), words(&one.change), one.evidence);
        put!(text, "   Effect: {}\n", effect(&one.effect));
        text += &how(&one.how);
    }
    match (advice.findings.is_empty(), advice.looked.tried) {
        (false, _) => {}
        (true, 0) => {
            text +=
                "\nNothing to suggest: no work waits for long, and nobody stands out by missed deadlines.\n";
        }
        (true, tried) => {
            put!(
                text,
                "\nNothing to suggest: {tried} changes were tried out, and none did more than luck does.\n"
            );
        }
    }
    text
}

fn scaling_text(scaling: &Scaling) -> String {
    let mut text = looked(&scaling.looked);
    if (scaling.factor - 1.0).abs() > f64::EPSILON {
        put!(text, "That is {} times the work of deals and leads.\n", scaling.factor);
    }
    for (number, one) in (1..).zip(&scaling.steps) {
        put!(text, "\n{number}. {}\n   Seen: {}\n", words(&one.change), one.evidence);
        put!(text, "   Effect: {}\n", effect(&one.effect));
        text += &how(&one.how);
    }
    for name in &scaling.left {
        put!(
            text,
            "\nNo higher limit ends the overflow of work for {name}: look at who can do it, and when.\n"
        );
    }
    match &scaling.room {
        None => {}
        Some(Room { calm, first: Some(First { factor, capability }) }) => put!(
            text,
            "\nNothing to add: the team takes {calm:.2} times the work. With {factor:.2} times, work for {capability} is the \
             first to overflow (`optimize --scale --growth {factor:.2}` says what to add then).\n"
        ),
        Some(Room { calm, first: None }) => {
            put!(text, "\nNothing to add: the team takes {calm:.2} times the work and more.\n");
        }
    }
    text
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Overflow => "Overflow",
        Kind::Capacity => "Capacity",
        Kind::Sla => "Deadlines",
        Kind::Nobody => "Nobody can",
        Kind::Absence => "Absence",
    }
}

fn words(change: &Change) -> String {
    let time = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    match change {
        Change::Limit { agent, from, to } => format!("raise the limit of {agent} from {from} to {to}"),
        Change::Resume { agent } => format!("take off the pause of {agent}"),
        Change::Pause { agent } => format!("give {agent} nothing new"),
        Change::Enable { agent } => format!("put {agent} to work"),
        Change::Learn { agent, capability } => format!("let {agent} do {capability}"),
        Change::AcceptWithin { agent, minutes } => {
            format!("ask the next one when {agent} has not answered within {minutes} minutes")
        }
        Change::Hours { agent, from, to } => {
            format!("have {agent} work from {} to {}", time(*from), time(*to))
        }
    }
}

/// What is certain about the effect; the rest may be luck.
fn effect(effect: &Effect) -> String {
    let parts = [
        ("h of overflow", &effect.overflow_hours),
        ("missed deadlines", &effect.missed),
        ("h waited", &effect.waiting_hours),
        ("tasks that nobody can do", &effect.nobody),
    ];
    let shown = parts.iter().filter(|(_, delta)| delta.certain).map(|(name, delta)| one(name, delta));
    shown.collect::<Vec<_>>().join("; ")
}

fn one(name: &str, delta: &Delta) -> String {
    format!(
        "{:.0} -> {:.0} {name} ({:+.0} to {:+.0} from run to run)",
        delta.before, delta.after, delta.least, delta.most
    )
}

fn how(how: &str) -> String {
    let command = how.starts_with("sales-orchestrator");
    let mut text = if command { "   Do:\n".to_owned() } else { "   Do, in agents.toml:\n".to_owned() };
    for line in how.lines() {
        put!(text, "     {line}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::advise::Finding;
    use model::Timestamp;

    fn delta(before: f64, after: f64, certain: bool) -> Delta {
        let change = after - before;
        Delta { before, after, least: change - 2.0, most: change + 2.0, certain }
    }

    fn advice(findings: Vec<Finding>, tried: usize) -> Advice {
        let looked = Looked {
            start: Timestamp::from_millis(1_763_942_400_000),
            end: Timestamp::from_millis(1_766_534_400_000),
            runs: 5,
            tasks: 8_412,
            capabilities: 31,
            tried,
            waiting_hours: 4_210.4,
            overflow_hours: 210.0,
            missed: 31.2,
        };
        Advice { looked, findings }
    }

    #[test]
    fn a_suggestion_shows_what_was_seen_what_is_certain_and_how_to_do_it() {
        // given one whose effect on deadlines may be luck
        let effect = Effect {
            waiting_hours: delta(4_210.0, 310.0, true),
            overflow_hours: delta(210.0, 0.0, true),
            missed: delta(31.0, 30.0, false),
            nobody: delta(0.0, 0.0, false),
        };
        let finding = Finding {
            kind: Kind::Overflow,
            evidence: "cold_outreach: a queue".to_owned(),
            change: Change::Limit { agent: "WAKE.SDRFORGE".into(), from: 500, to: 560 },
            effect,
            how: "[[agent]]\nid = \"WAKE.SDRFORGE\"\ncapacity = { limit = 560 }".to_owned(),
            worth: 900.0,
        };
        // when it is shown
        let text = advice_text(&advice(vec![finding], 4));
        // then the luck is left out
        let expected = "\
Looked at 2025-11-24 to 2025-12-24 in 5 runs: 8,412 tasks for 31 capabilities; 4210 h waited, 210 h of overflow, 31 \
deadlines missed.

1. Overflow: raise the limit of WAKE.SDRFORGE from 500 to 560
   Seen: cold_outreach: a queue
   Effect: 210 -> 0 h of overflow (-212 to -208 from run to run); 4210 -> 310 h waited (-3902 to -3898 from run to run)
   Do, in agents.toml:
     [[agent]]
     id = \"WAKE.SDRFORGE\"
     capacity = { limit = 560 }
";
        assert_eq!(text, expected);
    }

    #[test]
    fn with_nothing_to_say_it_says_why() {
        assert!(advice_text(&advice(Vec::new(), 0)).contains("no work waits for long"));
        assert!(advice_text(&advice(Vec::new(), 3)).contains("3 changes were tried out"));
    }
}
