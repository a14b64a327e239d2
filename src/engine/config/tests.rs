use super::*;
use crate::{
    assign::Policy,
    flow::{Next, Per, TransitionMode},
};
use model::{
    AgentId, Stage,
    work::{Handoff, Layer, Reach, Responsibility, Window},
};

mod shipped;

fn user(agents: &str, stages: &str) -> Result<Loaded, Vec<Problem>> {
    let source = |name, text| Some(Source { name, text });
    load(source("agents.toml", agents), source("stages.toml", stages))
}

/// The one error that a pair of files has, as shown.
fn error(agents: &str, stages: &str) -> String {
    let problems = user(agents, stages).expect_err("is refused");
    let errors: Vec<_> = problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors[0].to_string()
}

#[test]
fn the_built_in_files_load_without_a_warning() {
    let loaded = load(None, None).unwrap();
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.roster.agents.len(), 16);
    assert_eq!(loaded.book.stages.iter().map(|spec| spec.stage).collect::<Vec<_>>(), Stage::ALL);
}

#[test]
fn the_built_in_agents_are_those_of_the_tables() {
    let roster = load(None, None).unwrap().roster;
    let capacity = |name: &str| {
        let capacity = roster.find(name).unwrap().capacity.clone();
        capacity.map(|capacity| (capacity.limit, capacity.unit.to_string(), capacity.window))
    };
    for (name, limit, unit, window) in [
        ("SDRFORGE", 500, "outreach", Window::Week),
        ("WAKE.LSHSALES.EXE", 20, "deal", Window::Concurrent),
        ("QUOTEFORGE", 15, "proposal", Window::Week),
        ("CLOSESTACK", 10, "negotiation", Window::Concurrent),
        ("ENTERPRISE", 5, "enterprise_deal", Window::Concurrent),
        ("GTM.LAUNCH", 5, "task", Window::Concurrent),
    ] {
        assert_eq!(capacity(name), Some((limit, unit.to_owned(), window)), "{name}");
    }
    assert_eq!(capacity("SALESOPS"), None);
    assert!(!roster.find("AI.CONSULTING.PACKAGES").unwrap().enabled);
    assert_eq!(roster.find("AI.SALES.AGENT.EXE").unwrap().layer, Layer::Master);
    let handoff = &roster.find("SDRFORGE").unwrap().handoff;
    assert_eq!(
        *handoff,
        Handoff::Agent { to: "WAKE.LSHSALES".into(), when: "qualified_lead".into(), change_owner: false }
    );
    assert_eq!(
        roster.find("CLOSESTACK").unwrap().handoff,
        Handoff::External { name: "implementation".into(), when: "deal_closed".into() }
    );
}

#[test]
fn the_built_in_stages_hold_every_action_of_the_tables() {
    let book = load(None, None).unwrap().book;
    let mut lines = Vec::new();
    for spec in &book.stages {
        for action in spec.actions.iter().chain(&spec.supports) {
            lines.push(format!(
                "{} {}: {}, {}, {} h{}{}",
                spec.stage,
                action.id,
                action.need.capability,
                action.priority,
                action.allowed_hours,
                action.need.unit.as_ref().map_or(String::new(), |unit| format!(", 1 {unit}")),
                action.when.as_ref().map_or(String::new(), |when| format!(", on {}", when.source())),
            ));
        }
    }
    let expected = "\
awareness CREATE_CONTENT: content_creation, 30, 40 h
awareness ENGAGE_PLATFORMS: platform_engagement, 30, 40 h
awareness BUILD_AUDIENCE: audience_building, 30, 40 h
awareness RAISE_AWARENESS: social_execution, 30, 40 h
awareness TARGETING: targeting, 30, 40 h
awareness EXECUTE_SOCIAL: social_execution, 30, 40 h
lead_generation BUILD_PROSPECT_LIST: prospect_list_building, 50, 16 h
lead_generation EXECUTE_OUTREACH: cold_outreach, 50, 24 h, 1 outreach
lead_generation HANDLE_RESPONSE: response_handling, 70, 4 h, on signal.reply_received
lead_generation BOOK_MEETING: meeting_booking, 70, 4 h, on signal.positive_intent
lead_generation BUILD_SEQUENCE: multi_channel_sequences, 50, 16 h
lead_generation CRAFT_EMAILS: cold_email_copy, 50, 16 h
lead_generation TARGETING: targeting, 50, 16 h
qualification DISCOVERY_CALL: discovery_call, 70, 16 h, 1 deal
qualification ASSESS_NEED: need_qualification, 50, 24 h
qualification QUALIFY_BUDGET: need_qualification, 50, 24 h
qualification DETERMINE_TIMELINE: need_qualification, 50, 24 h
qualification COMPETITOR_BRIEF: competitor_analysis, 50, 16 h, on signal.competitor_mentioned
qualification BUYER_BRIEF: buyer_intelligence, 50, 16 h
demonstration DELIVER_DEMO: demo_delivery, 70, 24 h
demonstration MAP_USE_CASES: demo_delivery, 50, 24 h
demonstration ARTICULATE_VALUE: demo_delivery, 50, 24 h
demonstration ALIGN_NEXT_STEPS: pipeline_management, 70, 8 h, on signal.demo_held
demonstration PREPARE_PRICING: pricing_prep, 50, 16 h
demonstration DIFFERENTIATION_BRIEF: differentiation, 50, 16 h
proposal FINALIZE_SCOPE: scope_definition, 70, 16 h
proposal DETERMINE_PRICING: pricing_optimization, 70, 16 h
proposal CREATE_PROPOSAL: proposal_creation, 70, 48 h, 1 proposal
proposal DELIVER_PROPOSAL: proposal_creation, 70, 8 h
proposal PRICING_STRATEGY: pricing_strategy, 50, 16 h
proposal ENTERPRISE_OVERLAY: deal_architecture, 70, 24 h, 1 enterprise_deal, on signal.enterprise
proposal APPROVAL_WORKFLOW: approval_workflow, 50, 16 h
negotiation HANDLE_OBJECTIONS: objection_handling, 70, 8 h, 1 negotiation
negotiation NEGOTIATE_TERMS: negotiation, 70, 16 h
negotiation ALIGN_STAKEHOLDERS: negotiation, 50, 24 h
negotiation FINALIZE_CONTRACT: contract_structuring, 90, 16 h
negotiation ENTERPRISE_OVERLAY: deal_architecture, 70, 24 h, 1 enterprise_deal, on signal.enterprise
negotiation REVISE_PROPOSAL: proposal_creation, 70, 16 h, on signal.revision_asked
negotiation OBJECTION_BRIEF: competitive_objections, 50, 16 h, on signal.competitor_mentioned
close EXECUTE_CONTRACT: close_management, 90, 8 h
close PROCESS_PAYMENT: close_management, 70, 24 h
close HAND_OFF_TO_DELIVERY: close_management, 70, 16 h
close DOCUMENT_WIN: documentation, 50, 40 h
close DOCUMENT_DEAL: documentation, 50, 24 h
close UPSELL_PLAN: upsell_planning, 50, 40 h";
    assert_eq!(lines.join("\n"), expected);
    let weekly = book.stages.iter().flat_map(|spec| spec.actions.iter().chain(&spec.supports));
    assert_eq!(weekly.filter(|action| action.per == Per::Segment).count(), 7);
}

#[test]
fn a_trigger_is_answered_by_the_agent_that_lists_it() {
    let book = load(None, None).unwrap().book;
    let by = |trigger: &str| {
        let trigger = book.triggers.iter().find(|spec| &*spec.id == trigger).unwrap();
        trigger
            .actions
            .iter()
            .map(|action| action.by.as_ref().map_or("-", AgentId::as_str))
            .collect::<Vec<_>>()
    };
    assert_eq!(by("product_launch"), ["GTM.LAUNCH", "AI.REVENUE.ENGINE"]);
    assert_eq!(by("lead_generation_needed"), ["WAKE.SDRFORGE", "AI.OUTREACH.AUTOMATION"]);
    assert_eq!(by("strategy_planning"), ["AI.MARKET.INTEL", "COMPETITIVE.INTEL"]);
    assert_eq!(by("direct_invocation"), ["AI.SALES.AGENT"]);
    // No agent of ours lists it any more: nobody in particular is meant.
    let without = user("[[agent]]\nid = \"GTM.LAUNCH\"\ntriggers = [\"market_entry\"]", "").unwrap().book;
    let launch = without.triggers.iter().find(|spec| &*spec.id == "product_launch").unwrap();
    assert_eq!(launch.actions[0].by, None);
}

#[test]
fn a_users_file_changes_only_what_it_names() {
    let loaded = user(
        r#"
[assignment]
policy = "round_robin"
overflow = { many = 5 }

[[agent]]
id = "WAKE.SDRFORGE"
capabilities = { cold_outreach = 0.8, meeting_booking = 0 }
capacity = "none"
reach = { crm_owner = "Ann@Example.com" }
hours = { zone = "Europe/Berlin", days = [1, 2, 3, 4, 5], from = "09:00", to = "17:30", off = ["2026-12-24"] }

[[agent]]
id = "ANN"
layer = "specialised"
capabilities = { discovery_call = 0.9 }

[[agent]]
id = "COLDEMAIL"
remove = true
"#,
        r#"
[[stage]]
id = "qualification"
[[stage.action]]
id = "DISCOVERY_CALL"
hours = 8
[[stage.action]]
id = "QUALIFY_BUDGET"
remove = true
[[stage.support]]
id = "BUYER_BRIEF"
agent = "ANN"
capability = "discovery_call"
[stage.transition]
mode = "auto"
[[stage]]
id = "lead_generation"
[[stage.support]]
id = "CRAFT_EMAILS"
agent = "COLDEMAIL"
remove = true
[[trigger]]
id = "campaign_launch"
[[trigger.action]]
id = "CAMPAIGN_EMAILS"
remove = true
"#,
    )
    .unwrap_or_else(|problems| panic!("{problems:#?}"));
    let roster = &loaded.roster;
    assert_eq!(
        (roster.rules.policy, roster.rules.overflow.many, roster.rules.overflow.many_hours),
        (Policy::RoundRobin, 5, 3)
    );
    let forge = roster.find("SDRFORGE").unwrap();
    assert_eq!(forge.capabilities.get("cold_outreach"), Some(&800));
    assert_eq!(forge.capabilities.get("meeting_booking"), None);
    assert_eq!(forge.capabilities.get("response_handling"), Some(&1_000));
    assert_eq!((&forge.capacity, &forge.reach), (&None, &Reach::CrmOwner("ann@example.com".into())));
    assert_eq!(forge.hours.span, Some((540, 1_050)));
    assert!(roster.find("COLDEMAIL").is_none());
    let spec = loaded.book.stage(Stage::Qualification).unwrap();
    let ids: Vec<_> = spec.actions.iter().map(|action| (&*action.id, action.allowed_hours)).collect();
    assert_eq!(ids, [("DISCOVERY_CALL", 8), ("ASSESS_NEED", 24), ("DETERMINE_TIMELINE", 24)]);
    assert_eq!(spec.actions[0].responsibility, Responsibility::Primary);
    assert_eq!(spec.supports.len(), 3);
    assert_eq!(spec.transition.as_ref().unwrap().mode, TransitionMode::Auto);
    assert_eq!(spec.transition.as_ref().unwrap().to, Next::Stage(Stage::Demonstration));
    // Nobody can book meetings by himself any more, which is said and not refused.
    let warnings: Vec<_> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert!(
        warnings.iter().any(|line| line.contains("`meeting_booking`: only AI.SALES.AGENT is left")),
        "{warnings:#?}"
    );
}

#[test]
fn errors_name_file_line_and_what_was_meant() {
    let agent = |lines: &str| format!("\n[[agent]]\nid = \"WAKE.SDRFORGE\"\n{lines}\n");
    for (agents, stages, expected) in [
        (agent("capacty = \"none\""), "", "agents.toml:4: unknown key `capacty`; did you mean `capacity`?"),
        (
            agent("stages = [\"qualifiction\"]"),
            "",
            "agents.toml:4: unknown value `qualifiction`; did you mean `qualification`?",
        ),
        (
            agent("handoff = { to = \"WAKE.LSHSALE\", when = \"qualified_lead\" }"),
            "",
            "agents.toml:4: agent WAKE.SDRFORGE: hands off to `WAKE.LSHSALE`, but there is no such agent; did you mean `WAKE.LSHSALES`?",
        ),
        (
            agent("metrics = { win_rates = 0.5 }"),
            "",
            "agents.toml:4: agent WAKE.SDRFORGE: unknown metric `win_rates`; did you mean `win_rate`?",
        ),
        (
            agent("triggers = [\"lead_generation_neded\"]"),
            "",
            "agents.toml:4: agent WAKE.SDRFORGE: nothing raises the trigger `lead_generation_neded`; did you mean `lead_generation_needed`?",
        ),
        (
            agent("hours = { zone = \"Europe/Berln\" }"),
            "",
            "agents.toml:4: agent WAKE.SDRFORGE: \"Europe/Berln\" is no time zone: a name such as Europe/Berlin or UTC",
        ),
        (
            agent("capabilities = { cold_outreach = 2 }"),
            "",
            "agents.toml:4: agent WAKE.SDRFORGE: the level of `cold_outreach` is not within 0 and 1",
        ),
        ("[[agent]]\nid = \"ANN\"".into(), "", "agents.toml:2: agent ANN: a new agent needs a `layer`"),
        (
            "[[agent]]\nid = \"WAKE.SDRFORG\"".into(),
            "",
            "agents.toml:2: agent WAKE.SDRFORG: a new agent needs a `layer`; did you mean `WAKE.SDRFORGE`?",
        ),
        ("\n\nagent = 3".into(), "", "agents.toml:3: invalid type: integer `3`, expected a sequence"),
        (
            String::new(),
            "[[signal]]\nid = \"enterprise\"\nwhen = 'deal.amout > 1.0'",
            "stages.toml:3: signal enterprise: there is no field `deal.amout`; did you mean `deal.amount`?",
        ),
        (
            String::new(),
            "[[stage]]\nid = \"close\"\n[[stage.action]]\nid = \"PROCESS_PAYMENT\"\ncapability = \"close_managment\"",
            "stages.toml:5: close PROCESS_PAYMENT: no agent has the capability `close_managment`; did you mean `close_management`?",
        ),
        (
            String::new(),
            "[[stage]]\nid = \"close\"\nprimary = \"WAKE.CLOSESTAK\"",
            "stages.toml:3: stage close: has the primary agent `WAKE.CLOSESTAK`, but there is no such agent; did you mean `WAKE.CLOSESTACK`?",
        ),
        (
            String::new(),
            "[[stage]]\nid = \"proposal\"\n[stage.transition]\nto = \"qualification\"",
            "stages.toml:4: transition from proposal: leads back to qualification: only people move a deal back",
        ),
        (
            String::new(),
            "[[stage]]\nid = \"proposal\"\n[[stage.action]]\nid = \"NEW\"\ncapability = \"scope_definition\"\npriority = \"hihg\"",
            "stages.toml:6: unknown value `hihg`; did you mean `high`?",
        ),
    ] {
        assert_eq!(error(&agents, stages), expected);
    }
}

#[test]
fn handoffs_rules_and_ways_to_reach_agents_are_checked_against_what_there_is() {
    let agent = |lines: &str| format!("\n[[agent]]\nid = \"WAKE.SDRFORGE\"\n{lines}\n");
    for (agents, expected) in [
        (
            agent("handoff = { to = \"WAKE.LSHSALES\", when = \"qualified_led\" }"),
            "agents.toml:4: agent WAKE.SDRFORGE: hands off on `qualified_led`, which is no signal; did you mean `qualified_lead`?",
        ),
        (
            "[[escalation]]\non = \"overdu\"".into(),
            "agents.toml:2: escalation overdu: nothing raises `overdu`; did you mean `overdue`?",
        ),
        (
            "[[escalation]]\non = \"enterprise\"\naction = \"ENTERPRISE_OVERLY\"".into(),
            "agents.toml:2: escalation enterprise: there is no action `ENTERPRISE_OVERLY`; did you mean `ENTERPRISE_OVERLAY`?",
        ),
        (
            agent("reach = { email = \"anna\" }"),
            "agents.toml:4: agent WAKE.SDRFORGE: `anna` is no mail address: reach is \"deal_owner\", \"inbox\", { crm_owner = \"address\" }, { webhook = \"https://...\", secret = \"name\" }, { command = [\"program\", \"argument\"], timeout_seconds } or { email = \"address\" }",
        ),
        (
            agent("reach = { command = [\"forge\"], timeout_seconds = 0 }"),
            "agents.toml:4: agent WAKE.SDRFORGE: a command has from 1 to 86400 s: reach is \"deal_owner\", \"inbox\", { crm_owner = \"address\" }, { webhook = \"https://...\", secret = \"name\" }, { command = [\"program\", \"argument\"], timeout_seconds } or { email = \"address\" }",
        ),
        (
            agent("reach = { webhook = \"http://example.com\", secret = \"forge\" }"),
            "agents.toml:4: agent WAKE.SDRFORGE: a webhook's address begins with https://: reach is \"deal_owner\", \"inbox\", { crm_owner = \"address\" }, { webhook = \"https://...\", secret = \"name\" }, { command = [\"program\", \"argument\"], timeout_seconds } or { email = \"address\" }",
        ),
    ] {
        assert_eq!(error(&agents, ""), expected);
    }
}

#[test]
fn what_probably_is_not_meant_is_a_warning() {
    let warning = |agents: &str, stages: &str| {
        let loaded = user(agents, stages).unwrap_or_else(|problems| panic!("{problems:#?}"));
        loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        warning("[[agent]]\nid = \"ANN\"\nlayer = \"support\"\ncapabilities = { discovery_cal = 1 }", ""),
        "agents.toml:2: agent ANN: no action can ever reach it\n\
         agents.toml:4: agent ANN: nothing asks for the capability `discovery_cal`; did you mean `discovery_call`?"
    );
    assert_eq!(
        warning("", "[[stage]]\nid = \"proposal\"\n[stage.transition]\nremove = true"),
        "built-in stages.toml:".to_owned()
            + &format!("{}: stage negotiation: no transition leads here", line_of("id = \"negotiation\""))
    );
    assert_eq!(
        warning(
            "[assignment]\nweights = { capability = 0.4, performance = 0.3, free_capacity = 0.2, specialisation = 0.2 }",
            ""
        ),
        "agents.toml:2: assignment: the weights don't add up to 1"
    );
    assert_eq!(
        warning("[[agent]]\nid = \"NOBODY\"\nremove = true", ""),
        "agents.toml:2: agent NOBODY: there is no such agent to remove"
    );
}

#[test]
fn capacity_below_what_arrives_is_a_warning_at_the_capacity() {
    // given 40 segments, with five weekly actions for an agent that works 40 hours a week at four things at a time
    let segments: Vec<String> =
        (0..40).map(|number| format!("[[segment]]\nid = \"segment-{number}\"\n")).collect();
    let segments = segments.concat();
    let social = |limit: u32| {
        format!(
            "[[agent]]\nid = \"AI.SOCIAL.REVENUE\"\nhours = {{ days = [1, 2, 3, 4, 5], from = \"09:00\", to = \"17:00\" }}\n\
             capacity = {{ limit = {limit}, unit = \"task\", window = \"concurrent\" }}\n"
        )
    };
    let warnings = |agents: &str, stages: &str| {
        let loaded = user(agents, stages).unwrap_or_else(|problems| panic!("{problems:#?}"));
        loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    // when the files are read
    let said = warnings(&social(4), &segments);
    // then it is said where, how much too much it is, and what helps: 41 segments, three actions of 40 h each
    assert_eq!(
        said,
        [
            "agents.toml:4: agent AI.SOCIAL.REVENUE: more arrives than it can do: 3075 % of its capacity in a week \
          (BUILD_AUDIENCE 41.0, CREATE_CONTENT 41.0, ENGAGE_PLATFORMS 41.0 tasks); raise the limit from 4 to 123 \
          (task at a time), or let others do it, too"
        ]
    );
    // and what is suggested does help
    assert_eq!(warnings(&social(123), &segments), Vec::<String>::new());
    // as does a second agent that can do the same
    let twin = social(62)
        + &social(62).replace("AI.SOCIAL.REVENUE", "TWIN")
        + "layer = \"execution\"\ncapabilities = { content_creation = 1, platform_engagement = 1, audience_building = 1 }";
    assert_eq!(warnings(&twin, &segments), Vec::<String>::new());
}

#[test]
fn capacity_is_held_against_what_arrived_before() {
    // given 20 proposals a week, where 15 can be made
    let loaded = load(None, None).unwrap();
    let short = |weekly: f64| {
        let weekly = Arrivals::from([("CREATE_PROPOSAL".into(), weekly), ("NEVER_HEARD_OF".into(), 900.0)]);
        loaded.shortages(&weekly).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let line = 1 + AGENTS.lines().position(|line| line.contains("unit = \"proposal\"")).unwrap();
    // then it is said; 15 are none too many, and unlimited agents have no limit to what comes
    assert_eq!(
        short(20.0),
        [format!(
            "built-in agents.toml:{line}: agent WAKE.QUOTEFORGE: more arrives than it can do: 133 % of its capacity \
             in a week (CREATE_PROPOSAL 20.0 tasks); raise the limit from 15 to 20 (proposal a week), or let others \
             do it, too"
        )]
    );
    assert_eq!(short(15.0), Vec::<String>::new());
    let weekly = Arrivals::from([("DOCUMENT_DEAL".into(), 10_000.0)]);
    assert_eq!(loaded.shortages(&weekly), []);
}

fn line_of(text: &str) -> usize {
    1 + STAGES.lines().position(|line| line == text).unwrap()
}

#[test]
fn one_name_stands_for_one_agent() {
    let agents = "[[agent]]\nid = \"ANN\"\nlayer = \"support\"\naliases = [\"SDRFORGE\"]\ncapabilities = { reporting = 1 }";
    assert!(error(agents, "").contains("the name `SDRFORGE` also stands for ANN"), "{}", error(agents, ""));
    let agents = "[[agent]]\nid = \"ORCHESTRATOR\"\nlayer = \"support\"\ncapabilities = { reporting = 1 }";
    assert!(error(agents, "").ends_with("ORCHESTRATOR is the daemon's own name"));
}
