//! A plan as text, as Markdown and as a page: the answer first, each figure with its formula and the assumptions
//! that it rests on. `words` says a figure, `simulated` a row of the simulation; the others lay them out.

mod markdown;
mod page;
#[cfg(test)]
mod plan_fixture;
mod simulated;
mod text;
mod words;

pub use markdown::sizing_markdown;
pub use page::sizing_html;
pub use text::sizing_text;
