//! Messages of the open folder, many at once; one that the server stumbles over costs itself alone.

use crate::{
    message::{Fetched, Source},
    session::{Chosen, Session, uid},
    uids::Uids,
    wire::{Data, Value},
};
use bytes::Bytes;
use connect::{Cx, Error, ErrorKind};
use model::Change;
use std::{collections::BTreeMap, time::Duration};

/// How much of a header is fetched, in bytes.
const HEADER: usize = 64 * 1024;
/// How much of a text is fetched where bodies are switched off, in bytes.
const TEXT: usize = 8 * 1024;
/// How often a server may hang up on one page before it is left alone for a while.
const HANG_UPS: usize = 24;
/// How many requests of one page a server may refuse.
const REFUSALS: usize = 64;

/// What came of a message.
enum Got {
    Items(Vec<(String, Value)>),
    /// Why it could not be had.
    Broken(String),
}

/// Messages to be asked for together.
struct Batch {
    uids: Uids,
    /// How often the server hung up on it.
    hung_up: u32,
}

/// A page that is being fetched.
struct Gather<'a, 'c> {
    cx: &'a Cx<'c>,
    session: &'a mut Session,
    from: &'a Source<'a>,
    got: BTreeMap<u32, Got>,
    hang_ups: usize,
    refusals: usize,
}

/// Reads messages. Those that are no longer there are missing from the answer; drafts are `None`. While they are
/// understood the server is let begin with those that will be wanted `next`.
pub async fn messages(
    cx: &Cx<'_>,
    session: &mut Session,
    from: &Source<'_>,
    uids: Uids,
    next: &Uids,
) -> Result<BTreeMap<u32, Option<Change>>, Error> {
    let text = if from.bodies { crate::message::BODY } else { TEXT };
    let lean = format!("(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER]<0.{HEADER}>)");
    let full = format!(
        "(UID FLAGS INTERNALDATE RFC822.SIZE BODYSTRUCTURE BODY.PEEK[HEADER]<0.{HEADER}> BODY.PEEK[1]<0.{text}>)"
    );
    let got = gather(cx, session, from, uids, &full, Some(&lean)).await?;
    let (mut read, mut changes) = (Vec::with_capacity(got.len()), BTreeMap::new());
    for (uid, got) in got {
        match got {
            Got::Items(items) => read.push(Fetched::read(uid, &items)),
            Got::Broken(reason) => {
                let reference = Some(from.reference(uid));
                changes.insert(uid, Some(Change::Unreadable { reference, reason, raw: Bytes::new() }));
            }
        }
    }
    complete(cx, session, from, &mut read, text).await?;
    if !next.is_empty() {
        session.fetch_ahead(cx, next, &full).await;
    }
    let now = cx.clock.now();
    changes.extend(
        read.iter().map(|message| (message.uid, (!message.is_draft()).then(|| message.change(from, now)))),
    );
    Ok(changes)
}

/// Fetches the texts and reports that do not stand in a mail's first part, one command per place.
async fn complete(
    cx: &Cx<'_>,
    session: &mut Session,
    from: &Source<'_>,
    read: &mut [Fetched],
    most: usize,
) -> Result<(), Error> {
    let mut places: BTreeMap<Vec<String>, Vec<u32>> = BTreeMap::new();
    for message in read.iter().filter(|message| !message.is_draft()) {
        let missing = message.missing();
        if !missing.is_empty() {
            places.entry(missing).or_default().push(message.uid);
        }
    }
    for (paths, uids) in places {
        let sections: Vec<String> = paths.iter().map(|path| format!("BODY.PEEK[{path}]<0.{most}>")).collect();
        let items = format!("(UID {})", sections.join(" "));
        let got = gather(cx, session, from, uids.into_iter().collect(), &items, None).await?;
        for message in read.iter_mut() {
            if let Some(Got::Items(items)) = got.get(&message.uid) {
                message.sections.extend(Fetched::read(message.uid, items).sections);
            }
        }
    }
    Ok(())
}

async fn gather(
    cx: &Cx<'_>,
    session: &mut Session,
    from: &Source<'_>,
    uids: Uids,
    items: &str,
    lean: Option<&str>,
) -> Result<BTreeMap<u32, Got>, Error> {
    let mut gather = Gather { cx, session, from, got: BTreeMap::new(), hang_ups: 0, refusals: 0 };
    let mut batches = vec![Batch { uids, hung_up: 0 }];
    while let Some(batch) = batches.pop().filter(|batch| !batch.uids.is_empty()) {
        match gather.session.fetch(cx, &batch.uids, items).await {
            Ok(data) => gather.absorb(&batch.uids, data),
            Err(error) if error.kind == ErrorKind::Invalid => {
                gather.refused(error, batch, lean, &mut batches).await?;
            }
            Err(error) if matches!(error.kind, ErrorKind::Network | ErrorKind::Garbled) => {
                gather.hung_up(error, batch, &mut batches).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(gather.got)
}

impl Gather<'_, '_> {
    /// Takes what came. Items may be spread over several answers, and answers about other messages come unasked.
    fn absorb(&mut self, asked: &Uids, data: Vec<Data>) {
        for data in data {
            match data {
                Data::Message(items) => {
                    let Some(uid) = uid(&items).filter(|uid| asked.contains(*uid)) else { continue };
                    match self.got.entry(uid).or_insert_with(|| Got::Items(Vec::new())) {
                        Got::Items(all) => all.extend(items),
                        Got::Broken(_) => {}
                    }
                }
                Data::Broken(uid) if asked.contains(uid) => {
                    self.got.insert(uid, Got::Broken("the server's answer can't be read".to_owned()));
                }
                _ => {}
            }
        }
    }

    /// The server won't: asked for fewer, it may.
    async fn refused(
        &mut self,
        error: Error,
        batch: Batch,
        lean: Option<&str>,
        batches: &mut Vec<Batch>,
    ) -> Result<(), Error> {
        self.refusals += 1;
        if self.refusals > REFUSALS {
            // Then it is not about single messages.
            return Err(error);
        }
        if batch.uids.len() > 1 {
            batches.extend(halves(batch.uids, 0));
            return Ok(());
        }
        let spare = match lean {
            Some(items) => self.session.fetch(self.cx, &batch.uids, items).await,
            None => Ok(Vec::new()),
        };
        match spare {
            Ok(data) => self.absorb(&batch.uids, data),
            Err(error) if error.kind == ErrorKind::Invalid => self.give_up(&batch.uids, &error.detail),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The connection is gone: once more as it was, then in halves.
    async fn hung_up(&mut self, error: Error, batch: Batch, batches: &mut Vec<Batch>) -> Result<(), Error> {
        self.hang_ups += 1;
        if self.hang_ups > HANG_UPS {
            return Err(error);
        }
        *self.session = Session::open(self.cx).await?;
        match self.session.open_folder(self.cx, self.from.folder).await? {
            Chosen::Open(numbers) if numbers.validity == self.from.validity => {}
            Chosen::Open(_) | Chosen::Absent | Chosen::Refused(_) => {
                let kind = ErrorKind::Busy { after: Some(Duration::ZERO) };
                return Err(Error::answered(kind, "the folder changed while it was read"));
            }
        }
        if batch.hung_up == 0 {
            batches.push(Batch { hung_up: 1, ..batch });
        } else if batch.uids.len() > 1 {
            batches.extend(halves(batch.uids, 1));
        } else {
            self.give_up(
                &batch.uids,
                &format!("the server hangs up when it is asked for it: {}", error.detail),
            );
        }
        Ok(())
    }

    fn give_up(&mut self, uids: &Uids, why: &str) {
        self.got.extend(uids.iter().map(|uid| (uid, Got::Broken(why.to_owned()))));
    }
}

fn halves(mut uids: Uids, hung_up: u32) -> [Batch; 2] {
    let half = usize::try_from(uids.len() / 2).unwrap_or(usize::MAX);
    let first = uids.take(half);
    // The last one is asked for first.
    [Batch { uids, hung_up }, Batch { uids: first, hung_up }]
}
