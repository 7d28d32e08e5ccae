use std::process::ExitCode;

use clap::Parser;
use server::cli::Cli;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    server::commands::complete();
    match Cli::try_parse() {
        Ok(cli) => server::commands::run(cli),
        Err(error) => server::commands::refuse(&error),
    }
}
