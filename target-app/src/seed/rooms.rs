//! Chat rooms: who is in them and what was said.

use rand::RngExt;
use rand_distr::{Distribution, Zipf};
use shared::dataset::{Counts, ZIPF_EXPONENT};

use super::{
    planned::{DAY, PlannedMessage, PlannedRoom},
    skew::stream,
};

/// Fewest and most members of a room, its mentor counted.
const MEMBERS: (u32, u32) = (4, 12);
/// Students who are sure to be in a room, so that a client may take any of them.
const SURE_STUDENTS: u32 = 1_000;
/// Days over which the seeded messages are spread.
const CHAT_DAYS: i64 = 30;

/// Every room with its members, nothing said yet.
pub(crate) fn rooms(counts: Counts, seed: u64) -> Vec<PlannedRoom> {
    let mut rng = stream(seed, "rooms");
    let sure = counts.students.min(SURE_STUDENTS);
    (0..counts.rooms)
        .map(|n| {
            let mut students: Vec<u32> = (n..sure).step_by(counts.rooms as usize).collect();
            let least = MEMBERS.0.max(students.len() as u32 + 1);
            let size = rng.random_range(least..=MEMBERS.1.max(least)) as usize - 1;
            while students.len() < size {
                let student = rng.random_range(0..counts.students);
                if !students.contains(&student) {
                    students.push(student);
                }
            }
            students.sort_unstable();
            PlannedRoom {
                mentor: n % counts.mentors,
                students,
                last_seq: 0,
            }
        })
        .collect()
}

/// Every message in order of time, most in the first rooms; numbers them in each room.
pub(crate) fn messages(
    counts: Counts,
    seed: u64,
    rooms: &mut [PlannedRoom],
) -> Vec<PlannedMessage> {
    let mut rng = stream(seed, "messages");
    let popularity = Zipf::new(f64::from(counts.rooms), ZIPF_EXPONENT)
        .expect("there is at least one room and the exponent is positive");
    let mut times: Vec<i64> = (0..counts.messages)
        .map(|_| -rng.random_range(60..=CHAT_DAYS * DAY))
        .collect();
    times.sort_unstable();
    times
        .into_iter()
        .map(|sent| {
            let rank = popularity.sample(&mut rng) as u32;
            let room = rank.clamp(1, counts.rooms) - 1;
            let chosen = &mut rooms[room as usize];
            chosen.last_seq += 1;
            PlannedMessage {
                room,
                seq: chosen.last_seq,
                sender: rng.random_range(0..=chosen.students.len() as u32),
                sent,
            }
        })
        .collect()
}
