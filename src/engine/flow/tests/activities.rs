//! What follows from mails and meetings.

use super::*;

/// A deal in a stage, entered some 28 hours ago, with these mails and meetings.
fn deal_with(stage: Stage, activities: Vec<ActivityBrief>) -> SubjectView {
    with(deal(stage, &[]), activities)
}

/// What was seen; not what agents hand over for, which only sums that up.
fn signals(view: &SubjectView) -> Vec<String> {
    const SUMS: [&str; 3] = ["qualified_lead", "qualified_opportunity", "proposal_sent"];
    let seen = decide(view, &book()).signals.into_iter().map(|signal| signal.id.to_string());
    seen.filter(|name| !SUMS.contains(&name.as_str())).collect()
}

fn task<'d>(decided: &'d Progress, action: &str) -> Option<&'d Task> {
    decided.create.iter().find(|task| &*task.action == action)
}

fn brief_of<'v>(view: &'v SubjectView, action: &str) -> &'v TaskBrief {
    view.tasks.iter().rev().find(|task| &*task.action == action).unwrap()
}

/// Decides and commits.
fn step(view: SubjectView, book: &StageBook) -> (SubjectView, Progress) {
    let decided = decide(&view, book);
    (after(view, &decided), decided)
}

#[test]
fn each_signal_is_seen_in_what_shows_it() {
    let says = |phrase: &str| vec![reply(1, hours(-1), &[phrase])];
    let attached = |name: &str| {
        vec![mail(1, hours(-1), Direction::Outbound, &[(Field::Attachments, Value::list([name]))])]
    };
    let wrote = |body: &str| vec![mail(1, hours(-1), Direction::Outbound, &[(Field::Body, text(body))])];
    let result = |words: &str| vec![meeting(1, hours(-3), &[(Field::Result, text(words))])];
    for (signal, activities) in [
        ("interest_signal", says("need_confirmed=we need it")),
        ("reply_received", vec![reply(1, hours(-1), &[])]),
        ("positive_intent", says("positive_intent=sounds good")),
        ("negative_intent", says("negative_intent=not interested")),
        ("unsubscribed", says("unsubscribe=please stop writing")),
        ("bounce", vec![mail(1, hours(-1), Direction::Inbound, &[(Field::Automatic, text("bounce"))])]),
        ("meeting_booked", vec![meeting(1, hours(5), &[])]),
        ("meeting_booked", vec![meeting(1, hours(-3), &[])]),
        ("meeting_held", vec![meeting(1, hours(-3), &[])]),
        ("meeting_cancelled", vec![meeting(1, hours(5), &[(Field::Status, text("cancelled"))])]),
        ("meeting_cancelled", result("CANCELED")),
        ("no_show", result("NO_SHOW")),
        ("interest_confirmed", says("interest_confirmed=let us go ahead")),
        ("budget_confirmed", says("budget_confirmed=the budget is approved")),
        ("authority_confirmed", says("authority_confirmed=I sign this myself")),
        ("need_confirmed", says("need_confirmed=we need it")),
        ("timeline_confirmed", says("timeline_confirmed=we start in March")),
        ("demo_requested", says("demo_requested=could you show us")),
        ("demo_held", vec![meeting(1, hours(-3), &[(Field::Name, text("Product Demo"))])]),
        ("proposal_requested", says("proposal_requested=send us an offer")),
        ("proposal_delivered", attached("Proposal_Acme_v2.pdf")),
        ("proposal_delivered", attached("Angebot 4711.docx")),
        ("proposal_delivered", wrote("See <https://docs.example.com/Proposal/17> for all.")),
        ("terms_discussed", says("terms_discussed=net 60 would help")),
        ("verbal_commitment", says("verbal_commitment=we will sign")),
        ("contract_executed", says("contract_executed=everybody has signed")),
        ("competitor_mentioned", says("competitor_mentioned=Rival offers")),
        ("security_review", says("security_review=our security questionnaire")),
    ] {
        let view = deal_with(Stage::Qualification, activities);
        let seen = decide(&view, &book()).signals;
        let found =
            seen.iter().find(|one| &*one.id == signal).unwrap_or_else(|| panic!("{signal}: {seen:#?}"));
        let record = view.activities[0].record;
        assert!(found.evidence.iter().any(|one| one.record == Some(record)), "{signal}: {found:?}");
        // Without the mail or meeting nobody knows of it.
        assert!(
            !signals(&deal_with(Stage::Qualification, Vec::new())).contains(&signal.to_owned()),
            "{signal}"
        );
    }
}

#[test]
fn what_can_be_said_is_what_the_phrase_lists_give() {
    let mut said: Vec<&str> = fields::SAID.iter().map(|(name, _)| *name).collect();
    let mut given = crate::signals::SIGNALS.to_vec();
    said.sort_unstable();
    given.sort_unstable();
    assert_eq!(said, given);
}

#[test]
fn what_looks_like_a_signal_is_none() {
    let yes = "positive_intent=sounds good";
    let automatic = |kind: &str| {
        let own = [(Field::Automatic, text(kind)), (Field::Phrases, Value::list([yes]))];
        mail(1, hours(-1), Direction::Inbound, &own)
    };
    let phrased = |direction| mail(1, hours(-1), direction, &[(Field::Phrases, Value::list([yes]))]);
    let ambiguous = |one: ActivityBrief| ActivityBrief { ambiguous: true, ..one };
    let internal = |one: ActivityBrief| ActivityBrief { direction: Direction::Internal, ..one };
    let gone = |how, one: ActivityBrief| ActivityBrief { gone: Some(how), ..one };
    let flag = (Field::AllDay, Value::Bool(true));
    let status = |name: &str| (Field::Status, text(name));
    for (what, trap) in [
        ("an automatic reply", automatic("auto_reply")),
        ("a newsletter", automatic("bulk")),
        ("a delay notice", automatic("delayed")),
        ("a mail among ourselves", phrased(Direction::Internal)),
        ("a mail of ours that quotes them", phrased(Direction::Outbound)),
        ("a mail that may belong to another deal", ambiguous(reply(1, hours(-1), &[yes]))),
        ("a mail from before the stage was entered", reply(1, hours(-40), &[yes])),
        ("a mail from the future", reply(1, hours(50), &[yes])),
        ("a meeting among ourselves", internal(meeting(1, hours(-3), &[]))),
        ("a meeting that may belong to another deal", ambiguous(meeting(1, hours(-3), &[]))),
        ("a meeting from before the stage was entered", meeting(1, hours(-40), &[])),
        ("a whole day", meeting(1, hours(-3), std::slice::from_ref(&flag))),
        ("a whole day to come", meeting(1, hours(20), &[flag])),
        ("an absence", meeting(1, hours(-3), &[(Field::Availability, text("out_of_office"))])),
        ("a hold that nobody accepted", meeting(1, hours(5), &[status("tentative")])),
        ("a past meeting that was taken out", gone(GoneHow::Deleted, meeting(1, hours(-3), &[]))),
        ("a meeting that we may no longer see", gone(GoneHow::NoAccess, meeting(1, hours(5), &[]))),
    ] {
        let seen = signals(&deal_with(Stage::LeadGeneration, vec![trap]));
        assert_eq!(seen, [""; 0], "{what}");
    }
}

#[test]
fn of_a_program_only_the_word_that_a_contract_is_signed_counts() {
    let phrases = Value::list(["contract_executed=completed", "positive_intent=thanks"]);
    let own = [(Field::Automatic, text("bulk")), (Field::Phrases, phrases)];
    let notice = mail(1, hours(-1), Direction::Inbound, &own);
    assert_eq!(signals(&deal_with(Stage::Negotiation, vec![notice])), ["contract_executed"]);
}

#[test]
fn a_meeting_is_held_when_its_time_is_over_and_not_before() {
    let of = |own: &[(Field, Value)], start| {
        signals(&deal_with(Stage::Demonstration, vec![meeting(1, start, own)]))
    };
    let list = |field, address: &str| (field, Value::list([address]));
    assert_eq!(of(&[], hours(2)), ["meeting_booked"]);
    assert_eq!(of(&[], hours(-1) + Duration::from_mins(1)), ["meeting_booked"]);
    assert_eq!(of(&[], hours(-1)), ["meeting_booked", "meeting_held", "demo_held"]);
    let tentative = (Field::Status, text("tentative"));
    assert_eq!(of(&[tentative, list(Field::Accepted, "ada@acme.com")], hours(2)), ["meeting_booked"]);
    assert_eq!(of(&[(Field::Result, text("RESCHEDULED"))], hours(-3)), [""; 0]);
    // Everybody who was to come declined; one of two is not everybody.
    let declined = list(Field::Declined, "Ada@acme.com");
    let mut view = deal_with(Stage::Demonstration, vec![meeting(1, hours(2), &[declined])]);
    view.contacts = vec![(id("ada"), fields(&[(Field::Email, text("ada@acme.com"))]))];
    assert!(signals(&view).contains(&"meeting_cancelled".to_owned()));
    view.activities[0].with.push(id("ben"));
    assert!(!signals(&view).contains(&"meeting_cancelled".to_owned()));
    // Time alone will tell: the next look is at the end of the meeting.
    let decided = decide(&deal_with(Stage::Demonstration, vec![meeting(1, hours(2), &[])]), &book());
    assert_eq!(decided.look_at, Some(hours(3)));
}

#[test]
fn a_no_takes_the_place_of_an_earlier_yes_and_the_other_way_round() {
    let (yes, no) = ("positive_intent=sounds good", "negative_intent=not interested");
    let seen = |activities| signals(&deal_with(Stage::LeadGeneration, activities));
    let has = |seen: &[String], name: &str| seen.iter().any(|one| one == name);
    let last_no = seen(vec![reply(1, hours(-5), &[yes]), reply(2, hours(-2), &[no])]);
    assert!(has(&last_no, "negative_intent") && !has(&last_no, "positive_intent"));
    let last_yes = seen(vec![reply(1, hours(-5), &[no]), reply(2, hours(-2), &[yes])]);
    assert!(has(&last_yes, "positive_intent") && !has(&last_yes, "negative_intent"));
    let both = seen(vec![reply(1, hours(-5), &[no, yes])]);
    assert!(has(&both, "positive_intent") && !has(&both, "negative_intent"));
}

#[test]
fn what_is_known_of_the_buyer_holds_beyond_the_stage() {
    let parts = ["budget_confirmed=a", "authority_confirmed=b", "need_confirmed=c", "timeline_confirmed=d"];
    // Given that all four parts were written weeks before the stage was entered
    let old = parts.iter().zip(1..).map(|(part, number)| reply(number, hours(-1000), &[part]));
    let mut activities: Vec<_> = old.collect();
    assert!(
        signals(&deal_with(Stage::Qualification, activities.clone())).contains(&"bant_complete".to_owned())
    );
    // When they ask for a demo now
    activities.push(reply(9, hours(-1), &["demo_requested=could you show us"]));
    let decided = decide(&deal_with(Stage::Qualification, activities), &book());
    // Then the owner is asked, with all five pieces of evidence
    let transition = decided.transition.as_ref().unwrap();
    assert_eq!((transition.to, transition.mode), (Stage::Demonstration, TransitionMode::Suggest));
    assert_eq!(transition.evidence.len(), 5);
    let cause = &task(&decided, "ADVANCE_STAGE").unwrap().cause;
    assert!(
        cause.contains("said.demo_requested = email:") && cause.contains("“could you show us”"),
        "{cause}"
    );
}

#[test]
fn a_reply_closes_the_outreach_and_raises_its_handling_once() {
    let book = book();
    // Given a lead that is written to
    let (mut view, made) = step(lead("NEW"), &book);
    assert!(task(&made, "EXECUTE_OUTREACH").is_some());
    view.activities = vec![sent(1, hours(-30))];
    let (mut view, quiet) = step(view, &book);
    assert_eq!((quiet.create.len(), quiet.cancel.len()), (0, 0));
    // When they reply, twice before anybody answers
    view.activities.push(reply(2, hours(-2), &[]));
    let (mut view, first) = step(view, &book);
    view.activities.push(reply(3, hours(-1), &[]));
    let (mut view, second) = step(view, &book);
    // Then the outreach is over, and the answer is asked for once
    assert!(first.cancel.iter().all(|(_, why)| &**why == "they replied"));
    assert_eq!(brief_of(&view, "EXECUTE_OUTREACH").state.name(), "cancelled");
    assert_eq!(actions(&first), ["HANDLE_RESPONSE"]);
    assert!(
        first.create[0].cause.contains(&view.activities[1].record.to_string()),
        "{}",
        first.create[0].cause
    );
    assert_eq!(actions(&second), [""; 0]);
    // When we answer
    view.activities.push(sent(4, hours(0)));
    let (mut view, answered) = step(view, &book);
    // Then that is done, and another reply is another task
    assert_eq!(answered.done, [(brief_of(&view, "HANDLE_RESPONSE").id, hours(0))]);
    view.activities.push(reply(5, hours(0) + Duration::from_mins(5), &[]));
    let (_, again) = step(view, &book);
    assert_eq!(actions(&again), ["HANDLE_RESPONSE"]);
    assert_ne!(again.create[0].id, first.create[0].id);
}

#[test]
fn a_reply_that_the_crm_knew_first_is_handled_once() {
    let book = book();
    let (mut view, by_crm) = step(lead("CONNECTED"), &book);
    assert!(task(&by_crm, "HANDLE_RESPONSE").is_some());
    view.activities = vec![reply(1, hours(-1), &[])];
    assert_eq!(actions(&decide(&view, &book)), [""; 0]);
}

#[test]
fn an_old_reply_raises_nothing() {
    let book = book();
    for (age, handled) in [(24, true), (15 * 24, false), (60 * 24, false)] {
        let decided = decide(&with(lead("NEW"), vec![reply(1, hours(-age), &[])]), &book);
        assert_eq!(task(&decided, "HANDLE_RESPONSE").is_some(), handled, "{age} hours");
    }
    // One that was answered long ago neither.
    let answered = vec![reply(1, hours(-20), &[]), sent(2, hours(-19))];
    assert!(task(&decide(&with(lead("NEW"), answered), &book), "HANDLE_RESPONSE").is_none());
}

#[test]
fn nothing_is_asked_for_while_the_rest_of_the_mails_is_still_to_be_read() {
    let book = book();
    let reading = FlowPolicy { heard: false, ..policy() };
    let view = with(lead("NEW"), vec![reply(1, hours(-2), &[])]);
    assert!(task(&progress(&view, &book, &reading, NOW), "HANDLE_RESPONSE").is_none());
    // Once all is read it is asked for, unless an answer was among the rest.
    assert!(task(&decide(&view, &book), "HANDLE_RESPONSE").is_some());
    let answered = with(lead("NEW"), vec![reply(1, hours(-2), &[]), sent(2, hours(-1))]);
    assert!(task(&decide(&answered, &book), "HANDLE_RESPONSE").is_none());
}

#[test]
fn a_no_or_a_wish_to_hear_no_more_ends_the_outreach() {
    let book = book();
    for (phrase, why) in
        [("negative_intent=not for us", "they said no"), ("unsubscribe=stop", "they asked for no more mails")]
    {
        let (mut view, _) = step(lead("OPEN_DEAL"), &book);
        view.tasks.iter_mut().for_each(|task| task.state = TaskState::Assigned);
        view.activities = vec![reply(1, hours(-1), &[phrase])];
        let (view, decided) = step(view, &book);
        let booking = brief_of(&view, "BOOK_MEETING");
        assert!(decided.cancel.contains(&(booking.id, why.into())), "{:?}", decided.cancel);
    }
}

#[test]
fn a_booked_meeting_ends_the_booking() {
    let book = book();
    let yes = reply(1, hours(-5), &["positive_intent=gladly"]);
    let (mut view, made) = step(with(lead("NEW"), vec![yes]), &book);
    assert!(task(&made, "BOOK_MEETING").is_some());
    view.activities.push(meeting(2, hours(30), &[]));
    let (view, decided) = step(view, &book);
    assert_eq!(decided.done, [(brief_of(&view, "BOOK_MEETING").id, NOW)]);
    assert_eq!(decided.transition, None, "it was suggested by the reply already");
}

#[test]
fn a_moved_meeting_takes_along_what_prepares_it() {
    let book = book();
    // Given a call that is due by hours, and one that is due when its meeting begins
    let (mut view, _) = step(deal(Stage::Qualification, &[]), &book);
    assert_eq!(brief_of(&view, "DISCOVERY_CALL").due, None);
    view.activities = vec![meeting(1, hours(30), &[])];
    let booked_before = decide(&with(deal(Stage::Qualification, &[]), view.activities.clone()), &book);
    assert_eq!(task(&booked_before, "DISCOVERY_CALL").unwrap().due, Some(hours(30)));
    // When the meeting is booked, and then moved
    let (mut view, booked) = step(view, &book);
    assert_eq!(booked.retime, [(brief_of(&view, "DISCOVERY_CALL").id, hours(30))]);
    view.activities = vec![meeting(1, hours(50), &[])];
    let (view, moved) = step(view, &book);
    // Then it follows, once
    assert_eq!(moved.retime, [(brief_of(&view, "DISCOVERY_CALL").id, hours(50))]);
    assert_eq!(decide(&view, &book).retime, []);
}

#[test]
fn a_cancelled_meeting_is_booked_again_and_its_preparation_waits_for_that() {
    let book = book();
    // Given a call that prepares a meeting
    let (mut view, first) = step(deal_with(Stage::Qualification, vec![meeting(1, hours(30), &[])]), &book);
    let call = task(&first, "DISCOVERY_CALL").unwrap().id;
    // When the meeting is cancelled
    view.activities = vec![meeting(1, hours(30), &[(Field::Status, text("cancelled"))])];
    let (mut view, cancelled) = step(view, &book);
    // Then it is to be booked again, and the call is withdrawn
    assert_eq!(actions(&cancelled), ["REBOOK_MEETING"]);
    assert_eq!(cancelled.create[0].allowed_hours, 4);
    assert!(cancelled.create[0].cause.contains(&view.activities[0].record.to_string()));
    assert_eq!(cancelled.cancel, [(call, "the meeting was called off".into())]);
    // and nothing more happens until there is another one
    assert_eq!(actions(&decide(&view, &book)), [""; 0]);
    view.activities.push(meeting(2, hours(20), &[]));
    let (view, again) = step(view, &book);
    assert_eq!(again.done, [(brief_of(&view, "REBOOK_MEETING").id, NOW)]);
    assert_eq!(actions(&again), ["DISCOVERY_CALL"]);
    assert_eq!(again.create[0].due, Some(hours(20)));
    assert_ne!(again.create[0].id, call);
    // and once the new one is held, the old one is not missed again
    let later = SubjectView { activities: view.activities.clone(), ..view };
    let after_it = progress(&later, &book, &policy(), hours(25));
    assert_eq!(actions(&after_it), [""; 0]);
}

#[test]
fn a_meeting_that_was_booked_again_at_once_raises_nothing() {
    let cancelled = meeting(1, hours(10), &[(Field::Status, text("cancelled"))]);
    let view = deal_with(Stage::Proposal, vec![cancelled, meeting(2, hours(40), &[])]);
    assert!(task(&decide(&view, &book()), "REBOOK_MEETING").is_none());
}

#[test]
fn a_meeting_that_vanished_or_that_they_missed_is_booked_again_in_any_stage() {
    let vanished = ActivityBrief { gone: Some(GoneHow::Absent), ..meeting(1, hours(10), &[]) };
    let missed = meeting(1, hours(-4), &[(Field::Result, text("No Show"))]);
    for lost in [vanished, missed] {
        let (view, decided) = step(deal_with(Stage::Proposal, vec![lost]), &book());
        let rebook = task(&decided, "REBOOK_MEETING").unwrap();
        assert_eq!(rebook.meant_for, Some("WAKE.SDRFORGE".into()));
        // Moving on to another stage neither drops it nor makes it again.
        let mut moved = view;
        moved.fields.set(Field::Stage, Value::Stage(Stage::Negotiation));
        let decided = decide(&moved, &book());
        assert!(task(&decided, "REBOOK_MEETING").is_none());
        assert!(decided.cancel.iter().all(|(id, _)| *id != brief_of(&moved, "REBOOK_MEETING").id));
    }
}

#[test]
fn next_steps_are_agreed_once_after_each_demo() {
    let book = book();
    let (mut view, first) = step(deal_with(Stage::Demonstration, vec![meeting(1, hours(-3), &[])]), &book);
    assert!(task(&first, "ALIGN_NEXT_STEPS").is_some());
    assert_eq!(actions(&decide(&view, &book)), [""; 0]);
    view.activities.push(meeting(2, hours(-1), &[]));
    assert_eq!(actions(&decide(&view, &book)), ["ALIGN_NEXT_STEPS"]);
    // Ticked off in the CRM first, and then seen in the calendar, it is one demo.
    let (view, _) = step(deal(Stage::Demonstration, &[]), &book);
    let (mut view, by_hand) = step(done(view, "DELIVER_DEMO"), &book);
    assert_eq!(actions(&by_hand), ["ALIGN_NEXT_STEPS"]);
    view.activities = vec![meeting(1, hours(-2), &[])];
    assert_eq!(actions(&decide(&view, &book)), [""; 0]);
}

#[test]
fn wording_alone_never_moves_a_deal_but_a_fact_beside_it_does() {
    let book = book_with(
        "[[stage]]\nid = \"negotiation\"\n[stage.transition]\nmode = \"auto\"\n\
         [[stage]]\nid = \"lead_generation\"\n[stage.transition]\nmode = \"auto\"",
    );
    let mode = |view: SubjectView| decide(&view, &book).transition.map(|transition| transition.mode);
    let promise = || vec![reply(1, hours(-1), &["verbal_commitment=we will sign"])];
    assert_eq!(mode(deal_with(Stage::Negotiation, promise())), Some(TransitionMode::Suggest));
    let fact = (Field::Milestones, text("contract_executed"));
    assert_eq!(mode(with(deal(Stage::Negotiation, &[fact]), promise())), Some(TransitionMode::Auto));
    // A meeting in the calendar is no wording.
    assert_eq!(
        mode(deal_with(Stage::LeadGeneration, vec![meeting(1, hours(9), &[])])),
        Some(TransitionMode::Auto)
    );
    // The signal says which it is.
    let phrase = |view: &SubjectView| {
        let all = decide(view, &book).signals;
        all.into_iter().find(|one| &*one.id == "verbal_commitment").map(|one| one.phrase)
    };
    assert_eq!(phrase(&deal_with(Stage::Negotiation, promise())), Some(true));
    let milestone = (Field::Milestones, text("verbal_commitment"));
    assert_eq!(phrase(&with(deal(Stage::Negotiation, &[milestone]), promise())), Some(false));
}
