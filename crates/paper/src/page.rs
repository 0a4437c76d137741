//! Pages of a PDF: paths, and text that stays text.

use crate::drawing::{Drawing, FONTS};
use crate::font::{EM, FACES, Used, Widths};
use crate::{Paper, PaperError};
use pdf_writer::types::{LineCapStyle, LineJoinStyle, TextRenderingMode};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use resvg::tiny_skia::{PathSegment, Transform};
use resvg::usvg::layout::{PositionedGlyph, Span};
use resvg::usvg::{BlendMode, ClipPath, Fill, FillRule, Group, LineCap, LineJoin, Node, Paint, PaintOrder, Path};
use resvg::usvg::{Stroke, Text};
use std::collections::BTreeMap;
use std::io::Write;

/// Points of one millimetre.
const POINTS: f32 = 72.0 / 25.4;
/// The names of the two cuts on a page.
const CUTS: [&[u8]; 2] = [b"R", b"S"];

/// A document being written.
pub(crate) struct Pages {
    paper: Paper,
    title: Option<String>,
    contents: Vec<Vec<u8>>,
    ink: Ink,
}

impl Pages {
    pub(crate) fn new(paper: Paper) -> Self {
        Self { paper, title: None, contents: Vec::new(), ink: Ink::new() }
    }

    /// A page with the drawing in its middle.
    pub(crate) fn add(&mut self, drawing: &Drawing) -> Result<(), PaperError> {
        self.title = self.title.take().or_else(|| drawing.title.clone());
        let (width, height) = (self.paper.width * POINTS, self.paper.height * POINTS);
        let size = drawing.tree.size();
        let scale = (width / size.width()).min(height / size.height());
        let (left, top) = ((width - size.width() * scale) / 2.0, (height - size.height() * scale) / 2.0);
        let mut content = Content::new();
        content.transform([scale, 0.0, 0.0, -scale, left, height - top]);
        self.ink.group(drawing.tree.root(), &mut content)?;
        self.contents.push(content.finish().as_slice().to_vec());
        Ok(())
    }

    /// The bytes of the document.
    pub(crate) fn finish(self) -> Result<Vec<u8>, PaperError> {
        let mut pdf = Pdf::new();
        let (catalog, tree, info) = (Ref::new(1), Ref::new(2), Ref::new(3));
        let fonts = [Ref::new(4), Ref::new(9)];
        let first = 14;
        let page = |n: usize| Ref::new(first + 2 * n as i32);
        let content = |n: usize| Ref::new(first + 1 + 2 * n as i32);
        pdf.catalog(catalog).pages(tree).lang(TextStr("en"));
        if let Some(title) = &self.title {
            pdf.document_info(info).title(TextStr(title)).creator(TextStr("Throughline"));
        }
        let count = self.contents.len();
        pdf.pages(tree).kids((0..count).map(page)).count(count as i32);
        let box_of = Rect::new(0.0, 0.0, self.paper.width * POINTS, self.paper.height * POINTS);
        for (n, drawn) in self.contents.iter().enumerate() {
            let mut written = pdf.page(page(n));
            written.parent(tree).media_box(box_of).contents(content(n));
            let mut resources = written.resources();
            let mut named = resources.fonts();
            for cut in (0..2).filter(|&cut| !self.ink.used[cut].is_empty()) {
                named.pair(Name(CUTS[cut]), fonts[cut]);
            }
            named.finish();
            let mut states = resources.ext_g_states();
            for (&(fill, stroke), number) in &self.ink.opacities {
                let mut state = states
                    .insert(Name(format!("a{number}").as_bytes()))
                    .start::<pdf_writer::writers::ExtGraphicsState<'_>>();
                state.non_stroking_alpha(f32::from(fill) / 255.0).stroking_alpha(f32::from(stroke) / 255.0);
            }
            states.finish();
            resources.finish();
            written.finish();
            pdf.stream(content(n), &packed(drawn)).filter(Filter::FlateDecode);
        }
        for (cut, used) in self.ink.used.iter().enumerate().filter(|(_, used)| !used.is_empty()) {
            used.write(&FACES[cut], fonts[cut], &mut pdf, &self.ink.widths[cut])?;
        }
        Ok(pdf.finish())
    }
}

/// Zlib, always with the same result for the same bytes.
pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    packer.write_all(bytes).expect("a vector takes everything");
    packer.finish().expect("a vector takes everything")
}

/// Draws, and remembers what the document then needs.
struct Ink {
    used: [Used; 2],
    widths: [Widths; 2],
    /// Opacity of fills and of strokes in 255ths, with its number.
    opacities: BTreeMap<(u8, u8), usize>,
}

impl Ink {
    fn new() -> Self {
        Self { used: Default::default(), widths: FACES.each_ref().map(Widths::new), opacities: BTreeMap::new() }
    }

    fn group(&mut self, group: &Group, out: &mut Content) -> Result<(), PaperError> {
        if group.mask().is_some() || !group.filters().is_empty() {
            return Err(PaperError::Unsupported("masks and filters"));
        }
        if group.opacity().get() < 1.0 || group.blend_mode() != BlendMode::Normal {
            return Err(PaperError::Unsupported("the opacity of a whole group"));
        }
        out.save_state();
        out.transform(matrix(group.transform()));
        if let Some(clip) = group.clip_path() {
            clipped(clip, out)?;
        }
        for node in group.children() {
            match node {
                Node::Group(inner) => self.group(inner, out)?,
                Node::Path(path) => self.path(path, out)?,
                Node::Text(text) => self.text(text, out)?,
                Node::Image(_) => return Err(PaperError::Unsupported("pictures")),
            }
        }
        out.restore_state();
        Ok(())
    }

    fn path(&mut self, path: &Path, out: &mut Content) -> Result<(), PaperError> {
        if !path.is_visible() {
            return Ok(());
        }
        out.save_state();
        self.opacity(path.fill(), path.stroke(), out);
        if let Some(stroke) = path.stroke() {
            stroked(stroke, out)?;
        }
        if let Some(fill) = path.fill() {
            let [r, g, b] = flat(fill.paint())?;
            out.set_fill_rgb(r, g, b);
        }
        trace(path.data().segments(), out);
        match (path.fill().map(Fill::rule), path.stroke()) {
            (Some(FillRule::NonZero), Some(_)) => out.fill_nonzero_and_stroke(),
            (Some(FillRule::EvenOdd), Some(_)) => out.fill_even_odd_and_stroke(),
            (Some(FillRule::NonZero), None) => out.fill_nonzero(),
            (Some(FillRule::EvenOdd), None) => out.fill_even_odd(),
            (None, Some(_)) => out.stroke(),
            (None, None) => out.end_path(),
        };
        out.restore_state();
        Ok(())
    }

    fn text(&mut self, text: &Text, out: &mut Content) -> Result<(), PaperError> {
        for span in text.layouted().iter().filter(|s| s.visible) {
            for line in [&span.underline, &span.overline].into_iter().flatten() {
                self.path(line, out)?;
            }
            out.save_state();
            self.opacity(span.fill.as_ref(), span.stroke.as_ref(), out);
            if let Some(fill) = &span.fill {
                let [r, g, b] = flat(fill.paint())?;
                out.set_fill_rgb(r, g, b);
            }
            if let Some(stroke) = &span.stroke {
                stroked(stroke, out)?;
            }
            use TextRenderingMode::{Fill, FillStroke, Stroke};
            // Searching finds what is filled once, whatever is drawn around it.
            match (&span.fill, &span.stroke, span.paint_order) {
                (Some(_), None, _) => self.glyphs(span, Fill, out),
                (None, Some(_), _) => self.glyphs(span, Stroke, out),
                (Some(_), Some(_), PaintOrder::FillAndStroke) => self.glyphs(span, FillStroke, out),
                (Some(_), Some(_), PaintOrder::StrokeAndFill) => {
                    out.begin_marked_content(Name(b"Artifact"));
                    self.glyphs(span, Stroke, out);
                    out.end_marked_content();
                    self.glyphs(span, Fill, out);
                }
                (None, None, _) => {}
            }
            out.restore_state();
            if let Some(line) = &span.line_through {
                self.path(line, out)?;
            }
        }
        Ok(())
    }

    fn glyphs(&mut self, span: &Span, mode: TextRenderingMode, out: &mut Content) {
        out.begin_text();
        out.set_text_rendering_mode(mode);
        let mut at = 0;
        while at < span.positioned_glyphs.len() {
            let glyphs = run(&span.positioned_glyphs[at..]);
            at += glyphs.len();
            let cut = usize::from(FONTS.1[1] == glyphs[0].font);
            let (size, first) = (glyphs[0].font_size(), glyphs[0].outline_transform());
            // The matrix of a glyph reaches from the units of the em; that of a text from its size.
            let unit = EM / size;
            out.set_font(Name(CUTS[cut]), size);
            out.set_text_matrix([
                first.sx * unit,
                first.ky * unit,
                first.kx * unit,
                first.sy * unit,
                first.tx,
                first.ty,
            ]);
            let mut shown = out.show_positioned();
            let mut items = shown.items();
            let mut pen = first.tx;
            for glyph in glyphs {
                let place = glyph.outline_transform();
                let drift = (pen - place.tx) / (place.sx * EM) * 1000.0;
                if drift.abs() > 0.5 {
                    items.adjust(drift);
                }
                items.show(Str(&self.used[cut].glyph(glyph).to_be_bytes()));
                pen = place.tx + self.widths[cut].of(glyph.id.0 as u16) * place.sx;
            }
        }
        out.end_text();
    }

    fn opacity(&mut self, fill: Option<&Fill>, stroke: Option<&Stroke>, out: &mut Content) {
        let key = (fill.map_or(255, |f| f.opacity().to_u8()), stroke.map_or(255, |s| s.opacity().to_u8()));
        if key != (255, 255) {
            let next = self.opacities.len();
            let number = *self.opacities.entry(key).or_insert(next);
            out.set_parameters(Name(format!("a{number}").as_bytes()));
        }
    }
}

/// The glyphs at the beginning that stand on one line, unturned, in one font and size.
fn run(glyphs: &[PositionedGlyph]) -> &[PositionedGlyph] {
    let (first, place) = (&glyphs[0], glyphs[0].outline_transform());
    let goes_on = |g: &&PositionedGlyph| {
        let t = g.outline_transform();
        let same = |a: f32, b: f32| (a - b).abs() < 1e-6;
        let unturned = same(t.ky, 0.0) && same(t.kx, 0.0) && t.sx > 0.0;
        unturned && same(t.sx, place.sx) && same(t.sy, place.sy) && same(t.ty, place.ty) && g.font == first.font
    };
    let length = glyphs.iter().skip(1).take_while(goes_on).count() + 1;
    &glyphs[..length]
}

fn matrix(t: Transform) -> [f32; 6] {
    [t.sx, t.ky, t.kx, t.sy, t.tx, t.ty]
}

fn flat(paint: &Paint) -> Result<[f32; 3], PaperError> {
    match paint {
        Paint::Color(c) => Ok([c.red, c.green, c.blue].map(|part| f32::from(part) / 255.0)),
        _ => Err(PaperError::Unsupported("gradients and patterns")),
    }
}

fn stroked(stroke: &Stroke, out: &mut Content) -> Result<(), PaperError> {
    let [r, g, b] = flat(stroke.paint())?;
    out.set_stroke_rgb(r, g, b);
    out.set_line_width(stroke.width().get());
    out.set_line_cap(match stroke.linecap() {
        LineCap::Butt => LineCapStyle::ButtCap,
        LineCap::Round => LineCapStyle::RoundCap,
        LineCap::Square => LineCapStyle::ProjectingSquareCap,
    });
    out.set_line_join(match stroke.linejoin() {
        LineJoin::Miter | LineJoin::MiterClip => LineJoinStyle::MiterJoin,
        LineJoin::Round => LineJoinStyle::RoundJoin,
        LineJoin::Bevel => LineJoinStyle::BevelJoin,
    });
    out.set_miter_limit(stroke.miterlimit().get());
    if let Some(dashes) = stroke.dasharray() {
        out.set_dash_pattern(dashes.iter().copied(), stroke.dashoffset());
    }
    Ok(())
}

fn clipped(clip: &ClipPath, out: &mut Content) -> Result<(), PaperError> {
    if let Some(outer) = clip.clip_path() {
        clipped(outer, out)?;
    }
    outline(clip.root(), clip.transform(), out)?;
    out.clip_nonzero().end_path();
    Ok(())
}

fn outline(group: &Group, outer: Transform, out: &mut Content) -> Result<(), PaperError> {
    let to = outer.pre_concat(group.transform());
    for node in group.children() {
        match node {
            Node::Group(inner) => outline(inner, to, out)?,
            Node::Path(path) => {
                if let Some(moved) = path.data().clone().transform(to) {
                    trace(moved.segments(), out);
                }
            }
            Node::Text(_) | Node::Image(_) => return Err(PaperError::Unsupported("clipping by text or pictures")),
        }
    }
    Ok(())
}

fn trace(segments: impl Iterator<Item = PathSegment>, out: &mut Content) {
    let mut last = (0.0, 0.0);
    for segment in segments {
        match segment {
            PathSegment::MoveTo(p) => {
                out.move_to(p.x, p.y);
                last = (p.x, p.y);
            }
            PathSegment::LineTo(p) => {
                out.line_to(p.x, p.y);
                last = (p.x, p.y);
            }
            PathSegment::QuadTo(c, p) => {
                // A quadratic curve raised to a cubic one.
                let toward = |from: f32, control: f32| from + (control - from) * 2.0 / 3.0;
                out.cubic_to(toward(last.0, c.x), toward(last.1, c.y), toward(p.x, c.x), toward(p.y, c.y), p.x, p.y);
                last = (p.x, p.y);
            }
            PathSegment::CubicTo(a, b, p) => {
                out.cubic_to(a.x, a.y, b.x, b.y, p.x, p.y);
                last = (p.x, p.y);
            }
            PathSegment::Close => {
                out.close_path();
            }
        }
    }
}
