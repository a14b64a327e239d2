//! The figures by which agents and stages are judged: each formula once, pure, over what the store read.
//!
//! Per week is the trailing 7 days, rates are over the trailing 90: an instant exactly that long ago is out.

mod closing;
mod figure;
mod life;
mod outreach;
mod pipeline;
mod proposals;
mod reported;
mod sheet;
mod table;
#[cfg(test)]
mod tests;

pub use figure::{FEWEST, Figure};
pub use sheet::{Sheet, Whose, span};
pub use table::{Mark, Row, agent_rows, stage_rows};

/// A figure that has a formula, or is reported by agents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Metric {
    /// Outbound first or sequence touches done.
    OutreachPerWeek,
    /// Contacts that replied within 14 days, of those touched in the 90 days that ended 14 days ago.
    ResponseRate,
    /// First meetings booked.
    MeetingsBookedPerWeek,
    /// Meetings booked, of touches.
    MeetingRate,
    /// Meetings held in qualification.
    DiscoveryCallsPerWeek,
    /// Left qualification forward, of all that left it.
    QualificationRate,
    /// Demos held, of those that were to take place.
    DemoCompletion,
    /// Deals that went on to a proposal, of those with a demo held.
    ProposalRequests,
    /// Proposals sent.
    ProposalsPerWeek,
    /// Mean amount of the deals to which a proposal was sent.
    AverageDealSize,
    /// Went on from the proposal, of those decided.
    ProposalAcceptance,
    /// Median hours from the request for a proposal until it was sent.
    TurnaroundHours,
    /// Won, of the closed deals that had reached negotiation.
    WinRate,
    /// Mean of what won deals lost of the amount that was proposed.
    AverageDiscount,
    /// Median days from the entry into qualification until the deal was won.
    CycleDays,
    /// Companies that bought again within a year, of those that bought in the 90 days that ended a year ago.
    ExpansionRate,
    /// Tasks done.
    TasksDonePerWeek,
    /// Done by their due date, of those done.
    OnTimeShare,
    /// Ended with success, of those whose end says something.
    SuccessShare,
    /// Median hours from getting a task to its being done.
    MedianHoursToDone,
    /// Reported: people reached, the week's tasks together.
    Reach,
    /// Reported: the newest count.
    Followers,
    /// Reported: mean of the tasks of 90 days.
    Engagement,
    /// Reported: mean of the tasks of 90 days.
    EngagementScore,
}

/// What a figure is measured in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// So many in the trailing week.
    PerWeek,
    /// From 0 to 1.
    Share,
    /// Major units of the organisation's currency.
    Money,
    /// Hours.
    Hours,
    /// Days.
    Days,
    /// Whatever the agent that reports it counts.
    Number,
}

impl Metric {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 24] = [
        Self::OutreachPerWeek,
        Self::ResponseRate,
        Self::MeetingsBookedPerWeek,
        Self::MeetingRate,
        Self::DiscoveryCallsPerWeek,
        Self::QualificationRate,
        Self::DemoCompletion,
        Self::ProposalRequests,
        Self::ProposalsPerWeek,
        Self::AverageDealSize,
        Self::ProposalAcceptance,
        Self::TurnaroundHours,
        Self::WinRate,
        Self::AverageDiscount,
        Self::CycleDays,
        Self::ExpansionRate,
        Self::TasksDonePerWeek,
        Self::OnTimeShare,
        Self::SuccessShare,
        Self::MedianHoursToDone,
        Self::Reach,
        Self::Followers,
        Self::Engagement,
        Self::EngagementScore,
    ];

    const fn about(self) -> (&'static str, &'static str, Unit) {
        match self {
            Self::OutreachPerWeek => ("outreach_per_week", "Outreach/week", Unit::PerWeek),
            Self::ResponseRate => ("response_rate", "Response rate", Unit::Share),
            Self::MeetingsBookedPerWeek => {
                ("meetings_booked_per_week", "Meetings booked/week", Unit::PerWeek)
            }
            Self::MeetingRate => ("meeting_rate", "Meeting rate", Unit::Share),
            Self::DiscoveryCallsPerWeek => {
                ("discovery_calls_per_week", "Discovery calls/week", Unit::PerWeek)
            }
            Self::QualificationRate => ("qualification_rate", "Qualification rate", Unit::Share),
            Self::DemoCompletion => ("demo_completion", "Demo completion", Unit::Share),
            Self::ProposalRequests => ("proposal_requests", "Proposal requests", Unit::Share),
            Self::ProposalsPerWeek => ("proposals_per_week", "Proposals/week", Unit::PerWeek),
            Self::AverageDealSize => ("average_deal_size", "Avg deal size", Unit::Money),
            Self::ProposalAcceptance => ("proposal_acceptance", "Proposal acceptance", Unit::Share),
            Self::TurnaroundHours => ("turnaround_hours", "Turnaround time", Unit::Hours),
            Self::WinRate => ("win_rate", "Win rate", Unit::Share),
            Self::AverageDiscount => ("average_discount", "Avg discount", Unit::Share),
            Self::CycleDays => ("cycle_days", "Cycle time", Unit::Days),
            Self::ExpansionRate => ("expansion_rate", "Expansion rate", Unit::Share),
            Self::TasksDonePerWeek => ("tasks_done_per_week", "Tasks done/week", Unit::PerWeek),
            Self::OnTimeShare => ("on_time_share", "On time", Unit::Share),
            Self::SuccessShare => ("success_share", "Success", Unit::Share),
            Self::MedianHoursToDone => ("median_hours_to_done", "Median time to done", Unit::Hours),
            Self::Reach => ("reach", "Reach/week", Unit::Number),
            Self::Followers => ("followers", "Followers", Unit::Number),
            Self::Engagement => ("engagement", "Engagement", Unit::Number),
            Self::EngagementScore => ("engagement_score", "Engagement score", Unit::Number),
        }
    }

    /// Name as configuration spells it.
    pub const fn name(self) -> &'static str {
        self.about().0
    }

    /// Name for people.
    pub const fn title(self) -> &'static str {
        self.about().1
    }

    /// What it is measured in.
    pub const fn unit(self) -> Unit {
        self.about().2
    }

    /// The target is the most that it should be.
    pub const fn at_most(self) -> bool {
        matches!(
            self,
            Self::AverageDiscount | Self::TurnaroundHours | Self::CycleDays | Self::MedianHoursToDone
        )
    }

    /// The metric of that name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }
}
