//! A worker of an open model: arrivals take a free virtual user of their flow, make a new one,
//! or wait with their intended start kept.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use tokio::{
    sync::{Notify, mpsc::Receiver},
    task::spawn_local,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{bench::Bench, pacer::Due, user::User};
use crate::{
    flow::UserMemory,
    sample::Outcome,
    suite::{InFlight, Policy},
    units::Nanos,
};

/// A virtual user with what it remembers.
struct Seat {
    user: User,
    memory: UserMemory,
    number: u32,
}

/// The users of one flow.
#[derive(Default)]
struct Pool {
    idle: Vec<Seat>,
    made: u32,
    backlog: VecDeque<Due>,
}

/// All users of one worker.
struct Crew {
    bench: Rc<Bench>,
    pools: RefCell<Vec<Pool>>,
    most: u32,
    /// Whether the load was ended because too many were under way.
    overloaded: Cell<bool>,
    in_flight: InFlight,
    stop: CancellationToken,
    /// First number and step of this worker's users, so that no two workers share one.
    numbers: (u32, u32),
    busy: Cell<usize>,
    panicked: Cell<bool>,
    news: Notify,
    taken: RefCell<Vec<(Nanos, Nanos)>>,
}

/// Measured arrivals of one worker whose times are kept: enough to see how they lay.
const KEPT: usize = 200_000;

/// What a worker's users did.
pub(super) struct Shift {
    /// Intended start and the time at which the worker took it, of each measured arrival.
    pub(super) taken: Vec<(Nanos, Nanos)>,
    /// Whether a flow panicked.
    pub(super) panicked: bool,
    /// Whether the load was ended because too many were under way.
    pub(super) overloaded: bool,
}

/// How a worker is told apart from the others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// Its number.
    pub(super) worker: u32,
    /// How many there are.
    pub(super) workers: u32,
    /// Most users a flow for this worker.
    pub(super) max_users: u32,
    /// What becomes of an arrival when many are under way; the number is this worker's share.
    pub(super) in_flight: InFlight,
}

/// Takes arrivals until the pacer ends, then waits for what is under way. What is still open
/// after that is recorded as aborted. `last` is the last arrival's intended start.
pub(super) async fn work(
    bench: Rc<Bench>,
    share: Share,
    mut arrivals: Receiver<Due>,
    last: Nanos,
    drain: Nanos,
    stop: CancellationToken,
) -> Shift {
    let crew = Rc::new(Crew {
        pools: RefCell::new(bench.flows.iter().map(|_| Pool::default()).collect()),
        bench: Rc::clone(&bench),
        most: share.max_users,
        overloaded: Cell::new(false),
        in_flight: share.in_flight,
        stop: stop.clone(),
        numbers: (share.worker, share.workers),
        busy: Cell::new(0),
        panicked: Cell::new(false),
        news: Notify::new(),
        taken: RefCell::new(Vec::with_capacity(KEPT)),
    });
    while let Some(due) = arrivals.recv().await {
        crew.take(due);
    }
    if stop.is_cancelled() && bench.clock.now() < last {
        bench.shard.borrow_mut().cut_window(bench.clock.now());
    }
    let all_done = async {
        while crew.busy.get() > 0 {
            crew.news.notified().await;
        }
    };
    let _still_open = timeout(drain.duration(), all_done).await;
    for (flow, pool) in crew.pools.borrow_mut().iter_mut().enumerate() {
        for due in pool.backlog.drain(..) {
            bench.give_up(
                flow,
                (due.arrival.intended, due.woke),
                Outcome::AbortedAtDrain,
                "no virtual user was free before the drain ended",
            );
        }
        pool.idle.clear();
    }
    Shift {
        taken: crew.taken.take(),
        panicked: crew.panicked.get(),
        overloaded: crew.overloaded.get(),
    }
}

impl Crew {
    fn take(self: &Rc<Self>, due: Due) {
        self.bench.due(due.arrival.intended);
        self.note(due.arrival.intended);
        if self.refuse(due) {
            return;
        }
        let mut pools = self.pools.borrow_mut();
        let pool = &mut pools[usize::from(due.arrival.flow)];
        let seat = match pool.idle.pop() {
            Some(seat) => seat,
            None if pool.made < self.most => {
                let (first, step) = self.numbers;
                let number = first + pool.made * step;
                pool.made += 1;
                let flow = &self.bench.flows[usize::from(due.arrival.flow)].flow;
                Seat {
                    user: User::new(Rc::clone(&self.bench)),
                    memory: flow.new_user(),
                    number,
                }
            }
            None => return pool.backlog.push_back(due),
        };
        drop(pools);
        self.busy.set(self.busy.get() + 1);
        spawn_local(Rc::clone(self).serve(seat, due));
    }

    /// Whether an arrival is not taken because too many are under way. It is counted all the
    /// same: nothing is skipped in silence.
    fn refuse(&self, due: Due) -> bool {
        let flow = usize::from(due.arrival.flow);
        let full = {
            let pools = self.pools.borrow();
            match self.in_flight.max {
                Some(most) => {
                    let waiting: usize = pools.iter().map(|pool| pool.backlog.len()).sum();
                    self.busy.get() + waiting >= most as usize
                }
                None => pools[flow].idle.is_empty() && pools[flow].made >= self.most,
            }
        };
        let (outcome, why) = match self.in_flight.policy {
            Policy::Backlog => return false,
            _ if !full => return false,
            Policy::Drop => (Outcome::Dropped, "as many were under way as may be"),
            Policy::Abort => {
                self.overloaded.set(true);
                self.stop.cancel();
                (
                    Outcome::AbortedAtDrain,
                    "more were under way than may be: the load was ended",
                )
            }
        };
        self.bench
            .give_up(flow, (due.arrival.intended, due.woke), outcome, why);
        true
    }

    /// Keeps when a measured arrival was taken. Whatever follows, a wait for a free user or for
    /// the target, is not the generator's doing.
    fn note(&self, intended: Nanos) {
        let mut taken = self.taken.borrow_mut();
        if taken.len() < KEPT && self.bench.shard.borrow().window().contains(intended) {
            taken.push((intended, self.bench.clock.now()));
        }
    }

    async fn serve(self: Rc<Self>, mut seat: Seat, mut due: Due) {
        let _leave = Leave(Rc::clone(&self));
        let flow = usize::from(due.arrival.flow);
        loop {
            seat.user
                .iterate(due.arrival, due.woke, &mut seat.memory, seat.number)
                .await;
            let mut pools = self.pools.borrow_mut();
            let Some(next) = pools[flow].backlog.pop_front() else {
                pools[flow].idle.push(seat);
                return;
            };
            due = next;
        }
    }
}

/// Counts a user out, however its task ends.
struct Leave(Rc<Crew>);

impl Drop for Leave {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.panicked.set(true);
        }
        self.0.busy.set(self.0.busy.get().saturating_sub(1));
        self.0.news.notify_one();
    }
}
