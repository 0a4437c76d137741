//! Drawings on paper, read back by other eyes: pixels, and another reader of PDF.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use resvg::tiny_skia::Pixmap;
use std::process::Command;
use throughline_paper::{Paper, PaperError, pages, pdf, png, shortened, width, wrapped};

fn drawing(text: &str) -> String {
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="400" height="100" viewBox="0 0 400 100"><title>A map</title>
<rect width="400" height="100" fill="#ffffff"/><text x="10" y="60" font-family="system-ui" font-size="40" fill="#000000">{text}</text>
<path d="M10 80Q200 60 390 80" fill="none" stroke="#c25e12" stroke-width="2" stroke-opacity="0.5" stroke-dasharray="4 3"/></svg>"##
    )
}

/// The share of dark pixels in a part of the picture.
fn ink(png: &[u8], part: std::ops::Range<u32>) -> f64 {
    let picture = Pixmap::decode_png(png).unwrap();
    let (mut dark, mut all) = (0, 0);
    for y in 0..picture.height() * 7 / 10 {
        for x in part.clone() {
            all += 1;
            dark += u32::from(picture.pixel(x, y).unwrap().red() < 128);
        }
    }
    f64::from(dark) / f64::from(all)
}

/// What another reader finds in a PDF; `None`, and a word about it, where there is no other reader.
fn read(bytes: &[u8]) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.pdf");
    std::fs::write(&file, bytes).unwrap();
    match Command::new("pdftotext").arg("-layout").arg(&file).arg("-").output() {
        Ok(out) => {
            let complaints = String::from_utf8_lossy(&out.stderr).into_owned();
            assert!(out.status.success() && complaints.is_empty(), "{complaints}");
            Some(String::from_utf8(out.stdout).unwrap())
        }
        Err(_) => {
            println!("skipped: there is no pdftotext; apt-get install poppler-utils");
            None
        }
    }
}

#[test]
fn text_is_painted_on_pictures() {
    let picture = png(&drawing("Receive"), 2.0).unwrap();
    let size = Pixmap::decode_png(&picture).unwrap();
    assert_eq!((size.width(), size.height()), (800, 200));
    assert!(ink(&picture, 20..300) > 0.05, "letters are where they were set");
    assert_eq!(ink(&picture, 600..800), 0.0, "and nowhere else");
    assert_eq!(ink(&png(&drawing(""), 2.0).unwrap(), 20..300), 0.0);
    // The embedded font has what interfaces write, and bold is bolder.
    for text in ["ąćřő", "привет", "±−≤→", "€ 1\u{a0}200"] {
        let (one, none) = (png(&drawing(text), 1.0).unwrap(), png(&drawing("\u{4e2d}"), 1.0).unwrap());
        assert!(ink(&one, 10..120) > 0.02 && one != none, "{text}");
    }
    let bold = drawing("Receive").replace("<text ", "<text font-weight=\"600\" ");
    assert!(ink(&png(&bold, 2.0).unwrap(), 20..300) > 1.15 * ink(&picture, 20..300));
    // What joins words takes no room and shows nothing.
    let joined = png(&drawing("2\u{2060}3"), 1.0).unwrap();
    assert!((ink(&joined, 10..120) - ink(&png(&drawing("23"), 1.0).unwrap(), 10..120)).abs() < 1e-3);
}

#[test]
fn the_same_drawing_gives_the_same_bytes() {
    let svg = drawing("Receive – 93 %");
    assert_eq!(png(&svg, 1.5).unwrap(), png(&svg, 1.5).unwrap());
    assert_eq!(pdf(&svg, Paper::A3_LANDSCAPE).unwrap(), pdf(&svg, Paper::A3_LANDSCAPE).unwrap());
}

#[test]
fn another_reader_finds_the_words_of_every_page() {
    let two = pages(&[&drawing("Receive – 93 %"), &drawing("Привет, späte Čaje")], Paper::A4_PORTRAIT).unwrap();
    let Some(text) = read(&two) else { return };
    let found: Vec<&str> = text.split('\u{c}').map(str::trim).collect();
    assert_eq!(found, ["Receive – 93 %", "Привет, späte Čaje", ""]);
    let one = pdf(&drawing("Ship"), Paper::A3_LANDSCAPE).unwrap();
    assert!(one.len() < 30_000, "only the glyphs that are used are in it: {} bytes", one.len());
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.pdf"), &one).unwrap();
    let info = Command::new("pdfinfo").arg(dir.path().join("a.pdf")).output().unwrap();
    let info = String::from_utf8(info.stdout).unwrap();
    assert!(info.contains("A map") && info.contains("1190.55 x 841.89 pts (A3)"), "{info}");
    // Drawn by the other reader, the ink is where ours is.
    let (from, to) = (dir.path().join("a.pdf"), dir.path().join("a"));
    let drawn = Command::new("pdftoppm").args(["-png", "-r", "48", "-singlefile"]).args([from, to]).status().unwrap();
    assert!(drawn.success());
    let theirs = Pixmap::decode_png(&std::fs::read(dir.path().join("a.png")).unwrap()).unwrap();
    let dark = |x: std::ops::Range<u32>| {
        let pixels = x.flat_map(|x| (0..theirs.height()).map(move |y| (x, y)));
        pixels.filter(|&(x, y)| theirs.pixel(x, y).unwrap().red() < 100).count()
    };
    assert!(dark(20..200) > 400 && dark(300..790) == 0, "{} {}", dark(20..200), dark(300..790));
}

#[test]
fn lines_are_as_long_as_they_are_measured() {
    let picture = Pixmap::decode_png(&png(&drawing("Receive"), 2.0).unwrap()).unwrap();
    let inked = |x: &u32| (0..140).any(|y| picture.pixel(*x, y).unwrap().red() < 128);
    let (first, last) = ((0..800).find(inked).unwrap(), (0..800).rev().find(inked).unwrap());
    let measured = width("Receive", 40.0, false) * 2.0;
    assert!((f64::from(last - first) - f64::from(measured)).abs() < 20.0, "{} {measured}", last - first);
    assert_eq!(width("2\u{2060}3", 10.0, true), width("23", 10.0, true));
    let text = "Where the parcel was promised for a Monday, and came on Thursday";
    let lines = wrapped(text, 12.0, false, 120.0);
    assert!(lines.len() > 2 && lines.iter().all(|l| width(l, 12.0, false) <= 120.0), "{lines:?}");
    assert_eq!(lines.join(" "), text);
    let short = shortened(text, 12.0, false, 120.0);
    assert!(
        short.ends_with('…') && width(&short, 12.0, false) <= 120.0 && text.starts_with(short.trim_end_matches('…'))
    );
    assert_eq!(shortened("Ship", 12.0, false, 120.0), "Ship");
}

#[test]
fn what_cannot_be_put_on_paper_is_said() {
    let svg = |inner: &str| format!(r#"<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10">{inner}</svg>"#);
    assert!(matches!(png("not svg", 1.0), Err(PaperError::Unreadable(_))));
    for scale in [0.0, -1.0, f32::NAN, 1e9] {
        assert!(matches!(png(&drawing("x"), scale), Err(PaperError::Size { .. })), "{scale}");
    }
    let gradient = svg(
        r##"<linearGradient id="g"><stop stop-color="#000"/><stop offset="1" stop-color="#fff"/></linearGradient><rect width="5" height="5" fill="url(#g)"/>"##,
    );
    let faded = svg(r#"<g opacity="0.5"><rect width="5" height="5"/><rect x="2" width="5" height="5"/></g>"#);
    for refused in [gradient, faded] {
        assert!(matches!(pdf(&refused, Paper::A4_PORTRAIT), Err(PaperError::Unsupported(_))), "{refused}");
        assert!(png(&refused, 1.0).is_ok());
    }
    // Clips and nested drawings are there.
    let nested = svg(r#"<svg x="2" y="2" width="4" height="4" viewBox="0 0 1 1"><rect width="9" height="9"/></svg>"#);
    assert!(pdf(&nested, Paper::A4_PORTRAIT).is_ok());
}
