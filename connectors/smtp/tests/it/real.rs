//! Each outcome on a real server.

use crate::{
    kit::{DECIDED, Proofs, World, notice},
    server::Sink,
};
use connect::{Applied, Disposition, Effect, ErrorKind, Landing, Proof, Secret, dial::Tcp};
use std::path::Path;
use tempfile::TempDir;

/// A server and a connector on it; `None` where there is no server to be had.
fn given() -> Option<(Sink, World<Tcp>, TempDir)> {
    let dir = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers/smtp.sh");
    let sink = Sink::start(&script, dir.path())?;
    let mut world = World::new(Tcp::new().unwrap(), &format!("smtp://{}", sink.address));
    world.auth = alice("secret");
    Some((sink, world, dir))
}

fn alice(password: &str) -> Proofs {
    Proofs::of([Proof::Password(Secret::new(password))]).named("alice")
}

#[tokio::test]
async fn every_outcome_of_a_real_server_is_told_apart() {
    let Some((sink, world, _dir)) = given() else { return };
    for (to, expected) in [
        ("t451@x.test", Disposition::Retry(None)),
        ("r550@x.test", Disposition::Refuse),
        ("d452@x.test", Disposition::Retry(None)),
        ("d554@x.test", Disposition::Refuse),
        ("once@x.test", Disposition::Retry(None)),
    ] {
        let error = world.send(&notice(to, false)).await.unwrap_err();
        assert_eq!(error.disposition(Effect::Creates), expected, "{to}: {error}");
    }
    assert_eq!(sink.mails(), Vec::<serde_json::Value>::new(), "nothing was taken so far");
    for to in ["anna@x.test", "once@x.test", "slow@x.test"] {
        assert!(matches!(world.send(&notice(to, false)).await, Ok(Applied::Done(_))), "{to}");
    }
    // Python's reader sees what we meant.
    let mails = sink.mails();
    assert_eq!(mails.len(), 3);
    let first = &mails[0];
    assert_eq!((&first["user"], &first["from"]), (&"alice".into(), &"desk@ours.example".into()));
    let text: Vec<_> = first["text"].as_str().unwrap().lines().collect();
    assert_eq!(text, ["Line one", ".hidden dot"]);
    assert_eq!(first["headers"]["auto-submitted"], "auto-generated");
    assert_eq!(first["headers"]["subject"], "Acme waits");
}

#[tokio::test]
async fn a_lost_verdict_is_one_mail_and_nobody_can_tell() {
    let Some((sink, world, _dir)) = given() else { return };
    let write = notice("drop@x.test", false);
    let error = world.send(&write).await.unwrap_err();
    assert_eq!(error.disposition(Effect::Creates), Disposition::Verify, "{error}");
    let landing = world.connector.find(&world.cx(), &write, DECIDED).await.unwrap();
    assert_eq!(landing, Landing::Unknown { look_again: None });
    assert_eq!(sink.mails().len(), 1);
    assert_eq!(sink.mails()[0]["headers"]["message-id"], format!("<{}@ours.example>", write.key));
}

#[tokio::test]
async fn a_wrong_password_and_check_are_told_on_a_real_server() {
    let Some((_sink, mut world, _dir)) = given() else { return };
    assert!(world.connector.check(&world.cx()).await.unwrap().grants[0].granted);
    world.auth = alice("wrong");
    assert_eq!(world.connector.check(&world.cx()).await.unwrap_err().kind, ErrorKind::NotConnected);
}
