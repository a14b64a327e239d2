//! Names that configuration may use and code gives a meaning to.

/// Metrics with a formula, or reported by agents (`reach` to `engagement_score`).
pub(super) const METRICS: [&str; 24] = [
    "outreach_per_week",
    "response_rate",
    "meetings_booked_per_week",
    "meeting_rate",
    "discovery_calls_per_week",
    "qualification_rate",
    "demo_completion",
    "proposal_requests",
    "proposals_per_week",
    "average_deal_size",
    "proposal_acceptance",
    "turnaround_hours",
    "win_rate",
    "average_discount",
    "cycle_days",
    "expansion_rate",
    "tasks_done_per_week",
    "on_time_share",
    "success_share",
    "median_hours_to_done",
    "reach",
    "followers",
    "engagement",
    "engagement_score",
];

/// Units of capacity.
pub(super) const UNITS: [&str; 6] =
    ["task", "deal", "outreach", "proposal", "negotiation", "enterprise_deal"];
