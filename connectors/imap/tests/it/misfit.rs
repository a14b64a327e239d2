//! Messages that a server stumbles over, connections that break, and doors that are not to be entered.

use crate::{
    fake::{BARE, FULL, Fake, Rude},
    kit::{Rig, gone, ids, mail, password},
};
use connect::{Connector, Disposition, Effect, ErrorKind};
use model::{Change, Field, Pass};
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

fn filled(capabilities: &str, count: usize) -> Fake {
    let fake = Fake::new(capabilities);
    fake.inbox(|inbox| (0..count).for_each(|nr| inbox.put(mail(nr))));
    fake
}

/// Does a set of UIDs as commands write it name this one?
fn names(command: &str, uid: u32) -> bool {
    let Some(set) = command.strip_prefix("UID FETCH ").and_then(|rest| rest.split(' ').next()) else {
        return false;
    };
    set.split(',').any(|range| {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        (from.parse::<u32>().unwrap()..=to.parse::<u32>().unwrap()).contains(&uid)
    })
}

fn unreadable(changes: &[Change]) -> Vec<(String, String)> {
    let parked = changes.iter().filter_map(|change| match change {
        Change::Unreadable { reference, reason, .. } => {
            Some((reference.as_ref()?.id.to_string(), reason.clone()))
        }
        Change::Seen(_) | Change::Gone(_) | Change::Exists(_) => None,
    });
    parked.collect()
}

#[tokio::test]
async fn a_message_that_the_server_refuses_costs_that_message() {
    let fake = filled(FULL, 40);
    let rig = Rig::fake(&fake, "{}");
    fake.hook(|command, _| {
        let no = || Rude::Say("$ NO [SERVERBUG] corrupted cache\r\n".to_owned());
        names(command, 23).then(no)
    });
    let (changes, cursor, complete) = rig.walk(&Pass::Full, None).await;
    assert_eq!((ids(&changes), complete), (fake.ids(), true));
    let parked = unreadable(&changes);
    assert_eq!(parked.len(), 1);
    assert!(parked[0].0 == "INBOX/7/23" && parked[0].1.contains("corrupted cache"), "{parked:?}");
    let (changes, ..) = rig.walk(&Pass::Since, Some(cursor)).await;
    assert!(changes.is_empty(), "it does not stop or loop the account: {changes:?}");
}

#[tokio::test]
async fn a_message_whose_structure_the_server_refuses_is_read_without_it() {
    let fake = filled(FULL, 9);
    let rig = Rig::fake(&fake, "{}");
    fake.hook(|command, _| {
        let bad = || Rude::Say("$ BAD internal\r\n".to_owned());
        (names(command, 4) && command.contains("BODYSTRUCTURE")).then(bad)
    });
    let (changes, ..) = rig.walk(&Pass::Full, None).await;
    assert_eq!((ids(&changes), unreadable(&changes).len()), (fake.ids(), 0));
}

#[tokio::test]
async fn a_server_that_refuses_everything_has_no_unreadable_mails() {
    let fake = filled(FULL, 300);
    let rig = Rig::fake(&fake, "{}");
    fake.hook(|command, _| {
        command.starts_with("UID FETCH").then(|| Rude::Say("$ NO [SERVERBUG] no\r\n".to_owned()))
    });
    assert!(rig.page(&Pass::Full, None).await.is_err());
}

#[tokio::test]
async fn a_message_over_which_the_server_hangs_up_costs_that_message() {
    let fake = filled(FULL, 40);
    let rig = Rig::fake(&fake, "{}");
    fake.hook(|command, _| {
        names(command, 23).then(|| Rude::HangUp("* 1 FETCH (UID 1 BODY[HEADER]<0> {50}\r\nSub".into()))
    });
    let (changes, _, complete) = rig.walk(&Pass::Full, None).await;
    assert_eq!((ids(&changes), complete), (fake.ids(), true));
    assert_eq!(unreadable(&changes).len(), 1);
}

#[tokio::test]
async fn a_bye_in_the_middle_of_a_page_costs_nothing() {
    let fake = filled(FULL, 40);
    let rig = Rig::fake(&fake, "{}");
    let mut left = 2;
    fake.hook(move |command, _| {
        let hit = command.starts_with("UID FETCH") && std::mem::take(&mut left) > 1;
        hit.then(|| Rude::HangUp("* BYE Disconnected by an operator\r\n".to_owned()))
    });
    let (changes, ..) = rig.walk(&Pass::Full, None).await;
    assert_eq!((ids(&changes), unreadable(&changes).len()), (fake.ids(), 0));
    assert_eq!(fake.0.lock().unwrap().dialled, 2);
}

#[tokio::test]
async fn an_answer_that_cant_be_read_costs_its_message_or_the_connection_and_never_what_comes_after() {
    let fake = filled(FULL, 5);
    // What iCloud and mail.ru send where strings belong, and what nobody should send.
    fake.inbox(|inbox| {
        inbox.messages.get_mut(&1).unwrap().structure =
            Some("((NIL NIL NIL NIL NIL NIL NIL) NIL)".to_owned());
        inbox.messages.get_mut(&2).unwrap().structure = Some("NIL".to_owned());
        inbox.messages.get_mut(&3).unwrap().structure = Some("(\"TEXT\" \"a\\".to_owned());
    });
    let rig = Rig::fake(&fake, "{}");
    let (changes, ..) = rig.walk(&Pass::Full, None).await;
    assert_eq!(ids(&changes), fake.ids());
    assert!(unreadable(&changes).len() <= 1, "{:?}", unreadable(&changes));
}

#[tokio::test]
async fn bytes_that_are_no_text_and_headers_without_end_are_borne() {
    let fake = Fake::new(BARE);
    fake.inbox(|inbox| {
        inbox.add(b"Subject: \xff\xfe {3}\r\nFrom: a@b.c\r\n\r\n\x00\xff".to_vec());
        inbox.add("no header at all");
        inbox.add("");
        inbox.add(format!("Subject: {}\r\n\r\nx", "y".repeat(200_000)));
    });
    let rig = Rig::fake(&fake, "{}");
    let (changes, ..) = rig.walk(&Pass::Full, None).await;
    assert_eq!(ids(&changes), fake.ids());
}

#[tokio::test]
async fn odd_names_of_folders_go_back_as_they_came() {
    let fake = Fake::new(FULL);
    for name in ["Entw&APw-rfe 2", "a b%c", "[x] (y) {3}", "Übersicht"] {
        fake.folder(name, "", |folder| folder.add(mail(name.len())));
    }
    let rig = Rig::fake(&fake, r#"{"folders": ["Entwürfe 2", "a b%c", "[x] (y) {3}"]}"#);
    let (changes, ..) = rig.walk(&Pass::Full, None).await;
    let expected = ["%5Bx%5D%20(y)%20{3}/7/1", "Entw&APw-rfe%202/7/1", "a%20b%25c/7/1"];
    let expected: BTreeSet<String> =
        expected.iter().map(|id| id.replace("%5B", "[").replace("%5D", "]")).collect();
    assert_eq!(ids(&changes), expected);
    let all: Vec<Box<str>> = expected.iter().map(|id| id.as_str().into()).collect();
    assert_eq!(ids(&rig.walk(&Pass::These(all), None).await.0), expected);
}

#[tokio::test]
async fn a_kept_session_that_was_closed_meanwhile_is_replaced_unnoticed() {
    let fake = filled(FULL, 3);
    let rig = Rig::fake(&fake, "{}");
    let (_, cursor, _) = rig.walk(&Pass::Full, None).await;
    assert_eq!(fake.0.lock().unwrap().dialled, 1, "one session for all pages");
    let mut once = true;
    fake.hook(move |_, _| {
        std::mem::take(&mut once).then(|| Rude::HangUp("* BYE idle for too long\r\n".into()))
    });
    let (changes, ..) = rig.walk(&Pass::Since, Some(cursor)).await;
    assert!(changes.is_empty());
    assert_eq!(fake.0.lock().unwrap().dialled, 2);
}

#[tokio::test]
async fn a_server_that_is_busy_is_left_alone_and_one_that_is_down_is_tried_again() {
    for (answer, retry) in [
        ("$ NO [LIMIT] too many\r\n", Some(Some(Duration::from_secs(60)))),
        ("$ NO [UNAVAILABLE] backend down\r\n", Some(None)),
        ("$ NO [NOPERM] no\r\n", None),
    ] {
        let fake = filled(FULL, 1);
        fake.hook(move |command, _| command.starts_with("LIST").then(|| Rude::Say(answer.to_owned())));
        let rig = Rig::fake(&fake, "{}");
        let error = rig.page(&Pass::Full, None).await.unwrap_err();
        let expected = retry.map_or(Disposition::Refuse, Disposition::Retry);
        assert_eq!(error.disposition(Effect::None), expected, "{answer}");
    }
}

#[tokio::test]
async fn a_refused_password_is_a_matter_for_a_person_and_is_not_shown() {
    let fake = filled(BARE, 1);
    fake.hook(|command, _| {
        let echo = format!("$ NO [AUTHENTICATIONFAILED] {command} is wrong\r\n");
        command.starts_with("LOGIN").then_some(Rude::Say(echo))
    });
    let rig = Rig::fake(&fake, "{}");
    let error = rig.page(&Pass::Full, None).await.unwrap_err();
    assert_eq!(error.disposition(Effect::None), Disposition::Reconnect);
    assert!(!format!("{error:?} {error}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn no_password_goes_over_an_open_line_to_another_machine() {
    let fake = filled(BARE, 1);
    let rig = Rig::new("imap://mail.example", fake.clone(), password("alice"), "{}");
    let error = rig.page(&Pass::Full, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    // and: whoever says that we are signed in already would have us go on without TLS
    fake.0.lock().unwrap().greeting = "* PREAUTH hello alice\r\n".to_owned();
    assert_eq!(rig.page(&Pass::Full, None).await.unwrap_err().kind, ErrorKind::Config);
    // and: words that came before TLS must not count after it
    fake.0.lock().unwrap().greeting = "* OK [CAPABILITY IMAP4rev1 STARTTLS] hello\r\n".to_owned();
    fake.hook(|command, _| {
        let more = "$ OK begin\r\n* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] smuggled\r\n".to_owned();
        (command == "STARTTLS").then_some(Rude::Say(more))
    });
    assert_eq!(rig.page(&Pass::Full, None).await.unwrap_err().kind, ErrorKind::Config);
    assert!(!fake.log().iter().any(|command| command.contains("LOGIN") || command.contains("AUTHENTICATE")));
}

#[tokio::test]
async fn tls_comes_first_or_right_after_starttls() {
    let fake = filled("IMAP4rev1 STARTTLS", 1);
    for (base, secured) in [
        ("imaps://mail.example", "mail.example after \"\""),
        ("imap://mail.example:1143", "mail.example after \"STARTTLS\""),
    ] {
        fake.log();
        let rig = Rig::new(base, fake.clone(), password("alice"), "{}");
        assert_eq!(ids(&rig.walk(&Pass::Full, None).await.0).len(), 1);
        assert_eq!(fake.0.lock().unwrap().secured.pop().unwrap(), secured);
    }
    for base in ["https://mail.example", "imap+ssl://mail.example"] {
        let rig = Rig::new(base, fake.clone(), password("alice"), "{}");
        assert_eq!(rig.page(&Pass::Full, None).await.unwrap_err().kind, ErrorKind::Config, "{base}");
    }
}

#[tokio::test]
async fn whole_texts_are_kept_only_where_a_person_asked_for_them() {
    let fake = Fake::new(FULL);
    fake.inbox(|inbox| inbox.add(mail(0) + &"word ".repeat(4_000)));
    for (options, least, most) in [("{}", 100, 200), (r#"{"bodies": true}"#, 15_000, 65_536)] {
        let rig = Rig::fake(&fake, options);
        let (changes, ..) = rig.walk(&Pass::Full, None).await;
        let Change::Seen(observed) = &changes[0] else { panic!("{changes:?}") };
        let body = observed.fields.text(Field::Body).unwrap().len();
        assert!((least..=most).contains(&body), "{options}: {body}");
        assert!(!String::from_utf8_lossy(&observed.raw).contains("word"));
    }
}

#[tokio::test]
async fn an_unknown_option_is_an_error() {
    let fake = Fake::new(BARE);
    let rig = Rig::fake(&fake, "{}");
    for options in [r#"{"folder": ["INBOX"]}"#, r#"{"connections": 0}"#] {
        let mut options_of = rig.options.clone();
        options_of.extra = serde_json::from_str(options).unwrap();
        assert!(imap::Imap::new(&options_of).is_err(), "{options}");
    }
}

#[tokio::test]
async fn waiting_ends_when_mail_comes_and_goes_on_where_it_ended() {
    let fake = filled(FULL, 1);
    let waits = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&waits);
    fake.hook(move |command, _| match command {
        "IDLE" => {
            let news = ["", "* 1 FETCH (FLAGS (\\Seen))\r\n", "* 2 EXISTS\r\n", "* VANISHED 1\r\n"];
            let nr = count.fetch_add(1, Ordering::SeqCst);
            Some(Rude::Say(format!("+ idling\r\n{}", news.get(nr).copied().unwrap_or_default())))
        }
        "DONE" => Some(Rude::Say("A4 OK done\r\n".to_owned())),
        _ => None,
    });
    let rig = Rig::fake(&fake, "{}");
    // The clock jumps to the end of each wait at which nothing comes: 24 minutes.
    let began = rig.clock.now();
    rig.imap.watch(&rig.cx(), model::Kind::Email).await;
    assert!(waits.load(Ordering::SeqCst) >= 1);
    assert!(rig.clock.now().since(began) < Duration::from_secs(4 * 60 * 60));
    assert_eq!(fake.log().iter().filter(|command| command.starts_with("EXAMINE")).count(), 1);
    // and: where waiting is not offered it never ends
    let rig = Rig::fake(&filled(BARE, 1), "{}");
    let waited =
        tokio::time::timeout(Duration::from_millis(50), rig.imap.watch(&rig.cx(), model::Kind::Email)).await;
    assert!(waited.is_err());
}

#[tokio::test]
async fn what_a_check_says_is_what_there_is() {
    for (capabilities, extras) in [(FULL, true), (BARE, false)] {
        let fake = filled(capabilities, 3);
        fake.folder("Junk", "\\Junk", |junk| junk.add(mail(9)));
        fake.folder("Work", "", |work| work.add(mail(8)));
        let rig = Rig::fake(&fake, "{}");
        let account = rig.imap.check(&rig.cx()).await.unwrap();
        assert_eq!(account.name, "alice at 127.0.0.1");
        assert_eq!(account.sizes, [(model::Kind::Email, 4)]);
        assert!(account.grants[0].granted);
        assert!(account.grants[1..].iter().all(|grant| grant.granted == extras), "{:?}", account.grants);
    }
    let fake = filled(FULL, 0);
    let rig = Rig::fake(&fake, "{}");
    assert!(gone(&rig.walk(&Pass::Full, None).await.0).is_empty());
}
