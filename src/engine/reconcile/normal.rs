//! Values and match keys in one form, whoever sent them.

use super::MergePolicy;
use model::{DealOutcome, Field, Fields, Kind, MatchKey, Observed, Value};
use std::borrow::Cow;

/// Equal for us: nothing, `Empty` and `""` are one; an id is the same as text and as reference.
pub(super) fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (filled(one), filled(other)) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            one == other || one.as_text().is_some_and(|text| other.as_text() == Some(text))
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// The value when it says something.
pub(super) fn filled(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_empty() && value.as_text() != Some(""))
}

/// True for fields that we derive and no source may set.
pub(super) const fn is_derived(field: Field) -> bool {
    matches!(field, Field::Stage | Field::Outcome)
}

/// Brings an observation into our form: addresses trimmed and in lower case, link sets sorted; a stage of ours
/// is dropped (it follows from the vendor's), an outcome becomes the flags that it stands for.
pub(super) fn observation(seen: &mut Observed) {
    if let Some(Value::Text(text)) = seen.fields.get(Field::Email)
        && let Cow::Owned(clean) = email(text)
    {
        seen.fields.set(Field::Email, Value::text(Some(&clean)));
    }
    if seen.fields.iter().any(|(field, _)| is_derived(field)) {
        let said = match seen.fields.get(Field::Outcome) {
            Some(Value::Outcome(outcome)) => Some(*outcome),
            _ => None,
        };
        seen.fields = without_derived(&seen.fields);
        if let Some(said) = said {
            seen.fields.set(Field::Done, Value::Bool(said != DealOutcome::Open));
            seen.fields.set(Field::Won, Value::Bool(said == DealOutcome::Won));
        }
    }
    for set in &mut seen.links {
        if !set.targets.is_sorted_by(|a, b| a.id < b.id) {
            // The primary flag of a link given twice wins.
            set.targets.sort_by(|a, b| a.id.cmp(&b.id).then(b.primary.cmp(&a.primary)));
            set.targets.dedup_by(|later, kept| later.id == kept.id);
        }
    }
}

/// The fields that a source can have said.
pub(super) fn without_derived(fields: &Fields) -> Fields {
    fields
        .iter()
        .filter(|(field, _)| !is_derived(*field))
        .map(|(field, value)| (field, value.clone()))
        .collect()
}

/// What identifies such a record across connections; `None` when nothing does.
pub(super) fn match_key(kind: Kind, fields: &Fields, policy: &MergePolicy) -> Option<MatchKey> {
    match kind {
        Kind::Contact => address(fields).map(MatchKey::Email),
        Kind::Owner => address(fields).map(MatchKey::OwnerEmail),
        Kind::Company => {
            let domain = registrable(fields.text(Field::Domain)?)?;
            (!policy.shared_domains.contains(&*domain)).then_some(MatchKey::Domain(domain))
        }
        Kind::Email => said(fields, Field::MessageId).map(|id| MatchKey::Message(id.into())),
        Kind::Meeting => {
            let uid = said(fields, Field::Uid)?;
            let key = match said(fields, Field::Occurrence) {
                Some(occurrence) => format!("{uid} {occurrence}"),
                None => uid.to_owned(),
            };
            Some(MatchKey::Event(key.into()))
        }
        Kind::Deal | Kind::Pipeline | Kind::Task | Kind::Note | Kind::Call => None,
    }
}

fn said(fields: &Fields, field: Field) -> Option<&str> {
    fields.text(field).filter(|text| !text.is_empty())
}

/// The field that a kind's match key is made of.
pub(super) const fn match_field(kind: Kind) -> Option<Field> {
    match kind {
        Kind::Contact | Kind::Owner => Some(Field::Email),
        Kind::Company => Some(Field::Domain),
        Kind::Email => Some(Field::MessageId),
        Kind::Meeting => Some(Field::Uid),
        Kind::Deal | Kind::Pipeline | Kind::Task | Kind::Note | Kind::Call => None,
    }
}

/// The address, when it can be one: a local part, one `@`, a host with a dot.
fn address(fields: &Fields) -> Option<Box<str>> {
    plausible(fields.text(Field::Email)?)
}

/// A text in the form in which addresses are compared, when it can be one: a local part, one `@`, a host with a
/// dot, which is in ASCII then.
pub(super) fn plausible(text: &str) -> Option<Box<str>> {
    let text = email(text);
    let (local, host) = text.split_once('@')?;
    let plausible = !local.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text.contains(|c: char| c.is_whitespace() || c == ',' || c == ';')
        && !host.contains('@');
    if !plausible {
        return None;
    }
    if host.is_ascii() {
        return Some(text.into());
    }
    let host = idna::domain_to_ascii(host).ok()?;
    Some(format!("{local}@{host}").into())
}

fn email(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if trimmed.len() == text.len() && !text.chars().any(char::is_uppercase) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(trimmed.to_lowercase())
    }
}

/// The part of a host that somebody registered (`shop.acme.co.uk` gives `acme.co.uk`), out of a bare host or a
/// whole URL. `None` for addresses of machines, single labels and suffixes that do not exist.
pub(crate) fn registrable(text: &str) -> Option<Box<str>> {
    let text = text.trim();
    let host = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or(host);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split(':').next().unwrap_or(host).trim_end_matches('.');
    let host = email(host);
    let host = if host.is_ascii() { host } else { Cow::Owned(idna::domain_to_ascii(&host).ok()?) };
    let domain = psl::domain(host.as_bytes())?;
    if !domain.suffix().is_known() {
        return None;
    }
    std::str::from_utf8(domain.as_bytes()).ok().map(Box::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(field: Field, text: &str) -> Fields {
        [(field, Value::text(Some(text)))].into_iter().collect()
    }

    #[test]
    fn the_registrable_domain_is_found_in_whatever_people_type() {
        for (typed, wanted) in [
            ("acme.com", Some("acme.com")),
            (" https://www.Acme.co.uk/about?x=1 ", Some("acme.co.uk")),
            ("user@shop.acme.com.:8080", Some("acme.com")),
            ("acme.github.io", Some("acme.github.io")),
            ("192.168.0.1", None),
            ("localhost", None),
            ("co.uk", None),
            ("acme.nosuchsuffix", None),
            ("www.Bücher.example.com", Some("example.com")),
            ("https://bücher.de/", Some("xn--bcher-kva.de")),
            ("", None),
        ] {
            assert_eq!(registrable(typed).as_deref(), wanted, "{typed:?}");
        }
    }

    #[test]
    fn free_mail_and_social_sites_identify_no_company() {
        let policy = MergePolicy::default();
        for shared in ["gmail.com", "https://www.facebook.com/acme", "mail.t-online.de"] {
            assert_eq!(match_key(Kind::Company, &fields(Field::Domain, shared), &policy), None, "{shared}");
        }
        let own = fields(Field::Domain, "https://acme.com");
        assert_eq!(match_key(Kind::Company, &own, &policy), Some(MatchKey::Domain("acme.com".into())));
    }

    #[test]
    fn only_what_can_be_an_address_identifies_a_person() {
        let policy = MergePolicy::default();
        let key = |text| match_key(Kind::Contact, &fields(Field::Email, text), &policy);
        assert_eq!(key(" Ann@Acme.COM"), Some(MatchKey::Email("ann@acme.com".into())));
        assert_eq!(key("ann@Bücher.de"), Some(MatchKey::Email("ann@xn--bcher-kva.de".into())));
        for none in ["", "n/a", "ann", "ann@", "@acme.com", "ann@localhost", "a@b.c d@e.f", "a@b.c;d@e.f"] {
            assert_eq!(key(none), None, "{none:?}");
        }
    }

    #[test]
    fn empty_absent_and_blank_are_one() {
        let blank = Value::Text("".into());
        assert!(same(None, Some(&Value::Empty)));
        assert!(same(Some(&blank), None));
        assert!(same(Some(&Value::Text("7".into())), Some(&Value::Ref("7".into()))));
        assert!(!same(Some(&Value::Int(0)), None));
    }
}
