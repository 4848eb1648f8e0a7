//! What completed lessons leave behind: reviews and recordings.

use rand::{RngExt, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use shared::dataset::Counts;

use super::{
    planned::{
        DAY, HOUR, PlannedBooking, PlannedMentor, PlannedReview, PlannedSlot, PlannedStatus,
    },
    skew::stream,
};

/// Students who are sure to have a recording, so that a client may take any of them.
const SURE_STUDENTS: u32 = 1_000;

/// Reviews of distinct completed lessons, in order of their making; sets the mentors' ratings.
pub(crate) fn reviews(
    counts: Counts,
    seed: u64,
    slots: &[PlannedSlot],
    bookings: &[PlannedBooking],
    mentors: &mut [PlannedMentor],
) -> Vec<PlannedReview> {
    let mut rng = stream(seed, "reviews");
    let mut lessons = completed(bookings);
    let (chosen, _) = lessons.partial_shuffle(&mut rng, counts.reviews as usize);
    let mut sums = vec![0_u32; mentors.len()];
    let mut reviews: Vec<_> = chosen
        .iter()
        .map(|&booking| {
            let slot = &slots[bookings[booking as usize].slot as usize];
            let mentor = &mut mentors[slot.mentor as usize];
            let stars = stars(&mut rng, mentor.quality);
            mentor.reviews += 1;
            sums[slot.mentor as usize] += u32::from(stars);
            PlannedReview {
                booking,
                stars,
                created: (slot.ends() + rng.random_range(HOUR..=3 * DAY)).min(0),
            }
        })
        .collect();
    reviews.sort_by_key(|review| (review.created, review.booking));
    for (mentor, sum) in mentors.iter_mut().zip(sums) {
        mentor.rating_hundredths = mean_hundredths(sum, mentor.reviews);
    }
    reviews
}

/// One recorded lesson of each of the first students, the others anywhere; ascending.
pub(crate) fn recordings(counts: Counts, seed: u64, bookings: &[PlannedBooking]) -> Vec<u32> {
    let mut rng = stream(seed, "recordings");
    let mut recorded = Vec::with_capacity(counts.recordings as usize);
    let mut others = Vec::new();
    let mut has_one = vec![false; counts.students as usize];
    for booking in completed(bookings) {
        let student = bookings[booking as usize].student;
        let seen = std::mem::replace(&mut has_one[student as usize], true);
        if student < SURE_STUDENTS && !seen && recorded.len() < counts.recordings as usize {
            recorded.push(booking);
        } else {
            others.push(booking);
        }
    }
    let missing = counts.recordings as usize - recorded.len();
    let (chosen, _) = others.partial_shuffle(&mut rng, missing);
    recorded.extend_from_slice(chosen);
    recorded.sort_unstable();
    recorded
}

fn completed(bookings: &[PlannedBooking]) -> Vec<u32> {
    bookings
        .iter()
        .enumerate()
        .filter(|(_, booking)| booking.status == PlannedStatus::Completed)
        .map(|(n, _)| n as u32)
        .collect()
}

/// One to five, scattered around the mentor's quality.
fn stars(rng: &mut ChaCha8Rng, quality: f64) -> u8 {
    // The sum of three uniform numbers is near enough to a bell.
    let scatter: f64 = (0..3).map(|_| rng.random::<f64>()).sum::<f64>() - 1.5;
    (quality + scatter * 1.7).round().clamp(1.0, 5.0) as u8
}

/// Mean of stars times 100, rounded half up: what `round(avg(stars) * 100)` is in SQL.
fn mean_hundredths(sum: u32, count: u32) -> u32 {
    (200 * sum + count).checked_div(2 * count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::mean_hundredths;

    #[test]
    fn a_mean_is_rounded_half_up_and_nothing_is_zero() {
        assert_eq!(mean_hundredths(0, 0), 0);
        assert_eq!(mean_hundredths(14, 3), 467);
        assert_eq!(mean_hundredths(13, 3), 433);
        assert_eq!(mean_hundredths(33, 8), 413);
        assert_eq!(mean_hundredths(5, 1), 500);
    }
}
