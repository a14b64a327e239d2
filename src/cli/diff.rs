//! Writes as people read them: what is there now, what will be, who decided.

use crate::text::{Paint, clean, cut};
use model::{Intent, Write, hash};
use serde_json::{Value, json};
use store::WriteRow;

/// In a few words.
pub fn short(intent: &Intent) -> String {
    match intent {
        Intent::CreateTask { subject, .. } => format!("+ task {subject:?}"),
        Intent::CompleteTask { .. } => "~ task done".to_owned(),
        Intent::CreateNote { body, .. } => format!("+ note {:?}", cut(body, 60)),
        Intent::ChangeStage { to } => format!("~ stage -> {to}"),
        Intent::ChangeOwner { to } => format!("~ owner -> {to}"),
        Intent::CreateEvent { subject, .. } => format!("+ event {subject:?}"),
        Intent::MoveEvent { start, .. } => format!("~ begins -> {start}"),
        Intent::Notify { to, subject, .. } => format!("+ message to {to}: {subject:?}"),
    }
}

/// Line by line: `~` for what changes, `+` for what is new.
pub fn lines(write: &Write, paint: Paint) -> Vec<String> {
    let mut out = Vec::new();
    let changed = write.intent.field();
    if let Some((field, new)) = &changed {
        let old = write
            .expects
            .iter()
            .find(|(known, _)| known == field)
            .map(|(_, value)| clean(&value.to_string()));
        let old = old.unwrap_or_else(|| "?".to_owned());
        let (name, new) = (name_of(*field), clean(&new.to_string()));
        out.push(format!("{} {name}: {} -> {}", paint.warn("~"), paint.bad(&old), paint.good(&new)));
    }
    let plus = paint.good("+");
    match &write.intent {
        Intent::CreateTask { subject, body, due, owner, high, .. } => {
            out.push(format!("{plus} task: {}", paint.good(&clean(subject))));
            let owner = owner.as_deref().map_or("nobody".to_owned(), clean);
            let high = if *high { ", high priority" } else { "" };
            out.push(format!("{plus}   due {due}, for {owner}{high}"));
            out.extend(body.lines().take(3).map(|line| format!("{plus}   {}", cut(&clean(line), 100))));
        }
        Intent::CreateNote { body, .. } => {
            out.extend(body.lines().take(5).map(|line| format!("{plus} note: {}", cut(&clean(line), 100))));
        }
        Intent::CreateEvent { subject, start, end, .. } => {
            out.push(format!("{plus} event: {}", paint.good(&clean(subject))));
            out.push(format!("{plus}   {start} to {end}"));
        }
        Intent::Notify { to, subject, text, .. } => {
            out.push(format!("{plus} message to {}: {}", clean(to), paint.good(&clean(subject))));
            out.extend(text.lines().take(3).map(|line| format!("{plus}   {}", cut(&clean(line), 100))));
        }
        Intent::CompleteTask { .. }
        | Intent::ChangeStage { .. }
        | Intent::ChangeOwner { .. }
        | Intent::MoveEvent { .. } => {}
    }
    let others =
        write.expects.iter().filter(|(field, _)| changed.as_ref().is_none_or(|(known, _)| known != field));
    for (field, value) in others {
        out.push(paint.dim(&format!("  only if {} is still {}", name_of(*field), clean(&value.to_string()))));
    }
    out.push(paint.dim(&format!("  because {}", clean(&write.because))));
    out
}

/// A field's configured name.
pub fn name_of(field: model::Field) -> String {
    serde_json::to_value(field).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Requests that it costs: the write, and the read before it where something is expected.
pub fn requests(write: &Write) -> u64 {
    1 + u64::from(!write.expects.is_empty())
}

/// What a saved plan is checked by: everything that would be sent and everything that is expected.
pub fn fingerprint(write: &Write) -> String {
    let text = serde_json::to_string(write).unwrap_or_default();
    u128::from_be_bytes(hash::digest(&[&text])).to_string()
}

/// For programs.
pub fn json(row: &WriteRow) -> Value {
    json!({
        "id": row.row, "key": row.write.key, "target": row.write.target.to_string(), "state": row.state.name(),
        "intent": row.write.intent, "expects": row.write.expects, "because": row.write.because,
        "attempts": row.attempts, "decided": row.decided, "changed": row.changed, "note": row.note,
        "receipt": row.receipt, "requests": requests(&row.write), "hash": fingerprint(&row.write),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{ConnectionId, ExternalRef, Field, Kind, Value, WriteKey, WriteKind};

    fn stage_change() -> Write {
        let connection = ConnectionId::from("hubspot");
        let target = ExternalRef::new(&connection, Kind::Deal, "9201");
        Write {
            key: WriteKey::new(&connection, WriteKind::ChangeStage, &target, "signal", "stage", 0),
            target,
            intent: Intent::ChangeStage { to: "default/demo".into() },
            expects: vec![
                (Field::SourceStage, Value::Text("default/qualified".into())),
                (Field::Owner, Value::Ref("7".into())),
            ],
            because: "BANT is complete\u{1b}[2J".into(),
        }
    }

    #[test]
    fn a_change_shows_old_and_new_value_its_conditions_and_its_reason() {
        assert_eq!(
            lines(&stage_change(), Paint(false)),
            [
                "~ source_stage: default/qualified -> default/demo",
                "  only if owner is still 7",
                "  because BANT is complete\\u{1b}[2J",
            ]
        );
        assert_eq!(requests(&stage_change()), 2);
    }

    #[test]
    fn the_fingerprint_covers_what_is_sent_and_what_is_expected() {
        let write = stage_change();
        let other_value = Write { intent: Intent::ChangeStage { to: "default/won".into() }, ..write.clone() };
        let other_basis = Write { expects: vec![], ..write.clone() };
        assert_eq!(fingerprint(&write), fingerprint(&write.clone()));
        assert_ne!(fingerprint(&write), fingerprint(&other_value));
        assert_ne!(fingerprint(&write), fingerprint(&other_basis));
    }
}
