//! The state of one copy of a resource, and how much of it is used.

use std::collections::{BinaryHeap, VecDeque};

use super::network::ResourceKind;

/// A moment with what happens then. The earliest is the greatest, so that a heap gives it first; of equal
/// moments the one that was planned first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due<T> {
    pub(super) at: f64,
    pub(super) order: u64,
    pub(super) what: T,
}

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Due<T> {}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Due<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let earlier = other.at.total_cmp(&self.at);
        earlier.then_with(|| other.order.cmp(&self.order))
    }
}

/// What was used up to a moment, as sums: the difference of two is what was used between them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ResourceSums {
    /// Requests there x seconds, those that wait included.
    pub(super) present_s: f64,
    /// Servers or units in use x seconds.
    pub(super) busy_s: f64,
    /// Visits that ended.
    pub(super) visits: u64,
    /// Seconds from the arrival to the end of these visits.
    pub(super) stay_s: f64,
}

impl ResourceSums {
    pub(super) fn add(&mut self, other: &Self) {
        self.present_s += other.present_s;
        self.busy_s += other.busy_s;
        self.visits += other.visits;
        self.stay_s += other.stay_s;
    }

    pub(super) fn since(&self, earlier: &Self) -> Self {
        Self {
            present_s: self.present_s - earlier.present_s,
            busy_s: self.busy_s - earlier.busy_s,
            visits: self.visits - earlier.visits,
            stay_s: self.stay_s - earlier.stay_s,
        }
    }
}

/// One copy of a resource.
#[derive(Debug)]
pub(super) struct ResourceState {
    kind: ResourceKind,
    sums: ResourceSums,
    /// When `sums` was brought up to date.
    summed_at: f64,
    present: usize,
    /// In service, or units held; of processors and delays it follows from `present`.
    busy: usize,
    /// Requests that wait with their work in seconds; of a pool without work.
    waiting: VecDeque<(usize, f64)>,
    /// Processors: seconds of work that each request there has been given since it was empty.
    given: f64,
    /// Processors: when `given` was brought up to date.
    given_at: f64,
    /// Processors: the requests there by the `given` at which they are done.
    sharing: BinaryHeap<Due<usize>>,
    /// Processors: number of the plan that holds; an earlier one is out of date.
    pub(super) version: u64,
}

impl ResourceState {
    pub(super) fn new(kind: ResourceKind) -> Self {
        Self {
            kind,
            sums: ResourceSums::default(),
            summed_at: 0.0,
            present: 0,
            busy: 0,
            waiting: VecDeque::new(),
            given: 0.0,
            given_at: 0.0,
            sharing: BinaryHeap::new(),
            version: 0,
        }
    }

    pub(super) const fn kind(&self) -> ResourceKind {
        self.kind
    }

    /// What was used up to now.
    pub(super) fn sums(&mut self, now: f64) -> ResourceSums {
        let in_use = match self.kind {
            ResourceKind::Processors(all) => self.present.min(all as usize),
            ResourceKind::Delay => self.present,
            ResourceKind::Servers(_) | ResourceKind::Pool(_) => self.busy,
        };
        let passed = now - self.summed_at;
        self.sums.present_s += self.present as f64 * passed;
        self.sums.busy_s += in_use as f64 * passed;
        self.summed_at = now;
        self.sums
    }

    /// A request comes.
    pub(super) fn come(&mut self, now: f64) {
        self.sums(now);
        self.present += 1;
    }

    /// A request that came at `since` goes.
    pub(super) fn go(&mut self, now: f64, since: f64) {
        self.sums(now);
        self.present -= 1;
        self.sums.visits += 1;
        self.sums.stay_s += now - since;
    }

    /// Whether a server or a unit was free: it is taken, and `request` waits otherwise.
    pub(super) fn take(&mut self, request: usize, work: f64) -> bool {
        let free = self
            .kind
            .servers()
            .is_none_or(|all| self.busy < all as usize);
        if free {
            self.busy += 1;
        } else {
            self.waiting.push_back((request, work));
        }
        free
    }

    /// A server or a unit gets free: the request that has waited longest takes it.
    pub(super) fn pass_on(&mut self) -> Option<(usize, f64)> {
        let next = self.waiting.pop_front();
        if next.is_none() {
            self.busy -= 1;
        }
        next
    }

    /// Processors: gives the requests that were there until now what they got.
    fn give(&mut self, now: f64) {
        self.given += (now - self.given_at) * self.speed();
        self.given_at = now;
    }

    /// Processors: seconds of work that each request gets a second.
    fn speed(&self) -> f64 {
        match self.kind.servers() {
            Some(all) if self.sharing.len() > all as usize => {
                f64::from(all) / self.sharing.len() as f64
            }
            _ => 1.0,
        }
    }

    /// Processors: a request comes with its work in seconds; `order` decides between equals.
    pub(super) fn share(&mut self, now: f64, request: usize, work: f64, order: u64) {
        self.give(now);
        self.sharing.push(Due {
            at: self.given + work,
            order,
            what: request,
        });
    }

    /// Processors: the request that is done first, now.
    pub(super) fn finish(&mut self, now: f64) -> Option<usize> {
        self.give(now);
        let done = self.sharing.pop()?;
        // What is lost to rounding is not lost to the others.
        self.given = self.given.max(done.at);
        if self.sharing.is_empty() {
            self.given = 0.0;
        }
        Some(done.what)
    }

    /// Processors: when the next request is done, if none comes before; plans that were made earlier are out of
    /// date.
    pub(super) fn next_done(&mut self, now: f64) -> Option<f64> {
        self.version += 1;
        let first = self.sharing.peek()?;
        Some(now + (first.at - self.given).max(0.0) / self.speed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_shared_equally_and_a_request_gets_one_at_most() {
        // Two processors: alone and in pairs each gets a whole one, three get two thirds each.
        let mut both = ResourceState::new(ResourceKind::Processors(2));
        both.share(0.0, 1, 3.0, 1);
        both.share(0.0, 2, 6.0, 2);
        assert_eq!(both.next_done(0.0), Some(3.0));
        both.share(1.0, 3, 2.0, 3);
        // The first has 2 s of work left, and so has the third: at 2/3 of a second a second.
        let done = both.next_done(1.0).unwrap();
        assert!((done - 4.0).abs() < 1e-12, "{done}");
        assert_eq!(both.finish(done), Some(1));
        assert_eq!(both.next_done(done), Some(done));
        assert_eq!(both.finish(done), Some(3));
        // The second was given 1 + 2 of its 6 seconds.
        let last = both.next_done(done).unwrap();
        assert!((last - 7.0).abs() < 1e-12, "{last}");
        assert_eq!(both.finish(last), Some(2));
        assert_eq!(both.next_done(last), None);
    }

    #[test]
    fn a_unit_goes_to_the_request_that_waited_longest() {
        let mut pool = ResourceState::new(ResourceKind::Pool(1));
        assert!(pool.take(1, 0.0));
        assert!(!pool.take(2, 0.0) && !pool.take(3, 0.0));
        assert_eq!(pool.pass_on().map(|next| next.0), Some(2));
        assert_eq!(pool.pass_on().map(|next| next.0), Some(3));
        assert_eq!(pool.pass_on(), None);
        assert!(pool.take(4, 0.0));
    }

    #[test]
    fn the_earliest_comes_first_and_of_equals_the_one_planned_first() {
        let due = |at, order| Due {
            at,
            order,
            what: (),
        };
        let mut heap: BinaryHeap<Due<()>> = [due(2.0, 1), due(1.0, 3), due(1.0, 2)].into();
        let mut next = || heap.pop().map(|one| one.order);
        assert_eq!([next(), next(), next()], [Some(2), Some(3), Some(1)]);
    }
}
