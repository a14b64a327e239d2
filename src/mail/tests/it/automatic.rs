//! Real bounces, complaints and absences are recognised; ordinary mails are left alone.

use crate::data;
use mail::message;
use model::Field;
use std::collections::BTreeMap;

/// Delays among the bounces, by their Action or their words.
const DELAYED: [&str; 4] = ["rfc3464-07", "rfc3464-09", "rfc3464-34", "rfc3464-55"];

/// What a file of the bounce corpus is, by its name.
fn class(name: &str) -> &'static str {
    match name {
        _ if DELAYED.contains(&name) => "delayed",
        // An unsubscribe request that a mail program wrote for its user is no complaint by RFC 5965.
        "arf-26" => "auto_reply",
        _ if name.starts_with("arf") => "complaint",
        _ if name.starts_with("rfc3834") => "auto_reply",
        _ => "bounce",
    }
}

#[test]
fn at_least_95_percent_of_each_class_are_recognised() {
    let Some(folder) = data::mails("real bounces and absences") else { return };
    let mut paths = data::below(&folder.join("bounces/bounce"));
    paths.extend(data::below(&folder.join("recorded/dsn")));
    let mut counts: BTreeMap<&str, (u32, u32, u32)> = BTreeMap::new();
    let mut missed = Vec::new();
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let wanted = if name.ends_with("delayed") { "delayed" } else { class(&name) };
        let fields = message(&std::fs::read(&path).unwrap()).unwrap();
        let found = fields.text(Field::Automatic).unwrap_or("ordinary");
        let (all, right, named) = counts.entry(wanted).or_default();
        *all += 1;
        *right += u32::from(found == wanted);
        *named += u32::from(!fields.list(Field::Failed).is_empty());
        if found != wanted || wanted == "bounce" && fields.list(Field::Failed).is_empty() {
            missed.push(format!("{name}: wanted {wanted}, got {found}, {:?}", fields.list(Field::Failed)));
        }
    }
    for (class, (all, right, named)) in &counts {
        eprintln!("{class}: {right} of {all} recognised, {named} with the addresses they are about");
    }
    eprintln!("{}", missed.join("\n"));
    for (class, (all, right, named)) in &counts {
        assert!(right * 100 >= all * 95, "{class}: {right} of {all}");
        if *class == "bounce" {
            assert!(named * 100 >= all * 90, "whom bounces are about: {named} of {all}");
        }
    }
}

/// Mails from people to people, though some of them have the words of machines in them.
const ORDINARY: &str = include_str!("ordinary.txt");
/// What machines write without saying so in a header of RFC 3834: kind, then the mail.
const MACHINES: &str = include_str!("machines.txt");

#[test]
fn ordinary_mails_raise_no_false_alarm() {
    let mails: Vec<_> = ORDINARY.split("\n%%%%\n").collect();
    assert!(mails.len() >= 40, "{}", mails.len());
    for mail in mails {
        let fields = message(mail.as_bytes()).unwrap();
        assert_eq!(fields.text(Field::Automatic), None, "{mail}");
        assert!(fields.list(Field::Failed).is_empty(), "{mail}");
        assert!(fields.text(Field::Sender).is_some() && fields.text(Field::Content).is_some(), "{mail}");
    }
}

#[test]
fn what_machines_write_is_told_by_kind() {
    for mail in MACHINES.split("\n%%%%\n") {
        let (kind, mail) = mail.split_once('\n').unwrap();
        let fields = message(mail.as_bytes()).unwrap();
        assert_eq!(fields.text(Field::Automatic), Some(kind), "{mail}");
    }
}

#[test]
fn one_of_what_is_not_mail_from_people_is_a_bounce_all_the_same() {
    let Some(folder) = data::mails("mails that are no bounces by sisimai's judgement") else { return };
    // The third is a bounce, one that sisimai's author wants left alone because its sender is a list's.
    for (name, kind) in
        [("is-not-bounce-01", None), ("is-not-bounce-02", None), ("rb-issue-368-bug", Some("bounce"))]
    {
        let path = folder.join("bounces/not-bounce").join(format!("{name}.eml"));
        let fields = message(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(fields.text(Field::Automatic), kind, "{name}");
    }
}
