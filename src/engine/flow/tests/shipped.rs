//! Each entry of the shipped files changes something that is decided.

use super::*;
use model::AgentId;
use std::sync::LazyLock;

/// Everything that can be decided about a deal or lead, in every state that the other tests use, as text.
pub(crate) fn everything(names: &str, book: &StageBook) -> String {
    let put_off =
        EventKind::Changed { fields: vec![(Field::CloseDate, Value::Time(ENTERED), Value::Time(NOW))] };
    let put_off = Event { at: NOW, subject: Some(id("deal")), kind: put_off, source: "hubspot".into() };
    let milestones = |stage| SubjectView {
        history: vec![put_off.clone(); 3],
        ..deal(
            stage,
            &[
                (Field::Milestones, text(names)),
                (Field::Competitor, text("Rival")),
                (Field::Amount, usd(60_000)),
            ],
        )
    };
    let mut views: Vec<_> = Stage::ALL.into_iter().map(milestones).collect();
    views.extend(due().into_iter().map(|(view, _)| view));
    views.extend(["new", "open_deal", "connected", "unqualified"].map(lead));
    views.push(deal(Stage::Demonstration, &[]));
    let mut won = deal(Stage::Close, &[(Field::Outcome, Value::Outcome(Outcome::Won))]);
    won.tasks = decide(&deal(Stage::Close, &[]), book)
        .create
        .iter()
        .map(|task| brief(task, TaskState::Queued))
        .collect();
    views.push(won);
    views.extend(BUSY.iter().cloned());
    let mut text: Vec<_> = views.iter().map(|view| format!("{:?}", decide(view, book))).collect();
    text.push(format!("{:?}", segment_tasks(book, ENTERED, NOW)));
    let subject = Subject::Segment("technical-founders".into());
    for trigger in &book.triggers {
        let made = trigger_tasks(trigger, &subject, Stage::Awareness, "1", NOW);
        text.push(format!("{} {made:?}", trigger.id));
    }
    text.join("\n")
}

/// A deal that has all supports of its stage.
pub(crate) fn busy_deal(stage: Stage) -> SubjectView {
    deal(
        stage,
        &[
            (Field::Milestones, text("demo_held;interest_confirmed;revision_asked")),
            (Field::Competitor, text("R")),
            (Field::Amount, usd(60_000)),
        ],
    )
}

/// Takes a key out of an action; says whether it had it.
type Strip = fn(&mut ActionSpec) -> bool;

/// Deals and leads with mails and meetings, before and after their tasks were made.
static BUSY: LazyLock<Vec<SubjectView>> = LazyLock::new(busy);

fn busy() -> Vec<SubjectView> {
    let bounce = mail(1, hours(-1), Direction::Inbound, &[(Field::Automatic, text("bounce"))]);
    let phrases: Vec<String> = fields::SAID.iter().map(|(name, _)| format!("{name}=words")).collect();
    let phrases: Vec<&str> = phrases.iter().map(String::as_str).collect();
    let mut call = meeting(3, hours(30), &[]);
    call.with.extend(["ben", "cay"].map(id));
    let lost = meeting(4, hours(40), &[(Field::Status, text("cancelled"))]);
    let (yes, book) = (["positive_intent=gladly"], book());
    let all = vec![
        with(deal(Stage::LeadGeneration, &[]), vec![bounce, lost.clone()]),
        with(deal(Stage::Qualification, &[]), vec![lost, reply(7, hours(-1), &["negative_intent=no"])]),
        with(deal(Stage::Qualification, &[]), vec![reply(2, hours(-2), &phrases), call.clone()]),
        with(deal(Stage::Demonstration, &[]), vec![meeting(5, hours(-4), &[]), call.clone()]),
        with(lead("NEW"), vec![reply(2, hours(-2), &yes)]),
        with(lead("NEW"), vec![reply(2, hours(-2), &yes), call]),
        with(lead("NEW"), vec![reply(2, hours(-2), &["negative_intent=no"])]),
    ];
    // With all tasks of the stage made before anything happened.
    let under_way = all.clone().into_iter().map(|view| {
        let quiet = with(view.clone(), vec![reply(9, hours(-3), &yes)]);
        let mut made = decide(&quiet, &book);
        made.create.extend(decide(&with(view.clone(), Vec::new()), &book).create);
        after(view, &made)
    });
    all.iter().cloned().chain(under_way.collect::<Vec<_>>()).collect()
}

#[test]
fn everything_in_the_stages_file_matters() {
    let book = book();
    let names: Vec<_> = book.signals.iter().map(|signal| &*signal.id).collect();
    let names = names.join(";");
    let all = everything(&names, &book);
    let differs = |what: String, change: &dyn Fn(&mut StageBook)| {
        let mut less = book.clone();
        change(&mut less);
        assert!(everything(&names, &less) != all, "{what} changes nothing");
    };
    for (at, spec) in book.stages.iter().enumerate() {
        differs(format!("stage {}", spec.stage), &|less| {
            less.stages.remove(at);
        });
        for n in 0..spec.actions.len() {
            differs(format!("{} {}", spec.stage, spec.actions[n].id), &|less| {
                less.stages[at].actions.remove(n);
            });
        }
        for n in 0..spec.supports.len() {
            differs(format!("{} {}", spec.stage, spec.supports[n].id), &|less| {
                less.stages[at].supports.remove(n);
            });
        }
        differs(format!("transition of {}", spec.stage), &|less| less.stages[at].transition = None);
    }
    for at in 0..book.any_stage.len() {
        differs(format!("in any stage {}", book.any_stage[at].id), &|less| {
            less.any_stage.remove(at);
        });
    }
    let keys: [(&str, Strip); 4] = [
        ("drop_when", |action| action.drop_when.take().is_some()),
        ("done_when", |action| action.done_when.take().is_some()),
        ("each", |action| action.each.take().is_some()),
        ("due", |action| std::mem::take(&mut action.due_at_meeting)),
    ];
    for (key, strip) in keys {
        for (at, spec) in book.stages.iter().enumerate() {
            for (n, action) in spec.actions.iter().chain(&spec.supports).enumerate() {
                if strip(&mut action.clone()) {
                    differs(format!("{key} of {} {}", spec.stage, action.id), &|less| {
                        let spec = &mut less.stages[at];
                        spec.actions.iter_mut().chain(&mut spec.supports).nth(n).map(strip);
                    });
                }
            }
        }
    }
    for (at, trigger) in book.triggers.iter().enumerate() {
        for n in 0..trigger.actions.len() {
            differs(format!("{} {}", trigger.id, trigger.actions[n].id), &|less| {
                less.triggers[at].actions.remove(n);
            });
        }
    }
    for (at, signal) in book.signals.iter().enumerate() {
        differs(format!("signal {}", signal.id), &|less| {
            less.signals.remove(at);
        });
    }
    differs("the segment".into(), &|less| less.segments.clear());
}

#[test]
fn every_agent_of_the_agents_file_matters() {
    let loaded = config::load(None, None).unwrap();
    // Given every task that the book can make
    let mut tasks = segment_tasks(&loaded.book, ENTERED, NOW);
    for spec in &loaded.book.stages {
        tasks.extend(decide(&busy_deal(spec.stage), &loaded.book).create);
    }
    let subject = Subject::Segment("technical-founders".into());
    tasks.extend(
        loaded
            .book
            .triggers
            .iter()
            .flat_map(|trigger| trigger_tasks(trigger, &subject, Stage::Awareness, "1", NOW)),
    );
    for (number, task) in tasks.iter_mut().enumerate() {
        // Each by itself, so that capacity and holders don't hide a difference.
        task.subject = Subject::Deal(Id::derived(&["alone", &number.to_string()]));
    }
    let board = model::work::Board { tasks, ..model::work::Board::default() };
    let winners = |roster: &crate::assign::Roster| {
        let routing = crate::assign::Routing::new(roster, "UTC").unwrap();
        let turn = crate::assign::replay(&board, &routing, 1, NOW);
        turn.into_iter().map(|one| one.winner.map(|winner| winner.agent)).collect::<Vec<_>>()
    };
    let all = winners(&loaded.roster);
    for agent in &loaded.roster.agents {
        let mut less = loaded.roster.clone();
        less.agents.retain(|other| other.id != agent.id);
        if agent.enabled {
            assert_ne!(winners(&less), all, "{} changes nothing", agent.id);
        }
    }
    // The one that ships switched off gets its work once it is switched on.
    let mut more = loaded.roster.clone();
    more.agents.iter_mut().for_each(|agent| agent.enabled = true);
    let packages: AgentId = "AI.CONSULTING.PACKAGES".into();
    assert!(!all.contains(&Some(packages.clone())) && winners(&more).contains(&Some(packages)));
}
