//! Deals won and lost.

use super::{
    Figure,
    life::Life,
    proposals::proposed,
    sheet::{DAY, QUARTER, Sheet, Whose, YEAR},
};
use model::{Currency, DealOutcome, Id, Money, Stage, Timestamp};
use std::collections::BTreeMap;

const HOME: Stage = Stage::Negotiation;

/// The agent's closed deals: when, and how they ended.
fn closed<'s, 'a>(
    sheet: &'s Sheet<'a>,
    whose: Whose<'s>,
) -> impl Iterator<Item = (Id, &'s Life<'a>, Timestamp, DealOutcome)> {
    let own = sheet.lives.iter().filter(move |(id, _)| whose.is(&sheet.agent(HOME, [**id].into_iter())));
    own.filter_map(|(id, life)| {
        let (at, outcome) = life.closing()?;
        Some((*id, life, at, outcome))
    })
}

/// Those won in the last 90 days.
fn won<'s, 'a>(
    sheet: &'s Sheet<'a>,
    whose: Whose<'s>,
) -> impl Iterator<Item = (Id, &'s Life<'a>, Timestamp)> {
    let recent = closed(sheet, whose).filter(|(_, _, at, _)| sheet.within(*at, QUARTER));
    recent.filter(|(.., outcome)| *outcome == DealOutcome::Won).map(|(id, life, at, _)| (id, life, at))
}

pub(super) fn win_rate(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let recent = closed(sheet, whose).filter(|(_, _, at, _)| sheet.within(*at, QUARTER));
    let reached = recent.filter(|(_, life, ..)| life.reached(HOME));
    Figure::share_of(reached.map(|(.., outcome)| outcome == DealOutcome::Won))
}

/// Negative where more was won than proposed. Amounts in one currency need no rate.
pub(super) fn discount(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let (mut shares, mut missing) = (Vec::new(), Vec::new());
    for (id, life, _) in won(sheet, whose) {
        let Some(at) = proposed(sheet, id, life) else { continue };
        let Some((asked, got)) = life.amount_at(at).zip(life.deal().and_then(|deal| deal.amount)) else {
            continue;
        };
        match comparable(sheet, asked, got) {
            Ok((asked, got)) if asked > 0 => {
                let asked = sheet.major(asked);
                shares.push((asked - sheet.major(got)) / asked);
            }
            Ok(_) => {}
            Err(currency) => missing.push(currency),
        }
    }
    Figure { left_out: missing.len() as u64, no_rate: missing.into_iter().collect(), ..Figure::mean(shares) }
}

fn comparable(sheet: &Sheet<'_>, one: Money, other: Money) -> Result<(i64, i64), Currency> {
    if one.currency == other.currency {
        return Ok((one.minor, other.minor));
    }
    Ok((sheet.minor(one)?, sheet.minor(other)?))
}

/// A deal that was in qualification when we first knew it entered that when it was created.
pub(super) fn cycle(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let days = |(_, life, at): (Id, &Life<'_>, Timestamp)| {
        let created = || life.deal().and_then(|deal| deal.created);
        let began = if life.began_in(Stage::Qualification) { created() } else { None };
        let entered = began.or_else(|| life.entered(Stage::Qualification))?;
        (entered <= at).then(|| at.since(entered).as_secs_f64() / DAY.as_secs_f64())
    };
    Figure::median(won(sheet, whose).filter_map(days).collect())
}

/// Companies that bought in the 90 days that ended a year ago: did they buy again within a year of that?
pub(super) fn expansion(sheet: &Sheet<'_>, whose: Whose<'_>) -> Figure {
    let (ended, mut bought) = (sheet.now - YEAR, BTreeMap::<Id, Timestamp>::new());
    let wins = |whose| closed(sheet, whose).filter(|(.., outcome)| *outcome == DealOutcome::Won);
    for (_, life, at, _) in wins(whose).filter(|(_, _, at, _)| *at <= ended && *at > ended - QUARTER) {
        for company in life.deal().into_iter().flat_map(|deal| &deal.companies) {
            let first = bought.entry(*company).or_insert(at);
            *first = at.min(*first);
        }
    }
    let mut again: BTreeMap<Id, Vec<Timestamp>> = BTreeMap::new();
    for (_, life, at, _) in wins(Whose::Everybody) {
        for company in life.deal().into_iter().flat_map(|deal| &deal.companies) {
            again.entry(*company).or_default().push(at);
        }
    }
    let further = |(company, first): (&Id, &Timestamp)| {
        let mut wins = again.get(company).into_iter().flatten();
        wins.any(|at| at > first && *at <= *first + YEAR)
    };
    Figure::share_of(bought.iter().map(further))
}
