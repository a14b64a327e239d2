//! The same mails through Python's `email` package: two readers that share no code.

use crate::data;
use mail::message;
use model::{Field, address};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

/// Where the two differ, and who is right.
const JUDGED: [(&str, &str, &str); 5] = [
    (
        "bounces/bounce/rfc3464-36.eml",
        "date",
        "python: the next field stands on the same line, and ours takes no zone from that; 8 hours off in a broken mail",
    ),
    (
        "bounces/bounce/rfc3464-39.eml",
        "date",
        "ours: without a zone it is no instant, and the caller knows when the mail arrived; python takes the zone of this machine",
    ),
    (
        "mail-parser/eml/malformed/019.eml",
        "date",
        "ours: python gives the header up at its first line, which has a broken name",
    ),
    ("mail-parser/eml/malformed/019.eml", "id", "ours: as above"),
    ("mail-parser/eml/malformed/019.eml", "recipients", "ours: as above"),
];

/// What Python says of each mail; `None` where there is no Python.
fn by_python(paths: &[PathBuf]) -> Option<Vec<Value>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/read.py");
    let started = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut python) = started else {
        eprintln!("skipped: mails by Python's email package because there is no python3");
        return None;
    };
    let list: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
    python.stdin.take().unwrap().write_all(list.join("\n").as_bytes()).unwrap();
    let out = python.wait_with_output().unwrap();
    assert!(out.status.success());
    let lines = String::from_utf8(out.stdout).unwrap();
    Some(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn normal(list: &Value) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let all = list.as_array().unwrap().iter().filter_map(|one| address::normal(one.as_str()?));
    all.filter(|one| seen.insert(one.clone())).map(String::from).collect()
}

#[test]
fn addresses_dates_and_ids_agree_with_python() {
    let Some(folder) = data::mails("mails by Python's email package") else { return };
    let paths = data::all(&folder);
    let Some(theirs) = by_python(&paths) else { return };
    assert_eq!(theirs.len(), paths.len());
    let mut found: BTreeMap<(String, &str), String> = BTreeMap::new();
    let mut compared = 0;
    for (path, theirs) in paths.iter().zip(&theirs) {
        let Ok(ours) = message(&std::fs::read(path).unwrap()) else { continue };
        let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
        let mut compare = |what, theirs: String, ours: String| {
            compared += 1;
            if theirs != ours {
                found.insert((name.clone(), what), format!("python {theirs:?}, ours {ours:?}"));
            }
        };
        let sender = ours.text(Field::Sender).unwrap_or_default().to_owned();
        compare("sender", normal(&theirs["sender"]).join(" "), sender);
        compare(
            "recipients",
            normal(&theirs["recipients"]).join(" "),
            ours.list(Field::Recipients).join(" "),
        );
        let id = theirs["id"].as_str().unwrap_or_default();
        let id: String = id.trim().trim_start_matches('<').trim_end_matches('>').split_whitespace().collect();
        compare("id", id, ours.text(Field::MessageId).unwrap_or_default().to_owned());
        let at = ours.time(Field::At).map(model::Timestamp::as_millis);
        compare("date", format!("{:?}", theirs["date"].as_i64()), format!("{at:?}"));
    }
    let judged: BTreeSet<_> = JUDGED.iter().map(|(name, what, _)| ((*name).to_owned(), *what)).collect();
    let unjudged: Vec<_> = found.iter().filter(|(key, _)| !judged.contains(*key)).collect();
    let gone: Vec<_> = judged.iter().filter(|key| !found.contains_key(*key)).collect();
    eprintln!("{compared} values compared, {} differ, each judged", found.len());
    assert!(unjudged.is_empty(), "{unjudged:#?}");
    assert!(gone.is_empty(), "judged, but no difference any more: {gone:?}");
}
