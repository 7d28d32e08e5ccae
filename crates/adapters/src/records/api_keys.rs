//! API keys.

use domain::api_key::ApiKey;
use domain::ids::{ApiKeyId, UserId};

use super::{Cells, FromCells};

impl FromCells for ApiKey {
    fn from_cells<C: Cells>(cells: &mut C) -> Result<ApiKey, C::Error> {
        Ok(ApiKey {
            id: ApiKeyId(cells.take()?),
            hash: cells.hash()?,
            name: cells.text()?,
            scopes: cells.json()?,
            created_by: UserId(cells.take()?),
            created_at: cells.at()?,
            last_used_at: cells.optional_at()?,
            revoked_at: cells.optional_at()?,
        })
    }
}
