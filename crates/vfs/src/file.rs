//! The log as SQLite opens it: the held frames, and the system's file beneath.

use std::ffi::{c_int, c_void};
use std::{ptr, slice};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_filename, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

use crate::frames::Frames;

/// The beginning of the memory that SQLite has for a file of the log. The file beneath has the rest.
///
/// Except for [`open`], only SQLite calls the functions here, with a file that is open, one call at a time.
#[repr(C)]
struct LogFile {
    /// SQLite looks here for the methods.
    base: sqlite3_file,
    frames: Frames,
}

/// The memory that a file needs in addition to the one beneath it; it keeps that one aligned.
pub(crate) const LOG_FILE_BYTES: usize = size_of::<LogFile>();

/// SQLite's own VFS takes the length of a write modulo 128 KiB.
const WRITE_BYTES_MAX: usize = (128 << 10) - 1;

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    // Methods of later versions, for shared memory and mapped files, are for databases and not for logs.
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// Opens a log.
///
/// # Safety
///
/// The caller calls as SQLite calls `xOpen` of `system`, but with [`LOG_FILE_BYTES`] more memory at `file`.
pub(crate) unsafe fn open(
    system: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let opened = LogFile { base: sqlite3_file { pMethods: &raw const METHODS }, frames: Frames::default() };
    // SAFETY: the memory is the caller's, for a `LogFile` and the file beneath it.
    unsafe {
        let beneath = beneath(file);
        (*file).pMethods = ptr::null();
        (*beneath).pMethods = ptr::null();
        let Some(open) = (*system).xOpen else { return ffi::SQLITE_CANTOPEN };
        let code = open(system, name, beneath, flags, out_flags);
        // SQLite closes a file that has methods, even if it could not be opened.
        if !(*beneath).pMethods.is_null() {
            file.cast::<LogFile>().write(opened);
        }
        code
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite calls no method of the file after this one. Frames that are still held belong to no commit.
    unsafe {
        ptr::drop_in_place(&raw mut (*file.cast::<LogFile>()).frames);
        call(file, |file, methods| Some(methods.xClose?(file)))
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, amount: c_int, at: sqlite3_int64) -> c_int {
    // SAFETY: the bytes are SQLite's, which does not change them until this returns.
    let bytes = unsafe { slice::from_raw_parts(from.cast::<u8>(), amount.unsigned_abs() as usize) };
    // SAFETY: the file is open.
    let frames = unsafe { &mut (*file.cast::<LogFile>()).frames };
    // SAFETY: the file is open.
    code(frames.write(bytes, at, |bytes, at| unsafe { write_beneath(file, bytes, at) }))
}

/// Methods that write the held frames first, because they may depend on them.
macro_rules! after_writing {
    ($($name:ident: $method:ident($($argument:ident: $kind:ty),*);)*) => {$(
        unsafe extern "C" fn $name(file: *mut sqlite3_file, $($argument: $kind),*) -> c_int {
            // SAFETY: the file is open.
            let frames = unsafe { &mut (*file.cast::<LogFile>()).frames };
            // SAFETY: the file is open.
            let written = code(frames.write_out(|bytes, at| unsafe { write_beneath(file, bytes, at) }));
            if written != ffi::SQLITE_OK {
                return written;
            }
            // SAFETY: the file is open, and the arguments are SQLite's for this method.
            unsafe { call(file, |file, methods| Some(methods.$method?(file, $($argument),*))) }
        }
    )*};
}

after_writing! {
    read: xRead(to: *mut c_void, amount: c_int, at: sqlite3_int64);
    truncate: xTruncate(size: sqlite3_int64);
    sync: xSync(flags: c_int);
    file_size: xFileSize(size: *mut sqlite3_int64);
    lock: xLock(level: c_int);
    unlock: xUnlock(level: c_int);
    check_reserved_lock: xCheckReservedLock(is_reserved: *mut c_int);
    file_control: xFileControl(op: c_int, argument: *mut c_void);
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    // SAFETY: the file is open.
    unsafe { call(file, |file, methods| Some(methods.xSectorSize?(file))) }
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    // SAFETY: the file is open.
    unsafe { call(file, |file, methods| Some(methods.xDeviceCharacteristics?(file))) }
}

/// Calls a method of the file beneath.
///
/// # Safety
///
/// The file is open, and `method` calls what SQLite would call, with SQLite's arguments.
unsafe fn call(
    file: *mut sqlite3_file,
    method: impl FnOnce(*mut sqlite3_file, &sqlite3_io_methods) -> Option<c_int>,
) -> c_int {
    // SAFETY: the file beneath is open whenever the file is, and an open file has methods.
    unsafe {
        let beneath = beneath(file);
        method(beneath, &*(*beneath).pMethods).unwrap_or(ffi::SQLITE_IOERR)
    }
}

/// # Safety
///
/// The file is open.
unsafe fn write_beneath(file: *mut sqlite3_file, bytes: &[u8], at: sqlite3_int64) -> Result<(), c_int> {
    let mut at = at;
    for bytes in bytes.chunks(WRITE_BYTES_MAX) {
        let amount = bytes.len() as c_int;
        // SAFETY: the file is open, and `amount` is the number of bytes.
        match unsafe { call(file, |file, methods| Some(methods.xWrite?(file, bytes.as_ptr().cast(), amount, at))) } {
            ffi::SQLITE_OK => at += sqlite3_int64::from(amount),
            code => return Err(code),
        }
    }
    Ok(())
}

/// # Safety
///
/// `file` points to the memory of a [`LogFile`] and of the file beneath it.
unsafe fn beneath(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: the result is in the same memory.
    unsafe { file.byte_add(LOG_FILE_BYTES) }
}

fn code(done: Result<(), c_int>) -> c_int {
    done.err().unwrap_or(ffi::SQLITE_OK)
}
