//! Bugs that other clients had, and the moods of servers.

use crate::{
    fake::{BARE, CONDSTORE, FULL, Fake, Rude},
    kit::{Rig, Store, gone, ids, mail},
};
use connect::{Connector, ErrorKind, Position};
use model::{Change, Field, Kind, Pass};
use std::collections::BTreeSet;

/// Servers of three abilities.
const SERVERS: [&str; 3] = [FULL, CONDSTORE, BARE];

fn filled(capabilities: &str, count: usize) -> Fake {
    let fake = Fake::new(capabilities);
    fake.inbox(|inbox| (0..count).for_each(|nr| inbox.put(mail(nr))));
    fake
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn every_server_is_read_completely_and_followed_whatever_it_can() {
    for capabilities in SERVERS {
        // given
        let fake = filled(capabilities, 1203);
        fake.folder("Sent", "", |sent| sent.add(mail(5000)));
        fake.folder("Entw&APw-rfe", "", |drafts| drafts.add(mail(6000)));
        let rig = Rig::fake(&fake, "{}");
        // when
        let (changes, cursor, complete) = rig.walk(&Pass::Full, None).await;
        // then
        let mut there = fake.ids();
        there.remove("Entw&APw-rfe/7/1");
        assert!(complete, "{capabilities}");
        assert_eq!(ids(&changes), there, "{capabilities}");
        // when nothing happened, nothing is read
        fake.log();
        let (changes, cursor, _) = rig.walk(&Pass::Since, Some(cursor)).await;
        assert!(changes.is_empty(), "{capabilities}");
        assert!(!fake.log().iter().any(|command| command.starts_with("EXAMINE")), "{capabilities}");
        // when something came and something left
        fake.inbox(|inbox| {
            inbox.expunge(17);
            inbox.expunge(1203);
            inbox.add(mail(7000));
        });
        let (changes, cursor, _) = rig.walk(&Pass::Since, Some(cursor)).await;
        assert_eq!(ids(&changes), set(&["INBOX/7/1204"]), "{capabilities}");
        assert_eq!(gone(&changes), set(&["INBOX/7/17", "INBOX/7/1203"]), "{capabilities}");
        assert!(rig.walk(&Pass::Since, Some(cursor)).await.0.is_empty(), "{capabilities}");
    }
}

#[tokio::test]
async fn no_message_between_two_watermarks_is_lost() {
    // A flag changes and mail comes between two polls, and more while the poll reads: twenty #24826.
    let fake = filled(FULL, 3);
    let rig = Rig::fake(&fake, "{}");
    let (_, cursor, _) = rig.walk(&Pass::Full, None).await;
    fake.inbox(|inbox| {
        inbox.add(mail(10));
        inbox.flag(2, "\\Seen");
    });
    let mut once = true;
    fake.hook(move |command, world| {
        if command.starts_with("UID FETCH") && std::mem::take(&mut once) {
            let inbox = world.folders.get_mut("INBOX").unwrap();
            inbox.add(mail(11));
            inbox.flag(1, "\\Seen");
            inbox.expunge(3);
        }
        None
    });
    let mut store = Store(fake.ids());
    let (first, cursor, _) = rig.walk(&Pass::Since, Some(cursor)).await;
    let (second, ..) = rig.walk(&Pass::Since, Some(cursor)).await;
    store.take(first.iter().chain(&second));
    assert_eq!(store.0, fake.ids());
    let told: BTreeSet<String> = ids(&first).union(&ids(&second)).cloned().collect();
    assert_eq!(told, set(&["INBOX/7/1", "INBOX/7/2", "INBOX/7/4", "INBOX/7/5"]));
}

#[tokio::test]
async fn the_newest_mail_is_not_read_again_at_every_poll() {
    // `n:*` names the last message even when it is below n.
    for capabilities in SERVERS {
        let fake = filled(capabilities, 4);
        let rig = Rig::fake(&fake, "{}");
        let (_, cursor, _) = rig.walk(&Pass::Full, None).await;
        fake.inbox(|inbox| {
            let uid = inbox.add(mail(9));
            inbox.expunge(uid);
        });
        let (changes, ..) = rig.walk(&Pass::Since, Some(cursor)).await;
        assert!(ids(&changes).is_empty(), "{capabilities}: {changes:?}");
    }
}

#[tokio::test]
async fn a_mailbox_that_was_emptied_goes_on_to_be_read() {
    for capabilities in SERVERS {
        let fake = filled(capabilities, 3);
        let rig = Rig::fake(&fake, "{}");
        let (_, cursor, _) = rig.walk(&Pass::Full, None).await;
        fake.inbox(|inbox| (1..=3).for_each(|uid| inbox.expunge(uid)));
        let (changes, cursor, _) = rig.walk(&Pass::Since, Some(cursor)).await;
        assert_eq!(gone(&changes).len(), 3, "{capabilities}");
        fake.inbox(|inbox| inbox.add(mail(9)));
        let (changes, ..) = rig.walk(&Pass::Since, Some(cursor)).await;
        assert_eq!(ids(&changes), set(&["INBOX/7/4"]), "{capabilities}");
    }
}

#[tokio::test]
async fn a_new_uidvalidity_reads_the_folder_again_and_only_that_and_nothing_goes_before_it_came_back() {
    for capabilities in SERVERS {
        let fake = filled(capabilities, 600);
        fake.folder("Work", "", |work| work.add(mail(1000)));
        let rig = Rig::fake(&fake, "{}");
        let (_, cursor, _) = rig.walk(&Pass::Full, None).await;
        let before: BTreeSet<_> = fake.ids().into_iter().filter(|id| id.starts_with("INBOX")).collect();
        fake.inbox(crate::fake::Folder::renumber);
        fake.folder("Work", "", |work| work.add(mail(1001)));
        let (changes, cursor, _) = rig.walk(&Pass::Since, Some(cursor)).await;
        let mut there = fake.ids();
        there.remove("Work/7/1");
        assert_eq!((ids(&changes), gone(&changes)), (there, before), "{capabilities}");
        let first_gone = changes.iter().position(|change| matches!(change, Change::Gone(_))).unwrap();
        assert!(
            changes[first_gone..].iter().all(|change| matches!(change, Change::Gone(_))),
            "{capabilities}"
        );
        assert!(rig.walk(&Pass::Since, Some(cursor)).await.0.is_empty(), "{capabilities}");
    }
}

#[tokio::test]
async fn a_uidvalidity_that_changes_between_two_pages_of_a_pass_loses_and_keeps_nothing_wrong() {
    for capabilities in SERVERS {
        let fake = filled(capabilities, 1200);
        let mut rig = Rig::fake(&fake, "{}");
        let page = rig.page(&Pass::Full, None).await.unwrap();
        let connect::Position::More(cursor) = page.position else { panic!("one page") };
        fake.inbox(crate::fake::Folder::renumber);
        rig.restart();
        let (rest, cursor, complete) = rig.walk(&Pass::Full, Some(cursor)).await;
        let mut store = Store::default();
        store.take(page.changes.iter().chain(&rest));
        assert_eq!(store.0, fake.ids(), "{capabilities}");
        assert!(complete);
        assert!(rig.walk(&Pass::Since, Some(cursor)).await.0.is_empty(), "{capabilities}");
    }
}

#[tokio::test]
async fn a_mail_that_moves_is_known_by_its_new_name_before_its_old_one_goes() {
    let fake = filled(FULL, 2);
    fake.folder("Archive", "", |_| {});
    fake.folder("Zoo", "", |zoo| zoo.add(mail(50)));
    let rig = Rig::fake(&fake, "{}");
    let (_, cursor, _) = rig.walk(&Pass::Full, None).await;
    // when: one from the first folder to the second, one from the last to the second
    fake.inbox(|inbox| inbox.expunge(1));
    fake.folder("Zoo", "", |zoo| zoo.expunge(1));
    fake.folder("Archive", "", |archive| {
        archive.add(mail(0));
        archive.add(mail(50));
    });
    let (changes, ..) = rig.walk(&Pass::Since, Some(cursor)).await;
    let names: Vec<&str> = changes
        .iter()
        .map(|change| match change {
            Change::Seen(observed) => observed.fields.text(Field::MessageId).unwrap(),
            Change::Gone(_) => "gone",
            Change::Exists(_) | Change::Unreadable { .. } => panic!("{change:?}"),
        })
        .collect();
    assert_eq!(names, ["m0@acme.example", "m50@acme.example", "gone", "gone"]);
}

#[tokio::test]
async fn folders_that_vanish_or_get_another_name_are_followed() {
    for capabilities in SERVERS {
        let fake = filled(capabilities, 1);
        fake.folder("Old", "", |old| old.add(mail(5)));
        fake.folder("Lost", "", |lost| lost.add(mail(6)));
        let rig = Rig::fake(&fake, "{}");
        let (_, cursor, _) = rig.walk(&Pass::Full, None).await;
        {
            let mut world = fake.0.lock().unwrap();
            world.folders.remove("Lost");
            let old = world.folders.remove("Old").unwrap();
            world.folders.insert("New/R&-D".to_owned(), old);
        }
        let (changes, cursor, _) = rig.walk(&Pass::Since, Some(cursor)).await;
        assert_eq!(ids(&changes), set(&["New%2FR&-D/7/1"]), "{capabilities}");
        assert_eq!(gone(&changes), set(&["Old/7/1", "Lost/7/1"]), "{capabilities}");
        assert!(rig.walk(&Pass::Since, Some(cursor)).await.0.is_empty());
    }
}

#[tokio::test]
async fn a_list_of_folders_that_was_cut_short_deletes_nothing() {
    let fake = filled(FULL, 2);
    fake.folder("Work", "", |work| work.add(mail(5)));
    let rig = Rig::fake(&fake, "{}");
    let (_, cursor, _) = rig.walk(&Pass::Full, None).await;
    fake.hook(|command, _| {
        let short = "* LIST () \"/\" INBOX\r\n$ OK done\r\n".to_owned();
        command.starts_with("LIST").then_some(Rude::Say(short))
    });
    let (changes, cursor, _) = rig.walk(&Pass::Since, Some(cursor)).await;
    assert!(changes.is_empty(), "{changes:?}");
    // and: an empty list is a mistake, not an empty mailbox
    fake.hook(|command, _| command.starts_with("LIST").then(|| Rude::Say("$ OK done\r\n".to_owned())));
    let error = rig.page(&Pass::Since, Some(&cursor)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Config);
    assert!(rig.page(&Pass::Census, None).await.is_err());
}

#[tokio::test]
async fn a_search_that_says_nothing_deletes_nothing() {
    let fake = filled(BARE, 3);
    let rig = Rig::fake(&fake, "{}");
    let (_, cursor, _) = rig.walk(&Pass::Full, None).await;
    fake.inbox(|inbox| inbox.expunge(2));
    fake.hook(|command, _| command.starts_with("UID SEARCH").then(|| Rude::Say("$ OK done\r\n".to_owned())));
    let (changes, ..) = rig.walk(&Pass::Since, Some(cursor)).await;
    assert!(changes.is_empty(), "{changes:?}");
    let (_, _, complete) = rig.walk(&Pass::Census, None).await;
    assert!(!complete);
}

#[tokio::test]
async fn nothing_at_the_server_is_ever_changed() {
    let fake = filled(FULL, 3);
    let rig = Rig::fake(&fake, "{}");
    rig.imap.check(&rig.cx()).await.unwrap();
    for pass in
        [Pass::Full, Pass::Census, Pass::Audit { slice: 0, of: 2 }, Pass::These(vec!["INBOX/7/2".into()])]
    {
        rig.walk(&pass, None).await;
    }
    for command in fake.log() {
        let verb = command.split(' ').next().unwrap();
        let reads =
            ["CAPABILITY", "AUTHENTICATE", "ENABLE", "LIST", "EXAMINE", "UID", "UNSELECT"].contains(&verb);
        let peeks = command.matches("BODY[").count() == 0 && command.matches("RFC822.SIZE").count() < 2;
        assert!(
            reads && peeks && !command.contains("STORE ") && !command.contains("RFC822.TEXT"),
            "{command}"
        );
    }
}

#[tokio::test]
async fn drafts_are_never_reported() {
    for capabilities in SERVERS {
        let fake = filled(capabilities, 3);
        fake.inbox(|inbox| inbox.flag(2, "\\Draft"));
        let rig = Rig::fake(&fake, "{}");
        let (changes, cursor, _) = rig.walk(&Pass::Full, None).await;
        assert_eq!(ids(&changes), set(&["INBOX/7/1", "INBOX/7/3"]), "{capabilities}");
        let (census, ..) = rig.walk(&Pass::Census, None).await;
        assert_eq!(ids(&census), fake.ids(), "{capabilities}");
        let (asked, ..) = rig.walk(&Pass::These(vec!["INBOX/7/2".into()]), None).await;
        assert_eq!(gone(&asked), set(&["INBOX/7/2"]), "{capabilities}");
        // when one that was reported becomes a draft
        fake.inbox(|inbox| inbox.flag(3, "\\Draft"));
        let (changes, ..) = rig.walk(&Pass::Since, Some(cursor)).await;
        if capabilities == BARE {
            assert!(changes.is_empty(), "nothing says so: the census finds it");
        } else {
            assert_eq!((ids(&changes), gone(&changes)), (BTreeSet::new(), set(&["INBOX/7/3"])));
        }
    }
}

#[tokio::test]
async fn a_census_and_an_audit_list_everything_once() {
    let fake = filled(BARE, 1300);
    fake.folder("Work", "", |work| (0..700).for_each(|nr| work.put(mail(2000 + nr))));
    let rig = Rig::fake(&fake, "{}");
    let (census, _, complete) = rig.walk(&Pass::Census, None).await;
    assert_eq!((complete, census.len()), (true, 2000));
    assert_eq!(ids(&census), fake.ids());
    let mut audited = Vec::new();
    for slice in 0..3 {
        audited.extend(rig.walk(&Pass::Audit { slice, of: 3 }, None).await.0);
    }
    assert_eq!((audited.len(), ids(&audited)), (2000, fake.ids()));
}

#[tokio::test]
async fn single_messages_are_read_or_said_to_be_gone() {
    let fake = filled(FULL, 2);
    fake.folder("Trash", "\\Trash", |trash| trash.add(mail(3)));
    let rig = Rig::fake(&fake, "{}");
    let wanted = ["INBOX/7/1", "INBOX/6/1", "INBOX/7/9", "Nowhere/7/1", "Trash/7/1", "rubbish"];
    let (changes, _, complete) = rig.walk(&Pass::These(wanted.map(Into::into).to_vec()), None).await;
    assert!(!complete);
    assert_eq!(ids(&changes), set(&wanted[..1]));
    assert_eq!(gone(&changes), set(&wanted[1..]));
}

#[tokio::test]
async fn a_folder_that_is_refused_leaves_the_others_and_proves_nothing() {
    let fake = filled(FULL, 2);
    fake.folder("Closed", "", |closed| closed.add(mail(5)));
    let rig = Rig::fake(&fake, "{}");
    let (_, cursor, _) = rig.walk(&Pass::Full, None).await;
    fake.hook(|command, _| {
        let no = || Rude::Say("$ NO [NOPERM] not yours\r\n".to_owned());
        command.starts_with("EXAMINE \"Closed\"").then(no)
    });
    fake.folder("Closed", "", |closed| closed.expunge(1));
    fake.inbox(|inbox| inbox.add(mail(9)));
    let (changes, ..) = rig.walk(&Pass::Since, Some(cursor)).await;
    assert_eq!((ids(&changes), gone(&changes)), (set(&["INBOX/7/3"]), BTreeSet::new()));
    for pass in [Pass::Full, Pass::Census] {
        let (changes, _, complete) = rig.walk(&pass, None).await;
        assert_eq!((ids(&changes).len(), complete), (3, false));
    }
    let error = rig.page(&Pass::These(vec!["Closed/7/1".into()]), None).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Forbidden { .. }));
    let error = rig.imap.poll(&rig.cx(), Kind::Meeting, &Pass::Full, None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
}

fn fetched(log: &[String]) -> Vec<&str> {
    log.iter().filter(|command| command.starts_with("UID FETCH")).map(String::as_str).collect()
}

#[tokio::test]
async fn the_next_page_is_on_its_way_while_this_one_is_stored_and_whatever_comes_between_costs_no_mail() {
    // given a folder of three pages, of which the first is read
    let fake = filled(FULL, 1100);
    let rig = Rig::fake(&fake, "{\"connections\": 1}");
    let first = rig.page(&Pass::Full, None).await.unwrap();
    // then the server has been asked for the second one
    tokio::task::yield_now().await;
    assert!(fetched(&fake.log()).last().unwrap().contains("501:1000"), "nothing was asked for ahead");
    // when the same session is used for something else before the walk goes on
    let (census, ..) = rig.walk(&Pass::Census, None).await;
    assert_eq!(ids(&census).len(), 1100);
    let Position::More(cursor) = first.position else { panic!("it ended early") };
    let (rest, _, complete) = rig.walk(&Pass::Full, Some(cursor)).await;
    // then every mail came once, and the last page was not asked for twice
    assert!(complete && rest.len() + first.changes.len() == 1100);
    let all: BTreeSet<String> = &ids(&first.changes) | &ids(&rest);
    assert_eq!(all, fake.ids());
    let log = fake.log();
    assert_eq!(fetched(&log).iter().filter(|command| command.contains("1001:1100")).count(), 1, "{log:?}");
}
