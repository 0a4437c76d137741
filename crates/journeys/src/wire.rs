//! Writing and reading pass states: counts and lists behind their length, little-endian.

use throughline_timeline::{StateError, StateReader};
use throughline_value::scores::{Scale, ScoreCounts};

pub(crate) fn put_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

pub(crate) fn put_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

pub(crate) fn put_list<T>(out: &mut Vec<u8>, items: impl ExactSizeIterator<Item = T>, put: impl Fn(&mut Vec<u8>, T)) {
    put_u64(out, items.len() as u64);
    for item in items {
        put(out, item);
    }
}

/// Reads a list of things that take at least `each` bytes.
pub(crate) fn read_list<'a, T, C: FromIterator<T>>(
    reader: &mut StateReader<'a>,
    each: usize,
    mut read: impl FnMut(&mut StateReader<'a>) -> Result<T, StateError>,
) -> Result<C, StateError> {
    let n = reader.count(each)?;
    (0..n).map(|_| read(reader)).collect()
}

pub(crate) fn put_scores(out: &mut Vec<u8>, counts: &ScoreCounts) {
    let (min, max) = counts.scale().into();
    put_u64(out, min as u64);
    put_u64(out, max as u64);
    let answers = counts.distribution();
    put_list(out, answers.iter(), |out, (answer, count)| {
        put_u64(out, answer.to_bits());
        put_u64(out, *count);
    });
}

pub(crate) fn read_scores(reader: &mut StateReader<'_>) -> Result<ScoreCounts, StateError> {
    let (min, max) = (reader.i64()?, reader.i64()?);
    let mut counts = ScoreCounts::new(Scale::try_from((min, max)).map_err(|_| StateError::Damaged)?);
    let answers: Vec<(f64, u64)> = read_list(reader, 16, |r| Ok((r.f64()?, r.u64()?)))?;
    for (answer, count) in answers {
        counts.add_many(answer, count).map_err(|_| StateError::Damaged)?;
    }
    Ok(counts)
}
