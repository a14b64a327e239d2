//! Whatever happens to a mailbox, what we know of it is what is there in the end. Twenty seeds on a real Dovecot.

use crate::{
    conform::real_ids,
    dovecot::Dovecot,
    kit::{Rig, Store, mail, server},
    oauth::{Access, Tokens},
};
use connect::{ErrorKind, Position, dial::Tcp};
use model::{Cursor, Pass};
use std::collections::BTreeSet;

const SEEDS: u64 = 20;
const ROUNDS: usize = 10;
const FOLDERS: [&str; 3] = ["INBOX", "Sent", "Clients"];

/// Xorshift: a seed, a run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
    fn folder(&mut self) -> &'static str {
        FOLDERS[self.roll(FOLDERS.len())]
    }
}

/// A daemon's part: polls, commits a page with its cursor, and now and then dies before it commits.
struct Daemon {
    rig: Rig,
    store: Store,
    cursor: Option<Cursor>,
    at: Option<(Pass, Option<Cursor>)>,
}

impl Daemon {
    /// One page, committed or lost.
    async fn turn(&mut self, dies: bool) {
        let (pass, from) = self.at.clone().unwrap_or_else(|| match &self.cursor {
            Some(cursor) => (Pass::Since, Some(cursor.clone())),
            None => (Pass::Full, None),
        });
        let page = match self.rig.page(&pass, from.as_ref()).await {
            Ok(page) => page,
            Err(error) if error.kind == ErrorKind::CursorExpired => {
                (self.at, self.cursor) = (None, None);
                return;
            }
            Err(error) => {
                let passing = matches!(error.kind, ErrorKind::Network | ErrorKind::Busy { .. });
                assert!(passing, "{error:?}");
                return;
            }
        };
        if dies {
            self.rig.restart();
            return;
        }
        self.store.take(&page.changes);
        match page.position {
            Position::More(cursor) => self.at = Some((pass, Some(cursor))),
            Position::CaughtUp { cursor, .. } => (self.at, self.cursor) = (None, Some(cursor)),
        }
    }

    /// Polls until nothing is left to be read.
    async fn catch_up(&mut self) {
        for _ in 0..100 {
            let before = self.cursor.clone();
            self.turn(false).await;
            if self.at.is_none() && self.cursor.is_some() && self.cursor == before {
                return;
            }
        }
        panic!("there is always more to read");
    }

    /// A census, and a question for each message that it did not find.
    async fn sweep(&mut self) {
        let (census, _, complete) = self.rig.walk(&Pass::Census, None).await;
        assert!(complete);
        let there = crate::kit::ids(&census);
        let absent: Vec<Box<str>> = self.store.0.difference(&there).map(|id| id.as_str().into()).collect();
        let missed: Vec<Box<str>> = there.difference(&self.store.0).map(|id| id.as_str().into()).collect();
        let (changes, ..) = self.rig.walk(&Pass::These([absent, missed].concat()), None).await;
        self.store.take(&changes);
    }
}

/// Something happens to the mailbox.
fn mischief(server: &Dovecot, tokens: &Tokens, user: &str, dice: &mut Dice, nr: usize) {
    let folder = dice.folder();
    let there: Vec<u32> =
        server.listing(user).get(folder).map(|(_, uids)| uids.iter().copied().collect()).unwrap_or_default();
    let some = |dice: &mut Dice| there.get(dice.roll(there.len().max(1))).map(ToString::to_string);
    match dice.roll(10) {
        0..=3 => {
            let count = 1 + dice.roll(4);
            server.append(user, folder, &(0..count).map(|one| mail(nr * 10 + one)).collect::<Vec<_>>());
        }
        4 | 5 => {
            let Some(uid) = some(dice) else { return };
            server.doveadm(&["expunge", "-u", user, "mailbox", folder, "uid", &uid]);
        }
        6 => {
            let (Some(uid), to) = (some(dice), dice.folder()) else { return };
            if to != folder {
                server.doveadm(&["move", "-u", user, to, "mailbox", folder, "uid", &uid]);
            }
        }
        7 => {
            let Some(uid) = some(dice) else { return };
            server.doveadm(&["flags", "add", "-u", user, "\\Seen", "mailbox", folder, "uid", &uid]);
        }
        8 => {
            let validity = (1000 + nr).to_string();
            server.doveadm(&["mailbox", "update", "--uid-validity", &validity, "-u", user, folder]);
        }
        _ => {
            tokens.expire(user);
            server.doveadm_if_it_can(&["kick", user]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_seeds_end_with_what_is_there() {
    let tokens = Tokens::default();
    let Some(server) = server(Some(&tokens.serve())) else { return };
    for seed in 1..=SEEDS {
        let user = format!("seed{seed}");
        server.doveadm(&["mailbox", "create", "-u", &user, "Clients"]);
        server.append(&user, "INBOX", &(0..5).map(mail).collect::<Vec<_>>());
        let rig = Rig::new(&server.base, Tcp::new().unwrap(), Access::new(&user, &tokens), "{}");
        let mut daemon = Daemon { rig, store: Store::default(), cursor: None, at: None };
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for round in 0..ROUNDS {
            for _ in 0..=dice.roll(3) {
                mischief(&server, &tokens, &user, &mut dice, round + 1);
            }
            for _ in 0..dice.roll(3) {
                let dies = dice.roll(5) == 0;
                daemon.turn(dies).await;
            }
        }
        daemon.catch_up().await;
        let there = real_ids(&server, &user);
        differ(seed, "increments", &daemon.store.0, &there);
        daemon.sweep().await;
        differ(seed, "the sweep", &daemon.store.0, &there);
    }
}

fn differ(seed: u64, after: &str, known: &BTreeSet<String>, there: &BTreeSet<String>) {
    let missing: Vec<_> = there.difference(known).collect();
    let extra: Vec<_> = known.difference(there).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "seed {seed} after {after}: missing {missing:?}, extra {extra:?}"
    );
}
