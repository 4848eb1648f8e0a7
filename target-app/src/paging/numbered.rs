//! Numbered pages: `page` and `per_page`, checked against the bounds that all lists share.

use shared::page::{DEFAULT_PER_PAGE, MAX_PAGE, MAX_PER_PAGE, Page};

use crate::error::ApiError;

/// Which page of a numbered list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageNumber {
    /// From 1.
    pub page: u32,
    /// Items a page.
    pub per_page: u32,
}

impl PageNumber {
    /// Checks the two fields of a query; absent ones are the first page and 20 items.
    pub fn read(page: Option<u32>, items: Option<u32>) -> Result<Self, ApiError> {
        Ok(Self {
            page: page_number(page, "")?,
            per_page: per_page(items)?,
        })
    }

    /// Items on the page, as SQL binds it.
    pub fn limit(self) -> i64 {
        i64::from(self.per_page)
    }

    /// Items before the page.
    pub fn offset(self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.per_page)
    }

    /// The response body: this page with its items, of `total` in all.
    pub fn with<T>(self, items: Vec<T>, total: i64) -> Page<T> {
        Page {
            items,
            total: u64::try_from(total).ok(),
            page: self.page,
            per_page: self.per_page,
            next_cursor: None,
        }
    }
}

/// Checks the number of a page; `beyond` ends the message where there is another way further on.
pub fn page_number(number: Option<u32>, beyond: &str) -> Result<u32, ApiError> {
    let number = number.unwrap_or(1);
    if (1..=MAX_PAGE).contains(&number) {
        Ok(number)
    } else {
        Err(ApiError::invalid(
            "page",
            &format!("a page from 1 to {MAX_PAGE}{beyond}"),
        ))
    }
}

/// Checks the number of items on a page.
pub fn per_page(number: Option<u32>) -> Result<u32, ApiError> {
    let number = number.unwrap_or(DEFAULT_PER_PAGE);
    if (1..=MAX_PER_PAGE).contains(&number) {
        Ok(number)
    } else {
        Err(ApiError::invalid(
            "per_page",
            &format!("a number from 1 to {MAX_PER_PAGE}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_without_fields_is_the_first_page_of_twenty() {
        let first = PageNumber::read(None, None).unwrap();
        assert_eq!((first.page, first.per_page, first.offset()), (1, 20, 0));
    }

    #[test]
    fn the_deepest_page_starts_where_the_one_before_ends() {
        let deepest = PageNumber::read(Some(MAX_PAGE), Some(MAX_PER_PAGE)).unwrap();
        assert_eq!(deepest.offset(), 99_900);
    }

    #[test]
    fn a_page_out_of_bounds_is_refused_by_the_name_of_its_field() {
        for (page, items, field) in [
            (Some(0), None, "`page`"),
            (Some(MAX_PAGE + 1), None, "`page`"),
            (None, Some(0), "`per_page`"),
            (None, Some(MAX_PER_PAGE + 1), "`per_page`"),
        ] {
            let refused = PageNumber::read(page, items).unwrap_err();
            assert!(refused.detail().starts_with(field), "{refused}");
        }
    }

    #[test]
    fn an_empty_page_still_says_how_many_items_there_are() {
        let page = PageNumber::read(Some(3), None).unwrap();
        let page = page.with(Vec::<()>::new(), 41);
        assert_eq!((page.total, page.page, page.per_page), (Some(41), 3, 20));
    }
}
