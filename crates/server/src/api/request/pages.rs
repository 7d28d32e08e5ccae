//! Paging of lists.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::api::Shop;
use crate::api::response::{examples, render};
use crate::http::Problem;
use crate::http::cursor::{LIMIT_MAX, List};

/// `?limit=&cursor=`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct PageQuery {
    /// The number of rows of a page. Default: 20.
    #[schemars(range(min = 1, max = LIMIT_MAX))]
    limit: Option<u32>,
    /// The `nextCursor` of the previous page. Default: the first page.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{34}$"), example = examples::CURSOR)]
    cursor: Option<String>,
}

/// The requested page.
pub(crate) struct Page<'a> {
    shop: &'a Shop,
    list: List<'a>,
    pub(crate) limit: usize,
    /// The key of the last row of the previous page.
    pub(crate) after: Option<i64>,
}

impl PageQuery {
    pub(crate) fn page<'a>(&self, shop: &'a Shop, list: List<'a>) -> Result<Page<'a>, Problem> {
        let page = shop.cursors.page(list, self.limit, self.cursor.as_deref())?;
        Ok(Page { shop, list, limit: page.limit as usize, after: page.after })
    }
}

impl Page<'_> {
    /// Returns the number of rows to read: one more than the page has, to know whether more follow.
    pub(crate) fn fetch(&self) -> usize {
        self.limit + 1
    }

    /// Returns the cursor of the page after the row with this key.
    pub(crate) fn cursor_after(&self, last: i64) -> String {
        self.shop.cursors.encode(self.list, last)
    }

    /// Renders the page, with the cursor of the next one if there is one.
    pub(crate) fn of<R, B>(
        &self,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> i64,
        body: impl Fn(&R) -> B,
    ) -> render::Page<B> {
        let has_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let last = rows.last().filter(|_| has_more).map(key);
        let next_cursor = last.map(|last| self.cursor_after(last));
        render::Page { data: rows.iter().map(body).collect(), next_cursor }
    }
}
