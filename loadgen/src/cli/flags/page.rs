//! The flag of pages that other machines reach.

use clap::Args;

use crate::web::PageSecret;

/// Who may open a page.
#[derive(Debug, Clone, Args, Default)]
pub struct PageArgs {
    /// Secret of 16 characters or more that a browser must send once, as /?secret=SECRET, to open a
    /// page on an address that other machines reach; such a page is served with a secret only
    #[arg(
        long,
        env = "LOADGEN_PAGE_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub page_secret: Option<PageSecret>,
}
