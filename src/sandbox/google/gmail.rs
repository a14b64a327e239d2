//! The endpoints of Gmail.

use super::hub::Call;
use super::journal::What;
use super::mailbox::{FIRST, Mail, Mailbox, Record, Step, hex, number};
use super::problem::Problem;
use crate::hubspot::reply::Reply;
use crate::hubspot::request::Ask;
use base64::{Engine, engine::general_purpose::URL_SAFE};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

type Answer = Result<Reply, Problem>;

const HIDDEN: [&str; 2] = ["SPAM", "TRASH"];
const SYSTEM: [&str; 9] =
    ["INBOX", "SENT", "DRAFT", "SPAM", "TRASH", "UNREAD", "STARRED", "IMPORTANT", "CATEGORY_PROMOTIONS"];

pub fn profile(user: &str, mailbox: &Mailbox) -> Reply {
    let threads: BTreeSet<u64> = mailbox.mails.values().map(|mail| mail.thread).collect();
    Reply::json(
        200,
        &json!({
            "emailAddress": user, "messagesTotal": mailbox.mails.len(), "threadsTotal": threads.len(),
            "historyId": mailbox.now().to_string(),
        }),
    )
}

pub fn labels() -> Reply {
    let labels: Vec<Value> =
        SYSTEM.iter().map(|name| json!({"id": name, "name": name, "type": "system"})).collect();
    Reply::json(200, &json!({"labels": labels}))
}

fn most(ask: &Ask) -> Result<usize, Problem> {
    let Some(text) = ask.one("maxResults") else { return Ok(100) };
    let number = text.parse::<usize>();
    let number = number.map_err(|_| Problem::parameter("maxResults", "Invalid value for maxResults"))?;
    Ok(number.clamp(1, 500))
}

/// Newest first. A page goes on below the last mail of the one before, whatever came meanwhile.
pub fn list(mailbox: &Mailbox, ask: &Ask) -> Answer {
    let most = most(ask)?;
    let below = match ask.one("pageToken") {
        Some(token) => Some(page(token).ok_or_else(|| Problem::invalid("Invalid pageToken"))?),
        None => None,
    };
    let labels = ask.many("labelIds");
    let hidden = ask.flag("includeSpamTrash") || labels.iter().any(|label| HIDDEN.contains(label));
    let terms: Vec<&str> = ask.one("q").unwrap_or_default().split_whitespace().collect();
    let mut found: Vec<&Mail> = mailbox
        .mails
        .values()
        .filter(|mail| hidden || !HIDDEN.iter().any(|label| mail.labels.contains(*label)))
        .filter(|mail| labels.iter().all(|label| mail.labels.contains(*label)))
        .filter(|mail| terms.iter().all(|term| fits(mail, term)))
        .collect();
    found.sort_by_key(|mail| std::cmp::Reverse((mail.at, mail.id)));
    let total = found.len();
    found.retain(|mail| below.is_none_or(|below| (mail.at, mail.id) < below));
    let more = found.len() > most;
    found.truncate(most);
    let mut body = json!({"resultSizeEstimate": total});
    if let (Some(map), Some(last)) = (body.as_object_mut(), found.last()) {
        let one = |mail: &&Mail| json!({"id": hex(mail.id), "threadId": hex(mail.thread)});
        map.insert("messages".to_owned(), found.iter().map(one).collect());
        if more {
            map.insert("nextPageToken".to_owned(), format!("{:x}-{:x}", last.at, last.id).into());
        }
    }
    Ok(Reply::json(200, &body))
}

fn page(token: &str) -> Option<(i64, u64)> {
    let (at, id) = token.split_once('-')?;
    Some((i64::from_str_radix(at, 16).ok()?, number(id)?))
}

/// The few terms of Gmail's search that clients of ours may send; any other finds nothing.
fn fits(mail: &Mail, term: &str) -> bool {
    match term.split_once(':') {
        Some(("after", seconds)) => seconds.parse::<i64>().is_ok_and(|s| mail.at / 1000 > s),
        Some(("before", seconds)) => seconds.parse::<i64>().is_ok_and(|s| mail.at / 1000 < s),
        Some(("rfc822msgid", id)) => mail
            .part
            .header("Message-ID")
            .is_some_and(|own| own.trim_matches(['<', '>']) == id.trim_matches(['<', '>'])),
        Some(("in", label)) => mail.labels.contains(&label.to_ascii_uppercase()),
        _ => false,
    }
}

pub fn get(mailbox: &Mailbox, ask: &Ask, id: &str, metadata_only: bool) -> Answer {
    let format = ask.one("format").unwrap_or("full").to_ascii_lowercase();
    if metadata_only && (format == "full" || format == "raw") {
        let text = "Metadata scope doesn't allow format FULL";
        return Err(Problem::new(403, "global", "forbidden", text));
    }
    let mail = find(mailbox, id)?;
    let mut body = bare(mail);
    match format.as_str() {
        "minimal" => {}
        "metadata" => {
            let only = ask.many("metadataHeaders");
            body.insert("payload".to_owned(), mail.part.payload("", false, &only));
        }
        "full" => {
            body.insert("payload".to_owned(), mail.part.payload("", true, &[]));
        }
        "raw" => {
            body.insert("raw".to_owned(), URL_SAFE.encode(&mail.raw).into());
        }
        _ => return Err(Problem::parameter("format", "Invalid value for format")),
    }
    Ok(Reply::json(200, &Value::Object(body)))
}

fn find<'m>(mailbox: &'m Mailbox, id: &str) -> Result<&'m Mail, Problem> {
    let number = number(id).ok_or_else(|| Problem::invalid("Invalid id value"))?;
    mailbox.mails.get(&number).ok_or_else(|| Problem::not_found("Requested entity was not found."))
}

fn bare(mail: &Mail) -> Map<String, Value> {
    let text = mail.part.text().unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let snippet: String = words.join(" ").chars().take(200).collect();
    let escaped =
        snippet.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;");
    let body = json!({
        "id": hex(mail.id), "threadId": hex(mail.thread), "labelIds": mail.labels, "snippet": escaped,
        "historyId": mail.history.to_string(), "internalDate": mail.at.to_string(),
        "sizeEstimate": mail.raw.len(),
    });
    match body {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

pub fn thread(mailbox: &Mailbox, id: &str) -> Answer {
    let wanted = number(id);
    let mails: Vec<&Mail> = mailbox.mails.values().filter(|mail| Some(mail.thread) == wanted).collect();
    if mails.is_empty() {
        return Err(Problem::not_found("Requested entity was not found."));
    }
    let messages: Vec<Value> = mails.iter().map(|mail| Value::Object(bare(mail))).collect();
    let last = mails.iter().map(|mail| mail.history).max().unwrap_or_default();
    Ok(Reply::json(200, &json!({"id": id, "historyId": last.to_string(), "messages": messages})))
}

/// Changes after `startHistoryId`; 404 when that is too old.
pub fn history(mailbox: &Mailbox, ask: &Ask) -> Answer {
    let start = ask.one("startHistoryId").and_then(|text| text.parse::<u64>().ok());
    let start = start.ok_or_else(|| Problem::parameter("startHistoryId", "Missing startHistoryId"))?;
    if start < mailbox.floor.max(FIRST) || start > mailbox.now() {
        return Err(Problem::not_found("Requested entity was not found."));
    }
    let after = match ask.one("pageToken") {
        Some(token) => token.parse().map_err(|_| Problem::invalid("Invalid pageToken"))?,
        None => start,
    };
    let (most, types) = (most(ask)?, ask.many("historyTypes"));
    let wanted = |record: &&Record| types.is_empty() || types.contains(&name(&record.step).1);
    let mut records: Vec<&Record> =
        mailbox.history.iter().filter(|record| record.id > after).filter(wanted).collect();
    let more = records.len() > most;
    records.truncate(most);
    let mut body = json!({"historyId": mailbox.now().to_string()});
    if let (Some(map), Some(last)) = (body.as_object_mut(), records.last()) {
        map.insert("history".to_owned(), records.iter().map(|record| entry(record)).collect());
        if more {
            map.insert("nextPageToken".to_owned(), last.id.to_string().into());
        }
    }
    Ok(Reply::json(200, &body))
}

fn name(step: &Step) -> (&'static str, &'static str) {
    match step {
        Step::Added => ("messagesAdded", "messageAdded"),
        Step::Deleted => ("messagesDeleted", "messageDeleted"),
        Step::LabelsAdded(_) => ("labelsAdded", "labelAdded"),
        Step::LabelsRemoved(_) => ("labelsRemoved", "labelRemoved"),
    }
}

fn entry(record: &Record) -> Value {
    let plain = json!({"id": hex(record.mail), "threadId": hex(record.thread)});
    let message = json!({"id": hex(record.mail), "threadId": hex(record.thread), "labelIds": record.labels});
    let step = match &record.step {
        Step::Added | Step::Deleted => json!([{"message": message}]),
        Step::LabelsAdded(labels) | Step::LabelsRemoved(labels) => {
            json!([{"message": message, "labelIds": labels}])
        }
    };
    let mut entry = json!({"id": record.id.to_string(), "messages": [plain]});
    if let Some(map) = entry.as_object_mut() {
        map.insert(name(&record.step).0.to_owned(), step);
    }
    entry
}

/// Delivered to nobody: what matters is that it was sent once.
pub fn send(call: &mut Call<'_>, ask: &Ask) -> Answer {
    let body: Value = body(ask)?;
    let raw = body.get("raw").and_then(Value::as_str).unwrap_or_default();
    let raw = URL_SAFE.decode(raw).or_else(|_| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(raw));
    let raw = raw.ok().filter(|raw| !raw.is_empty());
    let raw = raw.ok_or_else(|| {
        Problem::new(
            400,
            "global",
            "invalidArgument",
            "'raw' RFC822 payload message string or uploading message via /upload/* URL required",
        )
    })?;
    let thread = body.get("threadId").and_then(Value::as_str).and_then(number);
    let id = call.user.mailbox.add(raw, &["SENT"], thread, call.at);
    call.note(What::MailSent, "", &hex(id), String::new());
    let mail = find(&call.user.mailbox, &hex(id))?;
    let answer = json!({"id": hex(id), "threadId": hex(mail.thread), "labelIds": mail.labels});
    Ok(Reply::json(200, &answer))
}

pub fn modify(call: &mut Call<'_>, ask: &Ask, id: &str) -> Answer {
    let body: Value = body(ask)?;
    let labels = |name: &str| -> Vec<String> {
        let list = body.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        list.iter().filter_map(|label| label.as_str().map(str::to_owned)).collect()
    };
    let (add, remove) = (labels("addLabelIds"), labels("removeLabelIds"));
    let add: Vec<&str> = add.iter().map(String::as_str).collect();
    let remove: Vec<&str> = remove.iter().map(String::as_str).collect();
    labelled(call, id, &add, &remove)
}

pub fn trash(call: &mut Call<'_>, id: &str, into: bool) -> Answer {
    if into { labelled(call, id, &["TRASH"], &["INBOX"]) } else { labelled(call, id, &["INBOX"], &["TRASH"]) }
}

fn labelled(call: &mut Call<'_>, id: &str, add: &[&str], remove: &[&str]) -> Answer {
    let number = find(&call.user.mailbox, id)?.id;
    if call.user.mailbox.label(number, add, remove) {
        call.note(What::MailLabelled, "", id, String::new());
    }
    Ok(Reply::json(200, &Value::Object(bare(find(&call.user.mailbox, id)?))))
}

pub fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    let number = find(&call.user.mailbox, id)?.id;
    call.user.mailbox.delete(number);
    call.note(What::MailDeleted, "", id, String::new());
    Ok(Reply::empty())
}

pub fn body(ask: &Ask) -> Result<Value, Problem> {
    serde_json::from_slice(&ask.body)
        .map_err(|_| Problem::new(400, "global", "parseError", "Invalid JSON payload received."))
}
