//! What holds for any agent: its tasks, and what it reports of them.

use super::{
    Figure,
    outreach::done,
    sheet::{QUARTER, Sheet, WEEK, Whose},
};
use model::Timestamp;
use std::time::Duration;

pub(super) fn done_per_week(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let own = done(sheet).filter(|(_, agent, _)| whose.is(agent));
    Figure::count(own.filter(|(.., ended)| sheet.within(*ended, WEEK)).count())
}

pub(super) fn on_time(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let own = done(sheet).filter(|(_, agent, _)| whose.is(agent));
    let recent = own.filter(|(.., ended)| sheet.within(*ended, QUARTER));
    Figure::share_of(recent.map(|(task, _, ended)| task.due.is_none_or(|due| ended <= due)))
}

pub(super) fn success(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let own = sheet.inputs.tasks.iter().filter(|task| task.holder.as_ref().is_some_and(|one| whose.is(one)));
    let recent = own.filter(|task| task.ended.is_some_and(|ended| sheet.within(ended, QUARTER)));
    Figure::share_of(recent.filter_map(|task| task.success))
}

pub(super) fn hours_to_done(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let own = done(sheet).filter(|(_, agent, _)| whose.is(agent));
    let recent = own.filter(|(.., ended)| sheet.within(*ended, QUARTER));
    let hours = recent
        .map(|(task, _, ended)| ended.since(task.assigned.unwrap_or(task.arrived)).as_secs_f64() / 3_600.0);
    Figure::median(hours.collect())
}

/// What was reported under a name, each task's last word, oldest first.
fn reports(sheet: &Sheet<'_>, whose: Whose<'_>, name: &str, length: Duration) -> Vec<(Timestamp, f64)> {
    let own = sheet.inputs.tasks.iter().filter(|task| task.holder.as_ref().is_some_and(|one| whose.is(one)));
    let said = own.filter_map(|task| {
        let (at, figures) = task.reported.as_ref()?;
        Some((*at, figures.get(name)?.as_f64()?))
    });
    let mut said: Vec<(Timestamp, f64)> = said.filter(|(at, _)| sheet.within(*at, length)).collect();
    said.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
    said
}

/// All tasks of the week together.
pub(super) fn sum(sheet: &Sheet<'_>, whose: Whose<'_>, name: &str) -> Figure {
    let said = reports(sheet, whose, name, WEEK);
    let actual = (!said.is_empty()).then(|| said.iter().map(|(_, value)| value).sum());
    Figure { actual, cases: said.len() as u64, ..Figure::default() }
}

/// The last word.
pub(super) fn newest(sheet: &Sheet<'_>, whose: Whose<'_>, name: &str) -> Figure {
    let said = reports(sheet, whose, name, QUARTER);
    let actual = said.last().map(|(_, value)| *value);
    Figure { actual, cases: said.len() as u64, ..Figure::default() }
}

pub(super) fn mean(sheet: &Sheet<'_>, whose: Whose<'_>, name: &str) -> Figure {
    let said = reports(sheet, whose, name, QUARTER);
    Figure::mean(said.into_iter().map(|(_, value)| value).collect())
}
