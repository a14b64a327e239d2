//! The quick commands as prompts.

use rmcp::model::{GetPromptResult, Prompt, PromptArgument, PromptMessage, Role};

struct Quick {
    name: &'static str,
    about: &'static str,
    /// Name and meaning of its argument.
    argument: Option<(&'static str, &'static str)>,
    /// What the model is asked to do; `{}` is the argument.
    text: &'static str,
}

const QUICK: [Quick; 7] = [
    Quick {
        name: "ai-sales-orchestrator",
        about: "Full orchestration dashboard",
        argument: None,
        text: "Show the orchestrator's control centre: call `status`, `agents`, `handoffs` (open) and `escalations` \
               (open). Lay it out as: system status, agent status (agent, status, tasks, share on time), pipeline \
               flow LEAD -> QUALIFY -> DEMO -> PROPOSAL -> NEGOTIATE -> CLOSE with counts, active handoffs, alerts \
               and escalations with the action each needs.",
    },
    Quick {
        name: "status",
        about: "Agent status overview",
        argument: None,
        text: "Call `agents` and `status`. Show one line per agent: active or standby, open tasks, done, on time.",
    },
    Quick {
        name: "assign",
        about: "Assign a task to agents",
        argument: Some(("task", "What is to be done")),
        text: "This is to be done: {}\nFind the deal with `search` and call `assign` with `dry_run`: `what` is a task's id \
               or an action (for other words the answer names actions). Show who would get it and why, then call it \
               without `dry_run` and show with `task` who got it. Where no action fits, raise a `trigger`.",
    },
    Quick {
        name: "handoff",
        about: "Execute a deal handoff",
        argument: Some(("deal", "The deal, by name or id")),
        text: "Hand over this deal: {}\nFind it with `search`, read `deal_context`, sum up pain points, time line and \
               budget, then call `hand_off` with the agent that the deal's stage leads to, and follow it with \
               `handoffs` until it is confirmed.",
    },
    Quick {
        name: "escalate",
        about: "Escalate an issue",
        argument: Some(("issue", "What is wrong, and on which deal or task")),
        text: "Escalate this: {}\nFind the deal or task, call `escalate` with a reason code in capitals and what is \
               asked for, then show the escalation.",
    },
    Quick {
        name: "performance",
        about: "Performance metrics",
        argument: None,
        text: "Call `performance` and `learnings`. Show a table per agent (metric, target, actual, status), then name \
               where targets are missed and which learnings bear on that. A status `unknown` has too few cases to \
               judge by.",
    },
    Quick {
        name: "optimize",
        about: "Optimization suggestions",
        argument: None,
        text: "Call `optimize`, again while its `state` is running, and `rebalance` (without `apply`). Name the three changes \
               that help most, each with its evidence, its effect in simulated months, and the command or lines that do \
               it. With no finding say so. To try another team, call `simulate` with `limits` or `without`.",
    },
];

/// All prompts.
pub fn all() -> Vec<Prompt> {
    let one = |quick: &Quick| {
        let argument = quick
            .argument
            .map(|(name, about)| vec![PromptArgument::new(name).with_description(about).with_required(true)]);
        Prompt::new(quick.name, Some(quick.about), argument)
    };
    QUICK.iter().map(one).collect()
}

/// The prompt of that name, filled in.
pub fn get(name: &str, argument: Option<&str>) -> Option<GetPromptResult> {
    let quick = QUICK.iter().find(|quick| quick.name == name)?;
    let text = quick.text.replace("{}", argument.unwrap_or("(ask me)"));
    Some(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]))
}
