//! Paper: a drawing in SVG becomes a picture (PNG) or printed pages (PDF).
//!
//! Text is set in the embedded font (`fonts/README.md`), whatever family the drawing names, so the
//! same drawing gives the same bytes on every machine. In a PDF text stays text: it can be searched
//! and copied.
//!
//! To lay text out beforehand, [`width`], [`wrapped`] and [`shortened`] measure it.
//!
//! This room must never know: what is drawn, files, HTTP. Read `drawing.rs` first, then `page.rs`.

mod drawing;
mod page;
mod font;
mod line;

use drawing::Drawing;
pub use line::{shortened, width, wrapped};
use page::Pages;
use resvg::tiny_skia::{Pixmap, Transform};

/// The largest side of a picture in pixels.
const LARGEST: f32 = 16_384.0;

/// A sheet in millimetres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paper {
    /// Across.
    pub width: f32,
    /// Down.
    pub height: f32,
}

impl Paper {
    /// A3, the long side across.
    pub const A3_LANDSCAPE: Self = Self { width: 420.0, height: 297.0 };
    /// A4, the long side down.
    pub const A4_PORTRAIT: Self = Self { width: 210.0, height: 297.0 };
    /// A4, the long side across.
    pub const A4_LANDSCAPE: Self = Self { width: 297.0, height: 210.0 };
}

/// Why a drawing cannot be put on paper.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// Not SVG.
    #[error("the drawing cannot be read: {0}")]
    Unreadable(#[from] resvg::usvg::Error),
    /// Something that pages do not have; pictures do.
    #[error("a page cannot show {0}; draw it with flat colours, paths and text")]
    Unsupported(&'static str),
    /// No pixels, or too many.
    #[error("a picture of {width} × {height} pixels cannot be made; the largest side is 16384")]
    Size {
        /// Across.
        width: f32,
        /// Down.
        height: f32,
    },
    /// The embedded font cannot be cut to the glyphs that are used.
    #[error("the embedded font cannot be cut: {0:?}")]
    Font(subsetter::Error),
    /// The picture cannot be written.
    #[error("the picture cannot be written: {0}")]
    Picture(String),
}

/// The drawing as a PNG, `scale` pixels for one unit of the drawing.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, PaperError> {
    let drawing = Drawing::read(svg)?;
    let size = drawing.tree.size();
    let (width, height) = ((size.width() * scale).ceil(), (size.height() * scale).ceil());
    let fits = |side: f32| (1.0..=LARGEST).contains(&side);
    let pixels = if fits(width) && fits(height) { Pixmap::new(width as u32, height as u32) } else { None };
    let mut pixels = pixels.ok_or(PaperError::Size { width, height })?;
    resvg::render(&drawing.tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| PaperError::Picture(e.to_string()))
}

/// The drawing as a PDF of one page, as large as the paper allows, in the middle. Its `<title>` is the
/// title of the document.
pub fn pdf(svg: &str, paper: Paper) -> Result<Vec<u8>, PaperError> {
    pages(&[svg], paper)
}

/// Drawings as one PDF, each on a page of its own. The first `<title>` is the title of the document.
pub fn pages(svgs: &[&str], paper: Paper) -> Result<Vec<u8>, PaperError> {
    let mut pages = Pages::new(paper);
    for svg in svgs {
        pages.add(&Drawing::read(svg)?)?;
    }
    pages.finish()
}
