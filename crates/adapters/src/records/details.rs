//! Details of products.

use std::sync::Arc;

use app::state::rows::{Details, IdentityKey};
use domain::ids::ProductId;

use super::{Cells, FromCells};

/// A product without details has no row; a join returns its cells as NULL.
impl FromCells for Details {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<Details, C::Error> {
        Ok(Details {
            sku: cells.optional_text()?,
            external_id: cells.optional_text()?,
            description: cells.optional_text()?,
            image_url: cells.optional_text()?,
            attributes: cells.optional_json()?.map(Arc::new),
        })
    }
}

impl FromCells for ProductId {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<ProductId, C::Error> {
        cells.take().map(ProductId)
    }
}

impl FromCells for IdentityKey {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<IdentityKey, C::Error> {
        cells.hash().map(IdentityKey)
    }
}

/// Returns the attributes as their cell.
pub(crate) fn attributes_cell(details: &Details) -> Option<String> {
    details.attributes.as_deref().map(super::json_cell)
}

/// Returns the pattern of `LIKE … ESCAPE '!'` that finds a text anywhere.
pub(crate) fn like_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for char in text.chars() {
        if matches!(char, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(char);
    }
    pattern.push('%');
    pattern
}
