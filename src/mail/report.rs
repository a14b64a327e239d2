//! Machine-readable reports: delivery status (RFC 3464), disposition (RFC 8098), abuse (RFC 5965).

use crate::automatic::Automatic;
use mail_parser::{MessagePart, MimeHeaders};
use model::address;

/// Most addresses taken from one report.
const MOST: usize = 100;

/// What a report says.
pub(crate) struct Report {
    /// What kind of mail carries it; `None` when the report says neither.
    pub kind: Option<Automatic>,
    /// Whom it is about.
    pub about: Vec<Box<str>>,
}

/// True for a part that is a report.
pub(crate) fn is_report(part: &MessagePart<'_>) -> bool {
    ["delivery-status", "global-delivery-status", "disposition-notification", "feedback-report"]
        .iter()
        .any(|subtype| part.is_content_type("message", subtype))
}

/// One block of `Name: value` lines.
#[derive(Default)]
struct Block<'r> {
    lines: Vec<(String, &'r str)>,
}

impl Block<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
    /// The addresses of the recipient, the one that was written to first.
    fn recipients(&self) -> impl Iterator<Item = Box<str>> {
        ["original-recipient", "final-recipient"].into_iter().filter_map(|name| {
            let value = self.get(name)?;
            // `rfc822; ann@acme.com`; some leave the type out.
            address::normal(value.split_once(';').map_or(value, |(_, address)| address))
        })
    }
    /// What happened to this recipient.
    fn outcome(&self) -> Option<Automatic> {
        let action = self.get("action").unwrap_or_default().to_lowercase();
        let status = self.get("status").unwrap_or_default();
        match action.split(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty()) {
            Some("delayed") => Some(Automatic::Delayed),
            Some("delivered" | "relayed" | "expanded") => Some(Automatic::AutoReply),
            Some(_) => Some(Automatic::Bounce),
            None if status.starts_with('2') => Some(Automatic::AutoReply),
            None if status.starts_with(['4', '5']) => Some(Automatic::Bounce),
            None => None,
        }
    }
}

/// Reads a report.
pub(crate) fn read(bytes: &[u8]) -> Report {
    let text = String::from_utf8_lossy(bytes);
    let blocks = blocks(&text);
    if blocks.iter().any(|block| block.get("feedback-type").is_some()) {
        let told = blocks.iter().flat_map(|block| &block.lines);
        let about = told.filter(|(name, _)| name == "original-rcpt-to" || name == "removal-recipient");
        let about = about.filter_map(|(_, value)| address::normal(value)).take(MOST).collect();
        return Report { kind: Some(Automatic::Complaint), about };
    }
    if blocks.iter().any(|block| block.get("disposition").is_some()) {
        return Report { kind: Some(Automatic::AutoReply), about: Vec::new() };
    }
    let told: Vec<_> = blocks.iter().filter_map(|block| Some((block, block.outcome()?))).collect();
    // Of several recipients the worst decides.
    let kind = [Automatic::Bounce, Automatic::Delayed, Automatic::AutoReply]
        .into_iter()
        .find(|kind| told.iter().any(|(_, outcome)| outcome == kind));
    let bad = told.iter().filter(|(_, outcome)| *outcome != Automatic::AutoReply && Some(*outcome) == kind);
    let mut about: Vec<Box<str>> = Vec::new();
    for address in bad.flat_map(|(block, _)| block.recipients()) {
        if !about.contains(&address) && about.len() < MOST {
            about.push(address);
        }
    }
    Report { kind, about }
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = vec![Block::default()];
    for line in text.lines() {
        if line.trim().is_empty() {
            blocks.push(Block::default());
            continue;
        }
        // A folded line only continues a diagnostic: nothing that we read.
        let folded = line.starts_with([' ', '\t']);
        if let (false, Some((name, value)), Some(block)) = (folded, line.split_once(':'), blocks.last_mut()) {
            block.lines.push((name.trim().to_lowercase(), value.trim()));
        }
    }
    blocks
}
