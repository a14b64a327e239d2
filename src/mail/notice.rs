//! Notices that follow no standard: bounces, delays and absences in prose.

use crate::{automatic::Automatic, header::Header, text};
use model::address;

/// How much of a notice is read; the returned mail follows, and may be long.
const READ: usize = 6 * 1024;
/// Most addresses taken from prose.
const MOST: usize = 20;

/// Subjects of bounces, by their beginnings, in lower case.
const BOUNCED: &[&str] = &[
    "undeliver",
    "undelivered",
    "unzustellbar",
    "non remis",
    "no se puede entregar",
    "non recapitabile",
    "não é possível entregar",
    "onbestelbaar",
    "returned mail",
    "returned to sender",
    "returning to sender",
    "mail delivery fail",
    "message delivery has failed",
    "delivery failure",
    "delivery has failed",
    "delivery status notification",
    "delivery notification",
    "delivery report",
    "delivery status",
    "failure notice",
    "mail system error",
    "mail failed",
    "mail could not be delivered",
    "message could not be delivered",
    "notice: mail delivery status",
    "[postmaster] email delivery failure",
    "mail delivery status report",
    "email bounce",
    "there was an error sending your mail",
    "rejected:",
    "**message you sent blocked",
    "postmaster notify",
    "недоставленное сообщение",
    "ваше сообщение не доставлено",
];
/// Those of them that are a machine's whoever it says it is.
const UNMISTAKABLE: &[&str] = &[
    "undelivered mail returned to",
    "mail delivery failed: returning",
    "delivery status notification (",
    "mail system error - returned",
    "returned mail: ",
];
/// What notices of bounces say, in lower case.
const SAID: &[&str] = &[
    "could not be delivered",
    "couldn't be delivered",
    "could not deliver",
    "cannot be delivered",
    "was not delivered",
    "were not delivered",
    "wasn't delivered",
    "not been delivered",
    "unable to deliver",
    "wasn't able to deliver",
    "was not able to deliver",
    "weren't able to deliver",
    "not deliverable",
    "undeliverable",
    "undelivered",
    "delivery failed",
    "delivery has failed",
    "delivery to the following recipient",
    "delivery fail",
    "failed to deliver",
    "returned to sender",
    "returned to you",
    "did not reach",
    "didn't reach",
    "permanent error",
    "permanent fatal error",
    "user unknown",
    "unknown user",
    "no such user",
    "mailbox unavailable",
    "mailbox not found",
    "mailbox full",
    "mailbox is full",
    "address rejected",
    "message was rejected",
    "email you sent was rejected",
    "was blocked by",
    "error sending your mail",
    "had errors",
    "failed recipient",
    "requested action not taken",
    "invalid user address",
    "you are not member",
    "are not allowed to post",
    "konnte nicht zugestellt werden",
    "nicht zustellbar",
    "n'a pas pu être remis",
    "n'a pas pu être distribué",
    "no se pudo entregar",
    "не может быть доставлено",
    "не доставлено",
    "送信できません",
    "配信できません",
];
/// What notices of delays say, in lower case.
const LATER: &[&str] = &[
    "delayed mail",
    "(delay)",
    "delivery delayed",
    "mail delivery delayed",
    "delivery is delayed",
    "has been delayed",
    "still being retried",
    "could not send message for past",
    "not yet been delivered",
    "will keep trying",
    "will continue to try",
    "warning message only",
    "verzögert",
];
/// Subjects of absences and receipts, by their beginnings, in lower case; what follows is a colon, a bracket or nothing.
const AWAY: &[&str] = &[
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "autorespons",
    "automated reply",
    "automated response",
    "automatic response",
    "out of office",
    "out of office autoreply",
    "out of the office",
    "out-of-office",
    "ooo",
    "vacation",
    "away from my mail",
    "automatische antwort",
    "automatische antwoord",
    "automatisch antwoord",
    "abwesenheitsnotiz",
    "abwesenheitsbenachrichtigung",
    "abwesenheit",
    "abwesend",
    "automatische rückantwort",
    "réponse automatique",
    "absence du bureau",
    "message d'absence",
    "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina",
    "risposta automatica",
    "fuori sede",
    "resposta automática",
    "automatiskt svar",
    "automatisk svar",
    "autosvar",
    "automaattinen vastaus",
    "odpowiedź automatyczna",
    "autoodpowiedź",
    "автоответ",
    "自動応答",
    "自動返信",
    "自动回复",
    "자동 회신",
];
const DAEMONS: [&str; 5] = ["mailer-daemon", "mailerdaemon", "mail-daemon", "mdaemon", "maildaemon"];
const POSTMASTERS: [&str; 3] = ["postmaster", "post_master", "poostmaster"];

/// True when the mail asks for no answer by its envelope: `Return-Path: <>` (RFC 5321, 4.5.5).
pub(crate) fn is_null_sender(header: &Header<'_>) -> bool {
    header.raw("Return-Path").is_some_and(|path| path.is_empty() || path.replace(' ', "") == "<>")
}

/// True when the subject is one that programs give to absences.
pub(crate) fn says_away(header: &Header<'_>) -> bool {
    let subject = header.subject().unwrap_or_default().to_lowercase();
    let subject = subject.trim_start_matches(['[', '*', ' ']);
    AWAY.iter().filter_map(|words| subject.strip_prefix(words)).any(|rest| {
        let rest = rest.trim_start_matches(['e', ' ']);
        rest.is_empty() || rest.starts_with([':', '：', ']', '(']) && !rest.ends_with('?')
    })
}

/// True for a complaint of a provider that sends no report (Hotmail's feedback loop).
pub(crate) fn is_complaint(header: &Header<'_>) -> bool {
    subject(header).starts_with("complaint about message from ") && header.references().is_empty()
}

/// True for a notice that something is late, not lost.
pub(crate) fn is_delay(header: &Header<'_>, text: Option<&str>) -> bool {
    let told = format!("{}\n{}", subject(header), opening(text));
    LATER.iter().any(|words| told.contains(words))
}

/// Recognises a bounce or a delay that is no report. One sign alone proves nothing: people write of bounces, and
/// postmasters are people.
pub(crate) fn recognise(header: &Header<'_>, text: Option<&str>) -> Option<Automatic> {
    let sender = header.sender().unwrap_or_default();
    let local = sender.split('@').next().unwrap_or_default().to_owned();
    let name = header.sender_name();
    let daemon = DAEMONS.iter().any(|known| local.contains(known) || name.contains(known))
        || ["mail delivery s", "mail deliver system"].iter().any(|known| name.contains(known));
    let machine = daemon || POSTMASTERS.contains(&&*local) || is_null_sender(header);
    let subject = subject(header);
    let titled = BOUNCED.iter().any(|words| subject.starts_with(words));
    let opening = opening(text);
    let said = SAID.iter().filter(|words| opening.contains(**words)).count();
    let unmistakable = UNMISTAKABLE.iter().any(|words| subject.starts_with(words));
    let bounced = header.has("X-Failed-Recipients")
        || daemon
        || machine && (titled || said > 0) && !says_away(header)
        || unmistakable && said > 0 && header.references().is_empty()
        || said > 1 && is_unattended(header, &local);
    bounced.then(|| if is_delay(header, text) { Automatic::Delayed } else { Automatic::Bounce })
}

/// Signs that nobody reads answers, too weak to be enough on their own.
fn is_unattended(header: &Header<'_>, local: &str) -> bool {
    let submitted = header.raw("Auto-Submitted").unwrap_or_default().to_lowercase();
    let admin =
        ["no-reply", "noreply", "sysadmin", "-admin", "-bounces"].iter().any(|part| local.contains(part));
    admin || submitted.starts_with("auto-")
}

/// The addresses that a notice in prose is about: those that it names, but for its own and ours.
pub(crate) fn about(header: &Header<'_>, text: Option<&str>) -> Vec<Box<str>> {
    let named = header.raw("X-Failed-Recipients").unwrap_or_default();
    let mut found: Vec<Box<str>> = named.split(',').filter_map(address::normal).take(MOST).collect();
    if !found.is_empty() {
        return found;
    }
    let mut not = header.recipients();
    not.extend(header.sender());
    let host = header.sender().and_then(|sender| sender.rsplit_once('@').map(|(_, host)| host.to_owned()));
    for line in returned(text.unwrap_or_default()).lines() {
        let words = line.split(|c: char| {
            c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '"' | '\'' | ',' | ';' | '=')
        });
        for word in words.filter(|word| word.contains('@')) {
            let word = word.trim_matches(|c: char| matches!(c, ':' | '.' | '[' | ']' | '*'));
            let Some(address) = address::normal(word) else { continue };
            let own = address.split_once('@').is_some_and(|(local, its)| {
                POSTMASTERS.contains(&local)
                    || DAEMONS.contains(&local)
                    || Some(its) == host.as_deref() && local == "support"
            });
            if !own && !not.contains(&address) && !found.contains(&address) && found.len() < MOST {
                found.push(address);
            }
        }
    }
    found
}

fn subject(header: &Header<'_>) -> String {
    header.subject().unwrap_or_default().to_lowercase()
}

fn opening(text: Option<&str>) -> String {
    let text = returned(text.unwrap_or_default()).to_lowercase();
    text.replace('’', "'").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The notice itself, without the mail that it returns.
fn returned(text: &str) -> &str {
    let text = text::head(text, READ);
    let marks = [
        "\nReceived: ",
        "\nReturn-Path: ",
        "\nMessage-ID: ",
        "\nMessage-Id: ",
        "\nMIME-Version: ",
        "Below this line is a copy",
    ];
    let end = marks.iter().filter_map(|mark| text.find(mark)).min();
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}
