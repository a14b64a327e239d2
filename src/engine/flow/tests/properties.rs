//! What holds whatever was written and booked.

use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

const PHRASES: [&str; 9] = [
    "positive_intent=a",
    "negative_intent=b",
    "interest_confirmed=c",
    "demo_requested=d",
    "proposal_requested=e",
    "terms_discussed=f",
    "verbal_commitment=g",
    "contract_executed=h",
    "budget_confirmed=i",
];

fn an_activity() -> impl Strategy<Value = ActivityBrief> {
    let status = prop::sample::select(vec!["confirmed", "cancelled", "tentative"]);
    let automatic = prop::sample::select(vec!["", "", "", "bounce", "auto_reply"]);
    let phrases = prop::sample::subsequence(PHRASES.to_vec(), 0..3);
    let way = prop::sample::select(vec![Direction::Inbound, Direction::Outbound, Direction::Internal]);
    (any::<bool>(), 0..10_000_u128, -400..200_i64, way, status, automatic, phrases, any::<bool>()).prop_map(
        |(is_mail, number, at, way, status, automatic, phrases, proposal)| {
            if is_mail {
                let files = if proposal { Value::list(["proposal.pdf"]) } else { Value::Empty };
                let own = [
                    (Field::Automatic, Value::text(Some(automatic))),
                    (Field::Phrases, Value::list(phrases)),
                    (Field::Attachments, files),
                ];
                return mail(number, hours(at), way, &own);
            }
            let meeting = meeting(number, hours(at), &[(Field::Status, text(status))]);
            ActivityBrief { direction: way, ..meeting }
        },
    )
}

fn a_view() -> impl Strategy<Value = SubjectView> {
    let stage = prop::sample::select(Stage::ALL.to_vec());
    let milestones = prop::sample::select(vec!["", "demo_held", "proposal_delivered", "contract_executed"]);
    let since = prop::option::of(-500..-1_i64);
    (stage, milestones, since, prop::collection::vec(an_activity(), 0..8), any::<bool>()).prop_map(
        |(stage, milestones, since, activities, is_lead)| {
            let own = [(Field::Milestones, Value::text(Some(milestones)))];
            let view = if is_lead { lead("NEW") } else { deal(stage, &own) };
            let mut seen = std::collections::BTreeSet::new();
            let activities = activities.into_iter().filter(|one| seen.insert(one.record)).collect();
            SubjectView { stage_since: since.map(hours), activities, ..view }
        },
    )
}

static SHIPPED: LazyLock<StageBook> = LazyLock::new(book);

/// The shipped stages with every transition in mode "auto".
static DARING: LazyLock<StageBook> = LazyLock::new(|| {
    let mut book = book();
    for next in book.stages.iter_mut().filter_map(|spec| spec.transition.as_mut()) {
        next.mode = TransitionMode::Auto;
    }
    book
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn deciding_twice_is_deciding_once(view in a_view()) {
        let book = &*SHIPPED;
        let first = decide(&view, book);
        prop_assert_eq!(&decide(&view, book).create, &first.create);
        let ids: std::collections::BTreeSet<_> = first.create.iter().map(|task| task.id).collect();
        prop_assert_eq!(ids.len(), first.create.len());
        // A task that was just made is not dropped in the next breath, nor is anything made twice.
        let again = decide(&after(view, &first), book);
        prop_assert_eq!(&again.create, &[]);
        prop_assert_eq!(&again.cancel, &[]);
        prop_assert_eq!(&again.done, &[]);
        prop_assert_eq!(&again.retime, &[]);
        prop_assert_eq!(again.transition, None);
    }

    #[test]
    fn no_deal_moves_by_itself_unless_it_would_without_a_word(view in a_view()) {
        let book = &*DARING;
        let mode = |view: &SubjectView| decide(view, book).transition.map(|next| next.mode);
        if mode(&view) == Some(TransitionMode::Auto) {
            let mut silent = view;
            for one in &mut silent.activities {
                one.fields.set(Field::Phrases, Value::Empty);
            }
            prop_assert_eq!(mode(&silent), Some(TransitionMode::Auto));
        }
    }

    #[test]
    fn the_order_in_which_activities_come_does_not_matter(view in a_view(), by in 0..8_usize) {
        let book = &*SHIPPED;
        let mut turned = view.clone();
        let most = turned.activities.len().max(1);
        turned.activities.rotate_left(by % most);
        prop_assert_eq!(format!("{:?}", decide(&turned, book)), format!("{:?}", decide(&view, book)));
    }
}
