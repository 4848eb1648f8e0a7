//! Two-level factorial designs: every effect and interaction of k factors from 2^k cells, or
//! from half of them (Jain, The Art of Computer Systems Performance Analysis, ch. 17-19).
//!
//! A cell is numbered by its high factors: bit 0 for the first factor, bit 1 for the second. A
//! term is numbered the same way by the factors in it: 0 is the mean, 0b011 the interaction of
//! the first two. With x = -1 or +1 for a factor's level, the model is y = sum of q_term times
//! the product of the term's x; each block of one replicate a cell has a level of its own.
//!
//! ```text
//! q = sum over cells of sign * mean / cells        SS = cells * r * q²
//! SE(q) = s / sqrt(cells * r),  s² = SSE / df,  df = (cells - 1)(r - 1), blocks removed
//! ```
//!
//! Replicates that are alike to the last digit have no spread that chance could be judged by: an
//! error of 0 would make the smallest effect certain, so there is none.

use super::distributions::{t_quantile, t_two_sided};

/// Most factors of a design.
pub const MOST_FACTORS: u32 = 5;

/// Squares of the error, as a share of those of the figures, up to which it is that of rounding.
const ROUNDING: f64 = 1e-24;

/// Which cells are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Design {
    factors: u32,
    /// The factors whose product is 1 in every cell; 0 in a full design.
    word: u32,
}

/// One term of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The factors in it, the fewest that it may stand for.
    pub factors: u32,
    /// Other terms that the design cannot tell from it, fewest factors first.
    pub aliases: Vec<u32>,
    /// Half of what y changes from low to high.
    pub q: f64,
    /// Interval of q; absent without a standard error.
    pub interval: Option<(f64, f64)>,
    /// Two-sided p of q = 0; absent without a standard error.
    pub p: Option<f64>,
    /// Share of all squares about the mean, 0 to 1.
    pub variation: f64,
}

/// What a design found.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Mean of all.
    pub mean: f64,
    /// Every term but the mean, fewest factors first.
    pub terms: Vec<Term>,
    /// Standard error of every q; absent without replicates, and where these are alike.
    pub standard_error: Option<f64>,
    /// Degrees of freedom of the error.
    pub df: usize,
    /// Quantile of t that the intervals were made with.
    pub t: Option<f64>,
    /// Share of the squares that lies between blocks.
    pub blocks: f64,
    /// Share of the squares that nothing explains.
    pub error: f64,
}

impl Fit {
    /// Two-sided p of a sum of so many q, each with either sign, being 0; absent without a standard error. The
    /// q of a design are independent: the error of their sum is that of one times the root of their number.
    pub fn p_of_sum(&self, sum: f64, terms: usize) -> Option<f64> {
        let error = self.standard_error? * (terms as f64).sqrt();
        t_two_sided(sum / error, self.df as f64)
    }
}

impl Design {
    /// All 2^k cells; `None` for no factor or more than [`MOST_FACTORS`].
    pub fn full(factors: u32) -> Option<Self> {
        (1..=MOST_FACTORS)
            .contains(&factors)
            .then_some(Self { factors, word: 0 })
    }

    /// Half of the cells of four or five factors: the last one is high where the product of the
    /// others is (D = ABC, E = ABCD). Of four, no main effect is mixed up with an interaction of
    /// two (resolution IV); of five, nor are those with each other (resolution V).
    pub fn half(factors: u32) -> Option<Self> {
        (4..=MOST_FACTORS).contains(&factors).then_some(Self {
            factors,
            word: (1 << factors) - 1,
        })
    }

    /// The cells that are run, each by its high factors.
    pub fn cells(self) -> Vec<u32> {
        (0..1_u32 << self.factors)
            .filter(|cell| self.word == 0 || Self::sign(*cell, self.word) > 0.0)
            .collect()
    }

    /// The terms that the cells can tell apart, each with those it stands for as well.
    pub fn terms(self) -> Vec<(u32, Vec<u32>)> {
        let mut all: Vec<u32> = (0..1 << self.factors).collect();
        all.sort_by_key(|term| (term.count_ones(), *term));
        let mut found: Vec<(u32, Vec<u32>)> = Vec::new();
        for term in all {
            let twin = found
                .iter_mut()
                .find(|(first, _)| first ^ term == self.word);
            match twin {
                Some((_, aliases)) if self.word != 0 => aliases.push(term),
                _ => found.push((term, Vec::new())),
            }
        }
        found
    }

    /// Product of the levels, -1 or +1, of a term's factors in a cell.
    pub const fn sign(cell: u32, term: u32) -> f64 {
        if (term & !cell).count_ones().is_multiple_of(2) {
            1.0
        } else {
            -1.0
        }
    }

    /// Fits the model: `y[cell][replicate]`, cells in the order of [`Design::cells`], replicate r of all
    /// cells being one block. `None` where the shape is another or a figure is none.
    pub fn fit(self, y: &[Vec<f64>], level: f64) -> Option<Fit> {
        let cells = self.cells();
        let replicates = y.first()?.len();
        let whole = y.len() == cells.len()
            && replicates > 0
            && y.iter()
                .all(|row| row.len() == replicates && row.iter().all(|one| one.is_finite()));
        if !whole {
            return None;
        }
        let (n, r) = (cells.len() as f64, replicates as f64);
        let means: Vec<f64> = y.iter().map(|row| row.iter().sum::<f64>() / r).collect();
        let mean = means.iter().sum::<f64>() / n;
        let block = |index: usize| y.iter().map(|row| row[index]).sum::<f64>() / n;
        let blocks: Vec<f64> = (0..replicates).map(block).collect();
        let (mut total, mut error) = (0.0, 0.0);
        for (row, cell) in y.iter().zip(&means) {
            for (one, block) in row.iter().zip(&blocks) {
                total += (one - mean).powi(2);
                error += (one - cell - block + mean).powi(2);
            }
        }
        let between: f64 = blocks.iter().map(|block| n * (block - mean).powi(2)).sum();
        let df = (cells.len() - 1) * (replicates - 1);
        let figures: f64 = y.iter().flatten().map(|one| one * one).sum();
        let is_known = df > 0 && error > figures * ROUNDING;
        let standard_error = is_known.then(|| (error / df as f64 / (n * r)).sqrt());
        let student = t_quantile(f64::midpoint(1.0, level), df as f64);
        let share = |squares: f64| if total > 0.0 { squares / total } else { 0.0 };
        let terms = self
            .terms()
            .into_iter()
            .filter(|(term, _)| *term != 0)
            .map(|(term, aliases)| {
                let q = cells
                    .iter()
                    .zip(&means)
                    .map(|(cell, mean)| Self::sign(*cell, term) * mean)
                    .sum::<f64>()
                    / n;
                let both_tails = standard_error.and_then(|error| t_two_sided(q / error, df as f64));
                Term {
                    factors: term,
                    aliases,
                    q,
                    interval: standard_error
                        .zip(student)
                        .map(|(se, t)| (q - t * se, q + t * se)),
                    p: both_tails,
                    variation: share(n * r * q * q),
                }
            })
            .collect();
        Some(Fit {
            mean,
            terms,
            standard_error,
            df,
            t: student,
            blocks: share(between),
            error: share(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(values: &[f64], factors: u32) -> Fit {
        let y: Vec<Vec<f64>> = values.iter().map(|one| vec![*one]).collect();
        Design::full(factors).unwrap().fit(&y, 0.95).unwrap()
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    #[test]
    fn memory_and_cache_have_the_published_effects() {
        let fit = single(&[15.0, 45.0, 25.0, 75.0], 2);
        close(fit.mean, 40.0);
        let terms: Vec<(u32, f64)> = fit.terms.iter().map(|one| (one.factors, one.q)).collect();
        assert_eq!(terms, [(0b01, 20.0), (0b10, 10.0), (0b11, 5.0)]);
        // 1600, 400 and 100 of 2100 squares.
        close(fit.terms[0].variation, 16.0 / 21.0);
        assert_eq!((fit.standard_error, fit.terms[0].interval), (None, None));
    }

    #[test]
    fn three_factors_have_the_published_effects() {
        let fit = single(&[14.0, 22.0, 10.0, 34.0, 46.0, 58.0, 50.0, 86.0], 3);
        close(fit.mean, 40.0);
        let found: Vec<(u32, f64)> = fit.terms.iter().map(|one| (one.factors, one.q)).collect();
        let expected = [
            (0b001, 10.0),
            (0b010, 5.0),
            (0b100, 20.0),
            (0b011, 5.0),
            (0b101, 2.0),
            (0b110, 3.0),
            (0b111, 1.0),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn replicates_give_an_error_from_which_blocks_are_taken_out() {
        let y = [
            vec![15.0, 18.0, 12.0],
            vec![45.0, 48.0, 51.0],
            vec![25.0, 28.0, 19.0],
            vec![75.0, 75.0, 81.0],
        ];
        let fit = Design::full(2).unwrap().fit(&y, 0.90).unwrap();
        close(fit.mean, 41.0);
        let q: Vec<f64> = fit.terms.iter().map(|one| one.q).collect();
        assert_eq!(q, [21.5, 9.5, 5.0]);
        // Squares: 7032 in all; 5547, 1083 and 300 for the terms; 102 within cells.
        close(fit.terms[0].variation, 5547.0 / 7032.0);
        close(fit.blocks + fit.error, 102.0 / 7032.0);
        // Block means are 40, 42.25 and 40.75: 10.5 of the 102.
        close(fit.blocks, 10.5 / 7032.0);
        assert_eq!(fit.df, 6);
        let se = (91.5_f64 / 6.0 / 12.0).sqrt();
        close(fit.standard_error.unwrap(), se);
        let (low, high) = fit.terms[0].interval.unwrap();
        close(high - low, 2.0 * 1.943_180_280_515_302 * se);
        assert!(fit.terms[0].p.unwrap() < 1e-5);
        // One q has its own p; of four the sum may be twice as large for the same.
        let (own, q) = (fit.terms[2].p.unwrap(), fit.terms[2].q);
        close(fit.p_of_sum(q, 1).unwrap(), own);
        close(fit.p_of_sum(-2.0 * q, 4).unwrap(), own);
    }

    #[test]
    fn a_shift_of_a_whole_block_moves_no_effect_and_no_error() {
        let y = [vec![1.0, 2.0], vec![3.0, 3.5]];
        let shifted = [vec![1.0, 12.0], vec![3.0, 13.5]];
        let design = Design::full(1).unwrap();
        let (one, other) = (
            design.fit(&y, 0.95).unwrap(),
            design.fit(&shifted, 0.95).unwrap(),
        );
        close(one.terms[0].q, other.terms[0].q);
        close(one.standard_error.unwrap(), other.standard_error.unwrap());
    }

    #[test]
    fn replicates_that_are_alike_have_no_error_and_prove_nothing() {
        let y = [0.1, 0.3].map(|one| vec![one; 3]);
        let fit = Design::full(1).unwrap().fit(&y, 0.95).unwrap();
        close(fit.terms[0].q, 0.1);
        assert_eq!((fit.standard_error, fit.df), (None, 2));
        assert_eq!((fit.terms[0].interval, fit.terms[0].p), (None, None));
    }

    #[test]
    fn half_a_design_says_which_terms_it_cannot_tell_apart() {
        let four = Design::half(4).unwrap();
        assert_eq!(four.cells().len(), 8);
        // D = ABC: in every cell D is high where an odd number of the others is.
        for cell in four.cells() {
            assert_eq!((cell & 0b0111).count_ones() % 2, cell >> 3, "{cell:04b}");
        }
        let terms = four.terms();
        assert_eq!(terms.len(), 8);
        // A = BCD, AB = CD.
        assert!(terms.contains(&(0b0001, vec![0b1110])));
        assert!(terms.contains(&(0b0011, vec![0b1100])));
        let five = Design::half(5).unwrap();
        assert_eq!(five.cells().len(), 16);
        // Every pair has only terms of three as aliases.
        for (term, aliases) in five.terms() {
            let fewest = aliases.iter().map(|one| one.count_ones()).min().unwrap();
            assert_eq!(term.count_ones() + fewest, 5);
        }
        assert_eq!((Design::half(3), Design::full(6)), (None, None));
    }

    #[test]
    fn half_a_design_finds_the_effects_that_are_there() {
        let design = Design::half(4).unwrap();
        let y: Vec<Vec<f64>> = design
            .cells()
            .iter()
            .map(|cell| {
                vec![10.0 + 3.0 * Design::sign(*cell, 0b0001) - 2.0 * Design::sign(*cell, 0b1010)]
            })
            .collect();
        let fit = design.fit(&y, 0.95).unwrap();
        for term in &fit.terms {
            // BD stands for AC as well, and AC has the lower number.
            let expected = match term.factors {
                0b0001 => 3.0,
                0b0101 => -2.0,
                _ => 0.0,
            };
            close(term.q, expected);
        }
    }

    #[test]
    fn a_cell_too_few_or_a_figure_that_is_none_is_refused() {
        let design = Design::full(1).unwrap();
        assert_eq!(design.fit(&[vec![1.0]], 0.95), None);
        assert_eq!(design.fit(&[vec![1.0], vec![f64::NAN]], 0.95), None);
        assert_eq!(design.fit(&[vec![1.0, 2.0], vec![1.0]], 0.95), None);
    }
}
