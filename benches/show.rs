//! Results as people read them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "results are what a benchmark is for")]

/// One figure, with what it is aimed at.
pub struct Row {
    what: String,
    value: String,
    goal: Option<(String, bool)>,
}

impl Row {
    /// A figure without a goal.
    pub fn plain(what: impl Into<String>, value: impl Into<String>) -> Self {
        Self { what: what.into(), value: value.into(), goal: None }
    }
    /// A figure that should be at least so much.
    pub fn least(what: impl Into<String>, value: f64, least: f64, unit: &str) -> Self {
        let goal = Some((format!(">= {}{unit}", number(least)), value >= least));
        Self { what: what.into(), value: format!("{}{unit}", number(value)), goal }
    }
    /// A figure that should be at most so much.
    pub fn most(what: impl Into<String>, value: f64, most: f64, unit: &str) -> Self {
        let goal = Some((format!("<= {}{unit}", number(most)), value <= most));
        Self { what: what.into(), value: format!("{}{unit}", number(value)), goal }
    }
}

/// Three significant digits are all that a shared machine gives.
fn number(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 1.0 || value == 0.0 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}

/// The machine.
pub fn heading(text: &str) {
    println!("{text}");
}

/// A line beside the results.
pub fn note(text: &str) {
    eprintln!("{text}");
}

/// One benchmark's figures.
pub fn table(name: &str, rows: &[Row]) {
    println!("\n{name}");
    let width = rows.iter().map(|row| row.what.chars().count()).max().unwrap_or_default();
    for row in rows {
        let goal = row.goal.as_ref().map_or_else(String::new, |(goal, met)| {
            format!("   goal {goal}: {}", if *met { "met" } else { "MISSED" })
        });
        println!("  {:width$}  {:>16}{goal}", row.what, row.value);
    }
}
