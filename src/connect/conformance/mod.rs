//! The suite that every connector must pass, against its sandbox or its real server.
//!
//! A connector's test implements [`Rig`] and calls [`run`]; the report names each check that failed and why.

mod faults;
mod manners;
mod reading;
mod rig;
mod writing;

pub use faults::{Fault, Faults, On};
pub use rig::{Linked, Rig};

use std::fmt;

/// What a check found: nothing wrong, or why it does not apply, or what is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// Passed.
    Right,
    /// Does not apply.
    Skipped(String),
    /// Failed.
    Wrong(String),
}

/// What the suite found, check by check.
#[derive(Clone, Debug, Default)]
pub struct Report(pub Vec<(&'static str, Finding)>);

impl Report {
    /// Names of the checks that failed.
    pub fn failed(&self) -> Vec<&'static str> {
        let failed = self.0.iter().filter(|(_, finding)| matches!(finding, Finding::Wrong(_)));
        failed.map(|(name, _)| *name).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, finding) in &self.0 {
            match finding {
                Finding::Right => writeln!(f, "ok       {name}")?,
                Finding::Skipped(why) => writeln!(f, "skipped: {name} because {why}")?,
                Finding::Wrong(why) => writeln!(f, "FAILED   {name}: {why}")?,
            }
        }
        Ok(())
    }
}

/// Why a check stopped.
enum Stop {
    Skip(String),
    Wrong(String),
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Wrong(why)
    }
}

type Checked = Result<(), Stop>;

fn skip(why: impl Into<String>) -> Stop {
    Stop::Skip(why.into())
}

/// Fails with a text unless it holds.
fn must(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// Runs all checks, each on a rig of its own.
pub async fn run<R: Rig>(make: impl AsyncFn() -> R) -> Report {
    let mut report = Report::default();
    macro_rules! check {
        ($($module:ident :: $check:ident),* $(,)?) => {$(
            let rig = make().await;
            let finding = match Box::pin($module::$check(&rig)).await {
                Ok(()) => Finding::Right,
                Err(Stop::Skip(why)) => Finding::Skipped(why),
                Err(Stop::Wrong(why)) => Finding::Wrong(why),
            };
            report.0.push((stringify!($check), finding));
        )*};
    }
    check! {
        reading::a_full_pass_equals_the_source,
        reading::increments_find_every_edit,
        reading::increments_cross_pages_of_equal_times,
        reading::a_census_is_complete_and_knows_what_is_gone,
        reading::a_listing_cut_short_is_never_complete,
        reading::an_audit_reads_everything_and_sees_links,
        reading::single_records_can_be_asked_for,
        reading::an_unknown_cursor_begins_a_full_pass,
        writing::every_write_happens_once_and_is_found,
        writing::every_write_happens_once_whatever_goes_wrong,
        writing::absence_is_told_only_after_the_lag,
        writing::what_a_person_changed_is_not_overwritten,
        manners::what_is_granted_matches_what_is_described,
        manners::one_forbidden_stream_leaves_the_others,
        manners::a_fault_on_a_page_costs_no_record,
        manners::no_secret_is_shown,
    }
    report
}
