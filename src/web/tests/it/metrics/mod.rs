//! The metrics: checked against plain SQL, and as callers see them.

mod history;
mod plain;
mod world;

use super::desk::{Desk, LSH, SDR};
use engine::{
    flow::{FlowPolicy, StageBook},
    metrics::{Figure, Metric, Sheet, Whose, span},
};
use model::AgentId;
use serde_json::json;
use store::{Exec, SqliteStore, Views};
use world::{ANNA, NOW, World, time};

const AGENTS: [&str; 5] = [SDR, LSH, "WAKE.QUOTEFORGE", "WAKE.CLOSESTACK", ANNA];

fn policy() -> FlowPolicy {
    let rates = [("EUR".parse().unwrap(), 1_100_000)].into();
    FlowPolicy { currency: "USD".parse().unwrap(), rates, heard: true }
}

fn book() -> StageBook {
    engine::config::load(None, None).unwrap().book
}

/// Every metric of every agent.
async fn figures(world: &World) -> Vec<(Metric, &'static str, Figure)> {
    let store = SqliteStore::open(&world.file(), Exec::Inline).unwrap();
    let (book, policy) = (book(), policy());
    let inputs = store.metric_inputs(span(time(NOW))).await.unwrap();
    let sheet = Sheet::new(&inputs, &book, &policy, time(NOW));
    let of = |metric: Metric, name: &'static str| {
        (metric, name, sheet.figure(metric, Whose::Agent(&AgentId::from(name))))
    };
    Metric::ALL.into_iter().flat_map(|metric| AGENTS.map(|name| of(metric, name))).collect()
}

#[tokio::test]
async fn every_metric_is_what_plain_sql_says() {
    // given a few hundred events, borders among them
    let world = history::world(1);
    plain::prepare(&world);
    // when the figures are made
    let figures = figures(&world).await;
    // then SQL counts the same cases and comes to the same value
    for (metric, agent, figure) in &figures {
        let (value, cases) = plain::figure(&world.db, *metric, agent);
        let name = metric.name();
        assert_eq!(figure.cases, cases, "cases of {name}, {agent}: {figure:?}, SQL {value:?}");
        assert_eq!(
            figure.left_out,
            plain::left_out(&world.db, *metric, agent),
            "left out of {name}, {agent}"
        );
        match (figure.actual, value) {
            (Some(ours), Some(theirs)) => {
                assert!(
                    (ours - theirs).abs() < 1e-9 * theirs.abs().max(1.0),
                    "{name}, {agent}: {ours} {theirs}"
                );
            }
            (ours, theirs) => assert_eq!(ours, theirs, "{name}, {agent}"),
        }
    }
    // and none of that is empty talk
    for metric in Metric::ALL.into_iter().filter(|metric| *metric != Metric::EngagementScore) {
        let most = figures.iter().filter(|one| one.0 == metric).map(|one| one.2.cases).max().unwrap();
        assert!(most >= 5, "{} has {most} cases at most", metric.name());
    }
    let left_out: u64 = figures.iter().map(|one| one.2.left_out).sum();
    assert!(left_out > 0);
}

#[tokio::test]
async fn the_order_in_which_events_came_in_says_nothing() {
    let first = figures(&history::world(1)).await;
    for seed in 2..6 {
        assert_eq!(figures(&history::world(seed)).await, first, "seed {seed}");
    }
}

#[tokio::test]
async fn an_agent_sees_its_own_figures_and_people_see_all() {
    let desk = Desk::new().await;
    let (status, all) = desk.call("boss", "performance", json!({})).await;
    assert_eq!(status, 200, "{all}");
    let ids: Vec<&str> =
        all["agents"].as_array().unwrap().iter().map(|one| one["agent"].as_str().unwrap()).collect();
    assert_eq!(ids, [LSH, SDR]);
    assert_eq!(all["stages"].as_array().unwrap().len(), 7);
    let outreach = &all["agents"][1]["metrics"][0];
    assert_eq!((&outreach["metric"], &outreach["target"]), (&json!("outreach_per_week"), &json!(500.0)));
    assert_eq!((&outreach["status"], &outreach["symbol"]), (&json!("unknown"), &json!("–")));

    let (status, own) = desk.call("sdr", "performance", json!({})).await;
    assert_eq!((status, own["agents"].as_array().unwrap().len()), (200, 1));
    assert_eq!((&own["agents"][0]["agent"], &own["stages"]), (&json!(SDR), &json!([])));
    assert_eq!(desk.call("sdr", "performance", json!({ "agent": "LSHSALES" })).await.0, 403);
    assert_eq!(desk.call("boss", "performance", json!({ "agent": "nobody" })).await.0, 422);
}

#[tokio::test]
async fn a_finished_task_leaves_a_learning_for_everybody() {
    // given a task that its agent finishes with a word for the next one
    let desk = Desk::new().await;
    let task = super::desk::task_id(1);
    assert_eq!(desk.call("sdr", "accept", json!({ "task_id": task })).await.0, 200);
    let done = json!({
        "task_id": task, "outcome": "success", "metrics": { "reach": 40 }, "learnings": ["Short mails are answered."],
    });
    assert_eq!(desk.call("sdr", "complete", done).await.0, 200);
    // when another agent looks
    let (status, answer) = desk.call("lsh", "learnings", json!({ "stage": "lead_generation" })).await;
    // then it stands by stage and action, with how often it was tried; too few cases give no share
    assert_eq!(status, 200, "{answer}");
    let one = &answer["learnings"][0];
    assert_eq!(one["action"], "EXECUTE_OUTREACH");
    assert_eq!((&one["tried"], &one["succeeded"], &one["share"]), (&json!(1), &json!(1), &json!(null)));
    assert_eq!(one["words"][0]["untrusted"]["text"], "Short mails are answered.");
    let (_, other) = desk.call("lsh", "learnings", json!({ "stage": "proposal" })).await;
    assert_eq!(other["learnings"], json!([]));
}
