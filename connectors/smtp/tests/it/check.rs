//! Options and `check`.

use crate::kit::{Does, Scripted, World, connector, signed_in, to_anna};
use connect::ErrorKind;
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn check_says_whether_our_address_may_send_and_sends_nothing() {
    for (answer, granted) in [("250 ok\r\n", true), ("553 5.7.1 not your address\r\n", false)] {
        // given a server that allows our address, or does not
        let mut rest = vec![("MAIL FROM:<desk@ours.example>", Does::Says(answer))];
        if granted {
            rest.push(("RSET", Does::Says("250 ok\r\n")));
        }
        let world = World::new(Scripted::new([signed_in(rest)]), "smtp://localhost");
        // when it is checked
        let account = world.connector.check(&world.cx()).await.unwrap();
        // then it says so
        let [grant] = account.grants.as_slice() else { panic!("{:?}", account.grants) };
        assert_eq!((grant.granted, grant.missing.is_none()), (granted, granted));
        assert_eq!(account.name, "desk@ours.example at localhost");
        assert!(world.dial.heard().iter().all(|line| line != "DATA"));
    }
}

#[test]
fn options_say_what_is_wrong_with_them() {
    for (options, part) in [
        (json!({}), "from"),
        (json!({"from": "nobody"}), "options.from"),
        (json!({"from": "a@b.example", "reply_to": "x"}), "options.reply_to"),
        (json!({"from": "a@b.example", "helo": "a b"}), "options.helo"),
        (json!({"from": "a@b.example", "form": "x"}), "form"),
    ] {
        let error = connector(&options).err().unwrap();
        assert_eq!(error.kind, ErrorKind::Config);
        assert!(error.to_string().contains(part) && error.to_string().contains("mail"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_needs_no_sign_in_is_not_told_who_we_are() {
    let script = vec![
        ("", Does::Says("220 hi\r\n")),
        ("EHLO relay.ours.example", Does::Says("250 x\r\n")),
        ("MAIL", Does::Says("250 ok\r\n")),
        ("RCPT", Does::Says("250 ok\r\n")),
        ("DATA", Does::Says("354 go\r\n")),
        (".", Does::Says("250 ok\r\n")),
    ];
    let mut world = World::new(Scripted::new([script]), "smtp://localhost:25");
    let options = json!({"from": "desk@ours.example", "login": false, "helo": "relay.ours.example"});
    world.connector = connector(&options).unwrap();
    world.send(&to_anna()).await.unwrap();
}
