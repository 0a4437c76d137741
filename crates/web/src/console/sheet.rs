//! A sheet that is drawn: plain shapes and text, without styles or scripts, so that it looks alike in
//! a browser, a presentation and on paper. Lines are measured in the font of the exports.

use throughline_paper::{shortened, wrapped};

pub(super) const INK: &str = "#1c1e21";
pub(super) const MUTED: &str = "#565b61";
pub(super) const RULE: &str = "#dcd7cc";
pub(super) const EDGE: &str = "#85877f";
pub(super) const TRACK: &str = "#ebe7dd";
pub(super) const BAR: &str = "#a9a394";
pub(super) const PAPER: &str = "#fbfaf7";
pub(super) const LOW: &str = "#8f3f05";
pub(super) const LOW_MARK: &str = "#c25e12";
pub(super) const LOW_SOFT: &str = "#f9eadd";
pub(super) const HIGH: &str = "#1d4f7c";
pub(super) const HIGH_MARK: &str = "#2f74b0";

/// What is being drawn.
#[derive(Default)]
pub(super) struct Sheet {
    /// Elements of SVG.
    pub(super) out: String,
}

/// How a line of text looks.
#[derive(Clone, Copy)]
pub(super) struct Type {
    pub(super) size: f32,
    pub(super) is_bold: bool,
    pub(super) colour: &'static str,
}

pub(super) const PLAIN: Type = Type { size: 12.0, is_bold: false, colour: INK };
pub(super) const SMALL: Type = Type { size: 11.0, is_bold: false, colour: MUTED };
pub(super) const BOLD: Type = Type { size: 13.0, is_bold: true, colour: INK };

impl Type {
    /// From one line to the next.
    pub(super) fn leading(self) -> f32 {
        (self.size * 1.4).round()
    }
}

impl Sheet {
    pub(super) fn rect(&mut self, [x, y, w, h]: [f32; 4], fill: &str, stroke: &str) {
        self.out += &format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\" stroke=\"{stroke}\"/>",
            w.max(0.0),
            h.max(0.0)
        );
    }

    pub(super) fn line(&mut self, from: (f32, f32), to: (f32, f32), colour: &str, width: f32, dash: &str) {
        let ((x, y), (u, v)) = (from, to);
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        self.out += &format!(
            "<path d=\"M{x:.1} {y:.1}L{u:.1} {v:.1}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dash}/>"
        );
    }

    pub(super) fn circle(&mut self, (x, y): (f32, f32), r: f32, fill: &str, stroke: &str) {
        self.out += &format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r}\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"2\"/>"
        );
    }

    /// One line; `anchor` is `start`, `middle` or `end`.
    pub(super) fn text(&mut self, (x, y): (f32, f32), text: &str, look: Type, anchor: &str) {
        if text.is_empty() {
            return;
        }
        let weight = if look.is_bold { " font-weight=\"600\"" } else { "" };
        let anchor = if anchor == "start" { String::new() } else { format!(" text-anchor=\"{anchor}\"") };
        let plain: String = text.chars().filter(|c| *c != '\u{2060}').collect();
        self.out += &format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{}\" fill=\"{}\"{weight}{anchor}>{}</text>",
            look.size,
            look.colour,
            escaped(&plain)
        );
    }

    /// A paragraph from the top of a cell; where the next one begins.
    pub(super) fn paragraph(&mut self, (x, y): (f32, f32), wide: f32, text: &str, look: Type) -> f32 {
        let mut at = y;
        for line in wrapped(text, look.size, look.is_bold, wide) {
            self.text((x, at + look.size), &shortened(&line, look.size, look.is_bold, wide), look, "start");
            at += look.leading();
        }
        at
    }
}

/// Text as it stands in an element or an attribute; what has no form is left out.
pub(super) fn escaped(text: &str) -> String {
    let visible = text.chars().filter(|c| !c.is_control());
    visible.fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
        out
    })
}
