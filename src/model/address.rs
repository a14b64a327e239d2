//! Mail addresses in the one form by which they are compared.

/// The address in the form that is compared: trimmed, without angle brackets or `mailto:`, in lower case, the host
/// in ASCII (`münchen.de` is `xn--mnchen-3ya.de`). Tags and dots stay: only some providers ignore them.
/// `None` for what cannot be an address (RFC 5321: a local part, `@`, a host).
pub fn normal(text: &str) -> Option<Box<str>> {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let text = match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => text.get(7..).unwrap_or_default(),
        _ => text,
    };
    let (local, host) = text.rsplit_once('@')?;
    let host = host.trim_end_matches('.');
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    if local.is_empty() || !(quoted || local.chars().all(in_local)) || text.len() > 320 {
        return None;
    }
    let literal = host.starts_with('[') && host.ends_with(']');
    let named = host.chars().all(in_host) && host.split('.').all(|label| !label.is_empty());
    if !(literal || named) {
        return None;
    }
    let local = local.to_lowercase();
    if host.is_ascii() {
        return Some(format!("{local}@{}", host.to_ascii_lowercase()).into());
    }
    let host = idna::domain_to_ascii(host).ok()?;
    Some(format!("{local}@{host}").into())
}

/// A second, weaker form of a normal address: without a tag (`ann+crm@acme.com` is `ann@acme.com`), and without
/// dots where the provider ignores them. Two addresses that only agree in this form are probably one person's.
pub fn weaker(normal: &str) -> Option<Box<str>> {
    let (local, host) = normal.rsplit_once('@')?;
    let untagged = local.split_once('+').map_or(local, |(before, _)| before);
    let google = matches!(host, "gmail.com" | "googlemail.com");
    let host = if google { "gmail.com" } else { host };
    let plain = if google { untagged.replace('.', "") } else { untagged.to_owned() };
    (!plain.is_empty()).then(|| format!("{plain}@{host}").into())
}

fn in_local(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | ':' | '"' | '[' | ']' | '@')
}

fn in_host(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-' | '_') || (!c.is_ascii() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_space_brackets_and_scripts_make_no_difference() {
        for (typed, wanted) in [
            (" Ann.Lee@Acme.COM ", Some("ann.lee@acme.com")),
            ("<ann@acme.com>", Some("ann@acme.com")),
            ("MAILTO:ann@acme.com.", Some("ann@acme.com")),
            ("ann+crm@acme.com", Some("ann+crm@acme.com")),
            ("jürgen@München.de", Some("jürgen@xn--mnchen-3ya.de")),
            ("\"ann lee\"@acme.com", Some("\"ann lee\"@acme.com")),
            ("root@localhost", Some("root@localhost")),
            ("a@[192.0.2.1]", Some("a@[192.0.2.1]")),
            ("ann", None),
            ("@acme.com", None),
            ("ann@", None),
            ("ann@acme..com", None),
            ("ann lee@acme.com", None),
            ("a@b.c,d@e.f", None),
            ("", None),
        ] {
            assert_eq!(normal(typed).as_deref(), wanted, "{typed:?}");
        }
    }

    #[test]
    fn tags_count_for_nothing_in_the_weaker_form_and_dots_only_at_gmail() {
        assert_eq!(weaker("ann.lee+crm@acme.com").as_deref(), Some("ann.lee@acme.com"));
        assert_eq!(weaker("ann.lee+crm@googlemail.com").as_deref(), Some("annlee@gmail.com"));
        assert_eq!(weaker("+x@acme.com"), None);
    }
}
