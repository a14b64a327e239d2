//! What `doctor` found: what is well, what is not, and what to do about it.

use crate::{
    answer::{Answer, DEGRADED, DONE},
    text::{Paint, clean, put},
};
use serde_json::{Value, json};

/// One finding: what was looked at, whether it is well, in words, what to do.
struct Finding {
    what: String,
    good: bool,
    said: String,
    cure: Option<String>,
}

/// All of them, in the order in which they were looked at.
#[derive(Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Something is well.
    pub fn good(&mut self, what: &str, said: impl Into<String>) {
        self.0.push(Finding { what: what.to_owned(), good: true, said: said.into(), cure: None });
    }
    /// Something is not.
    pub fn bad(&mut self, what: &str, said: impl Into<String>, cure: impl Into<String>) {
        let cure = Some(cure.into());
        self.0.push(Finding { what: what.to_owned(), good: false, said: said.into(), cure });
    }
    /// One or the other; what is not well comes with its cure.
    pub fn of(&mut self, what: &str, found: Result<String, (String, String)>) {
        match found {
            Ok(said) => self.good(what, said),
            Err((said, cure)) => self.bad(what, said, cure),
        }
    }

    /// For people and machines; degraded unless all is well.
    pub fn answer(&self, paint: Paint) -> Answer {
        let mut text = String::new();
        for finding in &self.0 {
            let mark = if finding.good { paint.good("✓") } else { paint.bad("✗") };
            let said: Vec<String> = finding.said.lines().map(clean).collect();
            put!(text, "{mark} {}: {}\n", finding.what, said.join("\n    "));
            if let Some(cure) = &finding.cure {
                put!(text, "    -> {cure}\n");
            }
        }
        let good = self.0.iter().all(|finding| finding.good);
        let rows: Vec<Value> = self
            .0
            .iter()
            .map(|one| json!({ "what": one.what, "good": one.good, "said": one.said, "do": one.cure }))
            .collect();
        Answer::new(text, json!({ "good": good, "findings": rows })).code(if good { DONE } else { DEGRADED })
    }
}
