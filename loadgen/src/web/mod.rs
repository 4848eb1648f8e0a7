//! The page of this machine: the running command while it runs, and the runs of the results
//! folder. `page` listens, `routes` says what is where, `guard` who may ask; `board` and `known`
//! hold what is known of the running command, `orders` starts one as a child of this program,
//! `lines` are its events on a pipe; `runs`, `comparison` and `files` read the folder, `answer`
//! and `live_page` dress what is sent.

mod answer;
mod board;
mod comparison;
mod files;
mod guard;
mod known;
pub mod lines;
mod live_page;
mod orders;
mod page;
mod routes;
mod runs;

pub use orders::{Catalogue, Offer, Starter};
pub use page::{ServeError, Setup, Shown, WebPage};
