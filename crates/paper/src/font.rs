//! The embedded font, and its glyphs in a PDF.

use crate::PaperError;
use crate::page::packed;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str};
use resvg::usvg::layout::PositionedGlyph;
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use std::collections::BTreeMap;
use subsetter::GlyphRemapper;

/// One cut of the font.
pub(crate) struct Face {
    pub(crate) data: &'static [u8],
    /// Its name in a PDF: six letters mark a subset.
    name: &'static str,
    weight: u16,
}

/// Regular, then SemiBold. Both have the vertical measures below.
pub(crate) const FACES: [Face; 2] = [
    Face { data: include_bytes!("../fonts/Inter-Regular.ttf"), name: "THRLNR+Inter-Regular", weight: 400 },
    Face { data: include_bytes!("../fonts/Inter-SemiBold.ttf"), name: "THRLNS+Inter-SemiBold", weight: 600 },
];

/// Units of one em in both cuts.
pub(crate) const EM: f32 = 2048.0;
const ASCENT: f32 = 968.75;
const DESCENT: f32 = -241.21;
const CAPITALS: f32 = 727.0;

const SYSTEM: SystemInfo = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// The glyphs of one cut that a document uses.
#[derive(Default)]
pub(crate) struct Used {
    glyphs: GlyphRemapper,
    /// What each glyph of the subset says, as it first appeared.
    text: BTreeMap<u16, String>,
}

impl Used {
    /// The number of a glyph in the subset.
    pub(crate) fn glyph(&mut self, glyph: &PositionedGlyph) -> u16 {
        let number = self.glyphs.remap(glyph.id.0 as u16);
        self.text.entry(number).or_insert_with(|| glyph.text.clone());
        number
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Writes the font under `id` and its parts under the four that follow.
    pub(crate) fn write(&self, face: &Face, id: Ref, pdf: &mut Pdf, widths: &Widths) -> Result<(), PaperError> {
        let part = |n: i32| Ref::new(id.get() + n);
        let (cid, descriptor, file, cmap) = (part(1), part(2), part(3), part(4));
        let name = Name(face.name.as_bytes());
        pdf.type0_font(id)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(cmap);
        let mut font = pdf.cid_font(cid);
        font.subtype(CidFontType::Type2)
            .base_font(name)
            .system_info(SYSTEM)
            .font_descriptor(descriptor)
            .cid_to_gid_map_predefined(Name(b"Identity"))
            .default_width(0.0);
        font.widths().consecutive(0, self.glyphs.remapped_gids().map(|g| widths.of(g) / EM * 1000.0));
        font.finish();
        pdf.font_descriptor(descriptor)
            .name(name)
            .weight(face.weight)
            .flags(FontFlags::NON_SYMBOLIC)
            .bbox(Rect::new(-742.0, -323.0, 2580.0, 1075.0))
            .italic_angle(0.0)
            .ascent(ASCENT)
            .descent(DESCENT)
            .cap_height(CAPITALS)
            .stem_v(if face.weight > 500 { 120.0 } else { 80.0 })
            .font_file2(file);
        let subset = subsetter::subset(face.data, 0, &self.glyphs).map_err(PaperError::Font)?;
        pdf.stream(file, &packed(&subset)).filter(Filter::FlateDecode).pair(Name(b"Length1"), subset.len() as i32);
        let mut says = UnicodeCmap::<u16>::new(Name(b"Throughline"), SYSTEM);
        for (number, text) in self.text.iter().filter(|(_, text)| !text.is_empty()) {
            says.pair_with_multiple(*number, text.chars());
        }
        pdf.cmap(cmap, &packed(&says.finish())).filter(Filter::FlateDecode);
        Ok(())
    }
}

/// How wide the glyphs of a cut are, in units of the em.
pub(crate) struct Widths(FontRef<'static>);

impl Widths {
    /// Reads an embedded cut.
    pub(crate) fn new(face: &Face) -> Self {
        Self(FontRef::new(face.data).expect("the embedded font is a font"))
    }

    /// One glyph.
    pub(crate) fn of(&self, glyph: u16) -> f32 {
        let metrics = self.0.glyph_metrics(Size::unscaled(), LocationRef::default());
        metrics.advance_width(glyph.into()).unwrap_or(0.0)
    }

    /// A text on one line, without kerning; what joins words takes no room.
    pub(crate) fn text(&self, text: &str) -> f32 {
        let (letters, metrics) = (self.0.charmap(), self.0.glyph_metrics(Size::unscaled(), LocationRef::default()));
        let width = |letter: char| metrics.advance_width(letters.map(letter).unwrap_or_default()).unwrap_or(0.0);
        text.chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}')).map(width).sum()
    }
}
