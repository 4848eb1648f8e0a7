//! Rows of the plan, as plain numbers. Times are seconds from the anchor.

/// Seconds of an hour.
pub(crate) const HOUR: i64 = 3_600;
/// Seconds of a day.
pub(crate) const DAY: i64 = 24 * HOUR;

pub(crate) struct PlannedMentor {
    pub(crate) price_cents: i64,
    pub(crate) active: bool,
    pub(crate) joined: i64,
    /// Mean of stars that the reviews scatter around.
    pub(crate) quality: f64,
    /// Mean of the stars times 100, rounded half up; 0 without reviews.
    pub(crate) rating_hundredths: u32,
    pub(crate) reviews: u32,
}

pub(crate) struct PlannedSlot {
    pub(crate) mentor: u32,
    /// Begin, in hours from the anchor; every slot lasts one.
    pub(crate) hour: i32,
    pub(crate) capacity: u8,
    pub(crate) booked: u8,
    pub(crate) price_cents: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum PlannedStatus {
    Confirmed,
    Completed,
    Cancelled,
}

pub(crate) struct PlannedBooking {
    pub(crate) slot: u32,
    pub(crate) student: u32,
    pub(crate) seat: u8,
    pub(crate) status: PlannedStatus,
    pub(crate) created: i64,
    /// Only where cancelled.
    pub(crate) cancelled: Option<i64>,
}

pub(crate) struct PlannedReview {
    pub(crate) booking: u32,
    pub(crate) stars: u8,
    pub(crate) created: i64,
}

pub(crate) struct PlannedRoom {
    pub(crate) mentor: u32,
    /// Student numbers, ascending.
    pub(crate) students: Vec<u32>,
    pub(crate) last_seq: u32,
}

pub(crate) struct PlannedMessage {
    pub(crate) room: u32,
    pub(crate) seq: u32,
    /// 0 is the room's mentor, 1 its first student.
    pub(crate) sender: u32,
    pub(crate) sent: i64,
}

impl PlannedSlot {
    pub(crate) fn starts(&self) -> i64 {
        i64::from(self.hour) * HOUR
    }

    pub(crate) fn ends(&self) -> i64 {
        self.starts() + HOUR
    }

    pub(crate) fn is_past(&self) -> bool {
        self.hour < 0
    }
}
