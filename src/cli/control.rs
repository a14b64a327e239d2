//! The control centre as text. A pure function of its figures, in the layout that the product is known by.

use crate::text::{Paint, Table, centre, clean, cut, fit, put};
use serde::Serialize;

/// Columns inside the boxes.
const INSIDE: usize = 65;
/// Columns of the tables.
const TABLE: usize = 100;

/// Everything that the control centre shows.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Centre {
    /// The organisation's name.
    pub name: String,
    /// A daemon runs.
    pub active: bool,
    /// When this is, in the organisation's zone.
    pub time: String,
    /// Agents that take part and can be reached.
    pub active_agents: u64,
    /// Agents that take part.
    pub total_agents: u64,
    /// Tasks that somebody has.
    pub in_progress: u64,
    /// Tasks that wait for somebody.
    pub queued: u64,
    /// Open deals.
    pub deals: u64,
    /// How well the machine keeps up.
    pub health: Health,
    /// How well the agents keep up.
    pub coordination: Coordination,
    /// One line per agent.
    pub agents: Vec<AgentLine>,
    /// Open deals and leads: lead, qualify, demo, proposal, negotiate, close.
    pub pipeline: [u64; 6],
    /// Forward stage moves per week.
    pub flow_rate: f64,
    /// Median days from first stage to won.
    pub velocity_days: Option<f64>,
    /// Won of closed, 0 to 1.
    pub conversion: Option<f64>,
    /// Handoffs under way: deal, from, to, status.
    pub handoffs: Vec<[String; 4]>,
    /// What somebody should look at, worst first.
    pub alerts: Vec<Alert>,
}

/// Shares of what should be and is, 0 to 1; `None` where there is nothing to judge by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Health {
    /// Streams within two intervals of their schedule.
    pub freshness: Option<f64>,
    /// Writes of the last 24 hours that are settled.
    pub writes: Option<f64>,
    /// Open tasks within their deadline.
    pub queue: Option<f64>,
}

impl Health {
    /// The least of them; whole when there is nothing to judge by.
    pub fn least(&self) -> f64 {
        [self.freshness, self.writes, self.queue].into_iter().flatten().fold(1.0, f64::min)
    }
}

/// How well the agents keep up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Coordination {
    /// No overflow, no overdue handoff, no open escalation.
    #[default]
    Optimal,
    /// Some of these.
    Strained,
    /// Health under 70 %.
    Degraded,
}

/// One agent.
#[derive(Clone, Debug, Serialize)]
pub struct AgentLine {
    /// Short name.
    pub name: String,
    /// `Active`, `Standby`, `Paused`.
    pub status: &'static str,
    /// Open tasks.
    pub tasks: u64,
    /// Tasks done in time, 0 to 1; `None` below five cases.
    pub performance: Option<f64>,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// Needs somebody now.
    pub urgent: bool,
    /// What kind.
    pub kind: &'static str,
    /// What.
    pub what: String,
    /// What to do.
    pub action: String,
}

/// A share in whole percent.
pub fn percent(share: f64) -> String {
    format!("{:.0}%", (share * 100.0).floor())
}

/// The whole screen.
pub fn render(centre: &Centre, paint: Paint) -> String {
    let parts = [
        head(centre, paint),
        system(centre, paint),
        agents(centre, paint),
        pipeline(centre),
        handoffs(centre),
        alerts(centre, paint),
        foot(centre, paint),
    ];
    parts.join("\n")
}

fn heavy() -> String {
    "═".repeat(67)
}

fn section(name: &str, paint: Paint) -> String {
    format!("{}\n{}\n", paint.bold(name), "─".repeat(68))
}

fn boxed(lines: &[String]) -> String {
    let rule = "─".repeat(INSIDE);
    let mut out = format!("┌{rule}┐\n");
    for line in lines {
        let line = fit(line, INSIDE);
        put!(out, "│{line}│\n");
    }
    out + &format!("└{rule}┘\n")
}

fn head(centre: &Centre, paint: Paint) -> String {
    let status = if centre.active { paint.good("ACTIVE") } else { paint.warn("STANDBY") };
    let name = cut(&clean(&centre.name), 40);
    format!(
        "{}\n{bar}\nSystem: {name} SALES ORCHESTRATOR\nStatus: {status}\nTime: {}\n{bar}\n",
        paint.bold("ORCHESTRATOR CONTROL CENTER"),
        centre.time,
        bar = heavy()
    )
}

fn system(figures: &Centre, paint: Paint) -> String {
    let health = figures.health.least();
    let bar: String =
        (0..14).map(|cell| if f64::from(cell) < (health * 14.0).round() { '█' } else { '░' }).collect();
    let share = |name: &str, share: Option<f64>| format!("{name}{}", share.map_or("-".to_owned(), percent));
    let shares = [
        share("freshness ", figures.health.freshness),
        share("writes ", figures.health.writes),
        share("queue ", figures.health.queue),
    ];
    let (dot, word) = match figures.coordination {
        Coordination::Optimal => ("[●]", "OPTIMAL"),
        Coordination::Strained => ("[○]", "STRAINED"),
        Coordination::Degraded => ("[○]", "DEGRADED"),
    };
    let lines = [
        centre("AGENT ECOSYSTEM STATUS", INSIDE),
        String::new(),
        format!("   Active Agents: {}/{}", figures.active_agents, figures.total_agents),
        format!("   Tasks in Progress: {}", figures.in_progress),
        format!("   Tasks Queued: {}", figures.queued),
        format!("   Deals Active: {}", figures.deals),
        String::new(),
        format!("   System Health: {bar} {}", percent(health)),
        format!("     least of: {}", shares.join(", ")),
        format!("   Coordination Status: {dot} {word}"),
    ];
    section("SYSTEM STATUS", paint) + &boxed(&lines)
}

fn agents(centre: &Centre, paint: Paint) -> String {
    let mut table = Table::new(&["Agent", "Status", "Tasks", "Performance"]);
    for agent in &centre.agents {
        let dot = if agent.status == "Active" { "[●]" } else { "[○]" };
        let performance = agent.performance.map_or("-".to_owned(), percent);
        table.row([
            agent.name.clone(),
            format!("{dot} {}", agent.status),
            agent.tasks.to_string(),
            performance,
        ]);
    }
    section("AGENT STATUS", paint) + &table.render(TABLE)
}

fn pipeline(figures: &Centre) -> String {
    let names = ["LEAD", "QUALIFY", "DEMO", "PROPOSAL", "NEGOTIATE", "CLOSE"];
    let mut counts = String::from("  ");
    for (name, count) in names.iter().zip(figures.pipeline) {
        counts.push_str(&centre(&count.to_string(), name.len().max(4)));
        counts.push_str("   ");
    }
    let velocity = figures.velocity_days.map_or("-".to_owned(), |days| format!("{days:.1}"));
    let conversion = figures.conversion.map_or("-".to_owned(), percent);
    let lines = [
        String::new(),
        format!("  {}", names.join(" → ")),
        counts,
        String::new(),
        format!("  Flow Rate: {:.1} deals/week", figures.flow_rate),
        format!("  Velocity: {velocity} days avg cycle"),
        format!("  Conversion: {conversion} end-to-end"),
        String::new(),
    ];
    section("PIPELINE FLOW", Paint(false)) + &boxed(&lines)
}

fn handoffs(centre: &Centre) -> String {
    let mut table = Table::new(&["Deal", "From", "To", "Status"]);
    for handoff in &centre.handoffs {
        table.row(handoff);
    }
    if table.is_empty() {
        table.row(["none", "-", "-", "-"]);
    }
    section("ACTIVE HANDOFFS", Paint(false)) + &table.render(TABLE)
}

fn alerts(centre: &Centre, paint: Paint) -> String {
    let mut out = section("ALERTS & ESCALATIONS", paint);
    for alert in &centre.alerts {
        let dot = if alert.urgent { paint.bad("[●]") } else { paint.warn("[○]") };
        let (what, action) = (clean(&alert.what), clean(&alert.action));
        put!(out, "{dot} {}: {} - {action}\n", alert.kind, cut(&what, 120));
    }
    if centre.alerts.is_empty() {
        out.push_str("none\n");
    }
    out
}

fn foot(centre: &Centre, paint: Paint) -> String {
    let status = match (centre.active, centre.coordination) {
        (false, _) => paint.warn("○ STANDBY: start the daemon with `sales-orchestrator run`"),
        (true, Coordination::Optimal) => paint.good("● ALL AGENTS COORDINATED"),
        (true, Coordination::Strained) => paint.warn("○ STRAINED: see the alerts above"),
        (true, Coordination::Degraded) => paint.bad("○ DEGRADED: see the alerts above"),
    };
    format!("{bar}\nOrchestrator Status: {status}\n{bar}\n", bar = heavy())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Centre {
        let agent = |name: &str, status, tasks, performance| AgentLine {
            name: name.into(),
            status,
            tasks,
            performance,
        };
        Centre {
            name: "MURPHBECK".into(),
            active: true,
            time: "2026-11-22 17:04:31 CET".into(),
            active_agents: 14,
            total_agents: 15,
            in_progress: 212,
            queued: 3,
            deals: 61,
            health: Health { freshness: Some(1.0), writes: Some(0.925), queue: None },
            coordination: Coordination::Optimal,
            agents: vec![
                agent("SDRFORGE", "Active", 41, Some(0.876)),
                agent("CLOSESTACK", "Standby", 0, None),
            ],
            pipeline: [120, 23, 7, 14, 9, 1_204],
            flow_rate: 5.25,
            velocity_days: Some(31.04),
            conversion: None,
            handoffs: vec![],
            alerts: vec![Alert {
                urgent: true,
                kind: "Connection",
                what: "hubspot/deals: 401 since 12 min".into(),
                action: "run `sales-orchestrator connect hubspot`".into(),
            }],
        }
    }

    #[test]
    fn the_screen_has_the_known_layout() {
        insta::assert_snapshot!(render(&example(), Paint(false)));
    }

    #[test]
    fn long_wide_and_hostile_texts_do_not_break_the_boxes() {
        // given names that are too long, too wide, or try to move the cursor
        let mut centre = example();
        centre.name = "株式会社".repeat(20);
        centre.pipeline = [u64::MAX; 6];
        centre.alerts[0].what = "a\u{1b}[2Jb".repeat(40);
        // when the screen is drawn
        let text = render(&centre, Paint(false));
        // then every line of a box is as wide as its frame, and no escape gets through
        let boxes = text.lines().filter(|line| line.starts_with(['│', '┌', '└']));
        assert!(boxes.clone().count() > 15);
        boxes.for_each(|line| assert_eq!(crate::text::width(line), INSIDE + 2, "{line}"));
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn health_is_the_least_of_its_shares_and_whole_without_any() {
        assert_eq!(percent(example().health.least()), "92%");
        assert_eq!(percent(Health::default().least()), "100%");
    }

    #[test]
    fn without_a_daemon_the_screen_says_standby_and_how_to_start_one() {
        let text = render(&Centre { active: false, ..example() }, Paint(false));
        assert!(text.contains("Status: STANDBY") && text.contains("sales-orchestrator run"));
    }
}
