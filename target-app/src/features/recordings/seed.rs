//! Seeded recordings of completed lessons; they share a few media files.

use rand::RngExt;
use shared::dataset::{MEDIA_FILES, RowKind, id, media_key, media_size};

use crate::seed::{Rows, SeedData, SeedTable, people, planned::HOUR};

pub(super) fn tables() -> Vec<SeedTable> {
    vec![SeedTable {
        name: "recording",
        columns: "id, booking_id, title, duration_seconds, media_key, size_bytes, recorded_at",
        after: &["booking"],
        items: |plan| plan.recordings.len() as u32,
        write: recording,
    }]
}

fn recording(data: &SeedData, n: u32, rows: &mut Rows) {
    let booking = data.plan.recordings[n as usize];
    let slot = &data.plan.slots[data.plan.bookings[booking as usize].slot as usize];
    let mut rng = data.rng("text.recording", n);
    let skill = people::skill(&mut rng);
    let file = n % MEDIA_FILES;
    rows.uuid(id(RowKind::Recording, n))
        .uuid(id(RowKind::Booking, booking))
        .text(&format!("{skill} with {}", data.mentor_name(slot.mentor)))
        .int(rng.random_range(30 * 60..=HOUR))
        .text(&media_key(file))
        .int(media_size(file) as i64)
        .time(slot.starts())
        .end();
}
