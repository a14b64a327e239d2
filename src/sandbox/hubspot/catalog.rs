//! The built-in properties: a workable part of HubSpot's own, with its names, types and options.

use super::kinds::Kind;
use super::schema::{Definition, Type};

/// One line of a table: name, type, and `!` = read-only, `*` = unique.
type Line = (&'static str, Type, &'static str);

pub fn group(kind: Kind) -> &'static str {
    match kind {
        Kind::Contact => "contactinformation",
        Kind::Company => "companyinformation",
        Kind::Deal => "dealinformation",
        Kind::Ticket => "ticketinformation",
        Kind::Task => "task",
        Kind::Note => "note",
        Kind::Meeting => "meeting",
        Kind::Call => "call",
        Kind::Email => "email",
    }
}

pub fn group_label(kind: Kind) -> (String, String) {
    (group(kind).to_owned(), format!("{} information", kind.singular()))
}

/// What a read answers when no `properties` are asked for (besides id, create and modified date).
pub fn defaults(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Contact => &["email", "firstname", "lastname"],
        Kind::Company => &["name", "domain"],
        Kind::Deal => &["amount", "closedate", "dealname", "dealstage", "pipeline"],
        Kind::Ticket => &["content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority", "subject"],
        Kind::Task | Kind::Note | Kind::Meeting | Kind::Call | Kind::Email => &[],
    }
}

pub fn definitions(kind: Kind) -> Vec<Definition> {
    let own = match kind {
        Kind::Contact => CONTACT,
        Kind::Company => COMPANY,
        Kind::Deal => DEAL,
        Kind::Ticket => TICKET,
        Kind::Task => TASK,
        Kind::Note => NOTE,
        Kind::Meeting => MEETING,
        Kind::Call => CALL,
        Kind::Email => EMAIL,
    };
    own.iter()
        .chain(SHARED)
        .map(|(name, type_, marks)| Definition {
            unique: marks.contains('*'),
            read_only: marks.contains('!'),
            options: options(name),
            ..Definition::new(name, *type_, group(kind))
        })
        .collect()
}

use Type::{Area, Bool, Datetime, Enumeration, Number, Owner, Phone, Text};

const SHARED: &[Line] = &[
    ("hs_merged_object_ids", Text, "!"),
    ("hs_object_source", Text, "!"),
    ("hs_object_source_id", Text, "!"),
    ("hs_object_source_label", Text, "!"),
    ("hs_unique_creation_key", Text, "!"),
    ("hubspot_owner_id", Owner, ""),
    ("hubspot_team_id", Text, "!"),
];

const CONTACT: &[Line] = &[
    ("email", Text, "*"),
    ("firstname", Text, ""),
    ("lastname", Text, ""),
    ("salutation", Text, ""),
    ("phone", Phone, ""),
    ("mobilephone", Phone, ""),
    ("fax", Text, ""),
    ("company", Text, ""),
    ("jobtitle", Text, ""),
    ("job_function", Text, ""),
    ("seniority", Text, ""),
    ("website", Text, ""),
    ("address", Text, ""),
    ("city", Text, ""),
    ("state", Text, ""),
    ("zip", Text, ""),
    ("country", Text, ""),
    ("industry", Text, ""),
    ("numemployees", Text, ""),
    ("annualrevenue", Text, ""),
    ("lifecyclestage", Enumeration, ""),
    ("hs_lead_status", Enumeration, ""),
    ("hs_language", Text, ""),
    ("hs_timezone", Text, ""),
    ("hs_persona", Text, ""),
    ("hs_buying_role", Text, ""),
    ("hs_analytics_source", Text, ""),
    ("hs_analytics_num_page_views", Number, ""),
    ("hs_analytics_num_visits", Number, ""),
    ("hs_email_optout", Bool, ""),
    ("hs_additional_emails", Text, ""),
    ("linkedin_url", Text, ""),
    ("twitterhandle", Text, ""),
    ("message", Area, ""),
    ("notes_last_contacted", Datetime, ""),
    ("notes_last_updated", Datetime, ""),
    ("num_notes", Number, ""),
    ("num_contacted_notes", Number, ""),
    ("hubspotscore", Number, ""),
    ("start_date", Text, ""),
    ("date_of_birth", Text, ""),
    ("closedate", Datetime, ""),
    ("associatedcompanyid", Number, "!"),
    ("hs_lastmodifieddate", Datetime, "!"),
    ("hs_all_contact_vids", Text, "!"),
    ("hs_calculated_merged_vids", Text, "!"),
    ("hs_email_domain", Text, "!"),
    ("hs_is_contact", Bool, "!"),
    ("hs_is_unworked", Bool, "!"),
    ("hs_currently_enrolled_in_prospecting_agent", Bool, "!"),
    ("hs_membership_has_accessed_private_content", Number, "!"),
    ("hs_registered_member", Number, "!"),
    ("hs_lifecyclestage_lead_date", Datetime, "!"),
    ("hs_pipeline", Text, "!"),
];

const COMPANY: &[Line] = &[
    ("name", Text, ""),
    ("domain", Text, ""),
    ("website", Text, ""),
    ("industry", Text, ""),
    ("description", Area, ""),
    ("phone", Phone, ""),
    ("address", Text, ""),
    ("city", Text, ""),
    ("state", Text, ""),
    ("zip", Text, ""),
    ("country", Text, ""),
    ("numberofemployees", Number, ""),
    ("annualrevenue", Number, ""),
    ("founded_year", Text, ""),
    ("timezone", Text, ""),
    ("type", Enumeration, ""),
    ("lifecyclestage", Enumeration, ""),
    ("hs_lead_status", Enumeration, ""),
    ("hs_pipeline", Text, "!"),
];

const DEAL: &[Line] = &[
    ("dealname", Text, ""),
    ("amount", Number, ""),
    ("deal_currency_code", Enumeration, ""),
    ("dealstage", Enumeration, ""),
    ("pipeline", Enumeration, ""),
    ("closedate", Datetime, ""),
    ("dealtype", Enumeration, ""),
    ("description", Area, ""),
    ("hs_priority", Enumeration, ""),
    ("hs_next_step", Text, ""),
    ("closed_lost_reason", Area, ""),
    ("closed_won_reason", Area, ""),
    ("hs_forecast_probability", Number, ""),
    ("hs_deal_stage_probability", Number, "!"),
    ("hs_is_closed", Bool, "!"),
    ("hs_is_closed_won", Bool, "!"),
    ("hs_v2_date_entered_current_stage", Datetime, "!"),
];

const TICKET: &[Line] = &[
    ("subject", Text, ""),
    ("content", Area, ""),
    ("hs_pipeline", Enumeration, ""),
    ("hs_pipeline_stage", Enumeration, ""),
    ("hs_ticket_priority", Enumeration, ""),
    ("hs_ticket_category", Text, ""),
    ("hs_external_object_ids", Text, "*"),
];

const TASK: &[Line] = &[
    ("hs_timestamp", Datetime, ""),
    ("hs_task_subject", Text, ""),
    ("hs_task_body", Area, ""),
    ("hs_task_status", Enumeration, ""),
    ("hs_task_priority", Enumeration, ""),
    ("hs_task_type", Enumeration, ""),
    ("hs_task_reminders", Text, ""),
    ("hs_task_completion_date", Datetime, "!"),
    ("hs_task_is_completed", Bool, "!"),
];

const NOTE: &[Line] =
    &[("hs_timestamp", Datetime, ""), ("hs_note_body", Area, ""), ("hs_attachment_ids", Text, "")];

const MEETING: &[Line] = &[
    ("hs_timestamp", Datetime, ""),
    ("hs_meeting_title", Text, ""),
    ("hs_meeting_body", Area, ""),
    ("hs_meeting_start_time", Datetime, ""),
    ("hs_meeting_end_time", Datetime, ""),
    ("hs_meeting_outcome", Enumeration, ""),
    ("hs_meeting_location", Text, ""),
];

const CALL: &[Line] = &[
    ("hs_timestamp", Datetime, ""),
    ("hs_call_title", Text, ""),
    ("hs_call_body", Area, ""),
    ("hs_call_direction", Enumeration, ""),
    ("hs_call_status", Enumeration, ""),
    ("hs_call_duration", Number, ""),
];

const EMAIL: &[Line] = &[
    ("hs_timestamp", Datetime, ""),
    ("hs_email_direction", Enumeration, ""),
    ("hs_email_status", Enumeration, ""),
    ("hs_email_subject", Text, ""),
    ("hs_email_text", Area, ""),
    ("hs_email_html", Area, ""),
    ("hs_email_headers", Area, ""),
];

fn options(name: &str) -> Vec<(String, String)> {
    let values: &[&str] = match name {
        "lifecyclestage" => &[
            "subscriber",
            "lead",
            "marketingqualifiedlead",
            "salesqualifiedlead",
            "opportunity",
            "customer",
            "evangelist",
            "other",
        ],
        "hs_lead_status" => &[
            "NEW",
            "OPEN",
            "IN_PROGRESS",
            "OPEN_DEAL",
            "UNQUALIFIED",
            "ATTEMPTED_TO_CONTACT",
            "CONNECTED",
            "BAD_TIMING",
        ],
        "type" => &["PROSPECT", "PARTNER", "RESELLER", "VENDOR", "OTHER"],
        "dealtype" => &["newbusiness", "existingbusiness"],
        "deal_currency_code" => &["EUR", "USD", "GBP", "CHF"],
        "hs_priority" => &["low", "medium", "high"],
        "hs_ticket_priority" => &["LOW", "MEDIUM", "HIGH", "URGENT"],
        "hs_task_status" => &["NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"],
        "hs_task_priority" => &["NONE", "LOW", "MEDIUM", "HIGH"],
        "hs_task_type" => &["TODO", "CALL", "EMAIL", "LINKED_IN", "MEETING"],
        "hs_meeting_outcome" => &["SCHEDULED", "COMPLETED", "RESCHEDULED", "NO_SHOW", "CANCELED"],
        "hs_call_direction" => &["INBOUND", "OUTBOUND"],
        "hs_call_status" => &["COMPLETED", "BUSY", "NO_ANSWER", "FAILED", "CANCELED"],
        "hs_email_direction" => &["EMAIL", "INCOMING_EMAIL", "FORWARDED_EMAIL"],
        "hs_email_status" => &["SENT", "FAILED", "BOUNCED", "SCHEDULED", "SENDING"],
        _ => &[],
    };
    values.iter().map(|v| ((*v).to_owned(), v.replace('_', " ").to_lowercase())).collect()
}
