//! How fast first sights go to disk, beside the floor; run with
//! `cargo run --release -p store --features floor --example speed -- [RECORDS] [BATCH]`.
#![expect(clippy::print_stdout, reason = "its result is what it prints")]
#![expect(clippy::disallowed_methods, reason = "a stop-watch")]

use model::{
    Canonical, ConnectionId, Event, EventKind, ExternalRef, Field, Fields, Id, Intake, Key, Kind, MatchKey,
    RecordRow, SourceRow, SourceValues, Timestamp, Value, Version,
};
use std::{error::Error, path::Path, time::Instant};
use store::{Exec, Feeds, Leases, SqliteStore, sqlite::floor};

const TEXTS: [Field; 9] = [
    Field::Name,
    Field::Email,
    Field::FirstName,
    Field::LastName,
    Field::Phone,
    Field::JobTitle,
    Field::Lifecycle,
    Field::City,
    Field::Country,
];

fn email(number: usize) -> String {
    format!("person.{}@company{}.example", number.wrapping_mul(2_654_435_761) % 1_000_003, number % 977)
}

fn body(number: usize) -> Vec<u8> {
    format!("{{\"id\":\"{number}\",\"properties\":{{\"text\":\"{}\"}}}}", "x".repeat(1_260)).into_bytes()
}

fn value(field: Field, number: usize) -> String {
    if field == Field::Email { email(number) } else { format!("{field:?} of {number}") }
}

fn id(number: usize) -> Id {
    Id::v7(
        1_763_553_600_000 + i64::try_from(number / 50).unwrap_or_default(),
        (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060),
    )
}

fn intake(numbers: std::ops::Range<usize>, now: Timestamp) -> Intake {
    let connection = ConnectionId::from("crm");
    let mut page = Intake::default();
    for number in numbers {
        let reference = ExternalRef::new(&connection, Kind::Contact, number.to_string());
        let mut fields: Fields =
            TEXTS.into_iter().map(|field| (field, Value::Text(value(field, number).into()))).collect();
        fields.set(Field::CreatedAt, Value::Time(now));
        let source = SourceValues { reference: reference.clone(), modified: now, fields: fields.clone() };
        let record = Canonical {
            id: id(number),
            kind: Kind::Contact,
            fields,
            sources: vec![source],
            stage_since: None,
            gone: None,
        };
        let match_keys = Some(vec![MatchKey::Email(email(number).into())]);
        page.records.push(RecordRow { record, new: true, match_keys });
        page.sources.push(SourceRow {
            reference,
            record: id(number),
            version: Version::At(now),
            modified: now,
            raw: Some(body(number).into()),
            links: Vec::new(),
            new: true,
        });
        page.events.push(Event {
            at: now,
            subject: Some(id(number)),
            kind: EventKind::FirstSeen,
            source: "crm".into(),
        });
    }
    page
}

fn floor_rows(records: usize, now: Timestamp) -> Vec<floor::FloorRow> {
    let row = |number: usize| {
        let mut texts: [Option<String>; 13] = Default::default();
        for (slot, field) in texts.iter_mut().zip(TEXTS) {
            *slot = Some(value(field, number));
        }
        floor::FloorRow {
            ext_id: number.to_string(),
            record: id(number).to_string(),
            modified: now.as_millis(),
            raw: body(number),
            texts,
            created_at: now.as_millis(),
            email: email(number),
        }
    };
    (0..records).map(row).collect()
}

/// Wall clock and, where the system tells it, processor time of all threads.
struct Watch {
    began: Instant,
    cpu: u64,
}

impl Watch {
    fn start() -> Self {
        Self { began: Instant::now(), cpu: cpu_millis() }
    }

    fn rate(&self, what: &str, records: usize) {
        let (seconds, cpu) = (self.began.elapsed().as_secs_f64(), cpu_millis() - self.cpu);
        let rate = f64::from(u32::try_from(records).unwrap_or(u32::MAX)) / seconds;
        println!("{what}: {rate:.0} records/s ({seconds:.3} s, {cpu} ms of processor time)");
    }
}

/// User and system time of this process in milliseconds (Linux counts hundredths of a second); 0 elsewhere.
fn cpu_millis() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10
}

async fn through_the_store(path: &Path, records: usize, batch: usize) -> Result<(), Box<dyn Error>> {
    let now = Timestamp::from_millis(1_763_553_600_000);
    let store = SqliteStore::open(path, Exec::Thread)?;
    let held = store.acquire("daemon", now).await?;
    let ranges: Vec<_> = (0..records).step_by(batch).map(|at| at..(at + batch).min(records)).collect();
    let pages: Vec<Intake> = ranges.iter().map(|range| intake(range.clone(), now)).collect();
    let watch = Watch::start();
    for page in pages {
        store.commit_page(&held, page, now).await?;
    }
    watch.rate("commit_page", records);
    let keys: Vec<Vec<Key>> = ranges
        .iter()
        .map(|range| {
            let of = |number: usize| ExternalRef::new(&"crm".into(), Kind::Contact, number.to_string());
            range
                .clone()
                .flat_map(|n| [Key::Ref(of(n)), Key::Match(MatchKey::Email(email(n).into()))])
                .collect()
        })
        .collect();
    let watch = Watch::start();
    for batch in &keys {
        store.known(batch).await?;
    }
    watch.rate("known (all known)", records);
    let strangers = |n: usize| ExternalRef::new(&"crm".into(), Kind::Contact, format!("new{n}"));
    let watch = Watch::start();
    for range in &ranges {
        let keys: Vec<Key> = range.clone().map(|n| Key::Ref(strangers(n))).collect();
        store.known(&keys).await?;
    }
    watch.rate("known (none known)", records);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let records = arguments.next().map_or(Ok(50_000), |text| text.parse())?;
    let batch = arguments.next().map_or(Ok(1_000), |text| text.parse())?;
    let folder = std::env::temp_dir().join(format!("store-speed-{}", std::process::id()));
    let rows = floor_rows(records, Timestamp::from_millis(1_763_553_600_000));
    for round in 0..3 {
        let watch = Watch::start();
        floor::insert(&folder.join(format!("floor{round}.db")), rows.chunks(batch))?;
        watch.rate("floor", records);
        through_the_store(&folder.join(format!("store{round}.db")), records, batch).await?;
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
