//! An IMAP server in memory, in the words of RFC 3501, 4731, 5161, 5819 and 7162: as able as its capabilities say,
//! and as rude as a test wants it.

use crate::kit::{PASSWORD, Shared};
use async_trait::async_trait;
use connect::{Broken, Dial, Duplex};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

pub const FULL: &str = "IMAP4rev1 SASL-IR AUTH=PLAIN ENABLE IDLE UNSELECT CONDSTORE QRESYNC ESEARCH \
    LIST-EXTENDED LIST-STATUS SPECIAL-USE";
pub const CONDSTORE: &str = "IMAP4rev1 AUTH=PLAIN CONDSTORE";
pub const BARE: &str = "IMAP4rev1";

/// What a hook does with a command.
pub enum Rude {
    /// Answers these lines; `$` is the command's tag.
    Say(String),
    /// Says these lines and hangs up.
    HangUp(String),
}

type Hook = Box<dyn FnMut(&str, &mut World) -> Option<Rude> + Send>;

/// What the server holds.
#[derive(Default)]
pub struct World {
    pub capabilities: String,
    pub greeting: String,
    pub folders: BTreeMap<String, Folder>,
    /// Commands that came, without tags.
    pub log: Vec<String>,
    /// Connections that were opened.
    pub dialled: usize,
    /// What `secure` was asked for, and when: number of commands before.
    pub secured: Vec<String>,
    hook: Option<Hook>,
}

#[derive(Default, Clone)]
pub struct Folder {
    pub attributes: String,
    pub validity: u32,
    pub next: u32,
    pub modseq: u64,
    pub messages: BTreeMap<u32, Message>,
    pub expunged: Vec<(u64, u32)>,
}

#[derive(Default, Clone)]
pub struct Message {
    pub flags: BTreeSet<String>,
    pub modseq: u64,
    pub text: Vec<u8>,
    /// Instead of the true one.
    pub structure: Option<String>,
}

impl Folder {
    pub fn add(&mut self, text: impl Into<Vec<u8>>) -> u32 {
        let uid = self.next;
        self.next += 1;
        self.modseq += 1;
        let message = Message { modseq: self.modseq, text: text.into(), ..Message::default() };
        self.messages.insert(uid, message);
        uid
    }
    pub fn put(&mut self, text: impl Into<Vec<u8>>) {
        self.add(text);
    }
    pub fn expunge(&mut self, uid: u32) {
        self.modseq += 1;
        assert!(self.messages.remove(&uid).is_some());
        self.expunged.push((self.modseq, uid));
    }
    pub fn flag(&mut self, uid: u32, flag: &str) {
        self.modseq += 1;
        let message = self.messages.get_mut(&uid).unwrap();
        message.flags.insert(flag.to_owned());
        message.modseq = self.modseq;
    }
    /// Same messages, new UIDs.
    pub fn renumber(&mut self) {
        self.validity += 1;
        let old = std::mem::take(&mut self.messages);
        (self.next, self.expunged) = (1, Vec::new());
        for message in old.into_values() {
            self.add(message.text);
        }
    }
}

/// The server, and the way to it.
#[derive(Clone, Default)]
pub struct Fake(pub Shared<World>);

impl Fake {
    /// With an empty inbox.
    pub fn new(capabilities: &str) -> Self {
        let fake = Self(Arc::new(Mutex::new(World::default())));
        capabilities.clone_into(&mut fake.0.lock().unwrap().capabilities);
        fake.folder("INBOX", "", |_| {});
        fake
    }
    /// Makes a folder, or changes it.
    pub fn folder<T>(&self, name: &str, attributes: &str, change: impl FnOnce(&mut Folder) -> T) -> T {
        let mut world = self.0.lock().unwrap();
        let folder = world.folders.entry(name.to_owned()).or_insert_with(|| Folder {
            attributes: attributes.to_owned(),
            validity: 7,
            next: 1,
            modseq: 1,
            ..Folder::default()
        });
        change(folder)
    }
    pub fn inbox<T>(&self, change: impl FnOnce(&mut Folder) -> T) -> T {
        self.folder("INBOX", "", change)
    }
    /// Sees every command before it is done, and may answer itself.
    pub fn hook(&self, hook: impl FnMut(&str, &mut World) -> Option<Rude> + Send + 'static) {
        self.0.lock().unwrap().hook = Some(Box::new(hook));
    }
    /// Commands since the last look.
    pub fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().log)
    }
    /// Ids of all messages that are to be read.
    pub fn ids(&self) -> BTreeSet<String> {
        let world = self.0.lock().unwrap();
        let mut ids = BTreeSet::new();
        for (name, folder) in &world.folders {
            let there = folder.messages.iter().filter(|(_, message)| !message.flags.contains("\\Draft"));
            ids.extend(there.map(|(uid, _)| format!("{name}/{}/{uid}", folder.validity)));
        }
        ids
    }
}

#[async_trait]
impl Dial for Fake {
    async fn dial(&self, _host: &str, _port: u16, _patience: Duration) -> Result<Box<dyn Duplex>, Broken> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        self.0.lock().unwrap().dialled += 1;
        tokio::spawn(serve(self.clone(), theirs));
        Ok(Box::new(ours))
    }
    async fn secure(
        &self,
        stream: Box<dyn Duplex>,
        host: &str,
        _: Duration,
    ) -> Result<Box<dyn Duplex>, Broken> {
        let mut world = self.0.lock().unwrap();
        let after = world.log.last().cloned().unwrap_or_default();
        world.secured.push(format!("{host} after {after:?}"));
        Ok(stream)
    }
}

/// One connection's state.
#[derive(Default)]
struct Session {
    selected: Option<String>,
    /// Tag of the command that waits for its second line.
    signing_in: Option<String>,
}

async fn serve(fake: Fake, stream: DuplexStream) {
    let (from, mut to) = tokio::io::split(stream);
    let mut from = BufReader::new(from);
    let greeting = fake.0.lock().unwrap().greeting.clone();
    let greeting = if greeting.is_empty() { "* OK hello\r\n".to_owned() } else { greeting };
    if to.write_all(greeting.as_bytes()).await.is_err() {
        return;
    }
    let mut session = Session::default();
    loop {
        let mut line = Vec::new();
        if from.read_until(b'\n', &mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let (answer, go_on) = answer(&fake, &mut session, &line);
        if to.write_all(&answer).await.is_err() || !go_on {
            return;
        }
    }
}

fn answer(fake: &Fake, session: &mut Session, line: &str) -> (Vec<u8>, bool) {
    let (tag, command) = line.split_once(' ').unwrap_or(("*", line));
    if let Some(tag) = session.signing_in.take() {
        return (format!("{tag} OK done\r\n").into_bytes(), true);
    }
    let mut world = fake.0.lock().unwrap();
    world.log.push(command.to_owned());
    if let Some(mut hook) = world.hook.take() {
        let rude = hook(command, &mut world);
        world.hook = Some(hook);
        match rude {
            Some(Rude::Say(text)) => return (text.replace('$', tag).into_bytes(), true),
            Some(Rude::HangUp(text)) => return (text.replace('$', tag).into_bytes(), false),
            None => {}
        }
    }
    if command == "AUTHENTICATE PLAIN" {
        session.signing_in = Some(tag.to_owned());
        return (b"+ \r\n".to_vec(), true);
    }
    let mut out = Vec::new();
    let end = match done(&mut world, session, command, &mut out) {
        Ok(text) => format!("{tag} OK {text}\r\n"),
        Err(text) => format!("{tag} {text}\r\n"),
    };
    out.extend(end.into_bytes());
    (out, true)
}

fn done(
    world: &mut World,
    session: &mut Session,
    command: &str,
    out: &mut Vec<u8>,
) -> Result<String, String> {
    let words: Vec<&str> = command.split(' ').collect();
    match words.as_slice() {
        ["CAPABILITY"] => out.extend(format!("* CAPABILITY {}\r\n", world.capabilities).into_bytes()),
        ["LOGIN", user, password] => {
            if (*user, *password) != ("\"alice\"", &*format!("\"{PASSWORD}\"")) {
                return Err("NO [AUTHENTICATIONFAILED] no".to_owned());
            }
        }
        ["AUTHENTICATE", "PLAIN", _] | ["ENABLE", ..] | ["STARTTLS"] => {}
        ["LIST", ..] => list(world, command, out),
        ["STATUS", ..] => out.extend(status(world, named_in(command))?.into_bytes()),
        ["EXAMINE", ..] => {
            session.selected = None;
            let name = named_in(command);
            examine(folder(world, name)?, world.capabilities.contains("CONDSTORE"), out);
            session.selected = Some(name.to_owned());
            return Ok("[READ-ONLY] done".to_owned());
        }
        ["UNSELECT" | "CLOSE"] => session.selected = None,
        ["UID", "SEARCH", ..] => search(open(world, session)?, command, out),
        ["UID", "FETCH", set, ..] => fetch(open(world, session)?, set, command, out),
        _ => return Err(format!("BAD {command}")),
    }
    Ok("done".to_owned())
}

/// The folder's name in a command, with its quotes.
fn named_in(command: &str) -> &str {
    let begin = command.find('"').unwrap();
    &command[begin..=command.rfind('"').unwrap()]
}

fn folder<'a>(world: &'a World, name: &str) -> Result<&'a Folder, String> {
    world.folders.get(name.trim_matches('"')).ok_or_else(|| "NO [NONEXISTENT] no such folder".to_owned())
}

fn open<'a>(world: &'a World, session: &Session) -> Result<&'a Folder, String> {
    folder(world, session.selected.as_deref().ok_or("BAD no folder is open")?)
}

fn status(world: &World, name: &str) -> Result<String, String> {
    let Folder { messages, next, validity, modseq, .. } = folder(world, name)?;
    let state = if world.capabilities.contains("CONDSTORE") {
        format!(" HIGHESTMODSEQ {modseq}")
    } else {
        String::new()
    };
    let count = messages.len();
    Ok(format!("* STATUS {name} (MESSAGES {count} UIDNEXT {next} UIDVALIDITY {validity}{state})\r\n"))
}

fn list(world: &World, command: &str, out: &mut Vec<u8>) {
    for (name, folder) in &world.folders {
        out.extend(format!("* LIST ({}) \"/\" \"{name}\"\r\n", folder.attributes).into_bytes());
        if command.contains("STATUS (") {
            out.extend(status(world, &format!("\"{name}\"")).unwrap().into_bytes());
        }
    }
}

fn examine(folder: &Folder, condstore: bool, out: &mut Vec<u8>) {
    let (count, next, validity) = (folder.messages.len(), folder.next, folder.validity);
    let mut text =
        format!("* {count} EXISTS\r\n* OK [UIDVALIDITY {validity}] x\r\n* OK [UIDNEXT {next}] x\r\n");
    if condstore {
        write!(text, "* OK [HIGHESTMODSEQ {}] x\r\n", folder.modseq).unwrap();
    }
    out.extend(text.into_bytes());
}

/// UIDs of a set as clients write it; `n:*` always names the last message.
fn named(folder: &Folder, set: &str) -> BTreeSet<u32> {
    let last = folder.messages.keys().last().copied().unwrap_or(0);
    let number = |text: &str| if text == "*" { last } else { text.parse().unwrap() };
    let mut named = BTreeSet::new();
    for range in set.split(',') {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        let (from, to) = (number(from), number(to));
        named.extend(folder.messages.range(from.min(to)..=from.max(to)).map(|(uid, _)| *uid));
    }
    named
}

fn search(folder: &Folder, command: &str, out: &mut Vec<u8>) {
    let (_, rest) =
        command.split_once(" UID ").map(|(_, rest)| rest.split_once("UID ").unwrap_or(("", rest))).unwrap();
    let set = rest.split(' ').next().unwrap();
    let is_draft = |uid: &u32| folder.messages[uid].flags.contains("\\Draft");
    let found: Vec<String> =
        named(folder, set).iter().filter(|uid| !is_draft(uid)).map(ToString::to_string).collect();
    let text = match (command.contains("RETURN (ALL)"), found.is_empty()) {
        (true, true) => "* ESEARCH (TAG \"x\") UID\r\n".to_owned(),
        (true, false) => format!("* ESEARCH (TAG \"x\") UID ALL {}\r\n", found.join(",")),
        (false, true) => "* SEARCH\r\n".to_owned(),
        (false, false) => format!("* SEARCH {}\r\n", found.join(" ")),
    };
    out.extend(text.into_bytes());
}

fn fetch(folder: &Folder, set: &str, command: &str, out: &mut Vec<u8>) {
    let since: Option<u64> = command
        .split_once("CHANGEDSINCE ")
        .map(|(_, rest)| rest.split([' ', ')']).next().unwrap().parse().unwrap());
    if let Some(since) = since.filter(|_| command.contains("VANISHED")) {
        let left: Vec<String> =
            folder.expunged.iter().filter(|(at, _)| *at > since).map(|(_, uid)| uid.to_string()).collect();
        if !left.is_empty() {
            out.extend(format!("* VANISHED (EARLIER) {}\r\n", left.join(",")).into_bytes());
        }
    }
    for uid in named(folder, set) {
        let message = &folder.messages[&uid];
        if since.is_none_or(|since| message.modseq > since) {
            out.extend(items(uid, message, command));
        }
    }
}

fn items(uid: u32, message: &Message, command: &str) -> Vec<u8> {
    let text = &message.text;
    let split = text.windows(4).position(|window| window == b"\r\n\r\n").map_or(text.len(), |at| at + 4);
    let (header, body) = text.split_at(split);
    let flags: Vec<&str> = message.flags.iter().map(String::as_str).collect();
    // The order is nobody's business; this one is Cyrus's, with the UID at the end.
    let mut out = format!("* 1 FETCH (FLAGS ({})", flags.join(" ")).into_bytes();
    if command.contains("INTERNALDATE") {
        out.extend(
            format!(" INTERNALDATE \"22-Nov-2026 08:00:58 +0000\" RFC822.SIZE {}", text.len()).into_bytes(),
        );
    }
    if command.contains("BODYSTRUCTURE") {
        let plain = format!("(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"utf-8\") NIL NIL \"8BIT\" {} 1)", body.len());
        out.extend(format!(" BODYSTRUCTURE {}", message.structure.as_ref().unwrap_or(&plain)).into_bytes());
    }
    for (name, bytes) in [("BODY.PEEK[HEADER]", header), ("BODY.PEEK[1]", body)] {
        if command.contains(name) {
            let name = name.replace(".PEEK", "");
            out.extend(format!(" {name}<0> {{{}}}\r\n", bytes.len()).into_bytes());
            out.extend(bytes);
        }
    }
    out.extend(format!(" UID {uid})\r\n").into_bytes());
    out
}
