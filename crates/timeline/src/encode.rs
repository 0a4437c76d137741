//! From columns in the making to the bytes of a segment: dictionaries sorted, codes rewritten,
//! sections laid one behind the other. The same rows give the same bytes, whatever their arrival.

use crate::builder::BuildError;
use crate::bytes::{Plain, bytes_of, bytes_of_mut};
use crate::format::{BLOCK_ROWS, Header, KINDS, Kind, Place, SAMPLE, prelude, put_prelude};
use crate::names::Names;
use crate::presence;
use crate::writer::{Lists, Writer};

/// The file as it grows.
struct Layout {
    words: Vec<u64>,
    places: Vec<Place>,
}

impl Layout {
    fn section<T: Plain>(&mut self, kind: Kind, column: &[T]) {
        debug_assert_eq!(self.places.len(), kind as usize, "sections in the order of the file");
        let bytes = bytes_of(column);
        let start = self.words.len();
        self.words.resize(start + bytes.len().div_ceil(8), 0);
        let out = bytes_of_mut(&mut self.words[start..]);
        out[..bytes.len()].copy_from_slice(bytes);
        let crc = crc32fast::hash(out);
        self.places.push(Place { offset: start * 8, len: bytes.len(), crc });
    }

    /// One byte a code when 256 names suffice, else two.
    fn codes(&mut self, kind: Kind, codes: &[u32], place: &[u32]) {
        if place.len() <= 256 {
            let narrow: Vec<u8> = codes.iter().map(|&c| place[c as usize] as u8).collect();
            self.section(kind, &narrow);
        } else {
            let wide: Vec<u16> = codes.iter().map(|&c| place[c as usize] as u16).collect();
            self.section(kind, &wide);
        }
    }

    /// Count, ends of the names, names.
    fn names(&mut self, kind: Kind, names: &[&str]) {
        let mut out = (names.len() as u32).to_le_bytes().to_vec();
        let mut end = 0_u32;
        for name in names {
            end += name.len() as u32;
            out.extend_from_slice(&end.to_le_bytes());
        }
        for name in names {
            out.extend_from_slice(name.as_bytes());
        }
        self.section(kind, if names.is_empty() { &[] } else { &out });
    }
}

/// Reads what [`Layout::names`] wrote; `None` if it cannot be read.
pub(crate) fn read_names(section: &[u8]) -> Option<Box<[Box<str>]>> {
    if section.is_empty() {
        return Some(Box::default());
    }
    let number = |at: usize| {
        let bytes = section.get(at..at + 4)?;
        Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    };
    let count = number(0)?;
    let base = 4 + count.checked_mul(4)?;
    let mut from = 0;
    let mut names = Vec::with_capacity(count.min(65_536));
    for i in 0..count {
        let to = number(4 + i * 4)?;
        let name = section.get(base + from..base + to)?;
        names.push(std::str::from_utf8(name).ok()?.into());
        from = to;
    }
    Some(names.into())
}

fn limit(what: &'static str, names: &Names) -> Result<(), BuildError> {
    if names.len() > usize::from(u16::MAX) + 1 {
        return Err(BuildError::TooManyNames { what, count: names.len() });
    }
    Ok(())
}

/// Rewrites lists so that each is sorted and without repeats; gives offsets and values.
fn sorted_lists<T: Copy, U: Ord + Copy>(lists: &Lists<T>, value: impl Fn(T) -> U) -> (Vec<u32>, Vec<U>) {
    let mut offsets = Vec::with_capacity(lists.ends.len() + 1);
    let mut out = Vec::with_capacity(lists.values.len());
    let mut one: Vec<U> = Vec::new();
    let mut from = 0;
    if !lists.ends.is_empty() {
        offsets.push(0);
    }
    for &end in &lists.ends {
        one.clear();
        one.extend(lists.values[from..end as usize].iter().map(|&v| value(v)));
        one.sort_unstable();
        one.dedup();
        out.extend_from_slice(&one);
        offsets.push(out.len() as u32);
        from = end as usize;
    }
    (offsets, out)
}

/// Bytes of the sections, about, so that the file grows without being copied.
fn size(w: &Writer) -> usize {
    w.rows() * 33
        + w.customers.len() * 8
        + w.money.values.len() * 10
        + w.score.values.len() * 14
        + w.promise.values.len() * 26
        + w.node.values.len() * 8
        + (w.micros.values.len() + w.seq.values.len()) * 4
        + w.subjects.values.len() * 14
        + w.attributes.values.len() * 8
        + w.attribute_hashes.len() * 8
}

/// The bytes of the segment. `covers` is the ledger position up to which it knows everything.
pub(crate) fn encode(
    w: &Writer,
    workspace: u32,
    bucket: u16,
    buckets: u16,
    covers: u64,
) -> Result<Vec<u64>, BuildError> {
    let rows = w.rows();
    let most = u32::MAX as usize;
    if rows >= most || w.subjects.values.len() >= most || w.attributes.values.len() >= most {
        return Err(BuildError::TooManyRows { rows });
    }
    if let Some(micros) = w.unfit_time {
        return Err(BuildError::Time { micros });
    }
    limit("events", &w.event_names)?;
    limit("channels", &w.channel_names)?;
    limit("kinds of scores", &w.score_names)?;
    limit("kinds of promises", &w.promise_names)?;
    limit("kinds of subjects", &w.subject_names)?;
    limit("currencies", &w.currency_names)?;
    let (event_names, event_place) = w.event_names.sorted();
    let (channel_names, channel_place) = w.channel_names.sorted();
    let (score_names, score_place) = w.score_names.sorted();
    let (promise_names, promise_place) = w.promise_names.sorted();
    let (subject_names, subject_place) = w.subject_names.sorted();
    let (currency_names, currency_place) = w.currency_names.sorted();

    let mut out =
        Layout { words: Vec::with_capacity(prelude() / 8 + size(w) / 8), places: Vec::with_capacity(KINDS.len()) };
    out.words.resize(prelude() / 8, 0);
    out.section(Kind::Customers, &w.customers);
    let mut starts = vec![0_u64; rows.div_ceil(64)];
    for &row in &w.starts {
        starts[row as usize / 64] |= 1 << (row % 64);
    }
    out.section(Kind::Starts, &starts);
    out.section(Kind::StartSamples, &w.starts.iter().copied().step_by(SAMPLE).collect::<Vec<u32>>());
    out.codes(Kind::Events, &w.events, &event_place);
    out.section(Kind::Seconds, &w.seconds);
    let words = event_names.len().div_ceil(64);
    let mut blocks = vec![0_u64; rows.div_ceil(BLOCK_ROWS) * words];
    for (block, codes) in w.events.chunks(BLOCK_ROWS).enumerate() {
        for &code in codes {
            let code = event_place[code as usize] as usize;
            blocks[block * words + code / 64] |= 1 << (code % 64);
        }
    }
    out.section(Kind::Blocks, &blocks);
    out.section(Kind::MicrosRows, &presence::encode(&w.micros.rows, rows));
    out.section(Kind::Micros, &w.micros.values);
    out.section(Kind::SeqRows, &presence::encode(&w.seq.rows, rows));
    out.section(Kind::Seq, &w.seq.values);
    out.section(Kind::Prefix, &w.prefix);
    out.section(Kind::Hash, &w.hash);
    out.section(Kind::Position, &w.position);
    out.section(Kind::NodeRows, &presence::encode(&w.node.rows, rows));
    out.section(Kind::Node, &w.node.values);
    out.codes(Kind::Channels, &w.channels, &channel_place);
    out.section(Kind::Flags, &w.flags);
    let kind = |place: &[u32], code: u32| place[code as usize] as u16;
    out.section(Kind::MoneyRows, &presence::encode(&w.money.rows, rows));
    out.section(Kind::MoneyMinor, &w.money.values.iter().map(|m| m.0).collect::<Vec<_>>());
    out.section(Kind::MoneyCurrency, &w.money.values.iter().map(|m| kind(&currency_place, m.1)).collect::<Vec<_>>());
    out.section(Kind::ScoreRows, &presence::encode(&w.score.rows, rows));
    out.section(Kind::ScoreKind, &w.score.values.iter().map(|s| kind(&score_place, s.0)).collect::<Vec<_>>());
    out.section(Kind::ScoreValue, &w.score.values.iter().map(|s| s.1).collect::<Vec<_>>());
    out.section(Kind::PromiseRows, &presence::encode(&w.promise.rows, rows));
    out.section(Kind::PromiseKind, &w.promise.values.iter().map(|p| kind(&promise_place, p.0)).collect::<Vec<_>>());
    out.section(Kind::PromiseTimes, &w.promise.values.iter().map(|p| p.1).collect::<Vec<_>>());
    let (offsets, subjects) = sorted_lists(&w.subjects, |(k, hash)| (kind(&subject_place, k), hash));
    out.section(Kind::SubjectRows, &presence::encode(&w.subjects.rows, rows));
    out.section(Kind::SubjectOffsets, &offsets);
    out.section(Kind::SubjectKinds, &subjects.iter().map(|s| s.0).collect::<Vec<_>>());
    out.section(Kind::SubjectHashes, &subjects.iter().map(|s| s.1).collect::<Vec<_>>());
    let mut by_hash: Vec<u32> = (0..w.attribute_hashes.len() as u32).collect();
    by_hash.sort_unstable_by_key(|&c| w.attribute_hashes[c as usize]);
    let mut attribute_place = vec![0_u32; by_hash.len()];
    for (at, &code) in by_hash.iter().enumerate() {
        attribute_place[code as usize] = at as u32;
    }
    let (offsets, attributes) = sorted_lists(&w.attributes, |code| attribute_place[code as usize]);
    out.section(Kind::AttributeRows, &presence::encode(&w.attributes.rows, rows));
    out.section(Kind::AttributeOffsets, &offsets);
    out.section(Kind::AttributeCodes, &attributes);
    out.section(Kind::AttributeHashes, &by_hash.iter().map(|&c| w.attribute_hashes[c as usize]).collect::<Vec<_>>());
    out.names(Kind::EventNames, &event_names);
    out.names(Kind::ChannelNames, &channel_names);
    out.names(Kind::ScoreKindNames, &score_names);
    out.names(Kind::PromiseKindNames, &promise_names);
    out.names(Kind::SubjectKindNames, &subject_names);
    out.names(Kind::CurrencyNames, &currency_names);

    let header = Header { workspace, bucket, buckets, covers, rows: rows as u64, customers: w.customers.len() as u64 };
    put_prelude(&mut bytes_of_mut(&mut out.words)[..prelude()], &header, &out.places);
    Ok(out.words)
}
