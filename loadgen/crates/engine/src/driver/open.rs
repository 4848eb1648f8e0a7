//! A worker of an open model: arrivals take a free virtual user of their flow, make a new one,
//! or wait with their intended start kept.

mod arrival_slot;

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

use self::arrival_slot::ArrivalSlot;
use super::{
    pacer::DueArrival, taken_times::TakenTimes, user::User, worker_context::WorkerContext,
    worker_share::WorkerShare,
};
use crate::{
    flow::UserMemory,
    sample::Outcome,
    suite::{InFlight, Policy},
    units::Nanos,
};

/// A virtual user of the pool with what it remembers between iterations.
struct PooledUser {
    user: User,
    memory: UserMemory,
    number: u32,
}

/// The virtual users of one flow.
#[derive(Default)]
struct FlowPool {
    /// Where those that are free wait.
    idle: Vec<Rc<ArrivalSlot>>,
    /// The same of all that were made.
    slots: Vec<Rc<ArrivalSlot>>,
    backlog: VecDeque<DueArrival>,
}

/// The virtual users of one worker, by flow.
struct VuPool {
    worker: Rc<WorkerContext>,
    flows: RefCell<Vec<FlowPool>>,
    most: u32,
    /// Whether the load was stopped because too many requests were in flight.
    overloaded: Cell<bool>,
    in_flight: InFlight,
    stop: CancellationToken,
    /// First number and step of this worker's users, so that no two workers share one.
    numbers: (u32, u32),
    busy: Cell<usize>,
    panicked: Cell<bool>,
    user_done: Notify,
    taken: RefCell<TakenTimes>,
}

/// What a worker reports at its end.
pub(super) struct OpenReport {
    /// Intended start and the time at which the worker took it, of the newest measured arrivals.
    pub(super) taken: Vec<(Nanos, Nanos)>,
    /// Whether a flow panicked.
    pub(super) panicked: bool,
    /// Whether the load was stopped because too many requests were in flight.
    pub(super) overloaded: bool,
    /// When the stop of the load was seen, if that was before the end.
    pub(super) stopped: Option<Nanos>,
}

/// Takes arrivals until the pacer ends, waits for `end` where the load's last phase is a pause, and then for
/// open requests. Those that are still open after the drain are recorded as aborted. `end` is that of the
/// window, or the last arrival's intended start where that is later.
pub(super) async fn work(
    worker: Rc<WorkerContext>,
    share: WorkerShare,
    mut arrivals: Receiver<DueArrival>,
    end: Nanos,
    drain: Nanos,
    stop: CancellationToken,
) -> OpenReport {
    let pool = Rc::new(VuPool {
        flows: RefCell::new(worker.flows.iter().map(|_| FlowPool::default()).collect()),
        worker: Rc::clone(&worker),
        most: share.max_users,
        overloaded: Cell::new(false),
        in_flight: share.in_flight,
        stop: stop.clone(),
        numbers: (share.worker, share.workers),
        busy: Cell::new(0),
        panicked: Cell::new(false),
        user_done: Notify::new(),
        taken: RefCell::new(TakenTimes::new()),
    });
    while let Some(due) = arrivals.recv().await {
        pool.take(due);
    }
    let rest = end.since(worker.clock.now());
    tokio::select! {
        () = tokio::time::sleep(rest.duration()) => {}
        () = stop.cancelled() => {}
    }
    let now = worker.clock.now();
    let stopped = (stop.is_cancelled() && now < end).then_some(now);
    if let Some(at) = stopped {
        worker.shard.borrow_mut().cut_window(at);
    }
    let all_done = async {
        while pool.busy.get() > 0 {
            pool.user_done.notified().await;
        }
    };
    let _still_open = timeout(drain.duration(), all_done).await;
    for (flow, users) in pool.flows.borrow_mut().iter_mut().enumerate() {
        let give_up = |due: DueArrival, why: &str| {
            let times = (due.arrival.intended, due.woke);
            worker.give_up(flow, times, Outcome::AbortedAtDrain, why);
        };
        // No user runs any more: what one was given and has not begun would be counted by nobody.
        for due in users.slots.drain(..).filter_map(|slot| slot.take()) {
            give_up(due, "its virtual user did not run before the drain ended");
        }
        for due in users.backlog.drain(..) {
            give_up(due, "no virtual user was free before the drain ended");
        }
        users.idle.clear();
    }
    OpenReport {
        taken: pool.taken.borrow().in_order(),
        panicked: pool.panicked.get(),
        overloaded: pool.overloaded.get(),
        stopped,
    }
}

impl VuPool {
    fn take(self: &Rc<Self>, due: DueArrival) {
        let now = self.worker.clock.now();
        self.worker.due_now(due.arrival.intended, now);
        self.keep_time(due.arrival.intended, now);
        if self.refuse(due) {
            return;
        }
        let mut flows = self.flows.borrow_mut();
        let users = &mut flows[usize::from(due.arrival.flow)];
        if let Some(slot) = users.idle.pop() {
            self.busy.set(self.busy.get() + 1);
            return slot.put(due);
        }
        let made = users.slots.len() as u32;
        if made >= self.most {
            return users.backlog.push_back(due);
        }
        let (first, step) = self.numbers;
        let number = first + made * step;
        let slot = Rc::<ArrivalSlot>::default();
        slot.put(due);
        users.slots.push(Rc::clone(&slot));
        drop(flows);
        let flow = &self.worker.flows[usize::from(due.arrival.flow)].flow;
        let vu = PooledUser {
            user: User::new(Rc::clone(&self.worker)),
            memory: flow.new_user(),
            number,
        };
        self.busy.set(self.busy.get() + 1);
        spawn_local(Rc::clone(self).serve(due.arrival.flow.into(), vu, slot));
    }

    /// Whether an arrival is refused because too many requests are in flight. It is counted anyway:
    /// no planned request is skipped silently.
    fn refuse(&self, due: DueArrival) -> bool {
        let flow = usize::from(due.arrival.flow);
        let full = {
            let flows = self.flows.borrow();
            if let Some(most) = self.in_flight.max {
                let waiting: usize = flows.iter().map(|users| users.backlog.len()).sum();
                self.busy.get() + waiting >= most as usize
            } else {
                let users = &flows[flow];
                users.idle.is_empty() && users.slots.len() >= self.most as usize
            }
        };
        let (outcome, why) = match self.in_flight.policy {
            Policy::Backlog => return false,
            _ if !full => return false,
            Policy::Drop => (
                Outcome::Dropped,
                "the limit of requests in flight was reached",
            ),
            Policy::Abort => {
                self.overloaded.set(true);
                self.stop.cancel();
                (
                    Outcome::AbortedAtDrain,
                    "more requests were in flight than the limit: the load was stopped",
                )
            }
        };
        self.worker
            .give_up(flow, (due.arrival.intended, due.woke), outcome, why);
        true
    }

    /// Keeps when a measured arrival was taken. What follows, a wait for a free user or for the
    /// target, is not lateness of the generator.
    fn keep_time(&self, intended: Nanos, now: Nanos) {
        if self.worker.shard.borrow().window().contains(intended) {
            self.taken.borrow_mut().push(intended, now);
        }
    }

    /// Runs one user of a flow until the runtime ends.
    async fn serve(self: Rc<Self>, flow: usize, mut vu: PooledUser, slot: Rc<ArrivalSlot>) {
        loop {
            let mut due = slot.next().await;
            let busy = BusyGuard(&self);
            loop {
                vu.user
                    .iterate(due.arrival, due.woke, &mut vu.memory, vu.number)
                    .await;
                let waiting = self.flows.borrow_mut()[flow].backlog.pop_front();
                let Some(next) = waiting else {
                    break;
                };
                due = next;
            }
            self.flows.borrow_mut()[flow].idle.push(Rc::clone(&slot));
            drop(busy);
        }
    }
}

/// Counts a user as idle again, however its iteration ends.
struct BusyGuard<'a>(&'a VuPool);

impl Drop for BusyGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.panicked.set(true);
        }
        self.0.busy.set(self.0.busy.get().saturating_sub(1));
        self.0.user_done.notify_one();
    }
}
