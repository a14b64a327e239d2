//! mail-parser's corpus with its expected parses, and every other mail: fields or a reason.

use crate::data;
use mail::{Unreadable, message};
use model::{Field, Fields, address};
use serde_json::Value;
use std::path::Path;

/// Mails that are refused, each with the reason that must be given: a text without any header.
const REFUSED: [(&str, Unreadable); 1] = [("cpython-email/msg_19.txt", Unreadable::NoHeader)];

fn expected_addresses(header: &Value) -> Vec<String> {
    let address = &header["Address"];
    let lists = address["List"].as_array().into_iter();
    let groups =
        address["Group"].as_array().into_iter().flatten().filter_map(|group| group["addresses"].as_array());
    let all = lists.chain(groups).flatten();
    all.filter_map(|one| {
        one["address"].as_str().or(one["name"].as_str()).and_then(address::normal).map(String::from)
    })
    .collect()
}

fn headers<'j>(json: &'j Value, name: &str) -> Vec<&'j Value> {
    let all = json["parts"][0]["headers"].as_array().unwrap();
    all.iter().filter(|header| header["name"] == name).map(|header| &header["value"]).collect()
}

fn list(fields: &Fields, field: Field) -> Vec<String> {
    fields.list(field).iter().map(ToString::to_string).collect()
}

/// What the parse says beside what we say; empty when they agree.
fn differences(json: &Value, fields: &Fields) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, theirs: &dyn std::fmt::Debug, ours: &dyn std::fmt::Debug, equal: bool| {
        if !equal {
            found.push(format!("{what}: expected {theirs:?}, got {ours:?}"));
        }
    };
    let from =
        headers(json, "from").into_iter().chain(headers(json, "sender")).flat_map(expected_addresses).next();
    let sender = fields.text(Field::Sender).map(String::from);
    differ("sender", &from, &sender, from == sender);
    let mut to: Vec<String> = Vec::new();
    for one in headers(json, "to").into_iter().chain(headers(json, "cc")).flat_map(expected_addresses) {
        if !to.contains(&one) {
            to.push(one);
        }
    }
    let recipients = list(fields, Field::Recipients);
    differ("recipients", &to, &recipients, to == recipients);
    let id = headers(json, "message_id").first().and_then(|value| value["Text"].as_str()).map(String::from);
    let ours = fields.text(Field::MessageId).map(String::from);
    differ("message id", &id, &ours, id == ours);
    let date = headers(json, "date").first().map(|value| value["DateTime"].clone()).filter(Value::is_object);
    let date = date.as_ref().and_then(millis);
    let ours = fields.time(Field::At).map(model::Timestamp::as_millis);
    differ("date", &date, &ours, date == ours);
    found
}

fn millis(date: &Value) -> Option<i64> {
    let number = |name: &str| date[name].as_i64().unwrap();
    let civil = jiff::civil::date(
        i16::try_from(number("year")).unwrap(),
        i8::try_from(number("month")).ok()?,
        i8::try_from(number("day")).ok()?,
    );
    let ahead = number("tz_hour") * 3600 + number("tz_minute") * 60;
    let ahead = if date["tz_before_gmt"] == true { -ahead } else { ahead };
    let midnight = civil.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second();
    let local = midnight + number("hour") * 3600 + number("minute") * 60 + number("second");
    (1980..2100).contains(&number("year")).then_some((local - ahead) * 1000)
}

#[test]
fn mails_of_the_parsers_corpus_give_the_expected_addresses_dates_and_ids() {
    let Some(folder) = data::mails("the corpus of mail-parser") else { return };
    let mails: Vec<_> = data::below(&folder.join("mail-parser/eml"));
    let mut wrong = Vec::new();
    let mut compared = 0;
    for path in mails.iter().filter(|path| path.extension().is_some_and(|end| end == "eml")) {
        let json: Value =
            serde_json::from_slice(&std::fs::read(path.with_extension("json")).unwrap()).unwrap();
        let raw = std::fs::read(path).unwrap();
        // Line ends as the wire has them must make no difference.
        let unix = String::from_utf8_lossy(&raw).contains("\r\n");
        let wire = if unix { raw.clone() } else { crlf(&raw) };
        for raw in [raw, wire] {
            let fields = message(&raw).unwrap_or_else(|reason| panic!("{}: {reason}", path.display()));
            compared += 1;
            wrong.extend(
                differences(&json, &fields).into_iter().map(|what| format!("{}: {what}", name(path))),
            );
        }
    }
    assert!(compared > 150, "{compared}");
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
}

fn crlf(raw: &[u8]) -> Vec<u8> {
    raw.iter().flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] }).collect()
}

fn name(path: &Path) -> String {
    let mut parts: Vec<_> = path.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
    parts.reverse();
    parts.join("/")
}

#[test]
fn header_cases_give_the_expected_addresses() {
    let Some(folder) = data::mails("header cases of mail-parser") else { return };
    let cases: Value =
        serde_json::from_slice(&std::fs::read(folder.join("mail-parser/address.json")).unwrap()).unwrap();
    for case in cases.as_array().unwrap() {
        let header = case["header"].as_str().unwrap();
        let fields = message(format!("To:{header}\n\n").as_bytes()).unwrap();
        let mut wanted = expected_addresses(&serde_json::json!({ "Address": case["expected"] }));
        let mut seen = std::collections::BTreeSet::new();
        wanted.retain(|one| seen.insert(one.clone()));
        assert_eq!(list(&fields, Field::Recipients), wanted, "{header:?}");
    }
}

#[test]
fn header_cases_give_the_expected_ids() {
    let Some(folder) = data::mails("header cases of mail-parser") else { return };
    let cases: Value =
        serde_json::from_slice(&std::fs::read(folder.join("mail-parser/id.json")).unwrap()).unwrap();
    for case in cases.as_array().unwrap() {
        let header = case["header"].as_str().unwrap();
        let fields = message(format!("References:{header}\n\n").as_bytes()).unwrap();
        let wanted = case["expected"].as_array().cloned().unwrap_or_default();
        // An id has no space in it: two mails would never be found to belong together by such a one.
        let wanted: Vec<_> = wanted.iter().filter_map(Value::as_str).filter(|id| !id.contains(' ')).collect();
        assert_eq!(list(&fields, Field::References), wanted, "{header:?}");
    }
}

#[test]
fn header_cases_give_the_expected_dates() {
    let Some(folder) = data::mails("header cases of mail-parser") else { return };
    let cases: Value =
        serde_json::from_slice(&std::fs::read(folder.join("mail-parser/date.json")).unwrap()).unwrap();
    for case in cases.as_array().unwrap() {
        let header = case["header"].as_str().unwrap().trim_end();
        let fields = message(format!("Date: {header}\nFrom: a@b.c\n\n").as_bytes()).unwrap();
        let wanted = Some(&case["expected"]).filter(|date| date.is_object()).and_then(millis);
        assert_eq!(fields.time(Field::At).map(model::Timestamp::as_millis), wanted, "{header:?}");
    }
}

#[test]
fn every_mail_gives_fields_or_the_listed_reason() {
    let Some(folder) = data::mails("all corpora of mails") else { return };
    let all = data::all(&folder);
    let mut refused = Vec::new();
    for path in &all {
        if let Err(reason) = message(&std::fs::read(path).unwrap()) {
            refused.push((name(path), reason));
        }
    }
    eprintln!("{} mails read, {} refused", all.len(), refused.len());
    assert!(all.len() >= 350, "{}", all.len());
    let listed: Vec<_> = REFUSED.iter().map(|(name, reason)| ((*name).to_owned(), *reason)).collect();
    assert_eq!(refused, listed);
}
