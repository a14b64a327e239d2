//! The suite that every connector passes, against the sandbox with its limits, its index lag and an OAuth app;
//! and proof that it notices connectors that do one thing wrong.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test ends where its rig goes wrong")]

mod rig;
mod wrong;

use connect::conformance::run;
use rig::Desk;

#[tokio::test]
async fn the_connector_passes_the_suite() {
    let report = Box::pin(run(async || Desk::new(None))).await;
    eprintln!("{report}");
    assert_eq!(report.failed(), Vec::<&str>::new(), "\n{report}");
}

#[tokio::test]
async fn the_suite_notices_each_wrong_connector() {
    for (defect, check) in wrong::ALL {
        let report = Box::pin(run(async || Desk::new(Some(defect)))).await;
        assert!(report.failed().contains(&check), "{defect:?} passed {check}\n{report}");
    }
}
