//! The connector against a real Dovecot, started by `tests/servers/dovecot.sh`; everything is checked against the
//! server's own tool.

use crate::{
    conform::real_ids,
    dovecot::Dovecot,
    kit::{Rig, gone, ids, mail, same, server},
    oauth::{Access, Tokens},
};
use connect::{Connector, ErrorKind, Secret, dial::Tcp, http::auth::Basic};
use model::{Change, Field, Kind, Pass, Value};
use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

fn flags(server: &Dovecot, user: &str) -> BTreeSet<String> {
    let all = server.doveadm(&["-f", "tab", "fetch", "-u", user, "mailbox uid flags", "ALL"]);
    // `\Recent` is about which session saw a message first.
    all.lines().map(|line| line.replace("\\Recent", "").trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_mailbox_is_read_completely_and_followed_and_never_touched() {
    let Some(server) = server(None) else { return };
    let server = &server;
    // given
    server.append("alice", "INBOX", &(0..1100).map(mail).collect::<Vec<_>>());
    server.append("alice", "Sent", &[mail(2000)]);
    server.append("alice", "Drafts", &[mail(2001)]);
    server.doveadm(&["mailbox", "create", "-u", "alice", "Clients/Acme"]);
    server.append("alice", "Clients/Acme", &[mail(2002), mail(2003)]);
    server.doveadm(&["flags", "add", "-u", "alice", "\\Flagged", "mailbox", "Clients/Acme"]);
    let before = flags(server, "alice");
    let rig = Rig::real(server, "alice", "{}");
    // when
    let account = rig.imap.check(&rig.cx()).await.unwrap();
    let (changes, cursor, complete) = rig.walk(&Pass::Full, None).await;
    // then
    assert!(complete && account.grants.iter().all(|grant| grant.granted), "{:?}", account.grants);
    assert_eq!((account.sizes, account.name), (vec![(Kind::Email, 1103)], "alice at 127.0.0.1".to_owned()));
    same(&ids(&changes), &real_ids(server, "alice"));
    same(&ids(&rig.walk(&Pass::Census, None).await.0), &real_ids(server, "alice"));
    let cursor = increments_follow(server, &rig, cursor).await;
    let cursor = a_flag_is_news(server, &rig, cursor).await;
    rig.walk(&Pass::Audit { slice: 0, of: 1 }, None).await;
    let after = flags(server, "alice");
    let touched: Vec<_> = before.difference(&after).filter(|line| !line.contains("\t1\t")).collect();
    assert!(touched.len() <= 4, "mails that we moved or deleted ourselves: {touched:?}");
    assert!(
        !after.iter().any(|line| line.contains("\\Seen") && !line.starts_with("INBOX\t20")),
        "a mail was read"
    );
    generations_change(server, &rig, cursor).await;
}

async fn increments_follow(server: &Dovecot, rig: &Rig, cursor: model::Cursor) -> model::Cursor {
    let (nothing, cursor, _) = rig.walk(&Pass::Since, Some(cursor)).await;
    assert!(nothing.is_empty(), "{nothing:?}");
    let before = real_ids(server, "alice");
    // when: one comes, one is deleted, one moves, a folder goes and another one gets a new name
    server.append("alice", "INBOX", &[mail(3000)]);
    server.doveadm(&["expunge", "-u", "alice", "mailbox", "INBOX", "uid", "7"]);
    server.doveadm(&["move", "-u", "alice", "Clients/Acme", "mailbox", "INBOX", "uid", "9"]);
    server.doveadm(&["mailbox", "rename", "-u", "alice", "Sent", "Clients/Sent"]);
    server.doveadm_if_it_can(&["kick", "alice"]);
    let (changes, cursor, _) = rig.walk(&Pass::Since, Some(cursor)).await;
    // then
    let after = real_ids(server, "alice");
    same(&ids(&changes), &after.difference(&before).cloned().collect());
    same(&gone(&changes), &before.difference(&after).cloned().collect());
    cursor
}

async fn a_flag_is_news(server: &Dovecot, rig: &Rig, cursor: model::Cursor) -> model::Cursor {
    server.doveadm(&["flags", "add", "-u", "alice", "\\Seen", "mailbox", "INBOX", "uid", "20"]);
    let (changes, cursor, _) = rig.walk(&Pass::Since, Some(cursor)).await;
    let [Change::Seen(observed)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(observed.version, model::Version::Tag("\\Seen".into()));
    assert_eq!(observed.fields.text(Field::Name), Some("Offer 19"));
    assert_eq!(observed.fields.text(Field::Sender), Some("ann19@acme.example"));
    assert_eq!(observed.fields.text(Field::Body), Some("Hello, this is number 19."));
    cursor
}

async fn generations_change(server: &Dovecot, rig: &Rig, cursor: model::Cursor) {
    let before: BTreeSet<_> =
        real_ids(server, "alice").into_iter().filter(|id| id.starts_with("INBOX/")).collect();
    server.doveadm(&["mailbox", "update", "--uid-validity", "777", "-u", "alice", "INBOX"]);
    let (changes, cursor, _) = rig.walk(&Pass::Since, Some(cursor)).await;
    let after: BTreeSet<_> =
        real_ids(server, "alice").into_iter().filter(|id| id.starts_with("INBOX/777/")).collect();
    assert!(after.len() > 1000);
    same(&ids(&changes), &after);
    same(&gone(&changes), &before);
    assert!(rig.walk(&Pass::Since, Some(cursor)).await.0.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_read_where_they_are() {
    let Some(server) = server(None) else { return };
    let bounce = "From: MAILER-DAEMON@x.test\r\nTo: alice@x.test\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\n\
        Return-Path: <>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
        --b\r\n\r\nIt could not be delivered.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.test\r\n\r\n\
        Final-Recipient: rfc822; bob@gone.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n";
    let mixed = "From: ann@acme.example\r\nTo: alice@x.test\r\nSubject: Files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n\
        --o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        Der Preis ist sch=F6n f=FCr uns.\r\n--i\r\nContent-Type: text/html\r\n\r\n<p>no</p>\r\n--i--\r\n--o\r\nContent-Type: application/pdf\r\n\
        Content-Disposition: attachment; filename*=utf-8''Angebot%20f%C3%BCr%20Acme.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--o--\r\n";
    server.append("alice", "INBOX", &[bounce.to_owned(), mixed.to_owned()]);
    let rig = Rig::real(&server, "alice", "{}");
    let (changes, ..) = rig.walk(&Pass::Full, None).await;
    let [Change::Seen(bounce), Change::Seen(mixed)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(bounce.fields.text(Field::Automatic), Some("bounce"));
    assert_eq!(bounce.fields.get(Field::Failed), Some(&Value::list(["bob@gone.test"])));
    assert_eq!(mixed.fields.text(Field::Body), Some("Der Preis ist schön für uns."));
    assert_eq!(mixed.fields.get(Field::Attachments), Some(&Value::list(["Angebot für Acme.pdf"])));
}

#[tokio::test(flavor = "multi_thread")]
async fn access_is_renewed_when_the_token_has_expired() {
    let tokens = Tokens::default();
    let Some(server) = server(Some(&tokens.serve())) else { return };
    server.append("alice", "INBOX", &[mail(1)]);
    let access = Access::new("alice", &tokens);
    let renewed = std::sync::Arc::clone(&access.renewed);
    let rig = Rig::new(&server.base, Tcp::new().unwrap(), access, "{}");
    let (changes, cursor, _) = rig.walk(&Pass::Full, None).await;
    assert_eq!((ids(&changes).len(), renewed.load(Ordering::SeqCst)), (1, 0));
    // when
    tokens.expire("alice");
    server.doveadm_if_it_can(&["kick", "alice"]);
    server.append("alice", "INBOX", &[mail(2)]);
    // then
    let (changes, ..) = rig.walk(&Pass::Since, Some(cursor)).await;
    assert_eq!((ids(&changes).len(), renewed.load(Ordering::SeqCst)), (1, 1));
    // and: with the server's own account of its refusal nothing secret is shown
    let wrong = Basic::new("alice", &Secret::new("wr0ng-one")).unwrap();
    let rig = Rig::new(&server.base, Tcp::new().unwrap(), wrong, "{}");
    let error = rig.page(&Pass::Full, None).await.unwrap_err();
    assert!(error.kind == ErrorKind::NotConnected && !format!("{error:?}").contains("wr0ng"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_when_mail_comes() {
    let Some(server) = server(None) else { return };
    server.append("alice", "INBOX", &[mail(1)]);
    let mut rig = Rig::real(&server, "alice", "{}");
    rig.real_time();
    let cx = rig.cx();
    let waiting = rig.imap.watch(&cx, Kind::Email);
    tokio::pin!(waiting);
    // given: nothing comes
    assert!(tokio::time::timeout(Duration::from_secs(1), &mut waiting).await.is_err());
    // when
    server.append("alice", "INBOX", &[mail(2)]);
    // then
    tokio::time::timeout(Duration::from_secs(20), &mut waiting).await.expect("it is told");
    // and: what comes before the next wait is not missed
    server.append("alice", "INBOX", &[mail(3)]);
    let next = tokio::time::timeout(Duration::from_secs(20), rig.imap.watch(&cx, Kind::Email)).await;
    next.expect("it is told at once");
    same(&ids(&rig.walk(&Pass::Full, None).await.0), &real_ids(&server, "alice"));
}
