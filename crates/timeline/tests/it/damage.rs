//! Damaged files are named, never answered from.

use crate::rows::row;
use std::path::Path;
use throughline_timeline::{Changes, Counts, ScanOptions, Segment, SegmentBuilder, Timeline};

fn write(path: &Path) -> Segment {
    let mut builder = SegmentBuilder::new(1, 0, 1);
    (0..500_u64).for_each(|i| builder.push(row(i % 90, i % 7, i)));
    let segment = builder.finish(500).unwrap();
    std::fs::write(path, segment.as_bytes()).unwrap();
    segment
}

#[test]
fn a_changed_byte_of_any_section_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bucket-00000-000000000001.segment");
    let sound = write(&path);
    let names: Vec<_> = sound.sections().collect();
    assert!(names.iter().all(|(_, range)| !range.is_empty()), "the made-up rows fill every section");
    let mut places: Vec<_> = names.iter().map(|(name, r)| (*name, r.clone())).collect();
    places.extend([("header", 12..64), ("table", 64..names[0].1.start)]);
    for (name, range) in places {
        for at in [range.start, (range.start + range.end) / 2, range.end - 1] {
            let mut bytes = sound.as_bytes().to_vec();
            bytes[at] ^= 0x10;
            std::fs::write(&path, bytes).unwrap();
            let error = match Segment::open(&path) {
                Ok(segment) => segment.verify().unwrap_err().to_string(),
                Err(error) => error.to_string(),
            };
            assert!(error.contains(&format!("section `{name}` is damaged")), "byte {at} of {name}: {error}");
            assert!(error.contains("bucket-00000-000000000001.segment"), "{error}");
            assert!(error.contains("throughline rebuild"), "{error}");
        }
    }
}

#[test]
fn a_file_cut_short_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("segment");
    let sound = write(&path);
    for len in [0, 7, 63, 64, 500, sound.as_bytes().len() - 8, sound.as_bytes().len() - 1] {
        std::fs::write(&path, &sound.as_bytes()[..len]).unwrap();
        Segment::open(&path).unwrap_err();
    }
    let mut longer = sound.as_bytes().to_vec();
    longer.extend([0; 8]);
    std::fs::write(&path, longer).unwrap();
    Segment::open(&path).unwrap_err();
    let mut other = sound.as_bytes().to_vec();
    other[8] = 2;
    std::fs::write(&path, other).unwrap();
    let error = Segment::open(&path).unwrap_err().to_string();
    assert!(error.contains("format 2, and this program reads format 1"), "{error}");
}

#[test]
fn damage_under_a_timeline_is_an_error_of_every_reader_and_a_rebuild_heals_it() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<_> = (0..500_u64).map(|i| row(i % 90, i % 7, i)).collect();
    let fill = |dir: &Path| {
        let (mut timeline, _) = Timeline::open(dir, 1, 1).unwrap();
        timeline.apply(Changes { position: 500, rows: rows.clone(), ..Changes::default() }).unwrap();
        timeline.flush().unwrap();
        timeline
    };
    let sound: Vec<_> = {
        let mut timeline = fill(dir.path());
        let snapshot = timeline.snapshot().unwrap();
        (0..90).map(|id| snapshot.customer_rows(id).unwrap()).collect()
    };
    let file = dir.path().join("bucket-00000-000000000001.segment");
    let bytes = std::fs::read(&file).unwrap();
    let sections: Vec<_> = Segment::open(&file).unwrap().sections().collect();
    for (name, range) in sections {
        let mut damaged = bytes.clone();
        damaged[range.start] ^= 1;
        // A new inode, as a mapping of the old one must not change.
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, damaged).unwrap();
        let Ok((mut timeline, _)) = Timeline::open(dir.path(), 1, 1) else { continue };
        let snapshot = timeline.snapshot().unwrap();
        for id in 0..90 {
            if let Ok(rows) = snapshot.customer_rows(id) {
                assert_eq!(rows, sound[id as usize], "{name}: either an error or the truth");
            }
        }
        if ["events", "seconds", "customers", "customer boundaries"].contains(&name) {
            snapshot.scan(&Counts::new(), &ScanOptions::default()).unwrap_err();
            timeline.apply(Changes { position: 501, rows: vec![row(3, 3, 501)], ..Changes::default() }).unwrap();
            let error = timeline.flush().unwrap_err().to_string();
            assert!(error.contains(&format!("section `{name}` is damaged")), "{error}");
        }
    }
    let mut timeline = Timeline::open_empty(dir.path(), 1, 1).unwrap();
    timeline.rebuild(500, |_| Ok::<_, std::io::Error>(rows.iter().cloned().map(Ok))).unwrap();
    let snapshot = timeline.snapshot().unwrap();
    assert_eq!((0..90).map(|id| snapshot.customer_rows(id).unwrap()).collect::<Vec<_>>(), sound);
}

#[test]
fn a_damaged_manifest_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (mut timeline, _) = Timeline::open(dir.path(), 1, 1).unwrap();
    timeline.apply(Changes { position: 3, rows: vec![row(1, 1, 1)], ..Changes::default() }).unwrap();
    timeline.flush().unwrap();
    drop(timeline);
    let path = dir.path().join("manifest");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("covers 3", "covers 4")).unwrap();
    let error = Timeline::open(dir.path(), 1, 1).unwrap_err().to_string();
    assert!(error.contains("manifest") && error.contains("throughline rebuild"), "{error}");
}
