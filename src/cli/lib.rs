//! The command line: one module per verb. Each verb answers with text for people, JSON for programs and an exit
//! code; what comes from outside is made safe to show.

mod account;
mod answer;
mod app;
mod args;
mod case_story;
mod config_file;
mod control;
mod desk;
mod diff;
mod doctor_agents;
mod figures;
mod findings;
mod serve;
mod sign_in;
mod story;
mod text;
mod verb_apply;
mod verb_assign;
mod verb_backup;
mod verb_check;
mod verb_completions;
mod verb_connect;
mod verb_demo;
mod verb_demo_agent;
mod verb_doctor;
mod verb_escalate;
mod verb_handoff;
mod verb_init;
mod verb_mcp;
mod verb_optimize;
mod verb_parked;
mod verb_pause;
mod verb_performance;
mod verb_plan;
mod verb_rebalance;
mod verb_run;
mod verb_simulate;
mod verb_status;
mod verb_sync;
mod verb_tasks;
mod verb_token;
mod verb_trigger;
mod verb_why;
mod verb_writes;
mod why_task;

use answer::{Answer, FAILED};
use app::App;
use args::{Args, Verb};
use clap::Parser;
use connect::Maker;
use std::{process::ExitCode, sync::Arc};

/// Runs the program with the vendors that it knows.
pub fn main(makers: &'static [Maker]) -> ExitCode {
    let args = Args::parse();
    let app = Arc::new(App::new(&args, makers));
    let screen = app.screen;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let answered = match runtime {
        Ok(runtime) => runtime.block_on(answer(&app, &args)),
        Err(error) => Err(error.into()),
    };
    let code = match answered {
        Ok(answer) => screen.answer(&answer).map_or(FAILED, |()| answer.code),
        Err(error) => screen.failure(&error),
    };
    ExitCode::from(code)
}

async fn answer(app: &Arc<App>, args: &Args) -> anyhow::Result<Answer> {
    match &args.verb {
        None => verb_status::centre(app).await,
        Some(Verb::Demo(args)) => verb_demo::run(app, args).await,
        Some(Verb::DemoAgent(args)) => verb_demo_agent::run(app, args).await,
        Some(Verb::Init(init)) => verb_init::run(app, init, args.config.as_deref()),
        Some(Verb::Connect(args)) => verb_connect::run(app, args).await,
        Some(Verb::Check(args)) => verb_check::run(app, args).await,
        Some(Verb::Doctor(args)) => verb_doctor::run(app, args).await,
        Some(Verb::Run(args)) => verb_run::run(app, args).await,
        Some(Verb::Sync(args)) => verb_sync::run(app, args).await,
        Some(Verb::Plan(args)) => verb_plan::run(app, args).await,
        Some(Verb::Apply(args)) => verb_apply::run(app, args).await,
        Some(Verb::Status(args)) => verb_status::run(app, args).await,
        Some(Verb::Why(args)) => verb_why::run(app, args).await,
        Some(Verb::Writes(args)) => verb_writes::run(app, args).await,
        Some(Verb::Pause(args)) => verb_pause::run(app, args, true).await,
        Some(Verb::Resume(args)) => verb_pause::run(app, args, false).await,
        Some(Verb::Parked(args)) => verb_parked::run(app, args).await,
        Some(Verb::Agents(args)) => verb_tasks::agents(app, args).await,
        Some(Verb::Tasks(args)) => verb_tasks::run(app, args).await,
        Some(Verb::Assign(args)) => verb_assign::run(app, args).await,
        Some(Verb::Rebalance(args)) => verb_rebalance::run(app, args).await,
        Some(Verb::Simulate(args)) => verb_simulate::run(app, args).await,
        Some(Verb::Optimize(args)) => verb_optimize::run(app, args).await,
        Some(Verb::Performance(args)) => verb_performance::run(app, args).await,
        Some(Verb::Handoff(args)) => verb_handoff::run(app, args).await,
        Some(Verb::Escalate(args)) => verb_escalate::run(app, args).await,
        Some(Verb::Trigger(args)) => verb_trigger::run(app, args).await,
        Some(Verb::Mcp(args)) => verb_mcp::run(app, args).await,
        Some(Verb::Token(args)) => verb_token::run(app, args).await,
        Some(Verb::Backup(args)) => verb_backup::run(app, args).await,
        Some(Verb::Completions(args)) => Ok(verb_completions::run(args)),
    }
}
