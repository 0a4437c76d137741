//! SVG, read with the embedded font.

use crate::PaperError;
use crate::font;
use resvg::usvg::fontdb::{Database, ID};
use resvg::usvg::{self, FontResolver, ImageHrefResolver, Options, Tree, roxmltree};
use std::sync::{Arc, LazyLock};

/// A drawing, laid out.
pub(crate) struct Drawing {
    pub(crate) tree: Tree,
    /// The `<title>` of the whole drawing.
    pub(crate) title: Option<String>,
}

/// The database of the embedded fonts, with the id of each.
pub(crate) static FONTS: LazyLock<(Arc<Database>, [ID; 2])> = LazyLock::new(|| {
    let mut database = Database::new();
    let ids = font::FACES.map(|face| {
        database.load_font_data(face.data.to_vec());
        database.faces().last().expect("the embedded font is a font").id
    });
    (Arc::new(database), ids)
});

impl Drawing {
    pub(crate) fn read(svg: &str) -> Result<Self, PaperError> {
        let document = roxmltree::Document::parse(svg).map_err(usvg::Error::ParsingFailed)?;
        let titled = document.root_element().children().find(|n| n.has_tag_name("title"));
        let title = titled.and_then(|n| n.text()).map(str::to_owned);
        let (database, [regular, semibold]) = &*FONTS;
        let font_resolver = FontResolver {
            select_font: Box::new(|font, _| Some(if font.weight() >= 550 { *semibold } else { *regular })),
            select_fallback: Box::new(|_, _, _| None),
        };
        // Nothing is fetched, from the disk or elsewhere.
        let image_href_resolver =
            ImageHrefResolver { resolve_data: Box::new(|_, _, _| None), resolve_string: Box::new(|_, _| None) };
        let options = Options { fontdb: database.clone(), font_resolver, image_href_resolver, ..Options::default() };
        Ok(Self { tree: Tree::from_xmltree(&document, &options)?, title })
    }
}
