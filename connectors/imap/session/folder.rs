//! What is asked of folders: which there are, their numbers, what is in them. Folders are opened read-only
//! (`EXAMINE`), and bodies are looked at without marking them as read: nothing here changes a mailbox.

use super::{Done, Session};
use crate::{
    folders::Folder,
    reference::{escape, unescape},
    refusal,
    uids::Uids,
    wire::{Command, Data, utf7},
};
use connect::{Cx, Error, ErrorKind};

/// A folder as its numbers describe it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Numbers {
    /// `UIDVALIDITY`: the generation of its UIDs.
    pub validity: u32,
    /// `UIDNEXT`: no message has this UID or a higher one yet; 0 where the server does not say.
    pub next: u32,
    /// `HIGHESTMODSEQ`: the state of its flags and messages, where the server keeps one.
    pub modseq: Option<u64>,
    /// How many messages it has.
    pub exists: u32,
}

/// The folder that is open.
pub struct Selected {
    /// Its name, escaped.
    pub folder: Box<str>,
    /// Its numbers at the moment when it was opened: what came later is not in them.
    pub numbers: Numbers,
    /// What was looked up: first UID, the one behind the last (0: none), and which there are.
    listing: Option<(u32, u32, Uids)>,
}

/// What came of opening a folder.
pub enum Chosen {
    /// It is open.
    Open(Numbers),
    /// We may not.
    Refused(Error),
    /// It is not there.
    Absent,
}

/// What changed in a folder since a state.
#[derive(Default)]
pub struct Changed {
    /// Messages whose flags changed.
    pub changed: Uids,
    /// Messages that left, and maybe others that never were.
    pub vanished: Uids,
}

impl Session {
    /// All folders; with their numbers where the server gives them in the same answer and they are wanted.
    pub async fn folders(&mut self, cx: &Cx<'_>, numbers: bool) -> Result<Vec<Folder>, Error> {
        self.leave(cx).await?;
        let mut wanted = Vec::new();
        if self.offers("SPECIAL-USE") {
            wanted.push("SPECIAL-USE".to_owned());
        }
        if numbers && self.offers("LIST-STATUS") {
            wanted.push(format!("STATUS {}", self.items()));
        }
        let mut command = Command::new("LIST").string(b"").string(b"*");
        if self.offers("LIST-EXTENDED") && !wanted.is_empty() {
            command = command.word(&format!("RETURN ({})", wanted.join(" ")));
        }
        Ok(folders(self.run(cx, command).await?))
    }

    /// A folder's numbers, asked for on their own; `None` where it is not there or not ours to read.
    pub async fn numbers(&mut self, cx: &Cx<'_>, folder: &str) -> Result<Option<Numbers>, Error> {
        self.leave(cx).await?;
        let command = Command::new("STATUS").string(&unescape(folder)).word(self.items());
        match self.run(cx, command).await {
            Ok(done) => Ok(done.data.iter().find_map(|data| match data {
                Data::Status(_, pairs) => Some(read(pairs)),
                _ => None,
            })),
            Err(error) if closed(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn items(&self) -> &'static str {
        if self.offers("CONDSTORE") || self.offers("QRESYNC") {
            "(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)"
        } else {
            "(MESSAGES UIDNEXT UIDVALIDITY)"
        }
    }

    /// Closes what is open: the numbers of an open folder are those of our view of it.
    async fn leave(&mut self, cx: &Cx<'_>) -> Result<(), Error> {
        if self.selected.take().is_some() {
            // On a folder that was opened read-only CLOSE removes nothing (RFC 3501, 6.4.2).
            let name = if self.offers("UNSELECT") { "UNSELECT" } else { "CLOSE" };
            self.run(cx, Command::new(name)).await?;
        }
        Ok(())
    }

    /// The folder that is open.
    pub fn selected(&self) -> Option<&Selected> {
        self.selected.as_ref()
    }

    /// Opens a folder, anew if it is open already.
    pub async fn open_folder(&mut self, cx: &Cx<'_>, folder: &str) -> Result<Chosen, Error> {
        self.selected = None;
        let mut command = Command::new("EXAMINE").string(&unescape(folder));
        if self.offers("CONDSTORE") || self.offers("QRESYNC") {
            command = command.word("(CONDSTORE)");
        }
        let done = match self.run(cx, command).await {
            Ok(done) => done,
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(Chosen::Absent),
            Err(error) if closed(&error) => return Ok(Chosen::Refused(error)),
            Err(error) => return Err(error),
        };
        let code = |name: &str| {
            let code = done.codes.iter().rev().find(|code| code.name == name);
            code.and_then(|code| code.rest.trim().parse::<u64>().ok())
        };
        let exists = done.data.iter().rev().find_map(|data| match data {
            Data::Exists(count) => Some(*count),
            _ => None,
        });
        let numbers = Numbers {
            validity: code("UIDVALIDITY").and_then(small).unwrap_or_default(),
            next: code("UIDNEXT").and_then(small).unwrap_or_default(),
            modseq: code("HIGHESTMODSEQ").filter(|modseq| *modseq > 0),
            exists: exists.ok_or_else(|| refusal::garbled("EXAMINE", "no count of messages"))?,
        };
        self.selected = Some(Selected { folder: folder.into(), numbers, listing: None });
        Ok(Chosen::Open(numbers))
    }

    /// UIDs of the open folder from one on to before another (0: to the end), without drafts. Looked up once as
    /// long as the folder stays open. `None` when the server's answer does not say.
    pub async fn listing(&mut self, cx: &Cx<'_>, from: u32, end: u32) -> Result<Option<Uids>, Error> {
        let from = from.max(1);
        if end != 0 && from >= end {
            return Ok(Some(Uids::default()));
        }
        let wanted = if end == 0 { Uids::from_on(from) } else { Uids::between(from, end) };
        let looked_up = self.selected.as_ref().and_then(|selected| selected.listing.as_ref());
        let covers = |first: u32, last: u32| first <= from && (last == 0 || end != 0 && end <= last);
        if let Some((_, _, uids)) = looked_up.filter(|(first, last, _)| covers(*first, *last)) {
            return Ok(Some(uids.and(&wanted)));
        }
        let Some(uids) = self.search(cx, from, end).await? else { return Ok(None) };
        if let Some(selected) = &mut self.selected {
            selected.listing = Some((from, end, uids.clone()));
        }
        // `n:*` names the last message even where its UID is below n.
        Ok(Some(uids.and(&wanted)))
    }

    async fn search(&mut self, cx: &Cx<'_>, from: u32, end: u32) -> Result<Option<Uids>, Error> {
        let name = if self.offers("ESEARCH") { "UID SEARCH RETURN (ALL)" } else { "UID SEARCH" };
        let range = if end == 0 { format!("{from}:*") } else { format!("{from}:{}", end - 1) };
        let done = self.run(cx, Command::new(name).word("UID").word(&range).word("UNDRAFT")).await?;
        Ok(done.data.into_iter().find_map(|data| match data {
            Data::Found(uids) => Some(uids),
            _ => None,
        }))
    }

    /// What changed in the open folder among the UIDs below `end` since a state.
    pub async fn changed(&mut self, cx: &Cx<'_>, end: u32, since: u64) -> Result<Changed, Error> {
        if end <= 1 {
            return Ok(Changed::default());
        }
        let vanished = if self.offers("QRESYNC") { " VANISHED" } else { "" };
        let command = Command::new("UID FETCH")
            .word(&format!("1:{} (UID FLAGS)", end - 1))
            .word(&format!("(CHANGEDSINCE {since}{vanished})"));
        let mut news = Changed::default();
        let mut changed = Vec::new();
        for data in self.run(cx, command).await?.data {
            match data {
                Data::Vanished(uids) => news.vanished.extend(&uids),
                Data::Message(items) => changed.extend(uid(&items)),
                Data::Broken(uid) => changed.push(uid),
                _ => {}
            }
        }
        news.changed = changed.into_iter().collect::<Uids>().and(&Uids::below(end));
        Ok(news)
    }

    /// Items of messages of the open folder.
    pub async fn fetch(&mut self, cx: &Cx<'_>, uids: &Uids, items: &str) -> Result<Vec<Data>, Error> {
        Ok(self.run(cx, fetch(uids, items)).await?.data)
    }

    /// Lets the server begin with the items that will be fetched next, as far as can be foreseen.
    pub async fn fetch_ahead(&mut self, cx: &Cx<'_>, uids: &Uids, items: &str) {
        // What is wrong the next command finds out for itself.
        self.send_ahead(cx, &fetch(uids, items)).await.ok();
    }
}

fn fetch(uids: &Uids, items: &str) -> Command {
    Command::new("UID FETCH").word(&uids.to_string()).word(items)
}

/// The UID among a message's items.
pub fn uid(items: &[(String, crate::wire::Value)]) -> Option<u32> {
    items.iter().find(|(name, _)| name == "UID").and_then(|(_, uid)| uid.number())
}

/// A refusal that concerns one folder and not the server.
fn closed(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Forbidden { .. } | ErrorKind::Invalid | ErrorKind::NotFound)
}

fn small(number: u64) -> Option<u32> {
    number.try_into().ok()
}

fn folders(done: Done) -> Vec<Folder> {
    let (mut folders, mut statuses) = (Vec::new(), Vec::new());
    for data in done.data {
        match data {
            Data::Folder { attributes, delimiter, name } => {
                folders.push(Folder {
                    name: canonical(&name),
                    title: utf7::decode(&name),
                    attributes,
                    delimiter: delimiter.map(char::from),
                    numbers: None,
                });
            }
            Data::Status(name, pairs) => statuses.push((canonical(&name), read(&pairs))),
            _ => {}
        }
    }
    for (name, numbers) in statuses {
        for folder in folders.iter_mut().filter(|folder| folder.name == name) {
            folder.numbers = Some(numbers);
        }
    }
    folders
}

/// The inbox has one name however it is spelt (RFC 3501, 5.1).
fn canonical(name: &[u8]) -> Box<str> {
    if name.eq_ignore_ascii_case(b"INBOX") { "INBOX".into() } else { escape(name) }
}

fn read(pairs: &[(String, u64)]) -> Numbers {
    let of = |name: &str| pairs.iter().find(|(of, _)| of == name).map(|(_, number)| *number);
    Numbers {
        validity: of("UIDVALIDITY").and_then(small).unwrap_or_default(),
        next: of("UIDNEXT").and_then(small).unwrap_or_default(),
        modseq: of("HIGHESTMODSEQ").filter(|modseq| *modseq > 0),
        exists: of("MESSAGES").and_then(small).unwrap_or_default(),
    }
}
