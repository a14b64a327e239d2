//! Decisions of one turn that concern the same task.

use super::*;

const GIVER: &str = "WAKE.LSHSALES";

/// An agent with a deal, and two others that could take it; all fetch their messages.
const THREE: &str = r#"
[[agent]]
id = "WAKE.LSHSALES"
reach = "inbox"
[[agent]]
id = "ONE"
layer = "specialised"
stages = ["proposal"]
capabilities = { discovery_call = 0.1 }
reach = "inbox"
[[agent]]
id = "TWO"
layer = "specialised"
stages = ["proposal"]
capabilities = { discovery_call = 0.1 }
reach = "inbox"
"#;

async fn with_a_deal(agents: &str) -> (Office, Id) {
    let mut office = Office::new(agents).await;
    let task = office.queue(1, "discovery_call").await;
    assert_eq!(office.task(task).await.holder, Some(GIVER.into()));
    office.status(GIVER, task, "ACCEPTED", &json!({})).await;
    (office, task)
}

/// Confirms it, and no turn comes in between.
async fn confirm(office: &Office, handoff: Id, by: &str) {
    let text = json!({ "type": "HANDOFF", "id": format!("confirm-{handoff}"), "from": by, "to": "ORCHESTRATOR",
                       "sent_at": office.now(), "handoff_id": handoff, "status": "CONFIRMED" });
    let message = Message::read(&text.to_string(), &Fill::default()).unwrap();
    office.store.say(&Party::Agent(by.into()), message, office.now()).await.unwrap();
}

async fn stands(office: &Office, handoff: Id) -> (HandoffStatus, Option<String>) {
    let case = office.handoffs().await.into_iter().find(|case| case.id == handoff).unwrap();
    (case.status, case.reason)
}

#[tokio::test]
async fn of_two_receivers_who_confirm_at_once_one_gets_the_deal_and_the_other_learns_why_not() {
    let (mut office, task) = with_a_deal(THREE).await;
    let (one, two) = (office.hand_off(GIVER, "ONE").await, office.hand_off(GIVER, "TWO").await);
    // when both confirm before the daemon looks
    confirm(&office, one, "ONE").await;
    confirm(&office, two, "TWO").await;
    office.after(Duration::ZERO).await;
    // then one of them has it, and the other handoff ends with the reason
    let (holder, both) =
        (office.task(task).await.holder.unwrap(), [stands(&office, one).await, stands(&office, two).await]);
    let lost = Some(format!("the deal went to {holder} meanwhile"));
    let place = usize::from(holder.as_str() == "ONE");
    assert_eq!(both[place], (HandoffStatus::Declined, lost));
    assert_eq!(both[1 - place].0, HandoffStatus::Completed);
}

#[tokio::test]
async fn a_giver_who_is_paused_in_the_same_moment_holds_up_nothing() {
    let (mut office, task) = with_a_deal(THREE).await;
    let handoff = office.hand_off(GIVER, "ONE").await;
    // when the receiver confirms and the giver is paused before the daemon looks
    confirm(&office, handoff, "ONE").await;
    let olga = store::Actor("olga".to_owned());
    office.store.pause_agent(&olga, &GIVER.into(), true, office.now()).await.unwrap();
    office.after(Duration::ZERO).await;
    // then the receiver has the deal
    assert_eq!(stands(&office, handoff).await.0, HandoffStatus::Completed);
    assert_eq!(office.task(task).await.holder, Some("ONE".into()));
}

#[tokio::test]
async fn a_receiver_that_is_gone_by_then_gets_nothing_and_the_giver_keeps_it() {
    let (mut office, task) = with_a_deal(THREE).await;
    let handoff = office.hand_off(GIVER, "TWO").await;
    // when the receiver confirms and is taken off the team before the daemon looks
    confirm(&office, handoff, "TWO").await;
    office.configure(THREE.split("[[agent]]\nid = \"TWO\"").next().unwrap()).await;
    office.after(Duration::ZERO).await;
    // then nothing moves, and why is said
    let gone = Some("there is no agent TWO".to_owned());
    assert_eq!(stands(&office, handoff).await, (HandoffStatus::Declined, gone));
    assert_eq!(office.task(task).await.holder, Some(GIVER.into()));
}

#[tokio::test]
async fn what_was_handed_over_comes_back_when_its_receiver_goes_away() {
    let (mut office, task) = with_a_deal(THREE).await;
    let handoff = office.hand_off(GIVER, "TWO").await;
    confirm(&office, handoff, "TWO").await;
    office.after(Duration::ZERO).await;
    assert_eq!(office.task(task).await.holder, Some("TWO".into()));
    // when both that could have taken it are gone
    office.configure(THREE.split("[[agent]]\nid = \"ONE\"").next().unwrap()).await;
    office.after(Duration::ZERO).await;
    assert_eq!(office.task(task).await.state, TaskState::Queued);
    // then the giver is asked again after some hours
    office.after(5 * HOUR).await;
    assert_eq!(office.task(task).await.holder, Some(GIVER.into()));
}
