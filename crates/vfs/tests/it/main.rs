//! Compares SQLite over the VFS with SQLite over the system's own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod beside;
