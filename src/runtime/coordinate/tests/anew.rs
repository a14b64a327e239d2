//! Agents whose way of being reached changes while they have work.

use super::*;
use model::MessageId;

/// The twins, reached so.
fn reached(by: &str) -> String {
    TWINS.replace("reach = \"inbox\"", &format!("reach = {by}"))
}

const PUSHED: &str = "{ webhook = \"https://agent.example/tasks\", secret = \"twins\" }";

/// Ids of the TASK messages to an agent that we deliver.
async fn delivered(office: &Office, agent: &AgentId) -> Vec<MessageId> {
    let kept = office.inbox(agent.as_str()).await.into_iter();
    let ours = kept.filter(|kept| kept.push.is_some() && kept.message.body.kind() == "TASK");
    ours.map(|kept| kept.message.id).collect()
}

#[tokio::test]
async fn an_offer_made_while_an_agent_fetched_its_messages_is_sent_once_it_is_pushed_to() {
    // given an offer that lies in an inbox
    let mut office = Office::new(&reached("\"inbox\"")).await;
    let task = office.queue(1, "discovery_call").await;
    let holder = office.task(task).await.holder.unwrap();
    let offered = office.inbox(holder.as_str()).await[0].message.id.clone();
    assert_eq!(delivered(&office, &holder).await, []);
    // when its agent is reached by webhook
    office.configure(&reached(PUSHED)).await;
    office.after(Duration::ZERO).await;
    // then the same message goes out, once
    assert_eq!(delivered(&office, &holder).await, std::slice::from_ref(&offered));
    office.configure(&reached(PUSHED)).await;
    office.after(MINUTE).await;
    assert_eq!(delivered(&office, &holder).await, [offered]);
}

#[tokio::test]
async fn what_a_person_has_is_sent_to_the_program_that_takes_its_place_unless_it_is_begun() {
    // given a person with one task not begun and one begun
    let mut office = Office::new(&reached("\"deal_owner\"")).await;
    let (waits, begun) = (office.queue(1, "discovery_call").await, office.queue(2, "discovery_call").await);
    assert_eq!(office.task(waits).await.state, TaskState::Assigned);
    let holder = office.task(waits).await.holder.unwrap();
    let other = office.task(begun).await.holder.unwrap();
    office.status(other.as_str(), begun, "IN_PROGRESS", &json!({})).await;
    // when the agents are reached by webhook
    office.configure(&reached(PUSHED)).await;
    office.after(Duration::ZERO).await;
    // then a message about the first goes out, without an end of an offer, and none about the second
    let kept = office.inbox(holder.as_str()).await;
    let [sent] = &kept[..] else { panic!("{kept:#?}") };
    let text = serde_json::to_value(&sent.message).unwrap();
    assert_eq!(text["task"]["id"], json!(waits));
    assert!(text["task"]["params"].get("accept_until").is_none(), "{text}");
    assert_eq!(sent.push.as_deref(), Some("waiting"));
    assert!(other == holder || office.inbox(other.as_str()).await.is_empty());
}

#[tokio::test]
async fn a_request_that_lies_in_an_inbox_is_sent_as_well() {
    // given a handoff that waits in an inbox
    let mut office = Office::new(&reached("\"inbox\"")).await;
    let task = office.queue(1, "discovery_call").await;
    let giver = office.task(task).await.holder.unwrap();
    office.status(giver.as_str(), task, "ACCEPTED", &json!({})).await;
    office.hand_off(giver.as_str(), "WAKE.SDRFORGE").await;
    let requests = async |office: &Office| {
        let kept = office.inbox("WAKE.SDRFORGE").await.into_iter();
        kept.filter(|kept| kept.message.id.as_str().starts_with("handoff-"))
            .map(|kept| kept.push)
            .collect::<Vec<_>>()
    };
    assert_eq!(requests(&office).await, [None]);
    // when its receiver is reached by webhook, then it goes out
    office.configure(&reached(PUSHED)).await;
    office.after(Duration::ZERO).await;
    assert_eq!(requests(&office).await, [Some("waiting".into())]);
}

#[tokio::test]
async fn nothing_is_handed_to_an_agent_that_is_switched_off() {
    // given an agent that is switched off
    let off = format!("{TWINS}enabled = false\n");
    let mut office = Office::new(&off).await;
    let task = office.queue(1, "discovery_call").await;
    let giver = office.task(task).await.holder.unwrap();
    office.status(giver.as_str(), task, "ACCEPTED", &json!({})).await;
    // when a deal is handed to it
    office.hand_off(giver.as_str(), "WAKE.SDRFORGE").await;
    // then it is declined, with the reason, and the giver keeps its work
    let case = office.handoffs().await.remove(0);
    assert_eq!(
        (case.status, case.reason.as_deref()),
        (HandoffStatus::Declined, Some("WAKE.SDRFORGE is switched off"))
    );
    assert_eq!(office.task(task).await.holder, Some(giver));
}
