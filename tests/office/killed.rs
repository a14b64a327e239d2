//! The real binary on real servers, started from its configuration file and killed by SIGKILL at one moment after
//! another of its work.

use super::{
    AFTER, BEFORE, WISH,
    crm::Crm,
    seen::Seen,
    world::{Desk, Office, rest},
};
use crate::process::{serve, wait};
use connect::Clock;
use engine::dice::Dice;
use model::{Timestamp, WriteState};
use runtime::clock::SystemClock;
use std::{
    fs,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use store::{Exec, SqliteStore, Store};

const HOUR_MS: i64 = 3_600_000;
/// Lives that end by a kill: before the demo, and around its end.
const BEFORE_IT: u32 = 8;
const AFTER_IT: u32 = 8;
/// After so many milliseconds of a life the kill may come, and by then it has come.
const LIFE_MS: (u64, u64) = (150, 1_700);
/// The demo begins so long after the servers stand, and lasts so long.
const TO_DEMO: Duration = Duration::from_secs(15);
const DEMO: Duration = Duration::from_secs(8);
/// Seconds for the last life: a write that may have been sent is looked for until the vendor must show it, 62 seconds
/// here, and all that waits for it follows.
const PATIENCE: u32 = 240;
/// It is over when nothing has moved in so many looks, half a second apart.
const QUIET: u32 = 8;

/// The office, its daemon's files, and the chance by which that dies.
struct Place {
    office: Office,
    crm: SocketAddr,
    dice: Dice,
}

impl Place {
    async fn new() -> Option<Self> {
        let desk = Desk::open().await?;
        // The deal has been in its stage for three hours.
        let ago = Arc::new(AtomicI64::new(-3 * HOUR_MS));
        let (wall, back) = (sandbox::clock::wall(), ago.clone());
        let crm = Crm::sandbox(Arc::new(move || wall() + back.load(Ordering::SeqCst)));
        ago.store(0, Ordering::SeqCst);
        let address = serve(crm.hubspot().clone());
        let start = Timestamp::from_millis(SystemClock.now().as_millis() / 1_000 * 1_000) + TO_DEMO;
        let place =
            Self { office: desk.with(crm, [start, start + DEMO]), crm: address, dice: Dice::seeded(9) };
        place.configure();
        Some(place)
    }

    fn configure(&self) {
        let connection = |id: &str, vendor: &str, base: &str, more: &str| {
            format!(
                "[[connection]]\nid = \"{id}\"\nvendor = \"{vendor}\"\nbase_url = \"{base}\"\nmode = \"auto\"\n\
                 secret = \"env\"\nevery = \"1s\"\ntimeout = \"2s\"\n{more}"
            )
        };
        let sender = "auth = \"password\"\nuser = \"alice\"\n[connection.options]\nfrom = \"Desk <desk@ours.example>\"\n";
        let text = [
            connection("crm", "hubspot", &format!("http://{}", self.crm), "sweep = \"10s\"\n"),
            connection("mailbox", "imap", &self.office.mail.base, "user = \"alice\"\n"),
            connection("office", "caldav", &self.office.calendar.base, "user = \"anna\"\n"),
            connection("out", "smtp", &format!("smtp://{}", self.office.sink.address), sender),
            rest("anna@x.test"),
        ];
        fs::write(self.office.dir.path().join("orchestrator.toml"), text.concat()).unwrap();
    }

    fn daemon(&self) -> Child {
        let dir = self.office.dir.path();
        let log = fs::OpenOptions::new().create(true).append(true).open(dir.join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sales-orchestrator"));
        command.arg("--config").arg(dir.join("orchestrator.toml")).arg("--data").arg(dir.join("data"));
        command.env("SALES_ORCHESTRATOR_CRM_TOKEN", "pat-eu1-sandbox");
        for connection in ["MAILBOX", "OFFICE", "OUT"] {
            command.env(format!("SALES_ORCHESTRATOR_{connection}_TOKEN"), "secret");
        }
        command.arg("run").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// A life that ends by a kill.
    fn life(&mut self) {
        let mut daemon = self.daemon();
        wait(LIFE_MS.0 + self.dice.below(LIFE_MS.1 - LIFE_MS.0));
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    /// A life in which it may finish what it has begun; then it is killed, too.
    async fn last_life(&self) {
        let mut daemon = self.daemon();
        let mut quiet = 0;
        for _ in 0..PATIENCE * 2 {
            wait(500);
            quiet = if self.is_settled().await { quiet + 1 } else { 0 };
            if quiet >= QUIET {
                break;
            }
        }
        assert!(daemon.try_wait().unwrap().is_none(), "it ended by itself: {}", self.log());
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    fn store(&self) -> impl Store + use<> {
        SqliteStore::open(&self.office.dir.path().join("data/orchestrator.db"), Exec::Thread).unwrap()
    }

    async fn is_settled(&self) -> bool {
        let store = self.store();
        let seen = Seen { office: &self.office, store: &store };
        let kept_free = seen.writes_to("office").await;
        let kept_free = kept_free.iter().filter(|row| row.state == WriteState::Done).count();
        let mut there = seen.moving().await.is_empty() && !seen.writes_to("out").await.is_empty();
        there = there && kept_free >= 2;
        for action in ["DELIVER_DEMO", "ALIGN_NEXT_STEPS", "ADVANCE_STAGE"] {
            there = there && !seen.written(action).await.is_empty();
        }
        there
    }

    fn log(&self) -> String {
        fs::read_to_string(self.office.dir.path().join("log")).unwrap()
    }

    fn demo_is_over_in(&self) -> u64 {
        u64::try_from(self.office.demo[1].since(SystemClock.now()).as_millis()).unwrap()
    }
}

/// Who is told of the advice was told once; where the daemon died in the middle of the dialogue with the mail server
/// nobody can know, and it says so.
async fn told_at_most_once(seen: &Seen<'_>) {
    let rows = seen.writes_to("out").await;
    let [row] = &rows[..] else { panic!("{rows:#?}") };
    if row.state == WriteState::Unknown {
        assert!(seen.office.sink.mails().len() <= 1, "{:#?}", seen.office.sink.mails());
    } else {
        seen.told_once("anna@x.test", &WriteState::Done).await;
    }
}

#[tokio::test]
async fn killed_again_and_again_the_real_binary_does_each_once() {
    let Some(mut place) = Place::new().await else { return };
    // given a daemon that is killed while a mail comes in and a demo is booked
    for life in 0..BEFORE_IT {
        place.life();
        match life {
            0 => {
                let hour_ago = SystemClock.now() - Duration::from_hours(1);
                place.office.paula_writes("Your offer", WISH, hour_ago);
            }
            1 => place.office.demo_is_booked().await,
            _ => {}
        }
    }
    // and while the demo comes to its end
    wait(place.demo_is_over_in().saturating_sub(1_000));
    for _ in 0..AFTER_IT {
        place.life();
    }
    // when it is left alone at last
    place.last_life().await;
    // then
    let store = place.store();
    let seen = Seen { office: &place.office, store: &store };
    let moving = seen.moving().await;
    assert!(moving.is_empty(), "{moving:#?}\n{}", place.log());
    seen.linked(&["Your offer"]).await;
    seen.advised_once().await;
    seen.in_the_crm_once("DELIVER_DEMO", "WAKE.LSHSALES").await;
    seen.in_the_crm_once("ALIGN_NEXT_STEPS", "WAKE.LSHSALES").await;
    seen.kept_free_once(&[BEFORE, AFTER]).await;
    seen.nothing_twice().await;
    told_at_most_once(&seen).await;
}
