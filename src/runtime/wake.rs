//! Calendar times as nudges: tokio-cron-scheduler fires by the wall clock and only wakes cycles; whether
//! anything is due they compute themselves, so a tick too many or too few harms nothing.

use crate::{cycle::Nudge, schedule::Schedule, settings::Every};
use anyhow::Context;
use tokio_cron_scheduler::{Job, JobScheduler};

/// A scheduler that wakes each nudge in every minute in which its cron expression may be due; intervals need
/// none. `None` when there is nothing to schedule.
pub async fn start(timed: &[(Schedule, Nudge)]) -> anyhow::Result<Option<JobScheduler>> {
    let timed = timed.iter().filter(|(schedule, _)| matches!(schedule.every, Every::Cron(_)));
    let mut scheduler = None;
    for (schedule, nudge) in timed {
        let scheduler = match &mut scheduler {
            Some(scheduler) => scheduler,
            none => none.insert(JobScheduler::new().await.context("starting the scheduler")?),
        };
        // Only the minute: the scheduler keeps one UTC offset for good and so can't know the zone's hours.
        let text = schedule.every.to_string();
        let minute = text.split_whitespace().rev().nth(4).unwrap_or("*").to_owned();
        let nudge = nudge.clone();
        let job = Job::new_async(format!("0 {minute} * * * *"), move |_, _| {
            let nudge = nudge.clone();
            Box::pin(async move { nudge.wake() })
        });
        scheduler.add(job.with_context(|| format!("scheduling {text}"))?).await.context("scheduling")?;
    }
    if let Some(scheduler) = &scheduler {
        scheduler.start().await.context("starting the scheduler")?;
    }
    Ok(scheduler)
}
