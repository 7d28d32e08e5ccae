use std::process::ExitCode;

use clap::Parser;
use server::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::commands::run(Cli::parse())
}
