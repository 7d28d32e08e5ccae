//! Checks of this machine: disk, limits, the data folder, the secret.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit};

use super::finding::Finding;
use crate::config::Config;
use crate::security::secret::{SECRET_FILE, Secret};
use crate::security::weakness;
use crate::system::data_dir::OURS;
use crate::system::{io_error, open_files};

/// Writes of the measurement, each as large as a small commit.
const WRITES: usize = 32;
const WRITE_BYTES: usize = 4_096;
/// Every commit waits for one sync, so a customer notices more than this.
const SYNC_MAX: Duration = Duration::from_millis(20);
const FREE_MIN: u64 = 1 << 30;
/// `TMPFS_MAGIC` and `RAMFS_MAGIC` of Linux.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let folder = &config.server.data_dir;
    let mut findings = vec![open_files(config)];
    if config.store.database().is_none() {
        if folder.is_dir() {
            findings.extend([space(folder), file_system(folder), sync_latency(folder)]);
            findings.push(permissions(folder));
        } else {
            let detail = format!("the data folder {} does not exist yet", folder.display());
            findings.extend(["disk", "fsync", "permissions"].map(|check| Finding::skipped(check, detail.clone())));
        }
    }
    findings.push(secret(config));
    findings
}

fn open_files(config: &Config) -> Finding {
    let needed = config.server.connections_max as u64 + open_files::BESIDE_CONNECTIONS;
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let allowed = maximum.map_or_else(|| "any number".to_owned(), |limit| limit.to_string());
    Finding::rule(
        "open files",
        maximum.is_none_or(|limit| limit >= needed),
        format!(
            "server.connections_max = {} needs {needed}, the system allows {allowed}",
            config.server.connections_max
        ),
        "raise the hard limit (ulimit -Hn, LimitNOFILE=), or lower server.connections_max",
    )
}

fn space(folder: &Path) -> Finding {
    match rustix::fs::statvfs(folder) {
        Err(error) => Finding::skipped("disk", error.to_string()),
        Ok(disk) => {
            let (free, all) = (disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize);
            let percent = free * 100 / all.max(1);
            Finding::rule(
                "disk",
                free >= FREE_MIN && percent >= 10,
                format!("{} MiB are free, {percent} % of the disk", free >> 20),
                "make room: a full disk refuses orders (\"The disk is full\" in docs/operations.md)",
            )
        }
    }
}

#[cfg(target_os = "linux")]
fn file_system(folder: &Path) -> Finding {
    match rustix::fs::statfs(folder) {
        Err(error) => Finding::skipped("file system", error.to_string()),
        Ok(found) => Finding::rule(
            "file system",
            !IN_MEMORY.contains(&u64::try_from(found.f_type).unwrap_or_default()),
            format!("the data folder's has the type {:#x}", found.f_type),
            "this one is memory and is lost with the machine: move the data folder to a disk",
        ),
    }
}

#[cfg(not(target_os = "linux"))]
fn file_system(_folder: &Path) -> Finding {
    Finding::skipped("file system", "its type is known on Linux only")
}

fn sync_latency(folder: &Path) -> Finding {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    let measured = measure(&path);
    // It exists only if the measurement began.
    let _ = fs::remove_file(&path);
    match measured {
        Err(error) => Finding::found(
            "fsync",
            format!("no file can be written to {}: {}", folder.display(), io_error::of(&error)),
            "check the folder's owner, permissions and disk",
        ),
        Ok(times) => {
            let (half, most) = (times[times.len() / 2], times[times.len() - 1]);
            Finding::rule(
                "fsync",
                half <= SYNC_MAX,
                format!(
                    "{WRITE_BYTES} bytes are on the disk after {half:.1?} (median of {WRITES}), {most:.1?} at most"
                ),
                "every commit waits for this: use a faster disk, or one with a protected write cache",
            )
        }
    }
}

/// Returns the times of synced writes, in order of size.
fn measure(path: &Path) -> io::Result<Vec<Duration>> {
    let mut file = File::options().create_new(true).write(true).mode(0o600).open(path)?;
    let mut times = vec![];
    for _ in 0..WRITES {
        let started = Instant::now();
        file.write_all(&[1; WRITE_BYTES])?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

fn permissions(folder: &Path) -> Finding {
    let mode = |path: &Path| fs::metadata(path).map(|found| found.permissions().mode() & 0o777).unwrap_or_default();
    let files = OURS.iter().chain([&SECRET_FILE]).map(|file| folder.join(file));
    let open: Vec<String> = std::iter::once(folder.to_owned())
        .chain(files)
        .filter(|path| mode(path) & 0o077 != 0)
        .map(|path| format!("{} ({:o})", path.display(), mode(&path)))
        .collect();
    Finding::rule(
        "permissions",
        open.is_empty(),
        if open.is_empty() {
            "only the owner reads the data folder".to_owned()
        } else {
            format!("others can read {}", open.join(", "))
        },
        "`chmod 700` the folder and `chmod 600` its files; replace a secret that others have read",
    )
}

fn secret(config: &Config) -> Finding {
    let folder = &config.server.data_dir;
    let Ok(secret) = Secret::find(config.auth.secret(), folder) else {
        return Finding::skipped("secret", "there is none yet; the first `doorbuster serve` generates it");
    };
    let open = config.auth.secret().is_none().then(|| Secret::open_to_others(folder)).flatten();
    let weak = weakness::of_secret(secret.as_bytes()).or(open);
    let password = config.admin.password().and_then(weakness::of_admin_password);
    match weak.or(password) {
        None => Finding::ok("secret", "long enough, and nobody else can read it"),
        Some(why) => {
            let (what, next) = why.split_once("; ").unwrap_or((&why, "set a stronger one"));
            Finding::found("secret", what, next)
        }
    }
}
