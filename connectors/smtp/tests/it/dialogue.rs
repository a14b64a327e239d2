//! What each answer, and each silence, means for the write.

use crate::kit::{DECIDED, Does, HELLO, Script, Scripted, World, handed_in, notice, signed_in, to_anna};
use connect::{Applied, Disposition, Effect, ErrorKind, Landing, Sent};
use std::time::Duration;

const LOCAL: &str = "smtp://127.0.0.1:2525";

fn world(script: Script) -> World<Scripted> {
    World::new(Scripted::new([script]), LOCAL)
}

/// What the outbox does with what came of the script.
async fn fate(script: Script) -> Disposition {
    let world = world(script);
    let error = world.send(&to_anna()).await.unwrap_err();
    error.disposition(Effect::Creates)
}

#[tokio::test(start_paused = true)]
async fn an_accepted_mail_is_done_and_its_id_is_the_receipt() {
    // given a server that takes everything
    let world = world(handed_in(Does::Says("250 2.0.0 stored\r\n")));
    // when a notification is sent
    let write = to_anna();
    let Applied::Done(receipt) = world.send(&write).await.unwrap() else { panic!("not done") };
    // then the receipt names the mail, and the server heard exactly one mail, dots doubled, and a farewell
    assert_eq!(&*receipt.reference.id, format!("<{}@ours.example>", write.key));
    let heard = world.dial.heard();
    assert_eq!(world.dial.mails(), 1);
    let mail = heard.iter().find(|line| line.contains("\r\n")).unwrap();
    assert!(mail.contains("\r\n..hidden dot\r\n"), "{mail}");
    assert!(mail.contains(&format!("Message-ID: <{}@ours.example>\r\n", write.key)), "{mail}");
    assert_eq!(heard.last().unwrap(), "QUIT");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_later_is_asked_later() {
    let later = Disposition::Retry(None);
    assert_eq!(fate(vec![("", Does::Says("421 busy\r\n"))]).await, later);
    assert_eq!(fate(vec![("", Does::Says("554 not you\r\n"))]).await, later, "that is not about the mail");
    let temporary = |step: &'static str| (step, Does::Says("451 4.7.1 later\r\n"));
    let good = |step: &'static str| (step, Does::Says("250 ok\r\n"));
    assert_eq!(fate(signed_in(vec![temporary("MAIL")])).await, later);
    assert_eq!(fate(signed_in(vec![good("MAIL"), temporary("RCPT")])).await, later);
    assert_eq!(fate(signed_in(vec![good("MAIL"), good("RCPT"), temporary("DATA")])).await, later);
    assert_eq!(fate(handed_in(Does::Says("452 4.3.1 full\r\n"))).await, later);
    assert_eq!(fate(handed_in(Does::Says("421 closing\r\n"))).await, later);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_never_is_believed() {
    let never = |step: &'static str| (step, Does::Says("550 5.1.1 no such user\r\n"));
    let good = |step: &'static str| (step, Does::Says("250 ok\r\n"));
    assert_eq!(fate(signed_in(vec![never("MAIL")])).await, Disposition::Refuse);
    assert_eq!(fate(signed_in(vec![good("MAIL"), never("RCPT")])).await, Disposition::Refuse);
    assert_eq!(fate(signed_in(vec![good("MAIL"), good("RCPT"), never("DATA")])).await, Disposition::Refuse);
    assert_eq!(fate(handed_in(Does::Says("554 5.7.1 spam\r\n"))).await, Disposition::Refuse);
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_before_the_final_dot_has_delivered_nothing() {
    let good = |step: &'static str| (step, Does::Says("250 ok\r\n"));
    let scripts: Vec<fn() -> Does> = vec![|| Does::Hangs, || Does::Sleeps, || Does::Says("what?\r\n")];
    for does in scripts {
        let before_the_dot = [
            vec![("", does())],
            vec![("", Does::Says("220 hi\r\n")), ("EHLO", does())],
            vec![("", Does::Says("220 hi\r\n")), ("EHLO", Does::Says(HELLO)), ("AUTH", does())],
            signed_in(vec![("MAIL", does())]),
            signed_in(vec![good("MAIL"), ("RCPT", does())]),
            signed_in(vec![good("MAIL"), good("RCPT"), ("DATA", does())]),
        ];
        for script in before_the_dot {
            assert_eq!(fate(script).await, Disposition::Retry(None));
        }
    }
    // and a server that can't be reached at all
    assert_eq!(
        World::new(Scripted::default(), LOCAL).send(&to_anna()).await.unwrap_err().sent,
        Sent::NotSent
    );
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_is_lost_leaves_it_open_for_good() {
    for verdict in [Does::Hangs, Does::Sleeps, Does::Says("what?\r\n"), Does::Says("354 more?\r\n")] {
        // given a server whose last word is lost
        let world = world(handed_in(verdict));
        let write = to_anna();
        // when a mail is handed in
        let error = world.send(&write).await.unwrap_err();
        // then it may have arrived, and nobody can ever look
        assert_eq!((error.sent, error.disposition(Effect::Creates)), (Sent::MaybeSent, Disposition::Verify));
        let landing = world.connector.find(&world.cx(), &write, DECIDED).await.unwrap();
        assert_eq!(landing, Landing::Unknown { look_again: None });
    }
}

#[tokio::test(start_paused = true)]
async fn where_twice_is_better_than_never_it_goes_out_again_as_the_same_mail() {
    // given two servers, of which the first loses its last word
    let scripts = [handed_in(Does::Hangs), handed_in(Does::Says("250 ok\r\n"))];
    let world = World::new(Scripted::new(scripts), LOCAL);
    let write = notice("anna@ours.example", true);
    world.send(&write).await.unwrap_err();
    // when it is looked for at once, and a minute later
    let rested = DECIDED + Duration::from_secs(60);
    let landing = world.connector.find(&world.cx(), &write, DECIDED).await.unwrap();
    assert_eq!(landing, Landing::Unknown { look_again: Some(rested) });
    *world.clock.0.lock().unwrap() = rested;
    assert_eq!(world.connector.find(&world.cx(), &write, DECIDED).await.unwrap(), Landing::Absent);
    // then the second mail is the first one again, to the byte
    world.send(&write).await.unwrap();
    let mails: Vec<_> = world.dial.heard().into_iter().filter(|line| line.contains("\r\n")).collect();
    let [first, second] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!(first, second);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_puts_it_off_for_days_will_not_take_it() {
    let world = world(handed_in(Does::Says("451 4.7.1 greylisted\r\n")));
    *world.clock.0.lock().unwrap() = DECIDED + Duration::from_secs(2 * 86_400 + 1);
    let error = world.send(&to_anna()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
    assert!(error.to_string().contains("given up after two days: the mail: 451"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_is_too_big_is_not_even_begun() {
    let small = Does::Says("250-sink.test\r\n250-SIZE 100\r\n250 AUTH PLAIN\r\n");
    let script = vec![
        ("", Does::Says("220 hi\r\n")),
        ("EHLO", small),
        ("AUTH", Does::Says("235 ok\r\n")),
        ("QUIT", Does::Says("221 bye\r\n")),
    ];
    assert_eq!(fate(script).await, Disposition::Refuse);
}

#[tokio::test(start_paused = true)]
async fn what_smtp_does_not_do_is_refused_before_anything_is_said() {
    let world = World::new(Scripted::default(), LOCAL);
    let write = model::Write { intent: model::Intent::ChangeOwner { to: "7".into() }, ..to_anna() };
    let error = world.send(&write).await.unwrap_err();
    assert_eq!((error.kind, error.sent), (ErrorKind::Invalid, Sent::NotSent));
}
