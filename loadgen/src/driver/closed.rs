//! A worker of a closed model: each user starts anew when it is done and has thought.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use hdrhistogram::Histogram;
use rand::RngExt as _;
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    bench::Bench,
    helm::Helm,
    open::Share,
    options::Budget,
    ramp::Ramp,
    user::{TIMER_GRAIN, User},
};
use crate::{
    events::Wish,
    flow::UserMemory,
    recorder::{HIGHEST, response_histogram},
    schedule::{Arrival, Closed, Mix},
    seed::{self, Chance},
    suite::Think,
    units::{NANOS_PER_SECOND, Nanos},
};

/// Pause of a user whose flow had nothing to send.
const NOTHING_TO_SEND: Nanos = Nanos::from_millis(10);

/// Time for a target to take a connection, when many come.
const TO_CONNECT: Nanos = Nanos(100_000);

/// Time between two looks of a user that pauses because fewer are wanted.
const LOOK_UP: Duration = Duration::from_millis(50);

/// Where the numbers of iterations begin whose users came by a wish, and how many users there can
/// be among them.
const EXTRA: u64 = 1 << 40;
const EXTRA_USERS: u64 = 1 << 16;

/// What the users of one worker share beyond the bench.
struct Crowd {
    bench: Rc<Bench>,
    manner: Manner,
    /// Seed of what happens between iterations.
    seed: u64,
    /// Whether the load was stopped: what a user that is not asleep looks at.
    stopped: Cell<bool>,
    rule: Closed,
    mix: Mix,
    /// How many users there are to be; those with higher numbers pause.
    users: Cell<u32>,
    /// Measured iterations that were started.
    started: Cell<u64>,
    /// How late they were started.
    lag: RefCell<Histogram<u64>>,
    stop: CancellationToken,
}

/// How the users go about it.
pub(super) struct Manner {
    /// Iterations that all users together have left.
    pub(super) budget: Budget,
    /// Time from one start of a user's iteration to the next.
    pub(super) pace: Option<Nanos>,
    /// How many of the users are there when.
    pub(super) ramp: Ramp,
    /// Where wishes for other users come from.
    pub(super) helm: Option<Helm>,
}

/// What a worker's users did.
pub(super) struct Rounds {
    /// Measured iterations that were started.
    pub(super) started: u64,
    /// How late they were started.
    pub(super) lag: Histogram<u64>,
    /// Whether a flow panicked.
    pub(super) panicked: bool,
    /// When the users were stopped, if that was before the end.
    pub(super) stopped: Option<Nanos>,
    /// When the last user had ended, if that was before the end.
    pub(super) ended: Option<Nanos>,
    /// What was wished for on the way, and when.
    pub(super) changes: Vec<(Nanos, Wish)>,
}

/// Runs this worker's share of the users to the end, then waits for what is under way.
pub(super) async fn work(
    bench: Rc<Bench>,
    share: Share,
    rule: Closed,
    mix: Mix,
    manner: Manner,
    drain: Nanos,
    stop: CancellationToken,
) -> Rounds {
    let crowd = Rc::new(Crowd {
        seed: seed::sub_seed(bench.seed, "closed"),
        bench: Rc::clone(&bench),
        manner,
        stopped: Cell::new(false),
        rule,
        mix,
        users: Cell::new(rule.users),
        started: Cell::new(0),
        lag: RefCell::new(response_histogram()),
        stop: stop.clone(),
    });
    let mut users = JoinSet::new();
    let mut numbers = (share.worker..).step_by(share.workers as usize).peekable();
    let mut come = |users: &mut JoinSet<()>, up_to: u32| {
        while let Some(number) = numbers.next_if(|number| *number < up_to) {
            users.spawn_local(Rc::clone(&crowd).live(number));
        }
    };
    come(&mut users, rule.users);
    let mut helm = crowd.manner.helm.clone();
    let mut changes = Vec::new();
    // Users end by themselves at the end of the load; those that think are woken by a stop.
    let end = Nanos::from_millis(rule.duration.0);
    let left = end.since(bench.clock.now());
    let stopped = Cell::new(None);
    let mut over = std::pin::pin!(async {
        tokio::select! {
            () = sleep(left.duration()) => {}
            () = stop.cancelled() => {
                let now = bench.clock.now();
                bench.shard.borrow_mut().cut_window(now);
                stopped.set(Some(now));
                crowd.stopped.set(true);
            }
        }
        sleep(drain.duration()).await;
    });
    let mut panicked = false;
    let mut ended = None;
    loop {
        tokio::select! {
            user = users.join_next() => if let Some(user) = user {
                panicked |= user.is_err_and(|error| error.is_panic());
            } else {
                // All have done what they had to do: the window ends with them.
                let now = bench.clock.now();
                if now < end {
                    bench.shard.borrow_mut().cut_window(now);
                    ended = Some(now);
                }
                break;
            },
            () = &mut over => break,
            wished = other_users(&mut helm) => {
                let now = bench.clock.now();
                changes.push((now, Wish::Users(wished)));
                crowd.users.set(wished);
                if now < end && !stop.is_cancelled() {
                    come(&mut users, wished);
                }
            }
        }
    }
    Rounds {
        started: crowd.started.get(),
        lag: crowd.lag.borrow().clone(),
        panicked,
        stopped: stopped.get(),
        ended,
        changes,
    }
}

/// Another number of users, as soon as it is wished for; never without a helm.
async fn other_users(helm: &mut Option<Helm>) -> u32 {
    match helm {
        Some(helm) => helm.other_users().await,
        None => std::future::pending().await,
    }
}

impl Crowd {
    /// Time over which the users come in. Those that pause come over a second, or they would go
    /// on in step; those that do not come as fast as a target takes connections.
    fn spread(&self) -> u64 {
        let pauses = self.rule.think.is_some()
            || self.manner.pace.is_some()
            || self.bench.flows.iter().any(|flow| flow.think.is_some());
        let soon = u64::from(self.rule.users) * TO_CONNECT.0;
        let spread = if pauses { NANOS_PER_SECOND } else { soon };
        spread
            .min(NANOS_PER_SECOND)
            .min(self.rule.duration.0 * 1_000_000 / 2)
    }

    /// The number of an iteration among all of the load.
    fn index(&self, round: u64, number: u32) -> u64 {
        let users = u64::from(self.rule.users);
        if number < self.rule.users {
            round * users + u64::from(number)
        } else {
            // Those that came later count for themselves, far from the planned ones.
            EXTRA + round * EXTRA_USERS + u64::from(number)
        }
    }

    /// When a user that is not wanted now is wanted again, or `end`; `at` where it is wanted.
    async fn until_wanted(&self, number: u32, at: Nanos, end: Nanos) -> Nanos {
        if number < self.users.get() {
            return at;
        }
        while number >= self.users.get() {
            let now = self.bench.clock.now();
            if now >= end || self.stopped.get() {
                return end;
            }
            sleep(LOOK_UP).await;
        }
        at.max(self.bench.clock.now())
    }

    async fn live(self: Rc<Self>, number: u32) {
        let bench = &self.bench;
        let window = bench.shard.borrow().window();
        let end = Nanos::from_millis(self.rule.duration.0);
        let mut user = User::new(Rc::clone(bench));
        let mut memories: Vec<UserMemory> = bench
            .flows
            .iter()
            .map(|load| load.flow.new_user())
            .collect();
        let mut at = Nanos(u64::from(number) * self.spread() / u64::from(self.rule.users.max(1)));
        if number >= self.rule.users {
            // One that a person has asked for comes now.
            at = bench.clock.now();
        }
        let most = self.rule.iterations.unwrap_or(u64::MAX);
        for round in 0..most {
            // A user that is not there yet comes when its time has come; one that is not needed
            // any more goes.
            let Some(there) = self.manner.ramp.next(number, at) else {
                break;
            };
            at = self.until_wanted(number, there, end).await;
            let mut woke = bench.clock.now();
            if at > woke {
                tokio::select! {
                    biased;
                    () = self.stop.cancelled() => break,
                    begin = User::wait_until(bench, at) => at = begin,
                }
                woke = bench.clock.now();
            } else if woke.since(at) <= TIMER_GRAIN {
                at = woke;
            }
            if at >= end || self.stopped.get() || !self.manner.budget.take() {
                break;
            }
            let index = self.index(round, number);
            let mut rng = Chance::nth(self.seed, index);
            let flow = if bench.flows.len() == 1 {
                0
            } else {
                self.mix.pick(rng.random())
            };
            if window.contains(at) {
                self.started.set(self.started.get() + 1);
                let lag = woke.since(at).min(HIGHEST);
                self.lag
                    .borrow_mut()
                    .record(lag.0)
                    .expect("a value up to the highest always fits");
            }
            bench.progress.offered();
            bench.due_now(at, woke);
            let arrival = Arrival {
                intended: at,
                flow,
                index,
            };
            let memory = &mut memories[usize::from(flow)];
            user.iterate(arrival, woke, memory, number).await;
            if user.intended == at {
                // The flow had nothing to send; asking it again at once would spin.
                user.intended = bench.clock.now() + NOTHING_TO_SEND;
            }
            let own = bench.flows[usize::from(flow)].think;
            let begun = at;
            at = user.intended;
            if let Some(pause) = own.or(self.rule.think) {
                at = at + think(pause, &mut rng);
            }
            if let Some(pace) = self.manner.pace {
                // One that took longer than its pace starts at once.
                at = at.max(begun + pace);
            }
        }
    }
}

fn think(Think { min, max, mean }: Think, rng: &mut impl rand::Rng) -> Nanos {
    let (min, max) = (min.0 * 1_000_000, max.0.max(min.0) * 1_000_000);
    if let Some(mean) = mean {
        let drawn = -(1.0 - rng.random::<f64>()).ln() * mean.0 as f64 * 1e6;
        return Nanos((drawn as u64).min(max));
    }
    Nanos(rng.random_range(min..=max))
}
