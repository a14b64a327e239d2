//! Marks and rows; the formulas are checked against plain SQL beside the API.

use super::{Figure, Mark, Metric, Sheet, Whose, agent_rows, span, stage_rows};
use crate::{config, flow::FlowPolicy};
use model::{
    AgentId, DealOutcome, Timestamp,
    work::{DealFact, MetricInputs, TaskFact},
};
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_millis(1_763_553_600_000);

fn policy() -> FlowPolicy {
    FlowPolicy { currency: "USD".parse().unwrap(), rates: [].into(), heard: true }
}

fn days(number: u64) -> Timestamp {
    NOW - Duration::from_hours(24 * number)
}

/// A task that was done then.
fn done(agent: &str, ended: Timestamp) -> TaskFact {
    TaskFact {
        action: "REPORT".into(),
        unit: None,
        holder: Some(agent.into()),
        record: None,
        arrived: ended - Duration::from_hours(2),
        assigned: None,
        ended: Some(ended),
        due: None,
        done: true,
        outcome: None,
        success: Some(true),
        reported: None,
    }
}

#[test]
fn below_five_cases_nothing_is_said() {
    let mark = |part, whole| Mark::of(Metric::WinRate, Some(0.4), &Figure::share(part, whole));
    assert_eq!([mark(4, 4), mark(5, 5), mark(1, 5)], [Mark::Unknown, Mark::Met, Mark::Missed]);
    assert_eq!(Mark::of(Metric::WinRate, None, &Figure::share(5, 5)), Mark::Unknown);
    assert_eq!([Mark::Met, Mark::Missed, Mark::Unknown].map(Mark::symbol), ["●", "○", "–"]);
}

#[test]
fn some_targets_are_the_most_that_it_should_be() {
    let five = |value: f64| Figure::mean(vec![value; 5]);
    for metric in [Metric::AverageDiscount, Metric::TurnaroundHours, Metric::CycleDays] {
        assert_eq!(Mark::of(metric, Some(10.0), &five(10.0)), Mark::Met, "{metric:?}");
        assert_eq!(Mark::of(metric, Some(10.0), &five(10.1)), Mark::Missed, "{metric:?}");
    }
    assert_eq!(Mark::of(Metric::AverageDealSize, Some(10.0), &five(10.1)), Mark::Met);
    assert_eq!(Mark::of(Metric::AverageDiscount, Some(0.15), &five(-0.1)), Mark::Met);
}

#[test]
fn a_median_lies_between_the_two_in_the_middle() {
    assert_eq!(Figure::median(vec![4.0, 1.0, 2.0]).actual, Some(2.0));
    assert_eq!(Figure::median(vec![4.0, 1.0, 3.0, 2.0]).actual, Some(2.5));
    assert_eq!(Figure::median(Vec::new()), Figure::default());
}

#[test]
fn every_name_is_known_once() {
    for metric in Metric::ALL {
        assert_eq!(Metric::find(metric.name()), Some(metric));
    }
    assert_eq!(Metric::find("win_rates"), None);
}

#[test]
fn a_metric_that_is_taken_from_an_agent_or_a_stage_is_shown_no_longer() {
    // given the shipped configuration
    let mut loaded = config::load(None, None).unwrap();
    let (inputs, policy) = (MetricInputs::default(), policy());
    let sheet = Sheet::new(&inputs, &loaded.book, &policy, NOW);
    for spec in &mut loaded.roster.agents {
        // when one metric after the other is deleted
        while let Some(target) = spec.metrics.pop() {
            // then its row goes, and no other
            let rows = agent_rows(&sheet, spec);
            assert_eq!(rows.len(), spec.metrics.len());
            assert!(rows.iter().all(|row| row.metric.name() != &*target.metric));
        }
    }
    for spec in &mut loaded.book.stages {
        while let Some(name) = spec.metrics.pop() {
            let rows = stage_rows(&sheet, spec);
            assert_eq!(rows.len(), spec.metrics.len());
            assert!(rows.iter().all(|row| row.metric.name() != &*name));
        }
    }
}

#[test]
fn the_seeds_agents_are_shown_in_its_order_with_its_targets() {
    let loaded = config::load(None, None).unwrap();
    let (inputs, policy) = (MetricInputs::default(), policy());
    let sheet = Sheet::new(&inputs, &loaded.book, &policy, NOW);
    let rows = agent_rows(&sheet, loaded.roster.find("CLOSESTACK").unwrap());
    let shown: Vec<_> = rows.iter().map(|row| (row.metric.title(), row.target.unwrap())).collect();
    let wanted = [("Win rate", 0.4), ("Avg discount", 0.15), ("Cycle time", 30.0), ("Expansion rate", 0.2)];
    assert_eq!(shown, wanted);
    assert!(rows.iter().all(|row| row.mark == Mark::Unknown));
}

#[test]
fn a_week_ends_at_the_millisecond_and_everybody_is_the_sum() {
    let book = config::load(None, None).unwrap().book;
    let policy = policy();
    let in_time = days(7) + Duration::from_millis(1);
    let tasks = vec![
        done("A", days(7)),
        done("A", in_time),
        done("B", NOW),
        done("B", NOW + Duration::from_millis(1)),
    ];
    let inputs = MetricInputs { tasks, ..MetricInputs::default() };
    let sheet = Sheet::new(&inputs, &book, &policy, NOW);
    let count = |whose| sheet.figure(Metric::TasksDonePerWeek, whose).cases;
    let (a, b) = (AgentId::from("A"), AgentId::from("B"));
    assert_eq!([count(Whose::Agent(&a)), count(Whose::Agent(&b)), count(Whose::Everybody)], [1, 1, 2]);
}

#[test]
fn what_was_closed_before_it_was_known_is_no_win_of_the_negotiation() {
    let book = config::load(None, None).unwrap().book;
    let policy = policy();
    let deal = |number: u32| DealFact {
        id: model::Id::derived(&["deal", &number.to_string()]),
        stage: Some(model::Stage::Close),
        outcome: DealOutcome::Won,
        amount: None,
        created: Some(days(40)),
        close_date: Some(days(3)),
        companies: Vec::new(),
    };
    let inputs = MetricInputs { deals: (0..6).map(deal).collect(), ..MetricInputs::default() };
    let figure = Sheet::new(&inputs, &book, &policy, NOW).figure(Metric::WinRate, Whose::Everybody);
    assert_eq!(figure, Figure::default());
    assert!(span(NOW).closed < span(NOW).talks && span(NOW).talks < span(NOW).recent);
}
