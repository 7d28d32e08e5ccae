//! The operating system: data folder, open files, error texts, log output.

pub mod data_dir;
pub mod io_error;
pub mod logging;
pub mod open_files;
pub mod shown_url;
pub mod spans;
