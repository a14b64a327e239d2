//! What happened in the world: drawn, then the borders.
#![expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "small numbers")]

use super::world::{ANNA, DAY, HOUR, Job, NOW, World, ago, id, job};
use engine::dice::Dice;
use model::{DealOutcome, Id, Stage};

const CURRENCIES: [&str; 6] = ["USD", "USD", "USD", "EUR", "EUR", "CHF"];
const RESULTS: [&str; 6] = ["", "", "", "cancelled", "no_show", "rescheduled"];

/// A world in which two quarters were worked, with every border.
pub fn world(seed: u64) -> World {
    let mut world = World::new();
    let mut dice = Dice::seeded(7);
    for number in 0..130 {
        drawn_deal(&mut world, &mut dice, number);
    }
    for number in 0..60 {
        drawn_contact(&mut world, &mut dice, number);
    }
    drawn_tasks(&mut world, &mut dice);
    borders_of_outreach(&mut world);
    borders_of_deals(&mut world);
    borders_of_companies(&mut world);
    world.settle(seed);
    world
}

fn holder(dice: &mut Dice, primary: &'static str) -> &'static str {
    if dice.below(3) == 0 { ANNA } else { primary }
}

/// Goes from stage to stage until it is lost, won or stays.
fn drawn_deal(world: &mut World, dice: &mut Dice, number: u64) {
    let currency = CURRENCIES[dice.below(6) as usize];
    let amount = 100_000 * (1 + dice.below(40)) as i64;
    let created = ago(20 + dice.below(520) as i64) + dice.below(86_400_000) as i64;
    let path = &Stage::ALL[if dice.below(2) == 0 { 2 } else { 1 }..];
    let (mut at, mut here, mut outcome, mut closed) = (created, path[0], DealOutcome::Open, None);
    let mut moves = Vec::new();
    for next in &path[1..] {
        at += (1 + dice.below(25)) as i64 * DAY + dice.below(9) as i64 * HOUR;
        if at > NOW {
            break;
        }
        match dice.below(10) {
            0 => {}
            1 | 2 => {
                // Some vendors move a lost deal into a last stage, some leave it where it is.
                if dice.below(2) == 0 {
                    moves.push((at, here, Stage::Close));
                    here = Stage::Close;
                }
                (outcome, closed) = (DealOutcome::Lost, Some(at));
                break;
            }
            3 if here > path[0] => {
                moves.push((at, here, path[0]));
                here = path[0];
            }
            _ => {
                moves.push((at, here, *next));
                here = *next;
            }
        }
    }
    if outcome == DealOutcome::Open && here >= Stage::Negotiation && at <= NOW {
        (outcome, closed) = (DealOutcome::Won, Some(at + HOUR));
    }
    let closed = closed.filter(|at| *at <= NOW);
    let outcome = if closed.is_some() { outcome } else { DealOutcome::Open };
    let deal = world.deal(here, outcome, Some((amount, currency)), created, closed);
    for (at, from, to) in &moves {
        world.moved(deal, *at, *from, *to);
    }
    if let Some(at) = closed {
        world.ended(deal, at, outcome);
    }
    let company = if outcome == DealOutcome::Won { number % 17 } else { number };
    world.company(deal, company);
    if let Some((proposed, ..)) =
        moves.iter().find(|(.., to)| *to == Stage::Proposal).filter(|_| number.is_multiple_of(2))
    {
        world.repriced(deal, proposed + 20 * HOUR, (amount + 50_000, currency), (amount, currency));
    }
    for stage in &path[1..] {
        if dice.below(4) == 0 {
            world.held(deal, *stage, ANNA, created + HOUR);
        }
    }
    around_deal(world, dice, deal, created);
}

fn around_deal(world: &mut World, dice: &mut Dice, deal: Id, created: i64) {
    let contact = id("contact", dice.below(60));
    for _ in 0..dice.below(3) {
        let start = (created + dice.below(120) as i64 * DAY + HOUR).min(NOW + 5 * DAY);
        let name = if dice.below(5) == 0 { "Product Demo" } else { "Talk" };
        let booked = start - dice.below(9) as i64 * DAY;
        world.meeting(booked, start, RESULTS[dice.below(6) as usize], contact, Some(deal), name);
    }
    if dice.below(2) == 0 {
        let at = (created + dice.below(150) as i64 * DAY).min(NOW);
        world.mail(at, "outbound", contact, Some(deal));
    }
    let day = |dice: &mut Dice| (created + dice.below(90) as i64 * DAY).min(NOW - DAY);
    if dice.below(4) == 0 {
        let ended = day(dice);
        world.job(&job(
            "DELIVER_PROPOSAL",
            holder(dice, "WAKE.QUOTEFORGE"),
            deal,
            Stage::Proposal,
            (ended - DAY, ended),
        ));
    }
    if dice.below(6) == 0 {
        let at = day(dice);
        world.handed(deal, at);
    }
    if dice.below(5) == 0 {
        let at = day(dice);
        world.said(deal, at, "demo_held; proposal_requested");
    }
    if dice.below(8) == 0 {
        let at = day(dice);
        world.said(deal, at, "proposal_delivered");
    }
}

/// Touches, replies and meetings of a lead.
fn drawn_contact(world: &mut World, dice: &mut Dice, number: u64) {
    let contact = id("contact", number);
    if dice.below(4) == 0 {
        world.held(contact, Stage::LeadGeneration, ANNA, ago(120));
    }
    let mut at = ago(60 + dice.below(150) as i64);
    for _ in 0..dice.below(6) {
        world.mail(at, "outbound", contact, None);
        at += (3 + dice.below(20)) as i64 * DAY + HOUR;
        if dice.below(4) == 0 {
            world.mail((at - 2 * DAY).min(NOW), "inbound", contact, None);
        }
        if dice.below(6) == 0 {
            world.robot((at - 2 * DAY).min(NOW), contact);
        }
        at = at.min(NOW - HOUR);
    }
    if dice.below(3) == 0 {
        let booked = ago(dice.below(100) as i64);
        world.meeting(booked, (booked + 4 * DAY).min(NOW + DAY), "", contact, None, "First talk");
    }
}

fn drawn_tasks(world: &mut World, dice: &mut Dice) {
    for number in 0..150 {
        let ended = ago(dice.below(if number % 3 == 0 { 14 } else { 110 }) as i64) - HOUR;
        let arrived = ended - (1 + dice.below(60)) as i64 * HOUR;
        let (action, unit, stage, primary) = match dice.below(6) {
            0 => ("EXECUTE_OUTREACH", Some("outreach"), Stage::LeadGeneration, "WAKE.SDRFORGE"),
            1 => ("BOOK_MEETING", None, Stage::LeadGeneration, "WAKE.SDRFORGE"),
            2 => ("DISCOVERY_CALL", Some("deal"), Stage::Qualification, "WAKE.LSHSALES"),
            3 => ("DELIVER_DEMO", None, Stage::Demonstration, "WAKE.LSHSALES"),
            4 => ("HANDLE_RESPONSE", None, Stage::LeadGeneration, "WAKE.SDRFORGE"),
            _ => ("FINALIZE_CONTRACT", None, Stage::Negotiation, "WAKE.CLOSESTACK"),
        };
        let (ends, outcome, success) = match dice.below(5) {
            0 => ("failed", Some("failure"), Some(false)),
            1 => ("done", Some("no_result"), None),
            2 => ("done", None, Some(true)),
            3 => ("cancelled", None, None),
            _ => ("done", Some("success"), Some(true)),
        };
        let metrics =
            format!("{{\"reach\":{},\"followers\":{},\"engagement\":0.{}}}", number * 3, number, number);
        let metrics = (number % 3 == 0).then_some(metrics);
        let contact = id("contact", dice.below(60));
        world.job(&Job {
            unit,
            due: (number % 4 > 0).then_some(ended + if number % 4 == 1 { -HOUR } else { HOUR }),
            state: ends,
            outcome,
            success,
            metrics: metrics.as_deref(),
            ..job(action, holder(dice, primary), contact, stage, (arrived, ended))
        });
    }
}

/// Exactly 7 and 90 days ago is out, a millisecond later is in; a reply after exactly 14 days is one.
fn borders_of_outreach(world: &mut World) {
    let mut number = 1_000;
    let mut fresh = || {
        number += 1;
        id("contact", number)
    };
    for at in [ago(7), ago(7) + 1, NOW, NOW + 1, ago(90), ago(90) + 1] {
        world.mail(at, "outbound", fresh(), None);
        world.meeting(at, at + 2 * DAY, "", fresh(), None, "First talk");
        world.meeting(at - DAY, at - HOUR, "", fresh(), Some(id("deal", 1)), "Demo");
    }
    for (touch, reply) in [
        (ago(14), ago(14) + 1),
        (ago(14) + 1, NOW),
        (ago(30), ago(16)),
        (ago(30), ago(16) + 1),
        (ago(104), ago(100)),
        (ago(104) + 1, ago(100)),
    ] {
        let contact = fresh();
        world.mail(touch, "outbound", contact, None);
        world.mail(reply, "inbound", contact, None);
    }
    for hours in 1..9 {
        world.mail(NOW - hours * 13 * HOUR, "outbound", fresh(), None);
        let deal = world.deal(Stage::Qualification, DealOutcome::Open, None, ago(20), None);
        world.meeting(ago(9), NOW - hours * 13 * HOUR, "", fresh(), Some(deal), "Discovery");
        world.meeting(NOW - hours * 13 * HOUR, NOW + DAY, "", fresh(), None, "First talk");
        let deal = world.deal(Stage::Negotiation, DealOutcome::Open, None, ago(20), None);
        world.moved(deal, NOW - hours * 13 * HOUR, Stage::Proposal, Stage::Negotiation);
        if hours > 2 {
            world.moved(deal, ago(8), Stage::Demonstration, Stage::Proposal);
        }
        world.meeting(ago(13), ago(12), "", fresh(), Some(deal), "Demo");
    }
    // A task whose mail is there counts once, and an answer is no touch.
    let contact = fresh();
    world.mail(ago(3), "outbound", contact, None);
    world.job(&Job {
        unit: Some("outreach"),
        ..job("EXECUTE_OUTREACH", "WAKE.SDRFORGE", contact, Stage::LeadGeneration, (ago(4), ago(3)))
    });
    let contact = fresh();
    world.mail(ago(6), "inbound", contact, None);
    world.mail(ago(5), "outbound", contact, None);
}

fn borders_of_deals(world: &mut World) {
    // Closed exactly 90 days ago is out, a millisecond later in; the discount may be negative.
    for at in [ago(90), ago(90) + 1, NOW] {
        for (before, after) in [(1_000_000, 1_200_000), (1_000_000, 850_000), (0, 500)] {
            let deal = world.deal(Stage::Close, DealOutcome::Won, Some((after, "USD")), ago(200), Some(at));
            world.moved(deal, at - 30 * DAY, Stage::Qualification, Stage::Proposal);
            world.repriced(deal, at - 9 * DAY, (before, "USD"), (after, "USD"));
            world.moved(deal, at - 10 * DAY, Stage::Proposal, Stage::Negotiation);
            world.moved(deal, at - DAY, Stage::Negotiation, Stage::Close);
            world.ended(deal, at, DealOutcome::Won);
        }
    }
    // Proposed in one currency, won in another; and in one without a rate.
    for (before, after) in [("EUR", "USD"), ("CHF", "USD"), ("CHF", "CHF")] {
        let deal =
            world.deal(Stage::Negotiation, DealOutcome::Won, Some((900_000, after)), ago(60), Some(ago(2)));
        world.moved(deal, ago(20), Stage::Qualification, Stage::Proposal);
        world.moved(deal, ago(10), Stage::Proposal, Stage::Negotiation);
        world.repriced(deal, ago(5), (1_000_000, before), (900_000, after));
        world.ended(deal, ago(2), DealOutcome::Won);
    }
    // Closed before we knew them: nobody can tell whether they reached negotiation.
    for outcome in [DealOutcome::Won, DealOutcome::Lost] {
        world.deal(Stage::Close, outcome, None, ago(300), Some(ago(10)));
    }
    // Lost straight out of qualification into the vendor's last stage; opened again from there.
    let deal = world.deal(Stage::Qualification, DealOutcome::Open, None, ago(80), None);
    world.moved(deal, ago(40), Stage::Qualification, Stage::Close);
    world.ended(deal, ago(40), DealOutcome::Lost);
    world.moved(deal, ago(20), Stage::Close, Stage::Qualification);
    world.ended(deal, ago(20), DealOutcome::Open);
}

/// Bought again after exactly a year counts, a millisecond later not; nor does what began outside the quarter.
fn borders_of_companies(world: &mut World) {
    let cases = [
        (ago(365), Some(ago(1))),
        (ago(400), Some(ago(35))),
        (ago(400), Some(ago(35) + 1)),
        (ago(455), Some(ago(450))),
        (ago(455) + 1, Some(ago(450))),
        (ago(370), None),
        (ago(365) + 1, Some(ago(5))),
    ];
    for (number, (first, again)) in (500..).zip(cases) {
        for at in [Some(first), again].into_iter().flatten() {
            let deal = world.deal(Stage::Close, DealOutcome::Won, None, at - DAY, Some(at));
            world.company(deal, number);
        }
    }
}
