//! The suite that every backend must pass: each trait method has at least one case here.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a suite of tests: a failed case is a panic"
)]

mod coordination;
mod feeds;
mod kept;
mod kit;
mod orders;
mod outbox;
mod progress;
mod records;
mod relations;
mod talk;
mod views;
mod work;

use crate::Store;
use std::{pin::Pin, sync::Arc};

type Case = fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! cases {
    ($($module:ident :: $name:ident),* $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($name)), |store| Box::pin($module::$name(store)))),*]
    };
}

const CASES: &[(&str, Case)] = cases![
    feeds::a_lower_epoch_is_fenced_and_changes_nothing,
    feeds::cursors_are_kept_per_pass_and_removed_at_its_end,
    feeds::freshness_moves_with_catching_up_and_trouble_ends_with_a_page,
    feeds::a_census_tells_absent_from_unknown,
    feeds::a_parked_record_is_read_again_and_leaves_when_it_could_be_taken,
    feeds::a_failed_page_leaves_nothing_behind,
    records::every_field_of_every_kind_reads_back,
    records::a_second_source_is_kept_as_provenance,
    records::links_are_complete_sets_per_kind,
    records::match_keys_follow_their_record,
    records::a_record_is_gone_when_no_source_lives_and_back_with_one,
    records::a_merge_changes_only_the_link,
    outbox::a_proposed_write_goes_out_as_its_mode_allows,
    outbox::one_target_has_one_delivery_at_a_time_in_order,
    outbox::a_cap_holds_for_the_run_and_an_approval_lifts_it,
    outbox::the_kill_switch_stops_every_claim,
    outbox::a_connection_with_a_long_queue_does_not_starve_another,
    outbox::a_crash_in_sending_is_looked_for_and_not_repeated,
    outbox::every_outcome_leads_to_its_state_and_illegal_ones_are_refused,
    outbox::an_echo_settles_and_the_late_answer_changes_nothing,
    outbox::the_same_key_is_one_write_and_another_payload_a_collision,
    outbox::a_newer_decision_supersedes_unsent_ones_only,
    outbox::people_decide_only_where_the_state_allows_it,
    outbox::known_brings_writes_in_flight_by_target_and_marker,
    progress::a_mark_that_rose_meanwhile_stays,
    progress::a_view_shows_what_stands_around_a_deal,
    progress::a_lead_ends_with_its_deal,
    progress::everything_open_can_be_marked,
    progress::a_crm_task_that_is_done_shows_on_ours,
    progress::a_cancelled_task_takes_its_unsent_write_along,
    progress::an_open_task_can_be_due_at_another_time,
    progress::a_look_that_is_due_marks_once,
    work::decisions_are_made_once_and_on_the_board_they_saw,
    work::a_decision_is_kept_with_what_it_rested_on,
    work::the_queue_is_read_by_kinds,
    work::one_agent_holds_a_responsibility_at_a_time,
    work::loads_count_open_work_per_unit_and_the_week,
    work::a_paused_agent_shows_on_the_board,
    work::tasks_are_listed_by_subject_agent_and_state,
    talk::an_offer_reserves_and_is_accepted_by_its_agent_only,
    talk::a_declined_task_goes_back_and_uses_up_nothing,
    talk::who_loses_a_task_is_to_be_told_unless_by_its_own_word,
    talk::a_message_counts_once_by_its_id,
    talk::stale_and_misplaced_messages_change_nothing,
    talk::a_finished_task_leaves_its_result,
    talk::a_person_may_drop_what_nobody_has,
    talk::a_handoff_is_confirmed_by_its_receiver,
    talk::an_escalation_is_followed_to_its_resolution,
    talk::a_deal_that_goes_to_and_fro_waits_for_a_person,
    talk::a_trigger_counts_once_per_occasion,
    talk::what_a_person_ticks_off_frees_the_agent_in_any_state,
    coordination::an_offer_that_nobody_answers_goes_to_the_next,
    coordination::cases_are_routed_once_and_only_as_they_were_seen,
    coordination::tasks_in_trouble_are_on_the_agenda_once,
    coordination::a_raised_trigger_makes_its_tasks_once,
    coordination::a_message_is_delivered_in_order_until_it_is_settled,
    coordination::what_was_not_delivered_is_seen_and_tried_again_when_somebody_asks,
    coordination::what_an_agent_has_without_a_message_from_us_is_found_until_one_goes_out,
    coordination::a_task_that_was_given_away_is_meant_for_its_receiver,
    coordination::what_was_escalated_about_a_handoff_is_settled_with_it,
    coordination::an_answer_is_kept_for_seven_days_under_its_id,
    coordination::tokens_are_known_by_hash_and_can_be_taken_back,
    coordination::an_empty_decision_leaves_the_board_as_it_is,
    relations::a_new_mail_waits_with_everything_it_may_belong_to,
    orders::an_order_waits_once_and_only_people_give_it,
    orders::work_is_seen_whoever_has_it,
    orders::an_order_is_carried_out_as_one_and_is_over,
    relations::a_tagged_address_is_known_without_its_tag,
    relations::what_the_crm_links_is_stated,
    relations::links_show_on_the_subject_newest_first,
    relations::a_long_series_to_come_hides_no_mail,
    relations::a_change_while_it_is_linked_is_looked_at_again,
    relations::a_meeting_is_looked_at_when_it_is_over,
    relations::an_address_that_appears_later_brings_its_history,
    relations::a_domain_an_association_or_an_outcome_brings_its_history,
    relations::a_conversation_follows_its_earlier_mails,
    views::events_come_in_order_and_by_subject,
    views::records_are_found_by_name_address_domain_and_id,
    views::ids_of_tasks_handoffs_and_escalations_are_found_by_their_beginning,
    views::records_are_paged_in_id_order,
    views::notes_are_found_by_what_they_are_linked_to,
    views::the_overview_counts_what_is_there,
    views::absences_are_told_with_their_calendar,
    views::what_metrics_need_is_read_in_one_go,
    views::the_past_shows_what_became_of_tasks_and_offers,
    views::settings_and_counters_are_kept,
    kept::a_place_and_its_writes_are_kept_together_or_not_at_all,
    kept::the_newest_event_has_the_highest_number,
    views::a_backup_is_made_while_pages_are_committed,
    views::a_healthy_database_is_found_healthy,
];

/// Runs every case on a fresh, empty store. A failed case panics; its name was logged before.
pub async fn suite(make: impl Fn() -> Arc<dyn Store>) {
    for (name, case) in CASES {
        tracing::info!(case = name, "conformance");
        case(make()).await;
    }
}
