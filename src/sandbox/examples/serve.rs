//! `cargo run -p sandbox --example serve -- [--port N] [--seed N] [--contacts N] [--unthrottled] [--faults PER_MILLE]
//! [--world-ms N] [--load DIR]`: prints the address and serves.

use sandbox::command::Options;
use sandbox::team::Size;
use std::process::ExitCode;

fn options() -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || {
            let text = words.next().ok_or_else(|| format!("{word} needs a number"))?;
            text.parse::<u64>().map_err(|_| format!("{word} {text} is not a number"))
        };
        match word.as_str() {
            "--unthrottled" => options.unthrottled = true,
            "--port" => options.port = u16::try_from(number()?).map_err(|e| e.to_string())?,
            "--seed" => options.seed = number()?,
            "--contacts" => {
                options.size = Size::bench(usize::try_from(number()?).map_err(|e| e.to_string())?);
            }
            "--faults" => options.faults_per_mille = u32::try_from(number()?).map_err(|e| e.to_string())?,
            "--world-ms" => options.world_every_ms = number()?,
            "--load" => options.load = Some(words.next().ok_or("--load needs a folder")?.into()),
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(options)
}

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the address and errors are this program's output"
)]
async fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    match options.run(|address| println!("http://{address}")).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
