//! Names that configuration may use and code gives a meaning to.

use crate::metrics::Metric;

/// Names of the metrics with a formula, and of those that agents report.
pub(super) fn metrics() -> impl Iterator<Item = &'static str> {
    Metric::ALL.into_iter().map(Metric::name)
}

/// Units of capacity.
pub(super) const UNITS: [&str; 6] =
    ["task", "deal", "outreach", "proposal", "negotiation", "enterprise_deal"];
