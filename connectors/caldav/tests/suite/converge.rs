//! Whatever people do to a calendar, and whenever tokens are lost: after a sweep we have what the server has, by the
//! account of another program.

use crate::{
    kit::{Kit, event, next, server},
    server::Server,
};
use model::{Change, Cursor, Field, Kind, Pass};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: u64 = 20;
const STEPS: u32 = 12;

/// What a reader keeps: start and title by id.
type Kept = BTreeMap<String, (String, String)>;

struct World<'a> {
    kit: Kit<'a>,
    dice: ChaCha8Rng,
    objects: Vec<String>,
    kept: Kept,
    cursor: Option<Cursor>,
}

impl World<'_> {
    fn below(&mut self, most: u32) -> u32 {
        self.dice.next_u32() % most
    }

    /// A single event or a series, at random.
    fn lines(&mut self) -> String {
        let (day, hour) = (1 + self.below(28), 8 + self.below(9));
        let title = format!("SUMMARY:t{}", next());
        let zone = ["Europe/Berlin", "America/New_York", "Asia/Kolkata"][self.below(3) as usize];
        let start = format!("DTSTART;TZID={zone}:202610{day:02}T{hour:02}0000");
        match self.below(5) {
            0 => format!("DTSTART;VALUE=DATE:202611{day:02}|{title}"),
            1 => format!("{start}|{title}"),
            2 => format!("{start}|DURATION:PT1H|{title}|RRULE:FREQ=WEEKLY;COUNT={}", 2 + self.below(6)),
            3 => {
                let except = format!("EXDATE;TZID={zone}:202610{:02}T{hour:02}0000", (day + 1).min(30));
                format!("{start}|DURATION:PT30M|{title}|RRULE:FREQ=DAILY;COUNT=5|{except}")
            }
            _ => format!(
                "{start}|DURATION:PT1H|{title}|RRULE:FREQ=DAILY;COUNT=4|END:VEVENT|BEGIN:VEVENT|UID:UID-HERE|DTSTAMP:20260101T000000Z|\
                 RECURRENCE-ID;TZID={zone}:202610{day:02}T{hour:02}0000|DTSTART;TZID={zone}:202611{day:02}T070000|DURATION:PT1H|SUMMARY:moved"
            ),
        }
    }

    async fn act(&mut self) {
        let nth = self.below(u32::try_from(self.objects.len().max(1)).unwrap()) as usize;
        match self.below(6) {
            0 if !self.objects.is_empty() => {
                let path = self.objects.swap_remove(nth);
                self.kit.server.delete(&path).await;
            }
            1 | 2 if !self.objects.is_empty() => {
                let path = self.objects[nth].clone();
                self.put(&path).await;
            }
            3 => self.lose_token(),
            _ => {
                let path = format!("{}o{}.ics", self.kit.calendar, next());
                self.put(&path).await;
                self.objects.push(path);
            }
        }
    }

    async fn put(&mut self, path: &str) {
        let uid = path.rsplit('/').next().unwrap().trim_end_matches(".ics").to_owned();
        let lines = self.lines().replace("UID-HERE", &uid);
        self.kit.server.put(path, &event(&uid, &lines)).await;
    }

    /// The server will not know the token: what it does when it has forgotten it.
    fn lose_token(&mut self) {
        if let Some(cursor) = &mut self.cursor {
            cursor.body = cursor.body.replace("radicale.org/ns/sync/", "radicale.org/ns/sync/0f");
        }
    }

    fn take(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Seen(seen) => {
                    let start = seen.fields.time(Field::At).unwrap();
                    let day = seen.fields.bool(Field::AllDay) == Some(true);
                    let start =
                        start.to_jiff().strftime(if day { "%Y%m%d" } else { "%Y%m%dT%H%M%SZ" }).to_string();
                    let title = seen.fields.text(Field::Name).unwrap_or_default().to_owned();
                    self.kept.insert(seen.reference.id.to_string(), (start, title));
                }
                Change::Gone(gone) => drop(self.kept.remove(&*gone.reference.id)),
                Change::Exists(_) => {}
                Change::Unreadable { reason, .. } => panic!("{reason}"),
            }
        }
    }

    async fn increment(&mut self) {
        let from = self.cursor.take();
        let (changes, cursor) = self.kit.walk(Kind::Meeting, &Pass::Since, from).await;
        self.cursor = Some(cursor);
        self.take(changes);
    }

    /// What the sweep does: a census, then what is missing here or there is asked for by id.
    async fn sweep(&mut self) {
        let (changes, _) = self.kit.walk(Kind::Meeting, &Pass::Census, None).await;
        let there: BTreeSet<String> = changes
            .iter()
            .map(|change| match change {
                Change::Exists(reference) => reference.id.to_string(),
                Change::Seen(_) | Change::Gone(_) | Change::Unreadable { .. } => {
                    panic!("{change:?} in a census")
                }
            })
            .collect();
        let here: BTreeSet<String> = self.kept.keys().cloned().collect();
        let doubtful: Vec<Box<str>> =
            there.symmetric_difference(&here).map(|id| id.as_str().into()).collect();
        let (changes, _) = self.kit.walk(Kind::Meeting, &Pass::These(doubtful), None).await;
        self.take(changes);
    }
}

/// Start and title by id, by Python's account.
fn listed(server: &Server, calendar: &str) -> Kept {
    let json = server.run(&["list", calendar, "2026-09-01", "2027-03-01"]).unwrap();
    let rows: Vec<(String, String, String)> = serde_json::from_str(&json).unwrap();
    rows.into_iter().map(|(id, start, title)| (id, (start, title))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_sweep_we_have_what_the_server_has_for_every_seed() {
    let Some(server) = server(3_600) else { return };
    let mut events = 0;
    for seed in 0..SEEDS {
        let kit = Kit::new(&server).await;
        let dice = ChaCha8Rng::seed_from_u64(seed);
        let mut world = World { kit, dice, objects: Vec::new(), kept: Kept::new(), cursor: None };
        for _ in 0..STEPS {
            for _ in 0..=world.below(3) {
                world.act().await;
            }
            world.increment().await;
        }
        world.sweep().await;
        let expected = listed(&server, &world.kit.calendar);
        events += expected.len();
        assert_eq!(world.kept, expected, "seed {seed}");
    }
    assert!(events > 200, "only {events} records: the worlds were empty");
    eprintln!("{SEEDS} seeds converged on {events} records");
}
