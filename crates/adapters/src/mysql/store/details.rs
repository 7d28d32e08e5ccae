//! Details of products, and the values that only one product may have.

use app::state::rows::{Details, DetailsKey, IdentityKey, Rows};
use domain::ids::ProductId;
use mysql_async::Value;

use super::locking_read::{entries_by_last, index, loaded, locked};
use super::upsert::{Index, Upsert, delete, put_all};
use crate::mysql::failure::Result;
use crate::mysql::sql::{KEYS_MAX, Script, is_in};
use crate::records::attributes_cell;
use crate::selects::select_details;

const IDENTITIES: Index = Index { table: "product_identity", name: "PRIMARY" };

pub(super) fn select_identities(keys: &[IdentityKey]) -> String {
    let condition = is_in("identity_key", keys.iter().map(|key| key.0));
    locked("SELECT product_id, identity_key FROM product_identity", "PRIMARY", &condition, "identity_key")
}

pub(super) fn select(ids: &[ProductId]) -> String {
    let select = select_details!("").replace(" FROM", ", product_id FROM");
    locked(&select, "PRIMARY", &is_in("product_id", ids.iter().map(|id| id.0)), "product_id")
}

pub(super) fn read_identities(keys: Vec<IdentityKey>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    loaded(&mut rows.identities, keys, entries_by_last(found)?);
    Ok(())
}

pub(super) fn read(ids: Vec<ProductId>, found: Vec<Vec<Value>>, rows: &mut Rows) -> Result<()> {
    let found = index(found, |(details, id): (Details, ProductId)| (DetailsKey(id), details))?;
    loaded(&mut rows.details, ids.into_iter().map(DetailsKey), found);
    Ok(())
}

pub(super) fn write(script: &mut Script, rows: &Rows) {
    let written = Upsert {
        head: "INSERT INTO product_identity (identity_key, product_id) VALUES ",
        update: " ON DUPLICATE KEY UPDATE product_id = VALUES(product_id)",
    };
    let gone = put_all(script, &rows.identities, written, |insert, key, product| {
        insert.row(&[&key.0, &product.0]);
    });
    for keys in gone.chunks(KEYS_MAX) {
        delete(script, IDENTITIES, &is_in("identity_key", keys.iter().map(|key| key.0)));
    }
    let written = Upsert {
        head: "INSERT INTO product_details (product_id, sku, external_id, description, image_url, attributes) VALUES ",
        update: " ON DUPLICATE KEY UPDATE sku = VALUES(sku), external_id = VALUES(external_id), \
                 description = VALUES(description), image_url = VALUES(image_url), attributes = VALUES(attributes)",
    };
    put_all(script, &rows.details, written, |insert, key, details| {
        insert.row(&[
            &key.0.0,
            &details.sku,
            &details.external_id,
            &details.description,
            &details.image_url,
            &attributes_cell(details),
        ]);
    });
}
