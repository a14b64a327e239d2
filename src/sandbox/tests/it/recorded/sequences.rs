//! Ordered recordings of an export tool: search lag, shuffled batches, and the search limit.

use crate::desk::{Desk, shared};
use sandbox::{Config, Kind, Lag, Limits};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What one file of recordings showed, beside what the sandbox showed for the same requests.
#[derive(Default, Debug)]
struct Tally {
    searches: usize,
    refused: usize,
    batches: usize,
    /// Look-ups up to 5 s after a create: (missed in the recording, missed by us, all).
    fresh: (usize, usize, usize),
    /// Look-ups 29 s or more after a create: the same.
    settled: (usize, usize, usize),
    /// Searches with nothing changed for 29 s, whose answers are compared record by record.
    compared: usize,
    /// Batches of several inputs: (shuffled in the recording, by us, all).
    shuffled: (usize, usize, usize),
}

struct Replay {
    desk: Desk,
    kind: &'static str,
    /// Their ids → ours.
    ids: BTreeMap<String, String>,
    /// Ours → (created or changed at, values by which it's found).
    written: BTreeMap<String, (i64, BTreeMap<String, String>)>,
    last_write: i64,
    tally: Tally,
}

fn date(interaction: &Value) -> i64 {
    let text = interaction["headers"]["Date"].as_str().unwrap();
    jiff::fmt::rfc2822::parse(text).unwrap().timestamp().as_millisecond()
}

fn replay(file: &str, kind: &'static str, custom: &[&str]) -> Option<Tally> {
    let path = shared(&format!("hubspot/grouparoo__grouparoo/{file}"), "replaying recorded exports")?;
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let limits = Limits { ten_secondly: 100, daily: 250_000, search_secondly: 4 };
    let desk = Desk::new(&Config { limits: Some(limits), lag: Lag::none(), ..Config::seeded(3) });
    desk.clock.set(date(&lines[0]) - 3_600_000);
    for name in custom {
        let group =
            desk.get(&format!("/crm/v3/properties/{kind}/groups")).json()["results"][0]["name"].clone();
        let property =
            json!({"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": group});
        assert_eq!(desk.post(&format!("/crm/v3/properties/{kind}"), &property).status, 201, "{name}");
    }
    let mut replay = Replay {
        desk,
        kind,
        ids: BTreeMap::new(),
        written: BTreeMap::new(),
        last_write: 0,
        tally: Tally::default(),
    };
    replay.prepare(&lines);
    replay.desk.sandbox.set_lag(Lag::default());
    let times = schedule(&lines, 4).expect("a limit of 4 in any second explains every recorded answer");
    assert!(schedule(&lines, 5).is_none(), "so would a limit of 5: the recording proves nothing");
    for (n, (line, at)) in lines.iter().zip(times).enumerate() {
        replay.desk.clock.set(at);
        replay.ask(n + 1, line);
    }
    Some(replay.tally)
}

/// The recording knows whole seconds only. Finds an instant for each request at which "`most` searches in any second"
/// gives the recorded statuses, if there are such: all conditions are differences of two instants, so the longest
/// paths between them are a solution, and a positive circle means that there's none.
fn schedule(lines: &[Value], most: usize) -> Option<Vec<i64>> {
    /// The date is stamped up to this long after the limit was checked.
    const STAMP_MS: i64 = 300;
    /// Requests came one after the other, at least this far apart.
    const APART_MS: i64 = 60;
    let origin = lines.len();
    // (i, j, w): instant j is at least w after instant i
    let mut edges: Vec<(usize, usize, i64)> = Vec::new();
    let mut let_through: Vec<usize> = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        edges.push((origin, i, date(line) - STAMP_MS));
        edges.push((i, origin, -(date(line) + 999)));
        if let Some(before) = i.checked_sub(1) {
            edges.push((before, i, APART_MS));
        }
        if !line["path"].as_str().unwrap().ends_with("search") {
            continue;
        }
        let earlier = let_through.len().checked_sub(most).map(|at| let_through[at]);
        if line["status"] == 429 {
            edges.push((i, earlier?, -999));
        } else {
            edges.extend(earlier.map(|earlier| (earlier, i, 1000)));
            let_through.push(i);
        }
    }
    let mut at = vec![0; lines.len() + 1];
    for _ in 0..=lines.len() + 1 {
        let mut changed = false;
        for (i, j, apart) in &edges {
            if at[*i] + apart > at[*j] {
                at[*j] = at[*i] + apart;
                changed = true;
            }
        }
        if !changed {
            at.truncate(lines.len());
            return Some(at);
        }
        if at[origin] > 0 {
            return None;
        }
    }
    None
}

fn properties(value: &Value) -> BTreeMap<String, String> {
    let all = value["properties"].as_object().unwrap().iter();
    all.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect()
}

fn is_system(name: &str) -> bool {
    matches!(
        name,
        "createdate" | "hs_createdate" | "lastmodifieddate" | "hs_lastmodifieddate" | "hs_object_id"
    )
}

impl Replay {
    /// Records that were there before the recording began are made first.
    fn prepare(&mut self, lines: &[Value]) {
        let mut made = BTreeSet::new();
        for line in lines {
            let results = line["response"]["results"].as_array().cloned().unwrap_or_default();
            for result in results {
                let id = result["id"].as_str().unwrap().to_owned();
                let created = line["path"].as_str().unwrap().ends_with("batch/create");
                if !made.insert(id.clone()) || created {
                    continue;
                }
                let mut values = properties(&result);
                values.retain(|name, _| !is_system(name));
                let body = json!({"properties": values});
                let answer = self.desk.post(&format!("/crm/v3/objects/{}", self.kind), &body);
                assert_eq!(answer.status, 201);
                self.ids.insert(id, answer.json()["id"].as_str().unwrap().to_owned());
            }
        }
    }

    fn ask(&mut self, line: usize, recorded: &Value) {
        let (path, status) = (recorded["path"].as_str().unwrap(), recorded["status"].as_u64().unwrap());
        let operation = path.splitn(6, '/').nth(5).unwrap();
        let answer =
            self.desk.post(&format!("/crm/v3/objects/{}/{operation}", self.kind), &self.ours(recorded));
        assert_eq!(
            u64::from(answer.status),
            status,
            "line {line}: {}",
            String::from_utf8_lossy(&answer.body)
        );
        match (operation, status) {
            ("search", 429) => {
                self.tally.refused += 1;
                let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
                assert_eq!(keys(&answer.json()), keys(&recorded["response"]), "line {line}");
                assert_eq!(answer.json()["message"], recorded["response"]["message"], "line {line}");
            }
            ("search", _) => self.compare_search(line, recorded, &answer.json()),
            ("batch/archive", _) => self.last_write = self.desk.clock.now(),
            (_, _) => self.compare_batch(line, recorded, &answer.json()),
        }
        let recorded_headers = recorded["headers"].as_object().unwrap();
        for header in ["x-hubspot-ratelimit-max", "x-hubspot-ratelimit-daily", "content-type"] {
            let theirs = recorded_headers.iter().find(|(k, _)| k.eq_ignore_ascii_case(header));
            // Some recorded answers carry no rate-limit headers at all; those of searches never the burst ones.
            if theirs.is_some() || (operation == "search" && header.ends_with("max")) {
                assert_eq!(
                    answer.header(header),
                    theirs.and_then(|(_, v)| v.as_str()),
                    "line {line}: {header}"
                );
            }
        }
    }

    /// The recorded body with our ids.
    fn ours(&self, recorded: &Value) -> Value {
        let mut body = recorded["request"].clone();
        for input in body["inputs"].as_array_mut().into_iter().flatten() {
            let theirs = input["id"].as_str().map(str::to_owned);
            if let Some(ours) = theirs.and_then(|id| self.ids.get(&id)) {
                input["id"] = json!(ours);
            }
        }
        body
    }

    fn compare_batch(&mut self, line: usize, recorded: &Value, ours: &Value) {
        let now = self.desk.clock.now();
        let theirs = recorded["response"]["results"].as_array().unwrap();
        let inputs = recorded["request"]["inputs"].as_array().unwrap();
        let results = ours["results"].as_array().unwrap();
        assert_eq!(results.len(), theirs.len(), "line {line}");
        for (sent, input) in inputs.iter().enumerate() {
            let sent_values = properties(input);
            let same = |r: &&Value| {
                let values = properties(r);
                sent_values.iter().all(|(k, v)| values.get(k) == Some(v))
            };
            let (their, our) = (theirs.iter().find(same).unwrap(), results.iter().find(same).unwrap());
            let our_id = our["id"].as_str().unwrap().to_owned();
            self.ids.insert(their["id"].as_str().unwrap().to_owned(), our_id.clone());
            let known = properties(our);
            for name in properties(their).keys().filter(|name| *name != "hs_createdate") {
                assert!(known.contains_key(name), "line {line}, input {sent}: {name} is missing");
            }
            self.written.insert(our_id, (now, sent_values));
        }
        self.last_write = now;
        self.tally.batches += 1;
        if inputs.len() > 1 {
            let order = |list: &[Value]| {
                let same = |(input, result): (&Value, &Value)| {
                    let values = properties(result);
                    properties(input).iter().all(|(k, v)| values.get(k) == Some(v))
                };
                usize::from(!inputs.iter().zip(list).all(same))
            };
            let (theirs, ours) = (order(theirs), order(results));
            let all = &mut self.tally.shuffled;
            *all = (all.0 + theirs, all.1 + ours, all.2 + 1);
        }
    }

    fn compare_search(&mut self, line: usize, recorded: &Value, ours: &Value) {
        self.tally.searches += 1;
        let now = self.desk.clock.now();
        let mapped = |list: &Value, own: bool| -> BTreeSet<String> {
            let ids =
                list["results"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned());
            ids.map(|id| if own { id } else { self.ids[&id].clone() }).collect()
        };
        let (theirs, found) = (mapped(&recorded["response"], false), mapped(ours, true));
        let groups = recorded["request"]["filterGroups"].as_array().unwrap();
        for filter in groups.iter().map(|g| &g["filters"][0]) {
            let (name, value) = (filter["propertyName"].as_str().unwrap(), filter["value"].as_str().unwrap());
            let matches =
                self.written.iter().filter(|(_, (_, values))| values.get(name).is_some_and(|v| v == value));
            let matches: Vec<_> =
                matches.filter(|(id, _)| self.is_live(id)).map(|(id, (at, _))| (id.clone(), *at)).collect();
            for (id, at) in matches {
                let id = &id;
                let missed = (usize::from(!theirs.contains(id)), usize::from(!found.contains(id)));
                let slot = match now - at {
                    ..=5_000 => &mut self.tally.fresh,
                    29_000.. => &mut self.tally.settled,
                    _ => continue,
                };
                *slot = (slot.0 + missed.0, slot.1 + missed.1, slot.2 + 1);
            }
        }
        if now - self.last_write >= 29_000 {
            assert_eq!(found, theirs, "line {line}");
            assert_eq!(ours["total"], recorded["response"]["total"], "line {line}");
            self.tally.compared += 1;
        }
    }

    fn is_live(&self, id: &str) -> bool {
        let kind = Kind::named(self.kind).unwrap();
        self.desk.sandbox.ids(kind).binary_search(&id.parse().unwrap()).is_ok()
    }
}

/// Checks what must hold in each recording, and says what it saw.
fn judge(name: &str, tally: &Tally) {
    eprintln!("{name}: {tally:?}");
    assert!(tally.searches > 200 && tally.refused > 20 && tally.batches > 20 && tally.compared > 30);
    let (theirs, ours, all) = tally.fresh;
    let share = |n: usize| f64::from(u32::try_from(n).unwrap()) / f64::from(u32::try_from(all).unwrap());
    assert!(
        (share(theirs) - share(ours)).abs() < 0.15,
        "misses when fresh: {theirs} recorded, {ours} ours of {all}"
    );
    assert_eq!((tally.settled.0, tally.settled.1), (0, 0), "misses after 29 s");
    let (theirs, ours, all) = tally.shuffled;
    assert!(theirs * 2 >= all && ours * 2 >= all, "{theirs} and {ours} of {all} batches are shuffled");
}

#[test]
fn exported_contacts_are_answered_as_recorded() {
    let custom =
        ["text_field", "number_field", "date_field", "grouparoo_custom_text", "grouparoo_custom_number"];
    if let Some(tally) = replay("export-records-contact.jsonl", "contacts", &custom) {
        judge("contacts", &tally);
    }
}

#[test]
fn exported_companies_are_answered_as_recorded() {
    if let Some(tally) = replay(
        "export-records-companies.jsonl",
        "companies",
        &["twitterhandle", "facebookfans", "date_field"],
    ) {
        judge("companies", &tally);
    }
}

/// The sandbox has no custom object types: tickets with the same properties take their place.
#[test]
fn exported_custom_objects_are_answered_as_recorded() {
    let custom =
        ["first_name", "last_name", "text_field", "number_field", "date_field", "grouparoo_object_property"];
    if let Some(tally) = replay("export-records-custom-object.jsonl", "tickets", &custom) {
        judge("custom objects", &tally);
    }
}
