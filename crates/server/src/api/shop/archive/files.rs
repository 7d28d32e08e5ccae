//! The files of an archive: NDJSON, compressed, one for each step. Names tell the numbers of the events inside.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use app::audit::{Archived, EventFacts, archive};
use app::events::wire_time;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::system::data_dir::for_owner_only;
use crate::system::io_error;

const BEGIN: &str = "events-";
const END: &str = ".ndjson.gz";
/// Comes before the payload, which is written as it is stored. In a JSON text of another field its quotes would be escaped.
const PAYLOAD: &str = ",\"payload\":";

/// An event without its payload.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    /// Among all events of the shop, in the order of the archive.
    number: i64,
    event_id: String,
    r#type: String,
    topic: String,
    key: String,
    at: String,
    cause: String,
    /// The store's number of the order.
    order: Option<i64>,
    version: Option<i64>,
    traceparent: Option<String>,
    aggregate_type: String,
    aggregate_id: String,
    shard: usize,
    seq: i64,
    /// False for events of early versions, whose chain covers less.
    is_covered_whole: bool,
}

/// A file that is being written. It has its name when it is complete and on the disk.
pub(super) struct Writing {
    folder: PathBuf,
    beside: PathBuf,
    out: GzEncoder<BufWriter<File>>,
    first: i64,
}

impl Writing {
    /// `first`: the number of its first event.
    pub(super) fn begin(folder: &Path, first: i64) -> io::Result<Writing> {
        let beside = folder.join(format!("{BEGIN}{first:012}.part"));
        for_owner_only(&beside)?;
        let out = GzEncoder::new(BufWriter::new(File::create(&beside)?), Compression::default());
        Ok(Writing { folder: folder.to_owned(), beside, out, first })
    }

    pub(super) fn add(&mut self, number: i64, event: &EventFacts) -> io::Result<()> {
        let line = Line {
            number,
            event_id: event.id.clone(),
            r#type: event.kind.clone(),
            topic: event.topic.clone(),
            key: event.key.clone(),
            at: wire_time::format(event.at),
            cause: event.cause.clone(),
            order: event.order.map(|order| order.0),
            version: event.version,
            traceparent: event.trace.clone(),
            aggregate_type: event.aggregatetype.clone(),
            aggregate_id: event.aggregateid.clone(),
            shard: event.shard,
            seq: event.seq,
            is_covered_whole: event.is_covered_whole,
        };
        let text = serde_json::to_string(&line)?;
        writeln!(self.out, "{}{PAYLOAD}{}}}", text.strip_suffix('}').unwrap_or(&text), event.payload)
    }

    /// Brings the file to the disk and gives it its name, which is returned.
    pub(super) fn finish(self, last: i64) -> io::Result<String> {
        let name = format!("{BEGIN}{:012}-{last:012}{END}", self.first);
        let file = self.out.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&self.beside, self.folder.join(&name))?;
        File::open(&self.folder)?.sync_all()?;
        Ok(name)
    }
}

/// Removes files of an earlier attempt whose events are still in the store, except for those that were just written.
pub(super) fn clear(folder: &Path, archived: i64, written: &[String]) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_stale = numbers(&name).is_some_and(|(first, _)| first > archived) && !written.contains(&name);
        let is_part = name.starts_with(BEGIN) && name.ends_with(".part");
        if is_stale || is_part {
            fs::remove_file(folder.join(name))?;
        }
    }
    Ok(())
}

/// Returns the numbers of a file's first and last event.
fn numbers(name: &str) -> Option<(i64, i64)> {
    let (first, last) = name.strip_prefix(BEGIN)?.strip_suffix(END)?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// Reads every file of a folder, and returns what its events add up to. The chain's hashes are computed from the first event on,
/// so that files that were changed, or are not all here, end in other heads.
///
/// # Errors
///
/// When a file cannot be read, or its events are not the next ones.
pub(crate) fn read_all(folder: &Path) -> io::Result<Archived> {
    let mut found: Vec<(i64, String)> = vec![];
    for entry in fs::read_dir(folder).map_err(|error| naming(folder, &error))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        found.extend(numbers(&name).map(|(first, _)| (first, name)));
    }
    found.sort_unstable();
    let mut archived = Archived::default();
    for (_, name) in found {
        read(&folder.join(&name), &mut archived).map_err(|error| naming(Path::new(&name), &error))?;
    }
    Ok(archived)
}

fn read(file: &Path, archived: &mut Archived) -> io::Result<()> {
    // Readers such as `gunzip` also read what was appended to a file, so it must be the next events as well.
    for line in BufReader::new(MultiGzDecoder::new(File::open(file)?)).lines() {
        let number = archived.events() + 1;
        let event = parse(&line?, number);
        archive(&event.ok_or_else(|| io::Error::other(format!("event {number} is missing or unreadable")))?, archived);
    }
    Ok(())
}

fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::other(format!("{}: {}", path.display(), io_error::of(error)))
}

/// Returns the event of a line, if it has the number.
fn parse(line: &str, number: i64) -> Option<EventFacts> {
    let (head, payload) = line.split_once(PAYLOAD)?;
    let line: Line = serde_json::from_str(&format!("{head}}}")).ok()?;
    (line.number == number).then_some(())?;
    Some(EventFacts {
        id: line.event_id,
        shard: line.shard,
        seq: line.seq,
        key: line.key,
        kind: line.r#type,
        payload: payload.strip_suffix('}')?.to_owned(),
        at: wire_time::parse(&line.at).ok()?,
        aggregatetype: line.aggregate_type,
        aggregateid: line.aggregate_id,
        topic: line.topic,
        order: line.order.map(domain::ids::OrderId),
        version: line.version,
        cause: line.cause,
        trace: line.traceparent,
        is_covered_whole: line.is_covered_whole,
        root: None,
        position: number,
    })
}
