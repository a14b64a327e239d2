//! What is looked at when progress is decided.

use super::kit::{
    NOW, again, auto, create_task, daemon, decided, fields, id, later, links, page, placed, queued,
    reference, task, text,
};
use crate::{Caps, Held, Progressed, Store, WriteFilter};
use model::{
    DealOutcome, Event, EventKind, ExternalRef, Field, Fields, Id, Intake, Kind, Receipt, SettledAs, Stage,
    Value, WriteState,
    work::{Subject, SubjectView, TaskState},
};
use std::sync::Arc;

fn deal() -> ExternalRef {
    reference(Kind::Deal, "1")
}

async fn only_view(store: &dyn Store, of: Id) -> SubjectView {
    store.subjects(&[of]).await.unwrap().remove(0)
}

async fn clear(store: &dyn Store, held: &Held) {
    let handled =
        store.dirty(100).await.unwrap().into_iter().map(|(view, mark)| (view.record, mark)).collect();
    store.commit_progress(held, Progressed { handled, ..Progressed::default() }, NOW).await.unwrap();
    assert!(store.dirty(100).await.unwrap().is_empty());
}

pub(super) async fn a_mark_that_rose_meanwhile_stays(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let mut first = page(&[
        (id(1), deal(), Fields::default()),
        (id(2), reference(Kind::Contact, "2"), Fields::default()),
        (id(3), reference(Kind::Company, "3"), Fields::default()),
    ]);
    first.dirty = vec![id(2), id(1), id(3), id(404)];
    store.commit_page(&held, first, NOW).await.unwrap();
    // only deals and contacts have progress, oldest mark first
    let marked = store.dirty(10).await.unwrap();
    assert_eq!(marked.iter().map(|(view, _)| view.record).collect::<Vec<_>>(), [id(2), id(1)]);
    assert_eq!(store.dirty(1).await.unwrap().len(), 1);
    // when one is marked again while it is looked at
    store.commit_page(&held, Intake { dirty: vec![id(2)], ..Intake::default() }, NOW).await.unwrap();
    let handled = marked.iter().map(|(view, mark)| (view.record, *mark)).collect();
    store.commit_progress(&held, Progressed { handled, ..Progressed::default() }, NOW).await.unwrap();
    // then it is looked at again
    let left = store.dirty(10).await.unwrap();
    assert_eq!(left.iter().map(|(view, _)| view.record).collect::<Vec<_>>(), [id(2)]);
    assert!(left[0].1 > marked[0].1);
}

pub(super) async fn a_view_shows_what_stands_around_a_deal(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let named = |name: &str| fields(&[(Field::Name, text(name))]);
    let mut all = page(&[
        (id(1), deal(), named("Deal")),
        (id(2), reference(Kind::Company, "2"), named("Second")),
        (id(3), reference(Kind::Company, "3"), named("Primary")),
        (id(4), reference(Kind::Contact, "4"), named("Ann")),
        (id(5), reference(Kind::Contact, "5"), named("Ben")),
    ]);
    all.records[0].record.stage_since = Some(later(7));
    all.sources[0].links = vec![links(Kind::Company, &[("2", false), ("3", true), ("404", false)])];
    // the deal was never asked for its contacts; one of them names the deal
    all.sources[3].links = vec![links(Kind::Deal, &[("1", false)])];
    let entered = EventKind::StageEntered { from: None, to: Stage::Proposal };
    let moved = Event { at: NOW, subject: Some(id(1)), kind: entered, source: "crm".into() };
    let seen = Event { kind: EventKind::FirstSeen, ..moved.clone() };
    all.events = vec![seen, moved.clone()];
    store.commit_page(&held, all.clone(), NOW).await.unwrap();

    let view = only_view(&*store, id(1)).await;

    assert_eq!((&view.subject, view.record, &view.references), (&Subject::Deal(id(1)), id(1), &vec![deal()]));
    assert_eq!((view.fields, view.stage_since, view.gone), (named("Deal"), Some(later(7)), None));
    assert_eq!(view.company, Some((id(3), named("Primary"))));
    assert_eq!(view.contacts, [(id(4), named("Ann"))]);
    assert_eq!(view.history, [moved]);
    // once the deal states its contacts itself, that is what counts
    let mut stated = again(all);
    stated.records.clear();
    stated.events.clear();
    stated.sources.truncate(1);
    stated.sources[0].links = vec![links(Kind::Contact, &[("5", false)])];
    store.commit_page(&held, stated, NOW).await.unwrap();
    let contacts = only_view(&*store, id(1)).await.contacts;
    assert_eq!(contacts.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [id(5)]);
}

pub(super) async fn a_lead_ends_with_its_deal(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let contact = reference(Kind::Contact, "4");
    store.commit_page(&held, page(&[(id(4), contact, Fields::default())]), NOW).await.unwrap();
    let view = only_view(&*store, id(4)).await;
    assert_eq!((view.subject, view.has_deal), (Subject::Lead(id(4)), false));

    let mut born = page(&[(id(1), deal(), Fields::default())]);
    born.sources[0].links = vec![links(Kind::Contact, &[("4", false)])];
    store.commit_page(&held, born, NOW).await.unwrap();

    assert!(only_view(&*store, id(4)).await.has_deal);
}

pub(super) async fn everything_open_can_be_marked(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let outcome = |outcome| fields(&[(Field::Outcome, Value::Outcome(outcome))]);
    let all = page(&[
        (id(1), deal(), outcome(DealOutcome::Open)),
        (id(2), reference(Kind::Deal, "2"), outcome(DealOutcome::Won)),
        (id(3), reference(Kind::Deal, "3"), outcome(DealOutcome::Lost)),
        (id(4), reference(Kind::Contact, "4"), Fields::default()),
        (id(5), reference(Kind::Contact, "5"), fields(&[(Field::LeadStatus, text("NEW"))])),
    ]);
    store.commit_page(&held, all, NOW).await.unwrap();
    queued(&*store, &held, &[task(30, Subject::Deal(id(3)), None)]).await;
    // a lost deal with an open task counts: somebody must end the task
    assert_eq!(store.mark_all_dirty(&held).await.unwrap(), 3);
    let marked = store.dirty(10).await.unwrap();
    assert_eq!(marked.iter().map(|(view, _)| view.record).collect::<Vec<_>>(), [id(1), id(3), id(5)]);
}

/// A deal with a task of ours whose CRM task was just created there as task 77.
async fn given_a_written_task(store: &dyn Store, held: &Held) -> ExternalRef {
    store.commit_page(held, page(&[(id(1), deal(), Fields::default())]), NOW).await.unwrap();
    queued(store, held, &[task(30, Subject::Deal(id(1)), None)]).await;
    placed(store, held, &[(id(30), "ANNA")]).await;
    decided(store, held, vec![create_task(&deal(), id(30))]).await;
    let sent = store.claim(held, NOW, 10, &auto(), &Caps::default()).await.unwrap();
    let made = reference(Kind::Task, "77");
    let receipt = Receipt { reference: made.clone(), at: NOW, found: false };
    store.settle(held, sent[0].row, SettledAs::Done(receipt), NOW).await.unwrap();
    made
}

pub(super) async fn a_crm_task_that_is_done_shows_on_ours(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let made = given_a_written_task(&*store, &held).await;
    let brief = only_view(&*store, id(1)).await.tasks.remove(0);
    assert_eq!((brief.reference, brief.done_at_source), (Some(made.clone()), None));
    assert_eq!((brief.state, brief.holder), (TaskState::Assigned, Some("ANNA".into())));
    // seeing it undone is no news
    let done = |done| fields(&[(Field::Done, Value::Bool(done))]);
    store.commit_page(&held, page(&[(id(77), made.clone(), done(false))]), NOW).await.unwrap();
    assert!(store.dirty(10).await.unwrap().is_empty());
    // when somebody completes it there
    let mut completed = again(page(&[(id(77), made.clone(), done(true))]));
    completed.sources[0].modified = later(30);
    store.commit_page(&held, completed.clone(), later(40)).await.unwrap();
    // then the deal is to be looked at, and the view says when
    assert_eq!(store.dirty(10).await.unwrap().len(), 1);
    assert_eq!(only_view(&*store, id(1)).await.tasks[0].done_at_source, Some(later(30)));
    clear(&*store, &held).await;
    store.commit_page(&held, completed, later(50)).await.unwrap();
    assert!(store.dirty(10).await.unwrap().is_empty(), "once is enough");
    // and reopening it is news again
    store.commit_page(&held, again(page(&[(id(77), made, done(false))])), later(60)).await.unwrap();
    assert_eq!(only_view(&*store, id(1)).await.tasks[0].done_at_source, None);
    assert_eq!(store.dirty(10).await.unwrap().len(), 1);
}

pub(super) async fn a_cancelled_task_takes_its_unsent_write_along(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    store.commit_page(&held, page(&[(id(1), deal(), Fields::default())]), NOW).await.unwrap();
    queued(&*store, &held, &[30, 31].map(|n| task(n, Subject::Deal(id(1)), None))).await;
    let first = create_task(&deal(), id(30));
    let second = model::Write {
        key: "0123456789abcdef0123456789abcdef".parse().unwrap(),
        ..create_task(&deal(), id(31))
    };
    decided(&*store, &held, vec![first, second]).await;
    let sent = store.claim(&held, NOW, 10, &auto(), &Caps::default()).await.unwrap();
    assert_eq!(sent.len(), 1);
    // when both are cancelled, one of them on its way
    let cancel = vec![(id(30), "stage left".into()), (id(31), "stage left".into())];
    store.commit_progress(&held, Progressed { cancel, ..Progressed::default() }, NOW).await.unwrap();
    // then the unsent one is skipped, and the sent one shows up as a CRM task of a cancelled task of ours
    let rows = store.writes(&WriteFilter::default(), 10).await.unwrap();
    assert!(matches!(rows[0].state, WriteState::Skipped { .. }));
    assert_eq!(rows[1].state.name(), "sending");
    assert!(store.dirty(10).await.unwrap().is_empty());
    let receipt = Receipt { reference: reference(Kind::Task, "77"), at: NOW, found: true };
    store.settle(&held, sent[0].row, SettledAs::Done(receipt), NOW).await.unwrap();
    assert_eq!(store.dirty(10).await.unwrap().len(), 1);
    let tasks = only_view(&*store, id(1)).await.tasks;
    let late = tasks.iter().find(|task| task.id == id(30)).unwrap();
    assert_eq!(
        (&late.state, late.reference.is_some()),
        (&TaskState::Cancelled { why: "stage left".into() }, true)
    );
}

pub(super) async fn an_open_task_can_be_due_at_another_time(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    store.commit_page(&held, page(&[(id(1), deal(), Fields::default())]), NOW).await.unwrap();
    queued(&*store, &held, &[30, 31].map(|n| task(n, Subject::Deal(id(1)), None))).await;
    placed(&*store, &held, &[(id(30), "ANNA")]).await;
    let before = store.board(10, NOW).await.unwrap().revision;
    let retime = vec![(id(30), later(7200)), (id(31), later(9000))];
    store.commit_progress(&held, Progressed { retime, ..Progressed::default() }, NOW).await.unwrap();
    // both the assigned and the queued one are due then, and the board is another one
    let due = |view: &SubjectView| view.tasks.iter().map(|task| task.due).collect::<Vec<_>>();
    let view = only_view(&*store, id(1)).await;
    assert_eq!(due(&view), [Some(later(7200)), Some(later(9000))]);
    let board = store.board(10, NOW).await.unwrap();
    assert!(board.revision > before);
    assert_eq!(board.tasks[0].due, Some(later(9000)));
    // one that is over stays as it was
    let done = vec![(id(30), later(10))];
    store.commit_progress(&held, Progressed { done, ..Progressed::default() }, NOW).await.unwrap();
    let retime = vec![(id(30), later(1))];
    store.commit_progress(&held, Progressed { retime, ..Progressed::default() }, NOW).await.unwrap();
    assert_eq!(due(&only_view(&*store, id(1)).await)[0], Some(later(7200)));
}

pub(super) async fn a_look_that_is_due_marks_once(store: Arc<dyn Store>) {
    let held = daemon(&*store).await;
    let all = [(id(1), deal(), Fields::default()), (id(2), reference(Kind::Deal, "2"), Fields::default())];
    store.commit_page(&held, page(&all), NOW).await.unwrap();
    assert_eq!(store.wake_due(&held, later(99)).await.unwrap(), None);
    let look = |looks| Progressed { looks, ..Progressed::default() };
    let looks = vec![(id(1), Some(later(60))), (id(2), Some(later(30)))];
    store.commit_progress(&held, look(looks), NOW).await.unwrap();
    // nothing before its time; what is said anew takes the place of the old
    assert_eq!(store.wake_due(&held, later(29)).await.unwrap(), Some(later(30)));
    assert!(store.dirty(10).await.unwrap().is_empty());
    store.commit_progress(&held, look(vec![(id(2), Some(later(90)))]), NOW).await.unwrap();
    assert_eq!(store.wake_due(&held, later(60)).await.unwrap(), Some(later(90)));
    let marked = store.dirty(10).await.unwrap();
    assert_eq!(marked.iter().map(|(view, _)| view.record).collect::<Vec<_>>(), [id(1)]);
    clear(&*store, &held).await;
    // and once is enough; what is taken back never comes
    store.commit_progress(&held, look(vec![(id(2), None)]), NOW).await.unwrap();
    assert_eq!(store.wake_due(&held, later(999)).await.unwrap(), None);
    assert!(store.dirty(10).await.unwrap().is_empty());
}
