//! The shell of Doorbuster: command line, settings, and HTTP around the engine.

pub mod config;
