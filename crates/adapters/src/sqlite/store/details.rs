//! Details of products, and the values that only one product may have.

use app::state::rows::{Details, IdentityKey, Rows};
use app::state::table::Change;
use domain::ids::ProductId;
use rusqlite::{Connection, Result, params};

use super::put_all::put_all;
use crate::records::attributes_cell;
use crate::selects::select_details;
use crate::sqlite::cells::{Run as _, find};

pub(super) fn identity(connection: &Connection, key: IdentityKey) -> Result<Option<ProductId>> {
    find(connection, "SELECT product_id FROM product_identity WHERE identity_key = ?1", [key.0.as_slice()])
}

pub(super) fn details(connection: &Connection, product: ProductId) -> Result<Option<Details>> {
    find(connection, select_details!("WHERE product_id = ?1"), [product.0])
}

pub(super) fn write(connection: &Connection, rows: &Rows) -> Result<()> {
    identities(connection, rows)?;
    let sql = "INSERT INTO product_details (product_id, sku, external_id, description, image_url, attributes)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT DO UPDATE SET sku = excluded.sku, external_id = excluded.external_id,
                   description = excluded.description, image_url = excluded.image_url,
                   attributes = excluded.attributes";
    put_all(connection, &rows.details, sql, |put, key, details| {
        put.run(params![
            key.0.0,
            details.sku,
            details.external_id,
            details.description,
            details.image_url,
            attributes_cell(details),
        ])
    })
}

fn identities(connection: &Connection, rows: &Rows) -> Result<()> {
    let changes = rows.identities.changes();
    if changes.is_empty() {
        return Ok(());
    }
    let mut delete = connection.prepare_cached("DELETE FROM product_identity WHERE identity_key = ?1")?;
    let mut put = connection.prepare_cached(
        "INSERT INTO product_identity (identity_key, product_id) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET product_id = excluded.product_id",
    )?;
    for (key, change) in changes {
        match change {
            Change::Insert(product) | Change::Update(product) => put.run((key.0.as_slice(), product.0))?,
            Change::Delete => delete.run([key.0.as_slice()])?,
        };
    }
    Ok(())
}
