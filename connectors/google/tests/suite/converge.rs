//! After any seeded run of people's doings and faults, one sweep later all mails and meetings are known as they are.

use crate::desk::{BEGIN, Desk, Walk};
use connect::{Disposition, Effect, ErrorKind};
use model::{Change, Cursor, Field, Fields, Kind, Pass, Timestamp};
use sandbox::clock::Hand;
use sandbox::dice::Dice;
use sandbox::google::{MailShot, Setup};
use sandbox::team::Size;
use sandbox::world::Weights;
use sandbox::{Config, Sandbox, Seeded, World};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const ROUNDS: usize = 15;
const DAY: i64 = 86_400_000;
const STREAMS: [Kind; 2] = [Kind::Email, Kind::Meeting];

/// What somebody who takes every change would know.
#[derive(Default)]
struct Mirror {
    records: BTreeMap<String, Fields>,
    cursor: Option<Cursor>,
    expired: usize,
}

impl Mirror {
    fn take(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Seen(record) => {
                    let known = self.records.entry(record.reference.id.to_string()).or_default();
                    for (field, value) in record.fields.iter() {
                        known.set(field, value.clone());
                    }
                }
                Change::Gone(gone) => drop(self.records.remove(&*gone.reference.id)),
                Change::Exists(_) => {}
                Change::Unreadable { reason, .. } => panic!("unreadable: {reason}"),
            }
        }
    }

    /// One pass to its end, as the runtime does it: each page taken before the next, failures tried again.
    async fn walk(&mut self, desk: &Desk, stream: Kind, pass: &Pass) -> Walk {
        let (mut from, mut changes) = (None, Vec::new());
        if *pass == Pass::Since {
            from.clone_from(&self.cursor);
        }
        for _ in 0..10_000 {
            match desk.poll(stream, pass, from.as_ref()).await {
                Ok(page) => {
                    self.take(page.changes.clone());
                    changes.extend(page.changes);
                    match page.position {
                        connect::Position::More(cursor) => from = Some(cursor),
                        connect::Position::CaughtUp { cursor, complete } => {
                            return Walk { changes, cursor, complete };
                        }
                    }
                }
                Err(error) if error.kind == ErrorKind::CursorExpired => {
                    self.expired += 1;
                    self.cursor = None;
                    return Box::pin(self.walk(desk, stream, &Pass::Full)).await;
                }
                Err(error) => match error.disposition(Effect::None) {
                    Disposition::Retry(after) => {
                        let wait = after.map_or(1_000, |after| i64::try_from(after.as_millis()).unwrap());
                        desk.clock.0.advance(wait);
                    }
                    // A token that is refused twice: somebody connects again.
                    Disposition::Reconnect if error.kind == ErrorKind::Unauthorized => {}
                    other => panic!("{stream}: {other:?} for {error:?}"),
                },
            }
        }
        panic!("{stream}: no end");
    }

    async fn catch_up(&mut self, desk: &Desk, stream: Kind) {
        let pass = if self.cursor.is_some() { Pass::Since } else { Pass::Full };
        let walk = self.walk(desk, stream, &pass).await;
        self.cursor = Some(walk.cursor);
    }

    /// What a census lists and we don't have is read, and the reverse is asked for.
    async fn sweep(&mut self, desk: &Desk, stream: Kind) {
        let census = self.walk(desk, stream, &Pass::Census).await;
        assert!(census.complete, "{stream}: the census is not complete");
        let there = census.there();
        let missed = there.iter().filter(|id| !self.records.contains_key(*id));
        let absent = self.records.keys().filter(|id| !there.contains(id));
        let ask: Vec<Box<str>> = missed.chain(absent).map(|id| id.as_str().into()).collect();
        self.walk(desk, stream, &Pass::These(ask)).await;
    }
}

/// What people do besides writing and booking.
fn meddle(dice: &mut Dice, desk: &Desk) {
    let (people, user) = (desk.people(), desk.user.as_str());
    let mails = people.mails(user);
    let events = people.events(user);
    match dice.below(9) {
        0 | 1 => {
            if let Some(mail) = dice.pick(&mails) {
                people.delete_mail(user, &mail.id);
            }
        }
        2 => {
            let binned: Vec<_> = mails.iter().filter(|mail| !mail.counts()).collect();
            if let Some(mail) = dice.pick(&binned) {
                people.label(user, &mail.id, &["INBOX"], &["TRASH"]);
            }
        }
        3 => people.expire_history(user),
        4 => people.expire_sync_tokens(user),
        5 | 6 => {
            if let Some(event) = dice.pick(&events) {
                people.cancel_event(user, &event.calendar, &event.id);
            }
        }
        7 => {
            if let Some(event) = dice.pick(&events) {
                let patch = json!({"summary": format!("Renamed {}", dice.below(1_000))});
                people.edit_event(user, &event.calendar, &event.id, &patch);
            }
        }
        _ => people.forget_cancelled(user),
    }
}

fn account(seed: u64) -> Desk {
    let hand = Hand::at(BEGIN);
    let setup = Setup { alive: true, ..Setup::default() };
    let sandbox: Arc<Sandbox> =
        Sandbox::new(&Config { google: Some(setup), ..Config::plain(seed) }, hand.clock());
    sandbox.populate(&Size { owners: 1, companies: 4, contacts: 10, deals: 20, tasks: 0, wide: false });
    sandbox.populate_mail(150);
    let user = sandbox.google().users().remove(0);
    Desk::on(sandbox, hand, &user, &json!({"signals": seed.is_multiple_of(2), "horizon_days": 60}))
}

async fn live_through(seed: u64) -> (Desk, [Mirror; 2]) {
    let desk = account(seed);
    let mut world = World::new(&desk.sandbox, seed, Weights::default());
    let (mut dice, mut mirrors) = (Dice::new(seed, 77), [Mirror::default(), Mirror::default()]);
    desk.sandbox.set_seeded_faults(Some(Seeded::rate(60)));
    for _ in 0..ROUNDS {
        for (stream, mirror) in STREAMS.into_iter().zip(&mut mirrors) {
            mirror.catch_up(&desk, stream).await;
        }
        desk.clock.0.advance(dice.between(60_000, 2 * DAY));
        world.step(4);
        for _ in 0..3 {
            meddle(&mut dice, &desk);
        }
    }
    desk.sandbox.clear_faults();
    for (stream, mirror) in STREAMS.into_iter().zip(&mut mirrors) {
        mirror.catch_up(&desk, stream).await;
        mirror.sweep(&desk, stream).await;
    }
    (desk, mirrors)
}

fn wrong_mails(desk: &Desk, mirror: &Mirror) -> Vec<String> {
    let mut wrong = Vec::new();
    let mails: Vec<_> = desk.people().mails(&desk.user).into_iter().filter(MailShot::counts).collect();
    for mail in &mails {
        let Some(fields) = mirror.records.get(&mail.id) else {
            wrong.push(format!("mail {} is missing", mail.id));
            continue;
        };
        let known = (fields.text(Field::MessageId), fields.text(Field::Name), fields.text(Field::Thread));
        if known != (Some(&mail.message_id), Some(&mail.subject), Some(&mail.thread)) {
            wrong.push(format!("mail {} differs", mail.id));
        }
        if fields.time(Field::At).map(Timestamp::as_millis) != Some(mail.at) {
            wrong.push(format!("mail {} has another time", mail.id));
        }
    }
    let extra = mirror.records.keys().filter(|id| !mails.iter().any(|mail| mail.id == **id));
    wrong.extend(extra.map(|id| format!("mail {id} is there no more")));
    wrong
}

fn wrong_meetings(desk: &Desk, mirror: &Mirror) -> Vec<String> {
    let mut wrong = Vec::new();
    let events = desk.people().events(&desk.user).into_iter().filter(|event| !event.cancelled);
    let events: BTreeMap<String, _> =
        events.map(|event| (format!("{}/{}", event.calendar, event.id), event)).collect();
    for (id, event) in &events {
        let Some(fields) = mirror.records.get(id) else {
            wrong.push(format!("meeting {id} is missing"));
            continue;
        };
        let millis = |field| fields.time(field).map(Timestamp::as_millis);
        if (millis(Field::At), millis(Field::EndAt)) != (Some(event.start), Some(event.end)) {
            wrong.push(format!("meeting {id} has another time"));
        }
        if fields.text(Field::Name) != event.json["summary"].as_str() {
            wrong.push(format!("meeting {id} has another name"));
        }
        if fields.text(Field::Status) != Some("confirmed") {
            wrong.push(format!("meeting {id} is not called confirmed"));
        }
        let accepted = event.json["attendees"].as_array().into_iter().flatten();
        let accepted: Vec<&str> = accepted
            .filter(|one| one["responseStatus"] == "accepted")
            .filter_map(|one| one["email"].as_str())
            .collect();
        if fields.list(Field::Accepted).iter().map(|email| &**email).collect::<Vec<_>>() != accepted {
            wrong.push(format!("meeting {id} has other answers"));
        }
        if fields.int(Field::Sequence) != event.json.get("sequence").and_then(Value::as_i64) {
            wrong.push(format!("meeting {id} has another revision"));
        }
    }
    let extra = mirror.records.keys().filter(|id| !events.contains_key(*id));
    wrong.extend(extra.map(|id| format!("meeting {id} is there no more")));
    wrong
}

async fn converge(seeds: std::ops::Range<u64>) {
    let (mut failed, mut faults, mut mails, mut meetings, mut expired) = (Vec::new(), 0, 0, 0, 0);
    for seed in seeds.clone() {
        let (desk, [mail, meeting]) = live_through(seed).await;
        let mut wrong = wrong_mails(&desk, &mail);
        wrong.extend(wrong_meetings(&desk, &meeting));
        faults += desk.sandbox.usage().faults;
        mails += mail.records.len();
        meetings += meeting.records.len();
        expired += mail.expired;
        if !wrong.is_empty() {
            eprintln!("seed {seed}:");
            wrong.iter().take(20).for_each(|line| eprintln!("  {line}"));
            failed.push(seed);
        }
    }
    eprintln!(
        "{} seeds, {faults} faults, {mails} mails and {meetings} meetings, {expired} expired histories",
        seeds.count()
    );
    assert!(failed.is_empty(), "seeds that did not converge: {failed:?}");
    assert!(faults > 0 && mails > 0 && meetings > 0 && expired > 0, "nothing was tried");
}

#[tokio::test]
async fn all_mails_and_meetings_are_known_after_any_run_of_doings_and_faults() {
    converge(0..40).await;
}

/// The other half, so that two cores share the work.
#[tokio::test]
async fn all_mails_and_meetings_are_known_after_any_other_run_of_doings_and_faults() {
    converge(40..80).await;
}
