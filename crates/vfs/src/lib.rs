//! How SQLite writes its log: a commit at once instead of two small pieces for each page.
//!
//! SQLite asks a VFS for its files. The one here opens every file as the system's own does, and stands before a single kind of
//! them: what SQLite writes at the end of a write-ahead log is held until its commit is complete, and then goes to the file in
//! one system call. SQLite shows a commit to other connections only after that, so that nobody can tell the difference
//! (`docs/decisions/0031`).
//!
//! This is the one crate with `unsafe` code, because SQLite and a VFS speak with C's pointers. What is held and when it is written
//! is in `frames`, which has none.

use std::ffi::{CStr, c_int};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use rusqlite::Error;
use rusqlite::ffi::{self, sqlite3_file, sqlite3_filename, sqlite3_vfs};

mod file;
mod frames;

const NAME: &CStr = c"commit-at-once";

/// The system's own VFS, which lives as long as the process.
static SYSTEM: AtomicPtr<sqlite3_vfs> = AtomicPtr::new(ptr::null_mut());

/// The name of the VFS, for whoever opens the connection that writes. It is made known to SQLite when it is first asked for.
///
/// # Errors
///
/// What SQLite says if it cannot be made known.
pub fn commit_at_once() -> Result<&'static CStr, Error> {
    static REGISTERED: OnceLock<c_int> = OnceLock::new();
    match *REGISTERED.get_or_init(register) {
        ffi::SQLITE_OK => Ok(NAME),
        code => Err(Error::SqliteFailure(ffi::Error::new(code), None)),
    }
}

fn register() -> c_int {
    // SAFETY: without a name, it is the default VFS that is found, or none.
    let system = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
    // SAFETY: SQLite keeps its VFS for ever, and does not change what is copied here.
    let Some(&system_vfs) = (unsafe { system.as_ref() }) else { return ffi::SQLITE_NOTFOUND };
    let Ok(own_bytes) = c_int::try_from(file::LOG_FILE_BYTES) else { return ffi::SQLITE_NOMEM };
    SYSTEM.store(system, Ordering::Release);
    // Its other methods (names, deleting, time) ask nothing of the VFS that they are called with: they are the ones compiled in.
    let vfs = sqlite3_vfs {
        szOsFile: system_vfs.szOsFile + own_bytes,
        pNext: ptr::null_mut(),
        zName: NAME.as_ptr(),
        xOpen: Some(open),
        ..system_vfs
    };
    // SAFETY: it is never freed, like its name.
    unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(vfs)), 0) }
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let system = SYSTEM.load(Ordering::Acquire);
    if flags & ffi::SQLITE_OPEN_WAL != 0 {
        // SAFETY: SQLite has `szOsFile` of memory for the file, and the rest is as it calls.
        return unsafe { file::open(system, name, file, flags, out_flags) };
    }
    // SAFETY: the VFS was found before this function was made known, and has methods; the rest is as SQLite calls.
    unsafe { (*system).xOpen.map_or(ffi::SQLITE_CANTOPEN, |open| open(system, name, file, flags, out_flags)) }
}
