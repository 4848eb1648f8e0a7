//! A worker of a closed model: each user starts its next iteration after its think time.

mod wanted_users;

use wanted_users::WantedUsers;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use hdrhistogram::Histogram;
use rand::RngExt as _;
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    control_receiver::ControlReceiver,
    options::IterationBudget,
    progress::ActiveUser,
    ramp::Ramp,
    user::{User, intended_start},
    worker_context::WorkerContext,
    worker_share::WorkerShare,
};
use crate::{
    flow::UserMemory,
    load_control::ControlEvent,
    recorder::{record_cut, response_histogram},
    schedule::{Arrival, ClosedLoop, FlowMixes},
    suite::Think,
    units::{NANOS_PER_SECOND, Nanos},
};
use loadgen_stats::seed::{self, Chance};

/// Pause of a user whose flow had nothing to send.
const NOTHING_TO_SEND: Nanos = Nanos::from_millis(10);

/// Time between two new connections, so that the target can accept them.
const CONNECT_INTERVAL: Nanos = Nanos(100_000);

/// First iteration number of users that were added while the load runs, and the most of such users.
const EXTRA: u64 = 1 << 40;
const EXTRA_USERS: u64 = 1 << 16;

/// The users of one worker, and what they share beyond the worker's context.
struct Population {
    worker: Rc<WorkerContext>,
    mode: ClosedMode,
    /// Seed of what happens between iterations.
    seed: u64,
    /// When the load was stopped, if it was; for users that are not asleep, too.
    stopped: Cell<Option<Nanos>>,
    rule: ClosedLoop,
    mixes: FlowMixes,
    /// How many users are wanted; those with higher numbers pause.
    wanted: WantedUsers,
    /// Whether no iteration was left for a user, of its own or of all.
    counted_out: Cell<bool>,
    /// When the last iteration so far ended.
    last_end: Cell<Nanos>,
    /// Measured iterations that were started.
    started: Cell<u64>,
    /// How late they were started.
    lag: RefCell<Histogram<u64>>,
    stop: CancellationToken,
}

/// Optional rules of a closed load.
pub(super) struct ClosedMode {
    /// Iterations that all users together have left.
    pub(super) budget: IterationBudget,
    /// Time between two iteration starts of a user.
    pub(super) pace: Option<Nanos>,
    /// How many of the users are active at what time.
    pub(super) ramp: Ramp,
    /// Where changes of the number of users come from.
    pub(super) control: Option<ControlReceiver>,
}

/// What a worker reports at its end.
pub(super) struct ClosedReport {
    /// Measured iterations that were started.
    pub(super) started: u64,
    /// How late they were started.
    pub(super) lag: Histogram<u64>,
    /// Whether a flow panicked.
    pub(super) panicked: bool,
    /// When the users were stopped, if that was before the end.
    pub(super) stopped: Option<Nanos>,
    /// When the window ended, if all users were done before the end: with the last iteration, or with the stop.
    pub(super) ended: Option<Nanos>,
    /// Changes made while the load ran, and when.
    pub(super) changes: Vec<(Nanos, ControlEvent)>,
}

/// Runs this worker's share of the users to the end, then waits for open requests.
pub(super) async fn work(
    worker: Rc<WorkerContext>,
    share: WorkerShare,
    rule: ClosedLoop,
    mixes: FlowMixes,
    mode: ClosedMode,
    drain: Nanos,
    stop: CancellationToken,
) -> ClosedReport {
    let population = Rc::new(Population {
        seed: seed::sub_seed(worker.seed, "closed"),
        worker: Rc::clone(&worker),
        mode,
        stopped: Cell::new(None),
        rule,
        mixes,
        wanted: WantedUsers::new(rule.users),
        counted_out: Cell::new(false),
        last_end: Cell::new(Nanos(0)),
        started: Cell::new(0),
        lag: RefCell::new(response_histogram()),
        stop: stop.clone(),
    });
    let mut users = JoinSet::new();
    let mut numbers = (share.worker..).step_by(share.workers as usize).peekable();
    let mut start = |users: &mut JoinSet<()>, up_to: u32| {
        while let Some(number) = numbers.next_if(|number| *number < up_to) {
            users.spawn_local(Rc::clone(&population).run_user(number));
        }
    };
    start(&mut users, rule.users);
    let mut control = population.mode.control.clone();
    let mut changes = Vec::new();
    let end = Nanos::from_millis(rule.duration.0);
    let mut over = std::pin::pin!(population.over(end, drain));
    let mut panicked = false;
    let mut ended = None;
    loop {
        tokio::select! {
            user = users.join_next() => if let Some(user) = user {
                panicked |= user.is_err_and(|error| error.is_panic());
            } else {
                if !panicked {
                    ended = population.all_done(end).await;
                }
                break;
            },
            () = &mut over => break,
            wanted = changed_users(&mut control) => {
                let now = worker.clock.now();
                changes.push((now, ControlEvent::Users(wanted)));
                population.wanted.set(wanted);
                if now < end && !stop.is_cancelled() {
                    start(&mut users, wanted);
                }
            }
        }
    }
    ClosedReport {
        started: population.started.get(),
        lag: population.lag.borrow().clone(),
        panicked,
        stopped: population.stopped.get(),
        ended,
        changes,
    }
}

/// The next requested number of users; never returns without a control.
async fn changed_users(control: &mut Option<ControlReceiver>) -> u32 {
    match control {
        Some(control) => control.changed_users().await,
        None => std::future::pending().await,
    }
}

impl Population {
    /// Nanoseconds over which the users start. Users that pause start over one mean pause, as if they
    /// had been there before: started together they would stay in step, and the first window would
    /// measure a stampede. They have all started when the measured window begins. Users that never
    /// pause start as fast as a target accepts connections.
    fn start_spread(&self) -> u64 {
        let connects = u64::from(self.rule.users) * CONNECT_INTERVAL.0;
        let most = match self.worker.shard.borrow().window().from.0 {
            0 => NANOS_PER_SECOND,
            warm_up => warm_up,
        };
        self.mean_pause()
            .map_or(connects.min(NANOS_PER_SECOND), |pause| pause.max(connects))
            .min(most)
            .min(self.rule.duration.0 * 1_000_000 / 2)
    }

    /// Mean time between two iterations of a user, in nanoseconds, by the weights of the flows;
    /// absent where no flow pauses.
    fn mean_pause(&self) -> Option<u64> {
        let flows = &self.worker.flows;
        let weights: f64 = flows.iter().map(|load| load.weight).sum();
        let think: f64 = flows
            .iter()
            .map(|load| load.weight * load.think.or(self.rule.think).map_or(0.0, mean_ms))
            .sum();
        let pace = self.mode.pace.map_or(0, |pace| pace.0);
        let mean = pace.max((think / weights.max(f64::MIN_POSITIVE) * 1e6) as u64);
        (mean > 0).then_some(mean)
    }

    /// The number of an iteration among all iterations of the load.
    fn index(&self, round: u64, number: u32) -> u64 {
        let users = u64::from(self.rule.users);
        if number < self.rule.users {
            round * users + u64::from(number)
        } else {
            // Users that were added later have numbers of their own, far from the planned ones.
            EXTRA + round * EXTRA_USERS + u64::from(number)
        }
    }

    /// Ends the window where the load was stopped; the first call counts.
    fn stop_at(&self, now: Nanos) {
        if self.stopped.get().is_none() {
            self.worker.shard.borrow_mut().cut_window(now);
            self.stopped.set(Some(now));
        }
    }

    /// All users are done. Where no iteration was left, the window ends with the last one, and where the load was
    /// stopped, now: that is returned. Users that no phase has any more leave a load that goes on to its end
    /// without them.
    async fn all_done(&self, end: Nanos) -> Option<Nanos> {
        let counted_out = self.counted_out.get();
        if !counted_out {
            let left = end.since(self.worker.clock.now());
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {}
                () = sleep(left.duration()) => {}
            }
        }
        let now = self.worker.clock.now();
        // A stop wakes users too, and the last of them may end before `over` sees it.
        if now < end && self.stop.is_cancelled() {
            self.stop_at(now);
            return Some(now);
        }
        // Users find out that none is left when their pauses are over, in which nothing is sent.
        let last = self.last_end.get();
        if !counted_out || last >= end {
            return None;
        }
        self.worker.shard.borrow_mut().cut_window(last);
        Some(last)
    }

    /// Returns when the load has ended or was stopped, and the requests that were open then have had their
    /// time. Users end by themselves at the end of the load; a stop wakes those in their think time.
    async fn over(&self, end: Nanos, drain: Nanos) {
        let left = end.since(self.worker.clock.now());
        tokio::select! {
            () = sleep(left.duration()) => {}
            () = self.stop.cancelled() => self.stop_at(self.worker.clock.now()),
        }
        sleep(drain.duration()).await;
    }

    /// When a user that pauses is wanted again, or `end`; `at` for a user that is wanted now.
    async fn until_wanted(&self, number: u32, at: Nanos, end: Nanos) -> Nanos {
        if self.wanted.has(number) {
            return at;
        }
        let left = end.since(self.worker.clock.now());
        tokio::select! {
            biased;
            () = self.stop.cancelled() => end,
            () = sleep(left.duration()) => end,
            () = self.wanted.until(number) => at.max(self.worker.clock.now()),
        }
    }

    /// Waits until a user begins its next iteration, at `at` or later, or until the end. Returns when that is
    /// and when it woke; `None` where the load was stopped. One that waits to be wanted does not count as
    /// active.
    async fn next_begin(
        &self,
        user: &mut User,
        number: u32,
        mut at: Nanos,
        counted: &mut Option<ActiveUser>,
    ) -> Option<(Nanos, Nanos)> {
        let end = Nanos::from_millis(self.rule.duration.0);
        loop {
            if !self.wanted.has(number) {
                *counted = None;
            }
            at = self.until_wanted(number, at, end).await;
            let woke = self.worker.clock.now();
            if at <= woke {
                return Some((intended_start(at, woke), woke));
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                // A pause that is longer than the load keeps nobody waiting after it.
                begin = user.wait_until(at.min(end)) => at = begin,
            }
            // After its pause it may be wanted no more.
            if at >= end || self.wanted.has(number) {
                return Some((at, self.worker.clock.now()));
            }
        }
    }

    async fn run_user(self: Rc<Self>, number: u32) {
        let worker = &self.worker;
        let window = worker.shard.borrow().window();
        let end = Nanos::from_millis(self.rule.duration.0);
        let mut user = User::new(Rc::clone(worker));
        let mut memories: Vec<UserMemory> = worker
            .flows
            .iter()
            .map(|load| load.flow.new_user())
            .collect();
        let mut at =
            Nanos(u64::from(number) * self.start_spread() / u64::from(self.rule.users.max(1)));
        if number >= self.rule.users {
            // A user that was added while the load runs starts now.
            at = worker.clock.now();
        }
        let most = self.rule.iterations.unwrap_or(u64::MAX);
        let mut counted = None;
        for round in 0..most {
            // A user that is not active yet waits for its time; one that is no longer needed ends.
            let Some(active) = self.mode.ramp.next(number, at) else {
                return;
            };
            if active > at {
                counted = None;
            }
            let begin = self.next_begin(&mut user, number, active, &mut counted);
            let Some((begin, woke)) = begin.await else {
                return;
            };
            at = begin;
            if at >= end || self.stopped.get().is_some() {
                return;
            }
            if !self.mode.budget.take() {
                break;
            }
            counted.get_or_insert_with(|| worker.progress.active_user());
            let index = self.index(round, number);
            let mut rng = Chance::nth(self.seed, index);
            let flow = if worker.flows.len() == 1 {
                0
            } else {
                self.mixes.pick(at, rng.random())
            };
            if window.contains(at) {
                self.count_started(woke.since(at));
            }
            worker.progress.offered();
            worker.due_now(at, woke);
            let arrival = Arrival {
                intended: at,
                flow,
                index,
            };
            let memory = &mut memories[usize::from(flow)];
            user.iterate(arrival, woke, memory, number).await;
            self.last_end.set(worker.clock.now());
            if user.intended == at {
                // The flow had nothing to send; running it again at once would spin.
                user.intended = worker.clock.now() + NOTHING_TO_SEND;
            }
            at = self.next_start((at, user.intended), flow, &mut rng);
        }
        self.counted_out.set(true);
    }

    /// Counts a measured iteration that was started so late.
    fn count_started(&self, late: Nanos) {
        self.started.set(self.started.get() + 1);
        record_cut(&mut self.lag.borrow_mut(), late);
    }

    /// When a user starts its next iteration, after one of this flow.
    fn next_start(
        &self,
        (begun, ended): (Nanos, Nanos),
        flow: u16,
        rng: &mut impl rand::Rng,
    ) -> Nanos {
        let own = self.worker.flows[usize::from(flow)].think;
        let mut at = ended;
        if let Some(pause) = own.or(self.rule.think) {
            at = at + think(pause, rng);
        }
        if let Some(pace) = self.mode.pace {
            // An iteration that took longer than the pace is followed at once.
            at = at.max(begun + pace);
        }
        at
    }
}

fn mean_ms(think: Think) -> f64 {
    think.mean.map_or_else(
        || think.min.0.midpoint(think.max.0.max(think.min.0)) as f64,
        |mean| mean.0 as f64,
    )
}

fn think(Think { min, max, mean }: Think, rng: &mut impl rand::Rng) -> Nanos {
    let (min, max) = (min.0 * 1_000_000, max.0.max(min.0) * 1_000_000);
    if let Some(mean) = mean {
        let drawn = -(1.0 - rng.random::<f64>()).ln() * mean.0 as f64 * 1e6;
        return Nanos((drawn as u64).min(max));
    }
    Nanos(rng.random_range(min..=max))
}
